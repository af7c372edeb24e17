"""Trying a schedule out before it is put into a workflow."""

import zoneinfo
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.core.forms import AccessibleForm
from apps.workflows.triggers import calendar
from apps.workflows.triggers.types import ANCHOR, RULE_TEXTS

KINDS = [
    ("every_minutes", _("Every so many minutes")), ("every_hours", _("Every so many hours")), ("daily", _("Every day")),
    ("weekly", _("On days of the week")), ("monthly", _("On a day of the month")), ("cron", _("By a cron expression")),
]  # fmt: skip
DAY_NAMES = [
    ("mon", _("Monday")), ("tue", _("Tuesday")), ("wed", _("Wednesday")), ("thu", _("Thursday")), ("fri", _("Friday")),
    ("sat", _("Saturday")), ("sun", _("Sunday")),
]  # fmt: skip


def zones() -> list[tuple[str, str]]:
    """The zones of the IANA database, spaces in place of underscores."""
    return [(name, name.replace("_", " ")) for name in sorted(zoneinfo.available_timezones())]


class ScheduleForm(AccessibleForm):
    """When something should start; ``config`` is the part of a trigger's ``with`` it stands for."""

    kind = forms.ChoiceField(label=_("How often"), choices=KINDS)
    every = forms.IntegerField(label=_("Every how many"), required=False, min_value=1, max_value=9999)
    at = forms.TimeField(label=_("At"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    days = forms.MultipleChoiceField(
        label=_("Days"), choices=DAY_NAMES, required=False, widget=forms.CheckboxSelectMultiple
    )
    day = forms.IntegerField(label=_("Day of the month"), required=False, min_value=1, max_value=31,
                             help_text=_("31 is the last day of every month."))  # fmt: skip
    cron = forms.CharField(label=_("Cron expression"), required=False, max_length=120,
                           help_text=_("Minute, hour, day, month, weekday. Example: 0 9 * * 1-5 (weekdays at 9:00)."))  # fmt: skip
    zone = forms.ChoiceField(label=_("Time zone"), choices=zones)

    def clean(self) -> dict[str, Any]:
        """Have the calendar itself judge the rule."""
        data = super().clean() or {}
        if self.errors:
            return data
        try:
            calendar.parse(self.config(), anchor=ANCHOR)
        except calendar.RuleProblem as problem:
            field = {
                "daily": "at",
                "monthly": "day",
                "weekly": "days",
                "every_minutes": "every",
                "every_hours": "every",
            }
            self.add_error(
                field.get(problem.field, problem.field if problem.field in self.fields else None),
                RULE_TEXTS[problem.code],
            )  # type: ignore[arg-type]
        return data

    def config(self) -> dict[str, Any]:
        """The rule as a trigger has it."""
        data = self.cleaned_data
        kind, at = data["kind"], data["at"].strftime("%H:%M") if data.get("at") else ""
        rule: dict[str, Any] = {
            "every_minutes": data.get("every"), "every_hours": data.get("every"),
            "daily": {"at": at},
            "weekly": {"at": at, "days": data.get("days") or []}, "monthly": {"at": at, "day": data.get("day")},
            "cron": data.get("cron"),
        }  # fmt: skip
        return {kind: rule[kind], "zone": data["zone"]}
