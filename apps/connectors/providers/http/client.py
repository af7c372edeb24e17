"""Calls to any public address, with a stored credential where one is connected."""

import base64
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.connectors.contracts import ActionCall
from apps.connectors.errors import RemoteNotFound
from apps.connectors.wire import Answer, Wire, explain_status
from apps.core.errors import InvalidInput, PlatformError
from apps.core.outbound import check_url
from apps.core.reach import Audience, Reach

Json = Any
NOT_TO_SET = frozenset({
    "authorization", "proxy-authorization", "cookie", "host", "content-length", "transfer-encoding", "connection", "upgrade",
    "te", "trailer", "expect",
})  # fmt: skip
_GONE = gettext_lazy("%(host)s answered %(status)s: nothing is found at this address.")
HIDDEN = frozenset({"set-cookie", "www-authenticate", "proxy-authenticate"})


def check(call: ActionCall) -> Mapping[str, str]:
    """A stored credential is bound to one host; nothing is called, because no address is known to be harmless."""
    host = call.credentials.get("host", "").lower()
    if not host or "/" in host or ":" in host or "@" in host:
        raise InvalidInput(fields={"host": _("Write the name of one host, for example api.example.com.")})
    check_url(f"https://{host}/")
    return {
        "account_id": f"{call.credentials.get('kind', '')}:{call.credentials.get('user', '')}@{host}",
        "account_name": host,
    }


def get(call: ActionCall) -> Mapping[str, Json]:
    """Read an address."""
    return _exchange(call, "GET", None, {})


def request(call: ActionCall) -> Mapping[str, Json]:
    """Call an address with any method."""
    content, headers = _body(call.inputs)
    return _exchange(call, call.inputs.get("method", "POST"), content, headers)


def request_keyed(call: ActionCall) -> Mapping[str, Json]:
    """Call an address that honours an idempotency key: the key is the effect's, the same in every attempt."""
    content, headers = _body(call.inputs)
    headers[call.inputs.get("key_header", "Idempotency-Key")] = call.key
    return _exchange(call, call.inputs.get("method", "POST"), content, headers)


def reach(inputs: Mapping[str, Json]) -> Reach:
    """A GET reads; everything else writes somewhere nobody here knows."""
    host = _host(str(inputs.get("url", "")))
    method = inputs.get("method", "POST")
    if method in ("GET", "HEAD", "OPTIONS"):
        return Reach(audience=Audience.OUTSIDE, destination=host)
    return Reach(writes=True, audience=Audience.UNKNOWN, deletes=method == "DELETE", destination=host)


def reach_of_get(inputs: Mapping[str, Json]) -> Reach:
    """A read of one host."""
    return Reach(audience=Audience.OUTSIDE, destination=_host(str(inputs.get("url", ""))))


def _exchange(call: ActionCall, method: str, content: bytes | None, headers: dict[str, str]) -> Mapping[str, Json]:
    inputs = call.inputs
    url = _with_query(inputs["url"], inputs.get("query") or {})
    _require_plain_headers(inputs.get("headers") or {})
    most = int(inputs.get("max_bytes", 1_000_000))

    def explain(answer: Answer) -> PlatformError | None:
        """An address that is not there is named; there is no account it could be shared with."""
        if answer.status in (404, 410):
            return RemoteNotFound(_GONE, host=_host(url), status=str(answer.status))
        return explain_status(answer)

    wire = Wire(
        purpose="http", explain=explain, repeatable=call.wire.repeatable, operator=False, timeout_s=call.timeout_s,
        max_bytes=most, resolver=call.wire.resolver,
    )  # fmt: skip
    sent = {**(inputs.get("headers") or {}), **headers, **_credentials(call, url)}
    answer = wire.send(method, url, headers=sent, content=content)
    found: dict[str, Json] = {
        "status": answer.status,
        "headers": {name.lower(): value for name, value in answer.headers.items() if name.lower() not in HIDDEN},
    }
    body = answer.json()
    if body is not None:
        found["json"] = body
    else:
        found["text"] = answer.content.decode("utf-8", "replace")
    return found


def _body(inputs: Mapping[str, Json]) -> tuple[bytes | None, dict[str, str]]:
    if "json" in inputs:
        return json.dumps(inputs["json"], ensure_ascii=False).encode(), {"Content-Type": "application/json"}
    if "form" in inputs:
        form = urlencode({name: _plain(value) for name, value in inputs["form"].items()})
        return form.encode(), {"Content-Type": "application/x-www-form-urlencoded"}
    if "text" in inputs:
        return inputs["text"].encode(), {"Content-Type": inputs.get("content_type", "text/plain; charset=utf-8")}
    return None, {}


def _credentials(call: ActionCall, url: str) -> dict[str, str]:
    """The stored credential, for its own host over https only (or where the operator allows the address as it is)."""
    values = call.credentials
    if not values:
        return {}
    if _host(url) != values.get("host", "").lower() or (
        urlsplit(url).scheme != "https" and values.get("plain") != "yes"
    ):
        raise InvalidInput(
            fields={
                "url": _("This connection's credential is only for https://%(host)s.")
                % {"host": values.get("host", "")}
            }
        )
    secret = values.get("token", "")
    match values.get("kind", "bearer"):
        case "basic":
            pair = base64.b64encode(f"{values.get('user', '')}:{secret}".encode()).decode()
            return {"Authorization": f"Basic {pair}"}
        case "header":
            return {values.get("user", "") or "X-Api-Key": secret}
    return {"Authorization": f"Bearer {secret}"}


def _require_plain_headers(headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        if name.lower() in NOT_TO_SET or not name.replace("-", "").replace("_", "").isalnum() or not name.isascii():
            raise InvalidInput(fields={"headers": _("The header %(name)s cannot be set here.") % {"name": name[:60]}})
        if any(character in value for character in "\r\n\0") or not value.isprintable():
            raise InvalidInput(
                fields={"headers": _("The header %(name)s has an impossible value.") % {"name": name[:60]}}
            )


def _with_query(url: str, query: Mapping[str, Json]) -> str:
    if not query:
        return url
    parts = urlsplit(url)
    pairs = [*parse_qsl(parts.query, keep_blank_values=True), *((name, _plain(value)) for name, value in query.items())]
    return urlunsplit(parts._replace(query=urlencode(pairs)))


def _plain(value: Json) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""
