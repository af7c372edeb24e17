"""S3 through boto3, against moto's server; failures against a server that only fails."""

from collections.abc import Iterator

import boto3
import pytest
from moto.server import ThreadedMotoServer

from apps.connectors import facade
from apps.connectors.errors import AccessMissing, CredentialsRefused, RateLimited, RemoteNotFound, RemoteUnavailable
from apps.core.errors import InvalidInput, PlatformError
from apps.core.outbound import OutboundRefused
from tests.connectors.kit import Connected, connected
from tests.servers.services.base import Request, Service

VALUES = {
    "access_key_id": "AKIAOFTHETEST",
    "secret_access_key": "secret of the test",
    "region": "eu-central-1",
    "bucket": "acme-files",
}


@pytest.fixture
def s3(tenant: object, settings) -> Iterator[Connected]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    settings.OUTBOUND_ALLOW = [f"{host}:{port}"]
    maker = boto3.client(
        "s3", endpoint_url=url, region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    maker.create_bucket(Bucket="acme-files", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    yield Connected("s3", server, {**VALUES, "base_url": url})
    server.stop()


def test_objects_are_written_read_listed_linked_and_deleted(s3: Connected) -> None:
    for _again in range(2):
        assert s3.do("put_object", {"key": "a/ü.txt", "content": "grüß"})["bytes"] == 6
    s3.do(
        "put_object",
        {"key": "b.bin", "content": "AAEC", "encoding": "base64", "content_type": "application/octet-stream"},
    )
    assert s3.do("get_text", {"key": "a/ü.txt"})["text"] == "grüß"
    assert [found["key"] for found in s3.do("list_objects", {"prefix": "a/"})["objects"]] == ["a/ü.txt"]
    link = s3.do("presign", {"key": "a/ü.txt", "expires_s": 600})["url"]
    assert "X-Amz-Expires=600" in link and "secret of the test" not in link
    for _again in range(2):
        s3.do("delete_object", {"key": "a/ü.txt"})
    with pytest.raises(RemoteNotFound):
        s3.do("get_text", {"key": "a/ü.txt"})
    with pytest.raises(InvalidInput):
        s3.do("put_object", {"key": "x", "content": "not base64!", "encoding": "base64"})


def test_a_forbidden_store_is_never_connected_to(tenant: object, no_connections: list[object]) -> None:
    for url in ("http://169.254.169.254", "http://127.0.0.1:9000", "http://[::1]", "http://metadata.google.internal"):
        with pytest.raises(PlatformError) as caught:
            facade.connect(connector="s3", values={**VALUES, "base_url": url})
        assert isinstance(caught.value, OutboundRefused | InvalidInput) or caught.value.code == "outbound_failed"
    assert no_connections == []


class Failing(Service):
    """Answers every request with the planned XML."""

    def admit(self, request: Request) -> None:
        """Anybody."""

    def answer(self, request: Request) -> object:
        return (
            200,
            {"Content-Type": "application/xml"},
            b"<ListBucketResult><Name>acme-files</Name><KeyCount>0</KeyCount></ListBucketResult>",
        )


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [(403, "InvalidAccessKeyId", CredentialsRefused), (403, "SignatureDoesNotMatch", CredentialsRefused), (403, "AccessDenied", AccessMissing),
     (503, "SlowDown", RateLimited), (500, "InternalError", RemoteUnavailable), (404, "NoSuchBucket", RemoteNotFound)],
)  # fmt: skip
def test_errors_in_xml_are_read_and_not_repeated_by_the_sdk(
    tenant: object, status: int, code: str, kind: type[PlatformError]
) -> None:
    with connected("s3", Failing(), **VALUES) as s3:
        before = len(s3.service.log)
        body = f"<Error><Code>{code}</Code><Message>words</Message></Error>".encode()
        s3.service.faults.append(
            {"kind": "status", "status": status, "body": body, "headers": {"Content-Type": "application/xml"}}
        )
        with pytest.raises(kind):
            s3.do("put_object", {"key": "x", "content": "y"})
        assert len(s3.service.log) == before + 1
