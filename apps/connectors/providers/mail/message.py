"""One mail from an action's inputs, the same bytes for the same key."""

import hashlib
import mimetypes
from collections.abc import Mapping
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

from apps.core.reach import Audience, Reach

KEY_HEADER = "X-EchoPilot-Key"


def message_id(key: str, domain: str) -> str:
    """The same for every attempt of one effect, so that receivers can tell a repeat."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{domain}>"


def compose(inputs: Mapping[str, Any], *, sender: str, key: str) -> EmailMessage:
    """The message with its fixed Message-ID; hidden copies are left to the envelope."""
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = ", ".join(inputs["to"])
    if inputs.get("cc"):
        message["Cc"] = ", ".join(inputs["cc"])
    if inputs.get("reply_to"):
        message["Reply-To"] = inputs["reply_to"]
    message["Subject"] = inputs["subject"]
    message["Message-ID"] = message_id(key, sender.rpartition("@")[2].strip("<> ") or "localhost")
    message.set_content(inputs["text"])
    if inputs.get("html"):
        message.add_alternative(inputs["html"], subtype="html")
    for file in inputs.get("files") or ():
        kind = mimetypes.guess_type(file["name"])[0] or "text/plain"
        if kind.startswith("text/"):
            message.add_attachment(file["content"], subtype=kind.partition("/")[2], filename=file["name"])
        else:
            main, _slash, sub = kind.partition("/")
            message.add_attachment(file["content"].encode(), maintype=main, subtype=sub, filename=file["name"])
    return message


def recipients(inputs: Mapping[str, Any]) -> list[str]:
    """Everybody who gets it, each once."""
    return list(dict.fromkeys([*inputs["to"], *(inputs.get("cc") or ()), *(inputs.get("bcc") or ())]))


def reach(inputs: Mapping[str, Any]) -> Reach:
    """People outside get a mail."""
    people = tuple(recipients(inputs))
    return Reach(writes=True, audience=Audience.OUTSIDE, recipients=people, objects=len(people), personal=True)


SENSITIVE = {"to": "recipient", "cc": "recipient", "bcc": "recipient", "reply_to": "recipient"}
