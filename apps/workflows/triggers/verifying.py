"""Whether a delivery comes from who holds the secret. Pure: bytes, headers (lower case) and the time in, yes or no out.

Standard Webhooks: specification "standard-webhooks.md"; Stripe: "Verify webhook signatures manually"; Slack: "Verifying requests
from Slack". All comparisons take constant time, over the raw bytes of the body.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Any

from apps.workflows.triggers.enums import Verification

TOLERANCE_S = 300
STANDARD_HEADERS = {"id": "webhook-id", "timestamp": "webhook-timestamp", "signature": "webhook-signature"}


def is_genuine(
    *, config: Mapping[str, Any], headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now_s: float
) -> bool:
    """Whether one of the secrets (the current one, and an older one while it overlaps) proves the delivery."""
    mode = config.get("verify", Verification.STANDARD)
    if mode == Verification.NONE:
        return True
    check = {Verification.STANDARD: _standard, Verification.BEARER: _bearer}.get(mode, _signed)
    return any(check(config, headers, body, secret, now_s) for secret in secrets if secret)


def _standard(config: Mapping[str, Any], headers: Mapping[str, str], body: bytes, secret: str, now_s: float) -> bool:
    message_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not message_id or not _is_recent(stamp, now_s):
        return False
    wanted = base64.b64encode(_digest(standard_key(secret), f"{message_id}.{stamp}.".encode() + body)).decode()
    given = [entry.partition(",") for entry in headers.get("webhook-signature", "").split()[:10]]
    return any(version == "v1" and _same(wanted, signature) for version, _comma, signature in given)


def _bearer(config: Mapping[str, Any], headers: Mapping[str, str], body: bytes, secret: str, now_s: float) -> bool:
    scheme, _space, token = headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and _same(secret, token.strip())


def _signed(config: Mapping[str, Any], headers: Mapping[str, str], body: bytes, secret: str, now_s: float) -> bool:
    signed = config.get("signed", "body")
    if signed == "stripe":
        return _stripe(headers.get(str(config.get("header") or "stripe-signature").lower(), ""), body, secret, now_s)
    if signed == "slack":
        stamp = headers.get("x-slack-request-timestamp", "")
        wanted = "v0=" + _digest(secret.encode(), f"v0:{stamp}:".encode() + body).hex()
        return _is_recent(stamp, now_s) and _same(wanted, headers.get("x-slack-signature", ""))
    given = headers.get(str(config.get("header", "")).lower(), "")
    prefix = str(config.get("prefix", ""))
    if not given or not given.startswith(prefix):
        return False
    digest = _digest(secret.encode(), body)
    wanted = base64.b64encode(digest).decode() if config.get("encoding") == "base64" else digest.hex()
    given = given[len(prefix) :]
    return _same(wanted, given if config.get("encoding") == "base64" else given.lower())


def _stripe(header: str, body: bytes, secret: str, now_s: float) -> bool:
    parts = [part.strip().partition("=") for part in header.split(",")[:10]]
    stamps = [value for name, _equals, value in parts if name == "t"]
    if len(stamps) != 1 or not _is_recent(stamps[0], now_s):
        return False
    wanted = _digest(secret.encode(), f"{stamps[0]}.".encode() + body).hex()
    return any(_same(wanted, value) for name, _equals, value in parts if name == "v1")


def standard_key(secret: str) -> bytes:
    """The key behind ``whsec_<base64>``; a secret of another form is used as it stands."""
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        return secret.encode()


def _digest(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).digest()


def _same(wanted: str, given: str) -> bool:
    return hmac.compare_digest(wanted.encode(), given.encode("utf-8", "replace"))


def _is_recent(stamp: str, now_s: float) -> bool:
    return stamp.isascii() and stamp.isdigit() and len(stamp) <= 12 and abs(now_s - int(stamp)) <= TOLERANCE_S
