"""Rich text: what may be sent, what is stored, what comes back."""

from typing import Any

from tests.servers.notion.problems import invalid

CONTENT = 2000
LINK = 2000
ELEMENTS = 100
PLAIN = {"bold": False, "italic": False, "strikethrough": False, "underline": False, "code": False, "color": "default"}


def utf16(text: str) -> int:
    """Length as JavaScript counts it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def piece(content: str, *, link: str | None = None, annotations: dict[str, Any] | None = None) -> dict[str, Any]:
    """One text element as Notion returns it."""
    return {
        "type": "text",
        "text": {"content": content, "link": {"url": link} if link else None},
        "annotations": {**PLAIN, **(annotations or {})},
        "plain_text": content,
        "href": link,
    }


def plain(pieces: list[dict[str, Any]]) -> str:
    """The text without its looks."""
    return "".join(str(part.get("plain_text", "")) for part in pieces)


def accept(value: Any, path: str) -> list[dict[str, Any]]:
    """Check rich text of a request and return it in the shape of responses. Raises Problem with Notion's wording."""
    if not isinstance(value, list):
        raise invalid(f"{path} should be an array, instead was `{_show(value)}`.")
    if len(value) > ELEMENTS:
        raise invalid(f"{path}.length should be ≤ `{ELEMENTS}`, instead was `{len(value)}`.")
    return [_accept_piece(part, f"{path}[{index}]") for index, part in enumerate(value)]


def _accept_piece(part: Any, path: str) -> dict[str, Any]:
    if not isinstance(part, dict):
        raise invalid(f"{path} should be an object, instead was `{_show(part)}`.")
    if "mention" in part:
        mention = part["mention"]
        shown = "@mention"
        return {"type": "mention", "mention": mention, "annotations": dict(PLAIN), "plain_text": shown, "href": None}
    text = part.get("text")
    if not isinstance(text, dict):
        raise invalid(f"{path}.text should be defined, instead was `undefined`.")
    content = text.get("content")
    if not isinstance(content, str):
        raise invalid(f"{path}.text.content should be a string, instead was `{_show(content)}`.")
    if utf16(content) > CONTENT:
        raise invalid(f"{path}.text.content.length should be ≤ `{CONTENT}`, instead was `{utf16(content)}`.")
    link = (text.get("link") or {}).get("url") if isinstance(text.get("link"), dict) else None
    if link is not None and utf16(link) > LINK:
        raise invalid(f"{path}.text.link.url.length should be ≤ `{LINK}`, instead was `{utf16(link)}`.")
    return piece(content, link=link, annotations=part.get("annotations"))


def _show(value: Any) -> str:
    return "undefined" if value is None else repr(value)[:60]
