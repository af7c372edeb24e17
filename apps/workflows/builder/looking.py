"""A draft with everything the builder's pages say about it, and the pieces of those pages."""

import json
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.html import format_html

from apps.workflows.builder import drafts, graph
from apps.workflows.builder.classes import classes_of
from apps.workflows.builder.estimate import estimate
from apps.workflows.builder.inspector import make_form
from apps.workflows.builder.outline import make_outline
from apps.workflows.builder.palette import kinds_by_type, list_kinds, title_of
from apps.workflows.builder.parts import panes
from apps.workflows.builder.parts.base import Pane, Seen
from apps.workflows.builder.problems import errors_of, list_problems, named
from apps.workflows.builder.samples import known_outputs, pinned
from apps.workflows.builder.sources import list_sources

Json = Any


def look(draft: drafts.Draft, **more: Any) -> Seen:
    """A draft with everything the pages say about it."""
    kinds = kinds_by_type()
    return Seen(
        draft=draft, kinds=kinds, findings=list_problems(draft.document, slug=draft.slug), classes=classes_of(draft.document),
        estimate=estimate(draft.document, draft.workflow_id, kinds), **more,
    )  # fmt: skip


def draft_json(seen: Seen) -> dict[str, Json]:
    """A draft as the island keeps it. ``shown`` is what the page says of it, by the place where it stands."""
    draft, words = seen.draft, about(seen)
    return {
        "revision": draft.revision,
        "document": draft.document,
        "problems": [{"step": one.step, "severity": one.severity, "field": one.field} for one in seen.findings],
        "blocked": bool(errors_of(list(seen.findings))),
        "can_undo": draft.can_undo,
        "can_redo": draft.can_redo,
        "classes": {step: one.as_json() for step, one in seen.classes.items()},
        "shown": {
            "[data-problem-list]": render_to_string("workflows/builder/_problem_list.html", words),
            "[data-parts]": render_to_string("workflows/builder/_parts.html", words),
            "[data-estimate]": format_html("<bdi>{}</bdi>", words["estimate_text"]),
        },
    }


def about(seen: Seen) -> dict[str, Any]:
    """Its problems, its parts and what a run would cost, in words."""
    steps = seen.draft.document.get("steps", {})
    titles = {one: title_of(one, body, seen.kinds) for one, body in steps.items()}
    return {
        "problems": named(list(seen.findings), titles),
        "parts": panes.rows(seen),
        "estimate_text": panes.estimate_in_words(seen),
    }


def outline_context(seen: Seen) -> dict[str, Any]:
    """What the outline shows."""
    document, kinds = seen.draft.document, seen.kinds
    steps = document.get("steps", {})
    return {
        **about(seen),
        "draft": seen.draft,
        "findings": seen.findings,
        "kinds": kinds,
        "palette": list_kinds(),
        "outline": make_outline(document, kinds, seen.findings, seen.classes),
        "step_titles": [(one, title_of(one, steps[one], kinds)) for one in graph.in_reading_order(document)],
    }


def pane_context(seen: Seen, shown: Pane) -> dict[str, Any]:
    """What the inspector shows of a part."""
    base = {"draft": seen.draft, "estimate": seen.estimate, "sent": seen.sent, "refused": seen.refused}
    return {**base, **shown.context}


def step_context(seen: Seen, step: str) -> dict[str, Any]:
    """What the inspector shows of a step."""
    draft = seen.draft
    samples = known_outputs(draft.workflow_id)
    own = pinned(draft.workflow_id)
    return {
        "draft": draft,
        "form": make_form(draft.document, step, seen.kinds, seen.findings),
        "risk": seen.classes.get(step),
        "sources": list_sources(draft.document, step, seen.kinds, samples),
        "pinned": own.get(step),
        "is_pinned": step in own,
        "pinned_text": json.dumps(own[step], ensure_ascii=False, indent=1) if step in own else "",
        "known_text": json.dumps(samples[step], ensure_ascii=False, indent=1) if step in samples else "",
        "is_start": draft.document.get("start") == step,
    }


def fragment(request: HttpRequest, seen: Seen, step: str) -> str | None:
    """The inspector of a step or a part; None when there is none (any more)."""
    if panes.is_part(step):
        shown = panes.show(seen, step)
        if shown is None:
            return None
        return render_to_string(f"workflows/builder/parts/{shown.template}.html", pane_context(seen, shown), request)
    if step not in seen.draft.document.get("steps", {}):
        return None
    return render_to_string("workflows/builder/_inspector.html", step_context(seen, step), request)
