"""The shelf of step types: what each does, what may happen to it, what it takes and gives, an example that is valid."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.core.reach import Reach
from apps.core.reference import Cell, Entry, Part
from apps.workflows.advice import advice_for
from apps.workflows.approvals.wording import CLASSES, REASONS
from apps.workflows.contracts import StepHandler
from apps.workflows.core.classes import Facts, Verdict, classify
from apps.workflows.language import StepDescription
from apps.workflows.manual.examples import example_of
from apps.workflows.manual.schemas import as_json, table_of
from apps.workflows.palette import CATEGORIES, describe_steps
from apps.workflows.registries import step_types

CONTROL_ERRORS: Mapping[str, tuple[str, ...]] = {
    "condition": ("condition_types", "expression_failed", "visit_limit"),
    "switch": ("condition_types", "expression_failed", "visit_limit"),
    "loop": ("loop_items", "loop_limit", "loop_depth"),
}
EVERY_STEP = ("reference_missing", "bad_config", "too_large", "step_crashed", "visit_limit")
EVERY_CALL = ("timeout", "connection_failed", "connection_broken", "breaker_open", "interrupted")
EVERY_EFFECT = ("approval_denied", "approval_expired", "not_approved")
EFFECTS = {
    "control": gettext_lazy("It only decides the way. Nothing outside notices it."),
    "pure": gettext_lazy(
        "It works inside this workspace only. After a crash it is simply done again, and nothing happens twice."
    ),
    "keyed": gettext_lazy(
        "Every call carries a key that the service remembers. When an answer is lost, the same call is sent again under the"
        " same key, and the service acts once."
    ),
    "lookup": gettext_lazy(
        "When an answer is lost, the service is asked whether it happened before anything is sent again. So it happens once."
    ),
    "blind": gettext_lazy(
        "When an answer is lost, nobody can tell whether it happened. It is not sent again by itself: a person looks and says"
        " what happened."
    ),
    "metered": gettext_lazy(
        "It reads or asks something and changes nothing. It may be asked again; what an attempt with a lost answer cost is not"
        " booked to you."
    ),
}


def list_steps() -> list[Entry]:
    """Every step type by category and title."""
    return [_entry(one) for one in describe_steps()]


def _entry(one: StepDescription) -> Entry:
    title, said = _(one.title), _(one.description) if one.description else ""
    fields = " ".join(one.config_schema.get("properties", {}))
    return Entry(
        slug=one.type, mark=one.type, title=title, summary=said, icon=one.icon, group=str(CATEGORIES.get(one.category, "")),
        words=f"{fields} {one.effect}", parts=lambda: _parts(one),
    )  # fmt: skip


def _parts(one: StepDescription) -> tuple[Part, ...]:
    handler = step_types.get(one.type) if one.type in step_types else None
    example = example_of(one.type, one.config_schema)
    step = next(body for body in example["steps"].values() if body["type"] == one.type)
    parts = [
        Part(title=_("At a glance"), facts=_facts(one, handler)),
        Part(title=_("What happens when an answer is lost"), texts=(str(EFFECTS[one.effect]),)),
        _approvals(one, handler, step.get("with", {})),
        table_of(
            one.config_schema, title=_("Settings"), without=_("None. Everything you write under “with” is its output."),
            intro=_("Any value may also be a reference, a text with placeholders or an expression."),
        ),
        table_of(
            one.output_schema, title=_("What it gives"),
            intro=_("Later steps read it as %(path)s.") % {"path": f"steps.{next(iter(example['steps']))}.output"},
            without=_("It depends on the settings; a test run shows it."),
        ),
        Part(title=_("Example"), texts=(_("A whole workflow that is valid as it stands."),), code=as_json(example)),
        _errors(one, handler),
    ]  # fmt: skip
    return tuple(parts)


def _facts(one: StepDescription, handler: StepHandler | None) -> tuple[tuple[str, Cell], ...]:
    found = [(_("Name in a definition"), Cell(text=one.type, is_code=True)), (_("Effect"), Cell(text=one.effect_label))]
    if handler is not None:
        n, retry = one.max_attempts, handler.retry
        found.append((_("Time limit"), Cell(text=_("%(n)s seconds for one attempt") % {"n": f"{one.timeout_s:g}"})))
        tries = ngettext("At most %(n)d attempt", "At most %(n)d attempts", n) % {"n": n}
        pause = _("pauses grow from %(first)s to at most %(last)s seconds") % {
            "first": f"{retry.base_s:g}", "last": f"{retry.cap_s:g}",
        }  # fmt: skip
        found.append((_("Retries"), Cell(text=f"{tries}; {pause}" if n > 1 else tries)))
    if one.untrusted:
        found.append(
            (
                _("Whose words"),
                Cell(text=_("A model's or a stranger's: what it gives may not choose recipients unseen.")),
            )
        )
    if one.effect in ("keyed", "lookup", "blind"):
        said = (
            _("It is carried out as a rehearsal.")
            if one.handles_dry_run
            else _("Nothing is sent; the request is shown.")
        )
        found.append((_("Before launch"), Cell(text=said)))
    return tuple(found)


def _approvals(one: StepDescription, handler: StepHandler | None, settings: Mapping[str, Any]) -> Part:
    title = _("Approvals it may need")
    if one.type == "approval":
        return Part(title=title, texts=(_("Asking a person is what it is for. No answer in time means no."),))
    verdict = verdict_on(handler, settings) if handler is not None else None
    if verdict is None:
        return Part(title=title, texts=(_("None. It touches nothing outside."),))
    texts = [
        _("The class is worked out from what is about to be sent, each time. For the example below it is this one:"),
    ]
    rows = tuple(
        (Cell(text=str(CLASSES[verdict.risk.value])), Cell(text=str(REASONS[reason.code])))
        for reason in verdict.reasons
    )
    facts = tuple(
        (str(_("Sensitive settings")), Cell(text=", ".join(sorted(one.sensitive)), is_code=True))
        for _once in range(bool(one.sensitive))
    )
    if facts:
        texts.append(
            _(
                "When a model or a stranger fills a sensitive setting, a person has to approve it, whatever else it does."
            )
        )
    return Part(title=title, texts=tuple(texts), facts=facts, columns=(_("Class"), _("Because")), rows=rows)


def verdict_on(handler: StepHandler, settings: Mapping[str, Any]) -> Verdict | None:
    """The class of a step with these settings in a workspace with no members' addresses and no rules; None for inner work."""
    if handler.effect == "pure":
        return None
    request = {"effect": handler.effect.value, **settings}
    request["effect"] = "pure" if handler.effect == "metered" else request["effect"]
    try:
        reach: Reach = handler.reach(request)
    except KeyError:
        reach = StepHandler.reach(handler, request)
    return classify(reach, Facts(type=handler.type, effect_class=handler.effect.value))


def error_codes(one: StepDescription) -> tuple[str, ...]:
    """Every code a step of this type can fail with, its own first."""
    handler = step_types.get(one.type) if one.type in step_types else None
    if handler is None:
        return CONTROL_ERRORS.get(one.type, ())
    calls = EVERY_CALL if one.effect != "pure" else ()
    acts = EVERY_EFFECT if one.effect in ("keyed", "lookup", "blind") else ()
    return tuple(dict.fromkeys((*handler.errors, *acts, *calls, *EVERY_STEP)))


def _errors(one: StepDescription, handler: StepHandler | None) -> Part:
    codes = error_codes(one)
    rows = tuple(
        (
            Cell(text=code, is_code=True, entry=f"errors#{code}"),
            Cell(text=str(advice_for(code).means)),
            Cell(text=str(advice_for(code).do)),
        )
        for code in codes
    )
    if not rows:
        return Part(title=_("Errors"), texts=(_("It cannot fail by itself."),))
    return Part(title=_("Errors"), columns=(_("Code"), _("What it means"), _("What to do")), rows=rows)
