"""Attachments are judged by their bytes, before anything is spent on them."""

import io
import struct
import wave
import zipfile

import pytest
from pypdf import PdfWriter

from apps.tasks import media
from apps.tasks.errors import MediaRefused

LIMITS = media.MediaLimits()


def look(data: bytes, *, name: str = "file", limits: media.MediaLimits = LIMITS) -> media.Inspected:
    """Inspect some bytes."""
    return media.inspect(name=name, file=io.BytesIO(data), limits=limits)


def refusal(data: bytes, **options: object) -> str:
    """Why some bytes are refused."""
    with pytest.raises(MediaRefused) as caught:
        look(data, **options)
    assert caught.value.code == "media_refused"
    assert caught.value.fields["attachments"]
    return caught.value.text


def wav(seconds: float, *, rate: int = 8_000) -> bytes:
    """A silent recording."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(rate)
        sound.writeframes(b"\x80" * int(seconds * rate))
    return buffer.getvalue()


def pdf(pages: int = 1, *, password: str = "") -> bytes:
    """A PDF without text."""
    writer = PdfWriter()
    for _page in range(pages):
        writer.add_blank_page(width=72, height=72)
    if password:
        writer.encrypt(password)
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def test_text_is_read_whatever_its_name_says() -> None:
    found = look("größer\n".encode(), name="song.mp3")
    assert (found.kind, found.text, found.size) == ("text", "größer\n", 9)


def test_audio_carries_its_length() -> None:
    found = look(wav(3), name="note.txt")
    assert found.kind == "audio"
    assert found.duration_s == pytest.approx(3, abs=0.01)


def test_audio_longer_than_the_limit_is_refused_with_both_figures() -> None:
    message = refusal(wav(130), limits=media.MediaLimits(audio_minutes=2))
    assert "3" in message and "2" in message


def test_the_longest_allowed_recording_passes() -> None:
    assert look(wav(120), limits=media.MediaLimits(audio_minutes=2)).duration_s == pytest.approx(120)


def test_defaults_are_four_hours_and_1536_megabytes() -> None:
    assert (LIMITS.audio_minutes, LIMITS.file_mb) == (240, 1536)


class Huge(io.RawIOBase):
    """A file of 2 GB that must not be read."""

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self.at = 2 * 1024 * media.MB if whence == 2 else offset
        return self.at

    def tell(self) -> int:
        return self.at

    def read(self, size: int = -1) -> bytes:
        raise AssertionError("the content was read")


def test_a_file_that_is_too_big_is_refused_without_reading_it() -> None:
    with pytest.raises(MediaRefused, match="1536"):
        media.inspect(name="film.mp4", file=Huge(), limits=LIMITS)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\x00\x01\x02\x03", b"MZ" + b"\x00" * 200, b"\x7fELF" + b"\x00" * 200, "grüße".encode("latin-1"),
        b"PK\x03\x04" + b"\x00" * 60, b"%PDF-1.7 broken", b"ID3" + b"\xff" * 300, b"RIFF\x24\x00\x00\x00WAVEfmt " + b"\x00" * 40,
        b"\x1f\x8b\x08" + b"\x00" * 50, b"Rar!\x1a\x07\x00" + b"\x00" * 50, b"text\x00with binary" + b"a" * 9000,
    ],
)  # fmt: skip
def test_unreadable_bytes_are_refused_with_what_to_send_instead(data: bytes) -> None:
    assert refusal(data)


def test_an_archive_is_refused_however_small() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", "a" * 10_000)
    assert "zip" in refusal(buffer.getvalue())


def test_a_header_that_lies_about_the_length_is_refused() -> None:
    sound = bytearray(wav(60))
    struct.pack_into("<I", sound, 28, 2**31)
    struct.pack_into("<I", sound, 24, 2**31)
    assert refusal(bytes(sound))


def test_a_locked_or_long_pdf_is_refused_and_a_plain_one_read() -> None:
    assert look(pdf()).kind == "document"
    assert "password" in refusal(pdf(password="x"))
    assert "300" in refusal(pdf(pages=301))


def test_too_much_text_is_refused() -> None:
    assert "100000" in refusal(b"a" * 100_001)
    assert "5" in refusal(b"a" * (5 * media.MB + 1))


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\x\\y.txt", "y.txt"),
        ("\x00\n", "file"),
        ("", "file"),
        ("a" * 500, "a" * 120),
        ("...", "file"),
    ],
)
def test_names_lose_paths_and_control_characters(name: str, kept: str) -> None:
    assert media.safe_name(name) == kept


def test_the_file_is_left_at_its_start() -> None:
    file = io.BytesIO(b"hello")
    media.inspect(name="a", file=file, limits=LIMITS)
    assert file.read() == b"hello"
