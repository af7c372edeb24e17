"""Tells the person at the terminal about mail the product wrote to ``var/mail``: above all, sign-in codes."""

import contextlib
import email
import email.policy
import re
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

CODE = re.compile(r"^\s*([A-Z0-9]{3,4}-?[A-Z0-9]{3,4})\s*$", re.MULTILINE)
BETWEEN_MESSAGES = re.compile(r"^-{79}$", re.MULTILINE)


class Mailbox:
    """A folder filled by Django's file-based mail backend: one file per connection, messages between dashed lines."""

    def __init__(self, folder: Path, tell: Callable[[str], None]) -> None:
        self._folder, self._tell = folder, tell
        self._read: dict[Path, int] = {path: path.stat().st_size for path in folder.glob("*.log")}

    def look(self) -> None:
        """Announce what has arrived since the last look."""
        for path in sorted(self._folder.glob("*.log")):
            size = path.stat().st_size
            if size == self._read.get(path, 0):
                continue
            text = path.read_text(errors="replace")[self._read.get(path, 0) :]
            self._read[path] = size
            for part in BETWEEN_MESSAGES.split(text):
                if part.strip():
                    self._announce(part.lstrip(), path)

    def _announce(self, source: str, path: Path) -> None:
        message = email.message_from_string(source, _class=EmailMessage, policy=email.policy.default)
        line = f"  mail    to {message['to']}: {message['subject']}"
        code = None
        with contextlib.suppress(KeyError, LookupError):
            body = message.get_body(preferencelist=("plain",))
            code = CODE.search(body.get_content()) if body else None
        self._tell(f"{line}  ->  code {code[1]}" if code else f"{line}  ({path})")
