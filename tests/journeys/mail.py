"""Codes from the mail an installation keeps in a folder."""

import re
import time
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

CODE = re.compile(r"^\s*([A-Z0-9]{4}-[A-Z0-9]{4}|[A-Z0-9]{6})\s*$", re.MULTILINE)


def mails(folder: Path, *, since: float) -> list[EmailMessage]:
    """Those written since, the latest first."""
    paths = sorted(folder.glob("*"), key=lambda one: one.stat().st_mtime, reverse=True)
    return [
        message_from_bytes(path.read_bytes(), policy=policy.default) for path in paths if path.stat().st_mtime >= since
    ]


def code_for(email: str, folder: Path, *, since: float) -> str:
    """The code of the latest mail to an address."""
    until = time.monotonic() + 15
    while time.monotonic() < until:
        for message in mails(folder, since=since):
            body = message.get_body(("plain",))
            found = CODE.search(body.get_content() if body else "")
            if found and email in str(message["To"]):
                return found[1]
        time.sleep(0.2)
    raise AssertionError(f"no code for {email}")


def link_in(folder: Path, *, about: str, path: str, since: float) -> str:
    """The address below ``path`` in the latest mail that speaks of ``about``."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        for message in mails(folder, since=since):
            body = message.get_body(("plain",))
            text = body.get_content() if body else ""
            if about in text and (found := re.search(rf"https?://\S+{path}\S+", text)):
                return found[0]
        time.sleep(0.2)
    raise AssertionError(f"no mail about {about}")
