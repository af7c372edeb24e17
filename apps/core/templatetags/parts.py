"""Tags of the shared components: blocks with a frame (card, dialog, menu), people, sortable heads, toasts, differences."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Any

from django import template
from django.contrib.messages.storage.base import Message
from django.forms import BaseForm, BoundField, CheckboxInput, FileInput, PasswordInput, RadioSelect, Select, Textarea
from django.forms.widgets import CheckboxSelectMultiple
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from apps.core.differences import Piece

register = template.Library()

TONES = {"error": "bad", "warning": "wait", "info": "info", "success": "ok", "debug": ""}
UNDO = "undo:"
AVATAR_TINTS = 4


@register.filter
def tone(message: Message) -> str:
    """The component's class for a message of Django's messages framework."""
    return TONES.get(message.level_tag, "")


@register.filter
def undo_url(message: Message) -> str:
    """Where the Undo button of a toast posts to: said by ``extra_tags="undo:<address>"``; other hosts are refused."""
    for tag in (message.extra_tags or "").split():
        if tag.startswith(UNDO):
            address = tag.removeprefix(UNDO)
            return address if address.startswith("/") and not address.startswith("//") else ""
    return ""


@register.simple_tag
def avatar(name: str, extra: str = "") -> SafeString:
    """One or two letters in a circle whose tint stays with the name; decoration, the name stands beside it."""
    words = [word for word in name.replace("@", " ").replace(".", " ").split() if word]
    letters = "".join(word[0] for word in words[:2]).upper() or "?"
    tint = zlib.crc32(name.encode()) % AVATAR_TINTS
    return format_html('<span class="avatar t{} {}" aria-hidden="true">{}</span>', tint, extra, letters)


@register.simple_tag
def pieces(found: Iterable[Piece]) -> SafeString:
    """A text with its differences: + and − as well as colour, so that nothing hangs on seeing red and green."""
    tags = {"added": ("ins", "+"), "removed": ("del", "−")}
    parts = []
    for piece in found:
        if piece.kind == "same":
            parts.append(format_html("{}", piece.text))
        else:
            tag, sign = tags[piece.kind]
            parts.append(format_html("<{0}><span>{1}</span>{2}</{0}>", tag, sign, piece.text))
    return format_html(
        '<div class="answer words" dir="auto">{}</div>', format_html_join("", "{}", ((p,) for p in parts))
    )


@register.filter
def field_kind(field: BoundField) -> str:
    """How a form field is drawn: text, area, select, switch, check, choices, file, secret or hidden."""
    widget = field.field.widget
    if widget.is_hidden:
        return "hidden"
    if isinstance(widget, RadioSelect | CheckboxSelectMultiple):
        return "choices"
    kinds: tuple[tuple[type, str], ...] = (
        (CheckboxInput, "switch" if "switch" in str(widget.attrs.get("class", "")) else "check"),
        (FileInput, "file"),
        (PasswordInput, "secret"),
        (Textarea, "area"),
        (Select, "select"),
    )
    return next((kind for widget_type, kind in kinds if isinstance(widget, widget_type)), "text")


@register.filter
def wrong_fields(form: BaseForm) -> list[tuple[BoundField, str]]:
    """Every visible field's errors with the field, in the order of the form: what the summary links to."""
    return [(field, str(error)) for field in form.visible_fields() for error in field.errors]


@register.simple_tag(takes_context=True)
def sort_head(context: template.Context, key: str, label: str, css: str = "") -> SafeString:
    """A column's head that sorts by ``key``: a link that keeps the other filters, says its direction, and turns it around.

    Reads ``?sort=key`` or ``?sort=-key`` of the page's address; the view does the sorting.
    """
    request: HttpRequest = context["request"]
    current = request.GET.get("sort", "")
    query = request.GET.copy()
    query.pop("cursor", None)
    query["sort"] = f"-{key}" if current == key else key
    state = {key: "ascending", f"-{key}": "descending"}.get(current)
    arrow = {"ascending": "arrow-up", "descending": "arrow-down"}.get(state or "")
    from apps.core.templatetags.ui import icon

    return format_html(
        '<th scope="col" class="{}"{}><a href="?{}">{}{}</a></th>',
        css,
        format_html(' aria-sort="{}"', state) if state else "",
        query.urlencode(),
        label,
        icon(arrow) if arrow else "",
    )


@register.simple_tag(takes_context=True)
def query_with(context: template.Context, **changes: Any) -> str:
    """The page's query with some values changed; None removes one. For filter and paging links."""
    query = context["request"].GET.copy()
    for name, value in changes.items():
        if value in (None, ""):
            query.pop(name, None)
        else:
            query[name] = str(value)
    return str(query.urlencode())


@register.simple_block_tag
def card(content: str, title: str = "", subtitle: str = "", id: str = "", css: str = "") -> SafeString:  # noqa: A002
    """A card with a heading: ``{% card title=… subtitle=… %}…{% endcard %}``. ``id`` names the heading, which must be unique."""
    heading = id or f"card-{zlib.crc32(title.encode()):x}"
    return _frame("card", content, {"title": title, "subtitle": subtitle, "heading": heading, "css": css})


@register.simple_block_tag
def dialog(content: str, id: str, title: str, text: str = "") -> SafeString:  # noqa: A002
    """A dialog, on phones a sheet at the bottom; ``<button commandfor="id" command="show-modal" data-opens="id">`` opens it."""
    return _frame("dialog", content, {"id": id, "title": title, "text": text})


@register.simple_block_tag
def menu(content: str, id: str, label: str, icon: str = "ellipsis", text: str = "", css: str = "") -> SafeString:  # noqa: A002
    """A button and its menu: ``{% menu id="m1" label=… %}<a …>…</a>{% endmenu %}``; ``text`` shows the label on the button."""
    return _frame("menu", content, {"id": id, "label": label, "icon": icon, "text": text, "css": css})


def _frame(name: str, content: str, context: dict[str, Any]) -> SafeString:
    # The block's content was rendered by the surrounding template, which escaped it.
    return render_to_string(f"components/{name}.html", {**context, "body": mark_safe(content)})  # noqa: S308
