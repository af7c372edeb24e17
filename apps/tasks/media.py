"""What an attachment really is, how big and how long: told from its bytes, before any money is spent on it.

No Django models here. Names and claimed types are ignored; kinds that nothing downstream can read are refused.
Limits of 240 minutes and 1,536 MB are the product's defaults; a plan may set lower ones.
"""

import codecs
import hashlib
from dataclasses import dataclass
from pathlib import PurePath
from typing import IO, BinaryIO, cast

import filetype
from django.utils.translation import gettext as _
from pypdf import PdfReader
from tinytag import TinyTag, TinyTagException

from apps.tasks.enums import MediaKind
from apps.tasks.errors import MediaRefused

MB = 1024 * 1024
MAX_FILES = 10
MAX_FILE_MB = 1536
MAX_AUDIO_MINUTES = 240
MAX_TEXT_MB = 5
MAX_PDF_MB = 30
MAX_PDF_PAGES = 300
MAX_TEXT_CHARS = 100_000
PLAUSIBLE_BITS_PER_SECOND = 200_000_000
CHUNK = 1 * MB
LENGTH_READABLE = "MP3, M4A, MP4, WAV, FLAC, OGG, OPUS"


@dataclass(frozen=True, kw_only=True)
class MediaLimits:
    """Upper bounds for one file."""

    file_mb: int = MAX_FILE_MB
    audio_minutes: int = MAX_AUDIO_MINUTES


@dataclass(frozen=True, kw_only=True)
class Inspected:
    """What a file is. ``size`` in bytes, ``duration_s`` for audio and video, ``text`` what a model can read of it."""

    name: str
    kind: MediaKind
    media_type: str
    size: int
    duration_s: float | None
    sha256: str
    text: str


def inspect(*, name: str, file: IO[bytes], limits: MediaLimits) -> Inspected:
    """Look at a file from its start and leave it rewound. Raises ``MediaRefused`` naming the file and the limit.

    The size is known before the content is read, so a file that is too big costs nothing.
    """
    shown = safe_name(name)
    size = _size_of(file)
    if size == 0:
        raise _refusal(shown, _("The file is empty."))
    if size > limits.file_mb * MB:
        raise _refusal(
            shown,
            _("The file has %(size)d MB, the limit is %(limit)d MB.")
            % {"size": -(-size // MB), "limit": limits.file_mb},
        )
    kind, media_type = _kind_of(file, shown)
    duration = _duration(file, shown, size, limits) if kind in (MediaKind.AUDIO, MediaKind.VIDEO) else None
    text = _text_of(file, shown, kind, size)
    digest = _digest(file)
    file.seek(0)
    return Inspected(
        name=shown, kind=kind, media_type=media_type, size=size, duration_s=duration, sha256=digest, text=text
    )


def safe_name(name: str) -> str:
    """The last part of a file name without path, control and surrogate characters, at most 120 characters, never empty."""
    last = PurePath(str(name).replace("\\", "/")).name
    kept = "".join(sign for sign in last if sign.isprintable()).strip(". ")
    return (kept[-120:] or "file").encode("utf-8", "ignore").decode()


def _size_of(file: IO[bytes]) -> int:
    file.seek(0, 2)
    size = file.tell()
    file.seek(0)
    return size


def _kind_of(file: IO[bytes], shown: str) -> tuple[MediaKind, str]:
    head = file.read(8192)
    file.seek(0)
    found = filetype.guess(head)
    if found is None:
        if b"\x00" not in head and _decodes(head):
            return MediaKind.TEXT, "text/plain"
        raise _refusal(shown, _("This kind of file is not known. Send text, CSV, JSON, PDF, an image, audio or video."))
    for prefix, kind in (("audio/", MediaKind.AUDIO), ("video/", MediaKind.VIDEO), ("image/", MediaKind.IMAGE)):
        if found.mime.startswith(prefix):
            return kind, found.mime
    if found.mime == "application/pdf":
        return MediaKind.DOCUMENT, found.mime
    raise _refusal(
        shown,
        _("Files of the kind %(kind)s are not accepted. Send text, CSV, JSON, PDF, an image, audio or video.")
        % {"kind": found.mime},
    )


def _decodes(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def _duration(file: IO[bytes], shown: str, size: int, limits: MediaLimits) -> float:
    try:
        seconds = TinyTag.get(file_obj=cast(BinaryIO, file), tags=False, duration=True).duration
    except (TinyTagException, ValueError, ArithmeticError, LookupError, TypeError, OSError):
        seconds = None
    finally:
        file.seek(0)
    if not seconds or seconds <= 0 or size * 8 / seconds > PLAUSIBLE_BITS_PER_SECOND:
        raise _refusal(
            shown, _("Its length cannot be read. Send it as one of: %(kinds)s.") % {"kinds": LENGTH_READABLE}
        )
    if seconds > limits.audio_minutes * 60:
        raise _refusal(
            shown,
            _("It is %(length)d minutes long, the limit is %(limit)d minutes. Split it and send the parts.")
            % {"length": -(-seconds // 60), "limit": limits.audio_minutes},
        )
    return float(seconds)


def _text_of(file: IO[bytes], shown: str, kind: MediaKind, size: int) -> str:
    if kind == MediaKind.TEXT:
        if size > MAX_TEXT_MB * MB:
            raise _refusal(shown, _("Text files may have at most %(limit)d MB. Split it.") % {"limit": MAX_TEXT_MB})
        return _plain_text(file, shown)
    if kind == MediaKind.DOCUMENT:
        if size > MAX_PDF_MB * MB:
            raise _refusal(shown, _("PDF files may have at most %(limit)d MB. Split it.") % {"limit": MAX_PDF_MB})
        return _pdf_text(file, shown)
    return ""


def _plain_text(file: IO[bytes], shown: str) -> str:
    data = file.read()
    file.seek(0)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _refusal(shown, _("The text is not UTF-8. Save it as UTF-8 and send it again.")) from None
    if "\x00" in text:
        raise _refusal(shown, _("The text holds binary data. Send a plain text file."))
    if len(text) > MAX_TEXT_CHARS:
        raise _refusal(
            shown,
            _("The text has %(length)d characters, the limit is %(limit)d. Split it.")
            % {"length": len(text), "limit": MAX_TEXT_CHARS},
        )
    return text


def _pdf_text(file: IO[bytes], shown: str) -> str:
    try:
        reader = PdfReader(file, strict=False)
        if reader.is_encrypted:
            raise _refusal(shown, _("The PDF is locked. Remove its password and send it again."))
        if len(reader.pages) > MAX_PDF_PAGES:
            raise _refusal(shown, _("The PDF has more than %(limit)d pages. Split it.") % {"limit": MAX_PDF_PAGES})
        parts: list[str] = []
        length = 0
        for page in reader.pages:
            parts.append(page.extract_text().replace("\x00", ""))
            length += len(parts[-1])
            if length > MAX_TEXT_CHARS:
                raise _refusal(
                    shown,
                    _("The PDF has more than %(limit)d characters of text. Split it.") % {"limit": MAX_TEXT_CHARS},
                )
    except MediaRefused:
        raise
    except Exception as error:  # pypdf raises many kinds of error for damaged files, RecursionError among them
        raise _refusal(shown, _("The PDF cannot be read. Save it again as PDF, or send its text.")) from error
    finally:
        file.seek(0)
    return "\n".join(parts).strip().encode("utf-8", "ignore").decode()


def _digest(file: IO[bytes]) -> str:
    file.seek(0)
    digest = hashlib.sha256()
    while chunk := file.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _refusal(shown: str, why: str) -> MediaRefused:
    sentence = f"{shown}: {why}"
    return MediaRefused(sentence, fields={"attachments": sentence})
