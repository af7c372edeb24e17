"""Markdown of our own files and facts for search engines, made into markup. The one place of the portal that vouches for HTML."""

import json
import re
from dataclasses import dataclass
from functools import lru_cache, partial
from html import unescape
from pathlib import Path
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import slugify
from markdown_it import MarkdownIt
from markdown_it.token import Token

from apps.i18n.facade import SOURCE
from apps.portal.website.pictures import picture

ESCAPES = {ord(">"): "\\u003E", ord("<"): "\\u003C", ord("&"): "\\u0026"}


@dataclass(frozen=True, kw_only=True)
class Text:
    """A Markdown file: its first heading, first paragraph, sections (anchor, title) and the body as HTML."""

    title: str
    summary: str
    sections: tuple[tuple[str, str], ...]
    body: SafeString
    plain: str


def json_ld(facts: dict[str, Any]) -> SafeString:
    """Facts as a JSON-LD data block (schema.org); the browser runs nothing of it."""
    text = json.dumps(facts, ensure_ascii=False).translate(ESCAPES)
    return format_html('<script type="application/ld+json">{}</script>', SafeString(text))


@lru_cache(maxsize=128)
def read_text(path: Path) -> Text:
    """Render a Markdown file of ours. HTML inside is shown as text, links to elsewhere leave no referrer."""
    return render_markdown(path.read_text(encoding="utf-8"), language=path.parent.name)


def render_markdown(source: str, *, language: str = SOURCE) -> Text:
    """See ``read_text``. A picture stands in a paragraph of its own and is named by its file; see ``pictures``."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(source)
    title = _first(tokens, "h1")
    sections: list[tuple[str, str]] = []
    for number, token in enumerate(tokens):
        if token.type == "heading_open" and token.tag == "h2":
            text = tokens[number + 1].content
            anchor = slugify(text) or f"part-{len(sections) + 1}"
            token.attrSet("id", anchor)
            sections.append((anchor, text))
        _leave_no_referrer(token)
    _name_cells(tokens)
    start = next((number + 3 for number, token in enumerate(tokens) if token.type == "heading_open"), 0)
    body = parser.renderer.render(tokens[start:], parser.options, {})
    body = re.sub(r'<p><img src="([^"]*)" alt="([^"]*)" /></p>', partial(_drawn, language), body)
    body = re.sub(r"<pre>", '<pre class="code" dir="ltr" tabindex="0">', body)
    body = re.sub(r"<table>", '<div class="scroll" tabindex="0"><table class="plain">', body).replace(
        "</table>", "</table></div>"
    )
    return Text(
        title=title,
        summary=_first(tokens, "p"),
        sections=tuple(sections),
        body=SafeString(body),
        plain=re.sub(r"<[^>]+>", " ", body),
    )


def _drawn(language: str, match: re.Match[str]) -> str:
    return picture(unescape(match.group(1)), unescape(match.group(2)), language)


def _name_cells(tokens: list[Token]) -> None:
    """Each cell carries the name of its column, for phones, where a row stands as a list."""
    names: list[str] = []
    place = 0
    for number, token in enumerate(tokens):
        if token.type == "thead_open":
            names = []
        elif token.type == "tr_open":
            place = 0
        elif token.type == "th_open":
            names.append(tokens[number + 1].content)
        elif token.type == "td_open":
            token.attrSet("data-label", names[place])
            place += 1


def _first(tokens: list[Token], tag: str) -> str:
    for number, token in enumerate(tokens):
        if token.tag == tag and token.nesting == 1:
            return re.sub(r"[*`_]|\[([^\]]*)\]\([^)]*\)", r"\1", tokens[number + 1].content).replace("\n", " ")
    return ""


def _leave_no_referrer(token: Token) -> None:
    for child in token.children or ():
        if child.type == "link_open" and str(child.attrGet("href")).startswith("http"):
            child.attrSet("rel", "noreferrer")
