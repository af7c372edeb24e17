"""Drawing tags of the pages about runs: a lane of the time line, history strips, JSON as a tree, differences."""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from babel.numbers import format_percent
from django import template
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from apps.core.redaction import redact
from apps.workflows.advice import Advice, advice_for
from apps.workflows.approvals.rulebook import sentences
from apps.workflows.contracts import EffectLine, StepDetail
from apps.workflows.enums import EffectState, RunState
from apps.workflows.presentation import LIVE, ComparedStep, TraceLine, length_of
from apps.workflows.services.prompts import ASKING

register = template.Library()

NOTHING = escape("")
MAX_TEXT = 4_000
MAX_ITEMS = 200
OPEN_TO = 2
MAX_DEPTH = 10
STRIP = 20
OWN_PROMPT = re.compile(r"([a-z][a-z0-9-]*)@([0-9]{1,6})")
STRIP_KINDS = {RunState.SUCCEEDED: "ok", RunState.FAILED: "bad", RunState.CANCELLED: "off"}


@register.simple_tag
def lane(line: TraceLine) -> SafeString:
    """When a step ran within the run, as a picture; the row says the same in words."""
    return format_html(
        '<svg class="lane" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        '<line x1="0" x2="100" y1="9.5" y2="9.5"></line><rect class="{}" x="{}" width="{}" y="1.5" height="7"></rect></svg>',
        line.state,
        line.left,
        line.width,
    )


@register.simple_tag
def passed_by(effect: EffectLine) -> list[dict[str, str]]:
    """The owners' rules that let an act pass without a decision: id and sentence of each."""
    named = dict.fromkeys(str(reason["rule"]) for reason in effect.reasons if reason.get("rule"))
    said = sentences(named)
    return [{"id": rule, "sentence": said[rule]} for rule in named if rule in said]


@register.simple_tag
def prompt_said(detail: StepDetail) -> dict[str, Any]:
    """The prompt and version a model step's call was made with, empty when it named none. ``slug`` and ``number`` are those of a
    prompt of the workspace."""
    output = detail.step.output if isinstance(detail.step.output, dict) else {}
    asked = [effect.request for effect in detail.effects if isinstance(effect.request, dict)]
    name = next((str(one["prompt_version"]) for one in (output, *reversed(asked)) if one.get("prompt_version")), "")
    own = OWN_PROMPT.fullmatch(name) if detail.step.type == ASKING else None
    return {"name": name, "slug": own[1] if own else "", "number": int(own[2]) if own else None}


@register.simple_tag
def strip(runs: Iterable[tuple[Any, str]]) -> SafeString:
    """The latest runs of a workflow, oldest first; read out as how many of them failed."""
    found = list(runs)[-STRIP:]
    if not found:
        return format_html('<span class="quiet">{}</span>', _("no runs lately"))
    failed = sum(state == RunState.FAILED for _run, state in found)
    label = ngettext("%(failed)d of the last %(n)d run failed", "%(failed)d of the last %(n)d runs failed", len(found))
    offset = STRIP - len(found)
    places = format_html_join(
        "",
        '<rect class="none" x="{}" y="8" width="5" height="2" rx="1"></rect>',
        ((place * 7 + 1,) for place in range(offset)),
    )
    bars = format_html_join(
        "",
        '<rect class="{}" x="{}" y="{}" width="5" height="{}" rx="1.5"><title>{}</title></rect>',
        (
            (
                _strip_kind(state),
                (offset + place) * 7 + 1,
                2 if state == RunState.SUCCEEDED else 0,
                14 if state == RunState.SUCCEEDED else 18,
                RunState(state).label,
            )
            for place, (_run, state) in enumerate(found)
        ),
    )
    return format_html(
        '<svg class="history" viewBox="0 0 {} 18" role="img" aria-label="{}">{}{}</svg>',
        STRIP * 7,
        label % {"failed": failed, "n": len(found)},
        places,
        bars,
    )


def _strip_kind(state: str) -> str:
    return STRIP_KINDS.get(RunState(state), "wait" if state == RunState.REVIEW else "run")


@register.simple_tag
def json_tree(value: Any, label: str = "") -> SafeString:
    """A JSON value to fold and unfold, secrets masked. Long lists and texts are cut and say so."""
    return format_html('<div class="json" dir="ltr">{}</div>', _node(label, redact(value), 0))


def _node(name: str, value: Any, depth: int) -> SafeString:
    key = format_html('<b class="key">{}</b> ', name) if name else NOTHING
    if isinstance(value, Mapping | list) and depth < MAX_DEPTH:
        return _branch(key, value, depth)
    if isinstance(value, str):
        return _text(key, value)
    return format_html('<div>{}<code class="plain">{}</code></div>', key, json.dumps(value, ensure_ascii=False))


def _branch(key: SafeString, value: Any, depth: int) -> SafeString:
    pairs = list(value.items()) if isinstance(value, Mapping) else [(str(n), one) for n, one in enumerate(value)]
    if not pairs:
        return format_html(
            '<div>{}<code class="plain">{}</code></div>', key, "{}" if isinstance(value, Mapping) else "[]"
        )
    inner = format_html_join("", "{}", ((_node(str(name), one, depth + 1),) for name, one in pairs[:MAX_ITEMS]))
    more = len(pairs) - MAX_ITEMS
    rest = format_html("<div class='quiet'>{}</div>", _("and %(n)d more") % {"n": more}) if more > 0 else NOTHING
    count = ngettext("%(n)d entry", "%(n)d entries", len(pairs)) % {"n": len(pairs)}
    if depth == 0 and not key:
        return format_html("<div>{}{}</div>", inner, rest)
    return format_html(
        '<details{}><summary>{}<span class="quiet">{}</span></summary><div>{}{}</div></details>',
        " open" if depth < OPEN_TO else "",
        key,
        count,
        inner,
        rest,
    )


def _text(key: SafeString, value: str) -> SafeString:
    shown = value[:MAX_TEXT]
    cut = format_html(" <span class='quiet'>{}</span>", _("… cut, %(n)d characters") % {"n": len(value)})
    mark = "long" if len(value) > 80 or "\n" in value else "short"
    return format_html(
        '<div class="{}">{}<span class="text" dir="auto">{}</span>{}</div>',
        mark,
        key,
        shown,
        cut if len(value) > MAX_TEXT else NOTHING,
    )


@register.filter
def advice(code: str) -> Advice:
    """What an error code means and what to do."""
    return advice_for(code)


@register.filter
def run_state_label(state: str) -> str:
    """A run's state in the reader's language."""
    return str(RunState(state).label) if state in RunState.values else state


@register.filter
def effect_state_label(state: str) -> str:
    """What is known about an outside effect, in the reader's language."""
    return str(EffectState(state).label) if state in EffectState.values else state


@register.filter
def is_live(state: str) -> bool:
    """Whether a run may still move by itself."""
    return state in LIVE


@register.filter
def short_id(value: Any) -> str:
    """The end of an id: its beginning is the time and the same for neighbours."""
    return str(value)[-8:]


@register.filter
def percent(share: float | None) -> str:
    """A share of 1 as per cent in the reader's format, with one digit below ten."""
    if share is None:
        return "–"
    locale = (get_language() or "en").replace("-", "_")
    return format_percent(share, "#,##0.#%" if share < 0.1 else "#,##0%", locale=locale)


@register.filter
def took(run: Any, now: datetime) -> float:
    """Seconds from a run's start to its end, or to now."""
    return length_of(run, now)


@register.filter
def sides(row: ComparedStep) -> tuple[TraceLine | None, TraceLine | None]:
    """Both sides of a compared step."""
    return row.left, row.right


@register.filter
def trigger_label(value: str) -> str:
    """What started a run, in the reader's language; names of other apps' sources are shown as they are."""
    known = {
        "manual": _("a person"),
        "portal": _("the portal"),
        "api": _("the API"),
        "notion": _("Notion"),
        "schedule": _("a schedule"),
        "replay": _("a replay"),
        "whatif": _("a what-if"),
        "webhook": _("a webhook"),
        "email": _("an e-mail"),
        "demo": _("the demo"),
        "workflow": _("another workflow"),
    }
    return known.get(value, value)
