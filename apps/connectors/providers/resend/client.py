"""Resend through its SDK, whose key and address live in its module: each call brings its own instead."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

from apps.connectors.contracts import ActionCall
from apps.connectors.errors import CredentialsRefused
from apps.connectors.providers.mail import message
from apps.connectors.wire import Answer, current, explain_status
from apps.core.errors import PlatformError
from apps.core.reach import Reach

Json = Any
PLACEHOLDER = "https://resend.invalid"
_call: ContextVar[ActionCall] = ContextVar("resend_call")


def explain(answer: Answer) -> PlatformError | None:
    """Resend says 400 or 403 about keys, and 409 when a key comes back while its first request is at work."""
    if answer.status in (400, 403) and answer.field("name") in (
        "invalid_api_key",
        "restricted_api_key",
        "missing_api_key",
    ):
        return CredentialsRefused(detail=answer.field("name"))
    return explain_status(answer, reason=answer.field("message"))


def check(call: ActionCall) -> Mapping[str, str]:
    """The domains of the account; a key that may only send is accepted too."""
    with _sdk(call) as resend:
        try:
            found = resend.Domains.list()["data"]
        except CredentialsRefused as error:
            if "restricted_api_key" not in error.detail:
                raise
            found = []
    name = found[0]["name"] if found else "Resend"
    return {"account_id": _fingerprint(call.secret), "account_name": name}


def send(call: ActionCall) -> Mapping[str, Json]:
    """One mail; Resend keeps a key for 24 hours."""
    inputs = call.inputs
    wanted = {name: inputs[name] for name in ("from", "to", "cc", "bcc", "reply_to", "subject", "text", "html", "scheduled_at")
              if inputs.get(name)}  # fmt: skip
    if inputs.get("files"):
        wanted["attachments"] = [
            {"filename": file["name"], "content": list(file["content"].encode())} for file in inputs["files"]
        ]
    with _sdk(call) as resend:
        return {"id": resend.Emails.send(wanted, {"idempotency_key": call.key})["id"]}


def status(call: ActionCall) -> Mapping[str, Json]:
    """How far a mail got."""
    with _sdk(call) as resend:
        mail = resend.Emails.get(call.inputs["id"])
    return {"id": mail["id"], "status": mail.get("last_event") or "queued", "to": list(mail.get("to") or []),
            "subject": mail.get("subject") or "", "created_at": mail.get("created_at") or ""}  # fmt: skip


def cancel(call: ActionCall) -> Mapping[str, Json]:
    """Call a scheduled mail back."""
    with _sdk(call) as resend:
        return {"id": resend.Emails.cancel(call.inputs["id"])["id"]}


def domains(call: ActionCall) -> Mapping[str, Json]:
    """Domains mails can be sent from."""
    with _sdk(call) as resend:
        return {"domains": [{"name": one["name"], "status": one["status"]} for one in resend.Domains.list()["data"]]}


def reach_of_cancel(_inputs: Mapping[str, Json]) -> Reach:
    """A mail that was to go out does not."""
    return Reach(writes=True, deletes=True)


reach = message.reach


@contextmanager
def _sdk(call: ActionCall) -> Iterator[Any]:
    mark = _call.set(call)
    try:
        yield _module()
    finally:
        _call.reset(mark)


@cache
def _module() -> Any:
    """The SDK, with an HTTP client that takes address and key from the call under way."""
    import resend
    from resend.http_client import HTTPClient

    class FromTheCall(HTTPClient):
        """Sends through the wire of the running action."""

        def request(
            self, method: str, url: str, headers: Any, json: Any = None, files: Any = None, data: Any = None
        ) -> Any:
            import json as codec

            call = _call.get()
            sent = {**headers, "Authorization": f"Bearer {call.secret}"}
            body = None
            if json is not None and method.upper() != "GET":
                body, sent["Content-Type"] = codec.dumps(json), "application/json"
            answer = current().send(method, url.replace(PLACEHOLDER, call.base_url, 1), headers=sent, content=body)
            return answer.content, answer.status, dict(answer.headers.items())

    resend.api_key, resend.api_url = "set by each call", PLACEHOLDER
    resend.default_http_client = FromTheCall()
    return resend


def _fingerprint(secret: str) -> str:
    import hashlib

    return hashlib.sha256(secret.encode()).hexdigest()[:24]
