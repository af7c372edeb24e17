"""The shared components: drawn with their states, safe with hostile text, spoken as well as seen."""

import gzip
import re
from pathlib import Path
from typing import Any

import pytest
from django import forms
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import RequestFactory

from apps.core.dashboard import Notice
from apps.core.navigation import NavigationItem, by_group
from apps.core.templatetags.charts import bar_chart, history_strip, meter, sparkline
from apps.core.templatetags.parts import avatar
from apps.portal.finding import find

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "apps/portal/static/portal"
COMPONENTS = sorted((ROOT / "templates/components").glob("*.html"))
HOSTILE = "<script>alert(1)</script>\"'>"


class Form(forms.Form):
    title = forms.CharField(label="Name")
    stage = forms.ChoiceField(label="Stage", choices=[("a", "A")], widget=forms.RadioSelect)
    note = forms.CharField(label="Note", required=False)


def test_every_component_stands_on_the_style_page() -> None:
    page = (ROOT / "apps/portal/templates/portal/style.html").read_text()
    # Drawn by tags, by other components, or by the frame of every page.
    inside = {
        "bar_chart", "card", "dialog", "menu", "field_errors", "styles", "toasts", "messages", "page_head",
    }  # fmt: skip
    missing = {path.stem for path in COMPONENTS if f"components/{path.name}" not in page} - inside
    assert missing == set()


@pytest.mark.parametrize("path", COMPONENTS, ids=lambda path: path.stem)
def test_component_has_no_inline_style_handler_or_script(path: Path) -> None:
    assert not re.search(r"\sstyle=|\son[a-z]+=|<script|<style", path.read_text())


@pytest.mark.parametrize("path", COMPONENTS, ids=lambda path: path.stem)
def test_component_escapes_what_it_is_given(path: Path, rf: RequestFactory) -> None:
    values: dict[str, Any] = dict.fromkeys(("title", "text", "label", "name", "href", "id", "icon", "kind", "figure", "unit", "note", "action", "verb", "value", "subtitle", "email", "next", "older", "link", "other", "other_href", "meter_label", "css", "body"), HOSTILE)  # fmt: skip
    values |= {
        "notice": Notice(title=HOSTILE, url=HOSTILE, icon="x", text=HOSTILE),
        "message": Message(constants.SUCCESS, HOSTILE, extra_tags=f"undo:{HOSTILE}"),
        "form": Form({"title": HOSTILE}), "field": Form({"title": HOSTILE})["title"], "words": [HOSTILE],
        "before": [("del", HOSTILE)], "after": [("add", HOSTILE)], "facts": [(HOSTILE, HOSTILE)],
        "filters": [{"label": HOSTILE, "query": HOSTILE}], "options": [(HOSTILE, HOSTILE)],
        "tabs": [{"label": HOSTILE, "url": HOSTILE}], "steps": [{"title": HOSTILE, "text": HOSTILE, "url": HOSTILE}],
        "kept": {HOSTILE: HOSTILE}, "columns": [{"label": HOSTILE, "value": 1}], "marks": [HOSTILE], "request": rf.get("/"),
    }  # fmt: skip
    assert "<script>alert" not in render_to_string(f"components/{path.name}", values)


def test_error_summary_links_to_each_field_and_keeps_what_was_typed() -> None:
    form = Form({"title": "", "note": "typed"}, prefix="p")
    text = render_to_string("components/form_errors.html", {"form": form})
    assert 'href="#id_p-title"' in text
    assert 'role="alert"' in text
    field = render_to_string("components/field.html", {"field": Form({"note": "typed"})["note"]})
    assert 'value="typed"' in field
    assert "(optional)" in field


def test_field_with_an_error_is_described_by_it() -> None:
    text = render_to_string("components/field.html", {"field": Form({"title": ""})["title"]})
    assert 'id="id_title_error"' in text
    assert 'aria-invalid="true"' in text
    assert 'aria-describedby="id_title_error"' in text


def test_radio_buttons_are_a_group_with_a_legend() -> None:
    text = render_to_string("components/field.html", {"field": Form()["stage"]})
    assert "<fieldset" in text
    assert "<legend>Stage" in text


def test_charts_say_their_figures_in_words() -> None:
    assert 'aria-label="2 of the last 4 failed"' in history_strip(["done", "failed", "failed", "done"])
    assert "No runs yet" in history_strip([])
    assert 'aria-hidden="true"' in sparkline([1, 2, 3])
    assert 'aria-label="Rising"' in sparkline([1, 2, 3], label="Rising")
    assert sparkline([1]) == ""
    text = render_to_string(
        "components/bar_chart.html",
        bar_chart([{"label": "Mon", "value": 3, "failed": 1}], label="By day", first="Done", second="Failed"),
    )
    assert '<th scope="row">Mon</th><td>3</td><td>1</td>' in text


@pytest.mark.parametrize(("value", "kind"), [(10, "fill "), (80, "fill wait"), (100, "fill bad"), (900, "fill bad")])
def test_meter_warns_in_time(value: int, kind: str) -> None:
    assert f'class="{kind}"' in meter(value, 100, "used")
    assert 'width="-' not in meter(value, 100, "used")


def test_meter_of_nothing_is_empty() -> None:
    assert 'width="0.0"' in meter(5, 0, "used")


def test_avatar_keeps_its_tint_and_survives_odd_names() -> None:
    assert avatar("Ayesha Khan") == avatar("Ayesha Khan")
    assert ">AK<" in avatar("Ayesha Khan")
    assert ">?<" in avatar("")
    assert "<script" not in avatar(HOSTILE)


def test_sorting_head_turns_around_and_says_its_direction(rf: RequestFactory) -> None:
    def head(query: str) -> str:
        request: HttpRequest = rf.get(f"/?{query}")
        return Template('{% load parts %}{% sort_head "cost" "Cost" %}').render(Context({"request": request}))

    assert 'href="?state=done&amp;sort=cost"' in head("state=done&cursor=9")
    assert 'aria-sort="ascending"' in head("sort=cost")
    assert "sort=-cost" in head("sort=cost")
    assert 'aria-sort="descending"' in head("sort=-cost")


def test_groups_without_entries_are_left_out() -> None:
    item = NavigationItem(url_name="a:b", label="A", icon="x", order=100, permission="tasks.view", group="build")
    assert [group["key"] for group in by_group([{"item": item}])] == ["build"]


def test_nobody_without_permissions_finds_anything() -> None:
    assert find("", frozenset()) == []
    assert find("tasks", frozenset()) == []
    assert find("> dark", frozenset()) == []


def test_styles_and_scripts_stay_small() -> None:
    styles = sum(len(gzip.compress(path.read_bytes(), 9)) for path in STATIC.rglob("*.css"))
    scripts = sum(len(gzip.compress(path.read_bytes(), 9)) for path in STATIC.glob("*.js"))
    assert styles < 30_000
    assert scripts < 30_000


@pytest.mark.parametrize("path", sorted(STATIC.rglob("*.css")), ids=lambda path: path.stem)
def test_style_sheet_is_of_a_readable_size_and_mirrors_itself(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= 500
    physical = re.findall(r"^\s*(?:margin|padding|border)-(?:left|right)\b|^\s*(?:left|right):", text, re.MULTILINE)
    assert physical == []


def test_every_sign_that_is_named_is_in_the_sprite() -> None:
    known = set(re.findall(r'id="([a-z0-9-]+)"', (STATIC / "icons.svg").read_text()))
    named = {
        name
        for folder in (ROOT / "templates", ROOT / "apps")
        for path in folder.rglob("*.html")
        for name in re.findall(r'{% icon "([a-z0-9-]+)"', path.read_text())
    }
    assert named - known == set()
