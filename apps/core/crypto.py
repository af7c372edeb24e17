"""Credentials at rest: AES-256-GCM (NIST SP 800-38D) with a rotating keyring and associated data.

A token is ``v1:<key id>:<base64url of nonce, ciphertext and tag>``. Its context, ``schema/table/column/row``, is authenticated
but not stored, so a token moved to another row, column or tenant does not open.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from apps.core.errors import Misconfigured, PlatformError
from apps.core.redaction import SecretText, remember_secret

VERSION = "v1"
KEY_BYTES = 32
NONCE_BYTES = 12
KEY_ID = re.compile(r"^[A-Za-z0-9_-]{1,32}$")
DERIVED_KEY_ID = "derived"
HINT = 'ENCRYPTION_KEYS holds `id:key` pairs, newest first, separated by commas; a key is base64 of 32 random bytes: python -c "import secrets,base64; print(base64.b64encode(secrets.token_bytes(32)).decode())"'  # noqa: E501


class DecryptionFailed(PlatformError):
    """The stored secret does not open here: damaged, moved from elsewhere, or its key is gone from the keyring."""

    code = "decryption_failed"
    status = 500
    message = _("A stored credential cannot be read. Enter it again; an administrator can check the encryption keys.")


@dataclass(frozen=True)
class Keyring:
    """Keys by id; the first one encrypts, all of them decrypt."""

    keys: tuple[tuple[str, bytes], ...]

    @property
    def current(self) -> tuple[str, bytes]:
        """Id and key that new tokens use."""
        return self.keys[0]

    def key(self, key_id: str) -> bytes | None:
        """The key by that id, or None."""
        return dict(self.keys).get(key_id)

    def __repr__(self) -> str:
        return f"<Keyring {[key_id for key_id, _key in self.keys]}>"


def parse_keyring(text: str) -> Keyring:
    """Read ``id:base64key,id:base64key``. Raises ``Misconfigured`` naming the entry at fault, never its key."""
    keys: list[tuple[str, bytes]] = []
    for position, entry in enumerate(filter(None, (part.strip() for part in text.split(","))), start=1):
        key_id, _separator, encoded = entry.partition(":")
        if not KEY_ID.fullmatch(key_id):
            raise Misconfigured(f"ENCRYPTION_KEYS: entry {position} has no id of letters, digits, - or _. {HINT}")
        try:
            key = base64.b64decode(encoded.replace("-", "+").replace("_", "/"), validate=True)
        except (binascii.Error, ValueError):
            raise Misconfigured(f"ENCRYPTION_KEYS: the key {key_id!r} is not base64. {HINT}") from None
        if len(key) != KEY_BYTES:
            raise Misconfigured(f"ENCRYPTION_KEYS: the key {key_id!r} has {len(key)} bytes instead of 32. {HINT}")
        if key_id in dict(keys):
            raise Misconfigured(f"ENCRYPTION_KEYS: the id {key_id!r} appears twice. {HINT}")
        keys.append((key_id, key))
    if not keys:
        raise Misconfigured(f"ENCRYPTION_KEYS is empty. {HINT}")
    return Keyring(tuple(keys))


def keyring() -> Keyring:
    """The keyring of the settings; without ENCRYPTION_KEYS one key derived from SECRET_KEY (development only)."""
    configured = getattr(settings, "ENCRYPTION_KEYS", "")
    return _configured(configured) if configured else _derived(settings.SECRET_KEY)


def encrypt(plain: str, *, context: str) -> str:
    """Encrypt with the newest key. ``context`` names the place (``schema/table/column/row``) and is needed again to read."""
    key_id, key = keyring().current
    nonce = os.urandom(NONCE_BYTES)
    sealed = AESGCM(key).encrypt(nonce, plain.encode(), _associated(key_id, context))
    return f"{VERSION}:{key_id}:{base64.urlsafe_b64encode(nonce + sealed).decode()}"


def decrypt(token: str, *, context: str) -> SecretText:
    """The plain text of a token. Raises ``DecryptionFailed`` for damage, a foreign context or an unknown key."""
    key_id, body = _parts(token)
    key = keyring().key(key_id)
    if key is None:
        raise DecryptionFailed(detail=f"key id {key_id!r} is not in the keyring")
    try:
        plain = AESGCM(key).decrypt(body[:NONCE_BYTES], body[NONCE_BYTES:], _associated(key_id, context))
    except InvalidTag:
        raise DecryptionFailed(detail=f"token does not belong to {context!r}, or was changed") from None
    return remember_secret(plain.decode())


def key_id_of(token: str) -> str:
    """Which key a token was made with. Raises ``DecryptionFailed`` for something that is no token."""
    return _parts(token)[0]


def is_token(value: str) -> bool:
    """Whether the text has the outer shape of a token."""
    return value.startswith(f"{VERSION}:") and value.count(":") == 2


def _parts(token: str) -> tuple[str, bytes]:
    try:
        version, key_id, encoded = token.split(":")
        body = base64.b64decode(encoded.encode("ascii"), altchars=b"-_", validate=True)
    except (ValueError, UnicodeEncodeError):
        raise DecryptionFailed(detail="not a token") from None
    if base64.urlsafe_b64encode(body).decode() != encoded:
        raise DecryptionFailed(detail="not a token: the last character carries bits of nothing")
    if version != VERSION or len(body) < NONCE_BYTES + 16:
        raise DecryptionFailed(detail="not a token of a known version")
    return key_id, body


def _associated(key_id: str, context: str) -> bytes:
    return f"{VERSION}\x00{key_id}\x00{context}".encode()


@lru_cache(maxsize=8)
def _configured(text: str) -> Keyring:
    return parse_keyring(text)


@lru_cache(maxsize=8)
def _derived(secret_key: str) -> Keyring:
    key = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=b"echopilot encryption at rest").derive(
        secret_key.encode()
    )
    return Keyring(((DERIVED_KEY_ID, key),))
