"""Inbound e-mail as mail services post it: one form of a message out of many.

Known: Postmark, CloudMailin and a plain JSON form; SendGrid and Mailgun as forms with files; a raw message (message/rfc822). There
is no mailbox polling: a forwarding rule at any mail service costs less than keeping somebody's password.
"""

import base64
import json
import re
from collections.abc import Iterable, Mapping
from email import message_from_bytes, policy
from email.utils import getaddresses, parseaddr
from typing import Any

from django.utils.html import strip_tags

from apps.core.errors import InvalidInput
from apps.workflows.triggers.errors import UnsupportedBody

Json = Any
MOST_FILES = 10
LONGEST_TEXT = 50_000
NEWLINES = re.compile(r"\n{3,}")
HIDDEN = re.compile(r"<(script|style)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)


def read(
    *, content_type: str, body: bytes, fields: Mapping[str, str], files: Iterable[tuple[str, bytes]] = ()
) -> dict[str, Json]:
    """The message: from, from_name, to, subject, text, message_id, automatic, files. Raises ``InvalidInput`` and its kind."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json":
        message = _from_json(body)
    elif kind in ("multipart/form-data", "application/x-www-form-urlencoded"):
        message = _from_form(fields, files)
    elif kind == "message/rfc822":
        message = _from_raw(body)
    else:
        raise UnsupportedBody
    if "@" not in message["from"]:
        raise InvalidInput(fields={"from": "a sender's address is needed"})
    return message


def _message(
    *, sender: str, to: str, subject: str, text: str, html: str, message_id: str, headers: Mapping[str, str],
    files: Iterable[tuple[str, str]],
) -> dict[str, Json]:  # fmt: skip
    name, address = parseaddr(sender)
    body = text.strip() or strip_tags(HIDDEN.sub("", html)).strip()
    return {
        "from": address.lower()[:254],
        "from_name": name[:120],
        "to": ", ".join(found for _name, found in getaddresses([to]))[:500],
        "subject": " ".join(subject.split())[:200],
        "text": NEWLINES.sub("\n\n", body.replace("\r\n", "\n"))[:LONGEST_TEXT],
        "message_id": message_id.strip()[:200],
        "automatic": _is_automatic(headers),
        "files": [
            {"name": name[:120] or "file", "size": len(content) * 3 // 4, "content": content}
            for name, content in list(files)[:MOST_FILES]
        ],
    }


def _is_automatic(headers: Mapping[str, str]) -> bool:
    """Out-of-office notes and bounces (RFC 3834): answering them would start a conversation between machines."""
    known = {name.lower(): value.strip().lower() for name, value in headers.items()}
    return known.get("auto-submitted", "no") != "no" or known.get("precedence") in ("bulk", "junk", "auto_reply")


def _from_json(body: bytes) -> dict[str, Json]:
    try:
        raw = json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidInput(fields={"body": "not JSON"}) from None
    if not isinstance(raw, dict):
        raise InvalidInput(fields={"body": "not an object"})
    if "TextBody" in raw or "HtmlBody" in raw:
        headers = {entry.get("Name", ""): entry.get("Value", "") for entry in _objects(raw.get("Headers"))}
        files = [(_text(file.get("Name")), _text(file.get("Content"))) for file in _objects(raw.get("Attachments"))]
        return _message(
            sender=_text(raw.get("From")), to=_text(raw.get("To")), subject=_text(raw.get("Subject")),
            text=_text(raw.get("TextBody")), html=_text(raw.get("HtmlBody")), message_id=_text(raw.get("MessageID")),
            headers=_texts(headers), files=files,
        )  # fmt: skip
    if "envelope" in raw and isinstance(raw.get("headers"), dict):
        headers = _texts(raw["headers"])
        known = {name.lower(): value for name, value in headers.items()}
        files = [
            (_text(file.get("file_name")), _text(file.get("content"))) for file in _objects(raw.get("attachments"))
        ]
        return _message(
            sender=known.get("from", ""), to=known.get("to", ""), subject=known.get("subject", ""),
            text=_text(raw.get("plain")), html=_text(raw.get("html")),
            message_id=known.get("message-id", known.get("message_id", "")), headers=headers, files=files,
        )  # fmt: skip
    return _message(
        sender=_text(raw.get("from")), to=_text(raw.get("to")), subject=_text(raw.get("subject")), text=_text(raw.get("text")),
        html=_text(raw.get("html")), message_id=_text(raw.get("message_id")), headers={}, files=[],
    )  # fmt: skip


def _from_form(fields: Mapping[str, str], files: Iterable[tuple[str, bytes]]) -> dict[str, Json]:
    known = {name.lower(): value for name, value in fields.items()}
    lines = known.get("headers") or "\n".join(f"{a}: {b}" for a, b in _pairs(known.get("message-headers", "")))
    parsed = message_from_bytes(lines.encode("utf-8", "replace"), policy=policy.default)
    headers = {name: str(value) for name, value in parsed.items()}
    message_id = known.get("message-id") or next((v for k, v in headers.items() if k.lower() == "message-id"), "")
    return _message(
        sender=known.get("from") or known.get("sender", ""), to=known.get("to") or known.get("recipient", ""),
        subject=known.get("subject", ""), text=known.get("text") or known.get("body-plain", ""),
        html=known.get("html") or known.get("body-html", ""), message_id=message_id, headers=headers,
        files=[(name, base64.b64encode(content).decode()) for name, content in files],
    )  # fmt: skip


def _from_raw(body: bytes) -> dict[str, Json]:
    mail = message_from_bytes(body, policy=policy.default)
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    files = []
    for part in mail.iter_attachments():
        content = part.get_payload(decode=True)
        if isinstance(content, bytes):
            files.append((part.get_filename() or "file", base64.b64encode(content).decode()))
    return _message(
        sender=str(mail.get("From", "")), to=str(mail.get("To", "")), subject=str(mail.get("Subject", "")),
        text=str(plain.get_content()) if plain else "", html=str(html.get_content()) if html else "",
        message_id=str(mail.get("Message-ID", "")), headers={name: str(value) for name, value in mail.items()}, files=files,
    )  # fmt: skip


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        return [(str(a), str(b)) for a, b in json.loads(text)]
    except (ValueError, TypeError, RecursionError):
        return []


def _objects(value: Json) -> list[dict[str, Json]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _text(value: Json) -> str:
    return value.replace("\x00", "") if isinstance(value, str) else ""


def _texts(values: Mapping[str, Json]) -> dict[str, str]:
    return {str(name): _text(value if isinstance(value, str) else json.dumps(value)) for name, value in values.items()}


def may_write(*, allowed: list[str], address: str) -> bool:
    """Whether the sender is on the list (addresses, or ``@domain``); an empty list lets everybody in. A sender can be forged."""
    address = address.lower()
    return not allowed or any(
        address == entry.lower() or (entry.startswith("@") and address.endswith(entry.lower())) for entry in allowed
    )
