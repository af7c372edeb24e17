"""Messages to browsers: encrypted for one browser alone (RFC 8291 over RFC 8188), signed by the platform (VAPID, RFC 8292)."""

import base64
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

CURVE = ec.SECP256R1()
POINT_BYTES = 65
SECRET_BYTES = 16
RECORD_SIZE = 4096
# One record holds its header, the text, one delimiter and the tag.
LONGEST_TEXT = RECORD_SIZE - 86 - 1 - 16
TOKEN_HOURS = 12


@dataclass(frozen=True, kw_only=True)
class Receiver:
    """A browser's half: its public key (uncompressed point, 65 bytes) and its secret (16 bytes)."""

    public_key: bytes
    auth_secret: bytes


def read_receiver(*, p256dh: str, auth: str) -> Receiver:
    """Both values as a browser gives them (base64url). Raises ``ValueError`` for anything that is not a point on the curve."""
    receiver = Receiver(public_key=unpack(p256dh), auth_secret=unpack(auth))
    if len(receiver.public_key) != POINT_BYTES or len(receiver.auth_secret) != SECRET_BYTES:
        raise ValueError("wrong length")
    ec.EllipticCurvePublicKey.from_encoded_point(CURVE, receiver.public_key)
    return receiver


def encrypt(
    text: bytes, receiver: Receiver, *, key: ec.EllipticCurvePrivateKey | None = None, salt: bytes | None = None
) -> bytes:
    """``text`` as one aes128gcm record only ``receiver`` can read. ``key`` and ``salt`` are fresh unless a test fixes them."""
    if len(text) > LONGEST_TEXT:
        raise ValueError("longer than one record")
    key, salt = key or ec.generate_private_key(CURVE), salt or os.urandom(16)
    sender = point_of(key)
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, receiver.public_key)
    shared = key.exchange(ec.ECDH(), theirs)
    # RFC 8291, 3.4: the browser's secret goes in first, then the salt of the record.
    secret = _derive(shared, receiver.auth_secret, b"WebPush: info\x00" + receiver.public_key + sender, 32)
    content_key = _derive(secret, salt, b"Content-Encoding: aes128gcm\x00", 16)
    nonce = _derive(secret, salt, b"Content-Encoding: nonce\x00", 12)
    header = salt + RECORD_SIZE.to_bytes(4, "big") + len(sender).to_bytes(1, "big") + sender
    return header + AESGCM(content_key).encrypt(nonce, text + b"\x02", None)


def authorization(endpoint: str, *, private_key: str, contact: str, now: datetime | None = None) -> str:
    """The ``Authorization`` header for one push service (RFC 8292, 2 and 3). ``contact`` is an e-mail address."""
    parts = urlsplit(endpoint)
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": int(((now or datetime.now(UTC)) + timedelta(hours=TOKEN_HOURS)).timestamp()),
        "sub": f"mailto:{contact}",
    }
    key = load_private(private_key)
    token = jwt.encode(claims, private_key, algorithm="ES256")
    return f"vapid t={token}, k={pack(point_of(key))}"


def new_private_key() -> str:
    """A fresh key as PEM."""
    key = ec.generate_private_key(CURVE)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def load_private(pem: str) -> ec.EllipticCurvePrivateKey:
    """The key of a PEM text."""
    key = serialization.load_pem_private_key(str(pem).encode(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


def point_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The public half as an uncompressed point."""
    return key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def pack(raw: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unpack(text: str) -> bytes:
    """The reverse. Raises ``ValueError``."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _derive(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(secret)
