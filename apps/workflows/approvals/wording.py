"""What a question says to people: what will happen, why it waits, its request line by line, what an edit changed."""

import json
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from babel.numbers import format_currency, get_currency_precision
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from apps.core.reach import Audience, Reach
from apps.workflows.approvals.editing import editable_part
from apps.workflows.approvals.enums import ApprovalKind
from apps.workflows.approvals.models import Approval
from apps.workflows.core.classes import ReasonCode
from apps.workflows.registries import step_types

LINE_LENGTH = 4000
REASONS = {
    ReasonCode.PURE: gettext_lazy("Only the workspace's own records."),
    ReasonCode.MODEL: gettext_lazy("Asks a model, within the budget."),
    ReasonCode.READS: gettext_lazy("Only reads."),
    ReasonCode.MEMBERS: gettext_lazy("Goes to members of the workspace only."),
    ReasonCode.WRITES: gettext_lazy("Writes to a connected system of the workspace and can be taken back."),
    ReasonCode.OUTSIDE: gettext_lazy("Reaches somebody outside the workspace."),
    ReasonCode.PUBLIC: gettext_lazy("Anybody can see it."),
    ReasonCode.MONEY: gettext_lazy("Moves money."),
    ReasonCode.DELETES: gettext_lazy("Deletes or overwrites something without a way back."),
    ReasonCode.PERSONAL: gettext_lazy("Takes data about people to somewhere new."),
    ReasonCode.GRANTS: gettext_lazy("Changes who may see or do something."),
    ReasonCode.BULK: gettext_lazy("Touches many things at once, or nobody can tell how many."),
    ReasonCode.UNKNOWN: gettext_lazy("Nobody can tell beforehand whom or what it reaches."),
    ReasonCode.TAINTED: gettext_lazy("A model's or a stranger's text chose an important setting."),
    ReasonCode.POLICY: gettext_lazy("The workspace settled that this always waits for a person."),
    ReasonCode.STEP: gettext_lazy("The workflow asks for a person here."),
    ReasonCode.ALLOWED: gettext_lazy("A rule made by an owner lets it pass."),
}
CLASSES = {
    "A": gettext_lazy("Class A: runs by itself"),
    "B": gettext_lazy("Class B: runs and is logged"),
    "C": gettext_lazy("Class C: needs a person"),
}


def reasons_of(row: Approval) -> list[dict[str, str]]:
    """Each reason as a sentence with what it is about."""
    return in_words(row.reasons)


def in_words(reasons: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    """Kept reasons as sentences, with what each is about and the id of the rule that let it pass."""
    known = {code.value: text for code, text in REASONS.items()}
    return [
        {
            "text": str(known.get(reason.get("code", ""), reason.get("code", ""))),
            "detail": reason.get("detail", ""),
            "rule": reason.get("rule", ""),
        }
        for reason in reasons
    ]


def sentence_of(row: Approval) -> str:
    """What will happen if people approve, in one or two plain sentences."""
    if row.kind == ApprovalKind.QUESTION:
        return _("The workflow goes on with your answer.")
    reach = reach_of(row)
    parts = []
    if reach.recipients:
        shown = ", ".join(reach.recipients[:5])
        more = len(reach.recipients) - 5
        if more > 0:
            shown += " " + ngettext("and %(n)d more", "and %(n)d more", more) % {"n": more}
        parts.append(_("Goes to %(who)s.") % {"who": shown})
    elif reach.audience is Audience.PUBLIC:
        parts.append(_("Becomes public at %(where)s.") % {"where": reach.destination or _("an open place")})
    elif reach.destination:
        parts.append(_("Writes to %(where)s.") % {"where": reach.destination})
    if reach.amount_minor is not None:
        parts.append(_("Moves %(amount)s.") % {"amount": _amount(reach)})
    if reach.deletes:
        parts.append(_("Something is deleted or overwritten for good."))
    if reach.grants:
        parts.append(_("It changes who may see or do something."))
    if reach.objects > 1:
        parts.append(ngettext("Touches %(n)d thing.", "Touches %(n)d things.", reach.objects) % {"n": reach.objects})
    return " ".join(parts) or _("Nobody can tell beforehand what it reaches. Read the request below.")


def lines_of(row: Approval) -> list[tuple[str, str]]:
    """The request for reading, one line per value: where it stands, what it is. What is empty and may be has no line."""
    part = editable_part(row)
    needed = set(part[1].get("required", ())) if part is not None else set()
    return [
        (place, text)
        for place, text, is_empty in _lines(json.loads(row.payload), "")
        if not is_empty or needed.intersection(place.split("."))
    ]


def exact_of(row: Approval) -> str:
    """The whole request as JSON, empty parts included: the very data people decide about."""
    return json.dumps(json.loads(row.payload), ensure_ascii=False, indent=2)


def changes_of(row: Approval) -> list[dict[str, str]]:
    """What differs from the question this one replaced: place, before, after."""
    if row.replaces is None:
        return []
    before, after = dict(lines_of(row.replaces)), dict(lines_of(row))
    return [
        {"place": place, "before": before.get(place, ""), "after": after.get(place, "")}
        for place in [*after, *(place for place in before if place not in after)]
        if before.get(place) != after.get(place)
    ]


def type_title(row: Approval) -> str:
    """The step type's name for people."""
    return str(step_types.get(row.type).title) if row.type in step_types else row.type


def reach_of(row: Approval) -> Reach:
    """What a question's act reaches, as its step type says."""
    try:
        return step_types.get(row.type).reach(json.loads(row.payload))
    except Exception:  # noqa: BLE001 - a step type that is gone or cannot say leaves the reach unknown
        return Reach(writes=True, audience=Audience.UNKNOWN)


def _amount(reach: Reach) -> str:
    if reach.amount_minor is None or reach.amount_minor < 0:
        return _("an amount that is not known yet")
    return amount_of(reach.amount_minor, reach.currency)


def amount_of(amount_minor: int, currency: str) -> str:
    """An amount in the reader's writing; a bare number when its currency is not known."""
    if not currency:
        return str(amount_minor)
    locale = (get_language() or "en").replace("-", "_")
    return format_currency(Decimal(major_of(amount_minor, currency)), currency, locale=locale)


def major_of(amount_minor: int, currency: str) -> str:
    """An amount in whole units of its currency, as a number to type: 500 EUR cents are 5.00, 500 yen are 500."""
    return str(Decimal(amount_minor).scaleb(-get_currency_precision(currency)))


def _lines(node: Any, place: str) -> Iterator[tuple[str, str, bool]]:
    """Place, text, and whether nothing is there."""
    if isinstance(node, Mapping) and node:
        for key, child in node.items():
            yield from _lines(child, f"{place}.{key}" if place else str(key))
    elif isinstance(node, list) and node:
        if all(isinstance(child, str | int | float) for child in node):
            yield place, "\n".join(str(child) for child in node), False
        else:
            for number, child in enumerate(node, start=1):
                yield from _lines(child, f"{place}.{number}")
    else:
        text = node if isinstance(node, str) else json.dumps(node, ensure_ascii=False)
        yield place, text[:LINE_LENGTH], node is None or node in ("", {}, [])
