"""Secrets stay out of logs and error reports: by the name of a field, by the shape of a value, by having been decrypted."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

MASK = "****"
MAX_DEPTH = 6
REMEMBERED = 256
SHORTEST_REMEMBERED = 8

SECRET_NAME = re.compile(
    r"(?i)(authori[sz]ation|cookie|passw(or)?d|passphrase|secret|credential|private[_-]?key|api[_-]?key|encryption[_-]?key"
    r"|access[_-]?key|signing[_-]?key|csrf|session[_-]?(id|key)|(^|[_-])(token|otp|pin)$|csrfmiddlewaretoken|dsn$)"
)
SECRET_SHAPES = (
    re.compile(r"(?i)\b(bearer|basic|token)\s+[A-Za-z0-9._~+/=-]{8,}"),
    re.compile(r"\b(?:sk|pk|rk|whsec|whsk)[-_][A-Za-z0-9_-]{12,}"),
    re.compile(r"\b(?:secret|ntn|ghp|gho|xox[abp]|glpat)[-_][A-Za-z0-9_-]{10,}"),
    re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"),
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
    re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"),
    re.compile(r"(?i)(?<=[?&])(?:token|key|signature|sig|code|secret|password|access_token|api_key)=[^&\s\"']+"),
)


class SecretText(str):
    """A decrypted secret: usable as a string, masked wherever something prints its ``repr`` or logs it as a value."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(MASK)


class _Remembered:
    """The last decrypted values of this process, so that they can be found inside longer texts."""

    def __init__(self) -> None:
        self._values: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, value: str) -> None:
        if len(value) < SHORTEST_REMEMBERED:
            return
        with self._lock:
            self._values[str(value)] = None
            self._values.move_to_end(str(value))
            while len(self._values) > REMEMBERED:
                self._values.popitem(last=False)

    def mask(self, text: str) -> str:
        for value in tuple(self._values):
            if value in text:
                text = text.replace(value, MASK)
        return text


_remembered = _Remembered()


def remember_secret(value: str) -> SecretText:
    """Mark a text as secret: it is masked in every later log line of this process, also inside longer texts.

    The last 256 values of at least 8 characters are kept; shorter ones are masked only as whole values.
    """
    _remembered.add(value)
    return SecretText(value)


def redact_text(text: str) -> str:
    """The text with everything that looks like, or is known to be, a credential replaced by ``****``."""
    text = _remembered.mask(text)
    for shape in SECRET_SHAPES:
        text = shape.sub(MASK, text)
    return text


def redact(value: Any, *, name: str = "", depth: int = 0) -> Any:
    """A copy of a log value without secrets; ``name`` is the field it stands under. Containers are followed six deep."""
    if isinstance(value, SecretText) or (name and SECRET_NAME.search(name) and value not in (None, "", True, False)):
        return MASK
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, bytes):
        return redact_text(value.decode("utf-8", "replace"))
    if depth >= MAX_DEPTH:
        return value if isinstance(value, int | float | bool | None) else redact_text(str(value))
    if isinstance(value, Mapping):
        return {str(key): redact(inner, name=str(key), depth=depth + 1) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(inner, depth=depth + 1) for inner in value]
    if value is None or isinstance(value, int | float | bool):
        return value
    return redact_text(str(value))
