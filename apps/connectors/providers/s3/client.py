"""S3 and stores that speak its protocol, through boto3; its HTTP is replaced in the ``before-send`` event."""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from apps.connectors.adapters import BotocoreHook
from apps.connectors.contracts import ActionCall
from apps.connectors.errors import AccessMissing, CredentialsRefused, RateLimited, RemoteConflict, RemoteNotFound
from apps.connectors.wire import Answer, explain_status
from apps.core.errors import InvalidInput, PlatformError
from apps.core.reach import Audience, Reach

Json = Any
CODE = re.compile(rb"<Code>([A-Za-z0-9]+)</Code>")
WORDS = re.compile(rb"<Message>([^<]{0,300})</Message>")
KEY_TROUBLE = frozenset(
    {"InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "TokenRefreshRequired"}
)


def explain(answer: Answer) -> PlatformError | None:
    """S3's XML errors; a HEAD has none."""
    if answer.status < 300:
        return None
    found = CODE.search(answer.content)
    code = found.group(1).decode() if found else ""
    words = WORDS.search(answer.content)
    reason = f"{code} {words.group(1).decode('utf-8', 'replace') if words else ''}".strip()
    if code in KEY_TROUBLE:
        return CredentialsRefused(detail=reason)
    if code == "SlowDown" or answer.status == 429:
        return RateLimited(detail=reason, retry_after=5)
    if code in ("OperationAborted", "ConditionalRequestConflict"):
        return RemoteConflict(detail=reason)
    if answer.status == 403:
        return AccessMissing(
            _("These keys may not do this in the bucket: %(reason)s"), detail=reason, reason=reason or "403"
        )
    if code in ("NoSuchKey", "NoSuchBucket"):
        return RemoteNotFound(detail=reason)
    return explain_status(answer, reason=reason)


def check(call: ActionCall) -> Mapping[str, str]:
    """The bucket is there and its content may be listed."""
    bucket = call.credentials["bucket"]
    _client(call).list_objects_v2(Bucket=bucket, MaxKeys=1)
    owner = hashlib.sha256(call.credentials["access_key_id"].encode()).hexdigest()[:12]
    return {"account_id": f"{bucket}:{owner}", "account_name": bucket}


def put_object(call: ActionCall) -> Mapping[str, Json]:
    """Write an object; the same bytes again are the same. What was there before is gone unless the bucket keeps versions."""
    inputs = call.inputs
    body = _bytes(inputs)
    answer = _client(call).put_object(
        Bucket=call.credentials["bucket"], Key=inputs["key"], Body=body,
        ContentType=inputs.get("content_type", "text/plain; charset=utf-8"),
    )  # fmt: skip
    return {"key": inputs["key"], "etag": answer["ETag"].strip('"'), "bytes": len(body)}


def get_text(call: ActionCall) -> Mapping[str, Json]:
    """The beginning of an object as text."""
    most = call.inputs.get("max_bytes", 1_000_000)
    answer = _client(call).get_object(
        Bucket=call.credentials["bucket"], Key=call.inputs["key"], Range=f"bytes=0-{most - 1}"
    )
    body = answer["Body"].read()
    return {
        "key": call.inputs["key"],
        "text": body.decode("utf-8", "replace"),
        "bytes": len(body),
        "content_type": answer.get("ContentType", ""),
    }


def list_objects(call: ActionCall) -> Mapping[str, Json]:
    """What is in the bucket, by key."""
    answer = _client(call).list_objects_v2(
        Bucket=call.credentials["bucket"], Prefix=call.inputs.get("prefix", ""), MaxKeys=call.inputs.get("limit", 100)
    )
    found = [
        {"key": one["Key"], "bytes": one["Size"], "changed_at": one["LastModified"].isoformat()}
        for one in answer.get("Contents", [])
    ]
    return {"objects": found, "more": bool(answer.get("IsTruncated"))}


def delete_object(call: ActionCall) -> Mapping[str, Json]:
    """Take an object away; one that is gone is fine."""
    _client(call).delete_object(Bucket=call.credentials["bucket"], Key=call.inputs["key"])
    return {"key": call.inputs["key"]}


def presign(call: ActionCall) -> Mapping[str, Json]:
    """An address that lets anybody read one object for a while; made here, without a call."""
    seconds = call.inputs.get("expires_s", 3600)
    url = _client(call).generate_presigned_url(
        "get_object", Params={"Bucket": call.credentials["bucket"], "Key": call.inputs["key"]}, ExpiresIn=seconds
    )
    return {"key": call.inputs["key"], "url": url, "expires_s": seconds}


def reach_of_put(inputs: Mapping[str, Json]) -> Reach:
    """Whatever lay under that key is overwritten."""
    return Reach(writes=True, deletes=True, audience=Audience.WORKSPACE, destination=str(inputs.get("key", "")))


def reach_of_delete(inputs: Mapping[str, Json]) -> Reach:
    """The object is gone."""
    return Reach(writes=True, deletes=True, audience=Audience.WORKSPACE, destination=str(inputs.get("key", "")))


def reach_of_link(inputs: Mapping[str, Json]) -> Reach:
    """Whoever has the address may read the object."""
    return Reach(grants=True, audience=Audience.OUTSIDE, destination=str(inputs.get("key", "")))


def _bytes(inputs: Mapping[str, Json]) -> bytes:
    if inputs.get("encoding") != "base64":
        return str(inputs["content"]).encode()
    try:
        return base64.b64decode(inputs["content"], validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput(fields={"content": _("This is not valid base64.")}) from None


def _client(call: ActionCall) -> Any:
    import boto3
    from botocore.config import Config

    values = call.credentials
    path_style = call.base_url != "https://s3.amazonaws.com"
    client = boto3.session.Session().client(
        "s3", region_name=values.get("region") or "us-east-1", endpoint_url=call.base_url if path_style else None,
        aws_access_key_id=values["access_key_id"], aws_secret_access_key=values["secret_access_key"],
        config=Config(
            retries={"total_max_attempts": 1}, signature_version="s3v4", proxies={},
            s3={"addressing_style": "path" if path_style else "auto"}, request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )  # fmt: skip
    client.meta.events.register_first("before-send.s3", BotocoreHook(call.wire))
    return client
