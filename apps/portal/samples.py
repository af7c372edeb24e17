"""What the style page shows its components with: made-up values that cover every state, never read from a workspace."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.core.dashboard import Notice


class SampleForm(forms.Form):
    """One field of every kind."""

    title = forms.CharField(
        label="Name", help_text="As you would say it to a colleague.", widget=forms.TextInput({"class": "input"})
    )
    email = forms.EmailField(label="Send failures to", widget=forms.EmailInput({"class": "input", "dir": "ltr"}))
    body = forms.CharField(label="What to do", required=False, widget=forms.Textarea({"class": "input", "rows": 3}))
    limit = forms.DecimalField(label="Budget", widget=forms.NumberInput({"class": "input"}))
    kind = forms.ChoiceField(
        label="Kind", choices=[("a", "Summary"), ("b", "Draft")], widget=forms.Select({"class": "input"})
    )
    due = forms.DateField(label="Due on", required=False, widget=forms.DateInput({"class": "input", "type": "date"}))
    key = forms.CharField(
        label="Access key", widget=forms.PasswordInput({"class": "input", "autocomplete": "off"}, render_value=True)
    )
    labels = forms.CharField(label="Labels", required=False, widget=forms.TextInput({"class": "input"}))
    notify = forms.BooleanField(
        label="Tell me once, not three times", required=False, help_text="After three failures in a row.",
        widget=forms.CheckboxInput({"class": "switch", "role": "switch"}),
    )  # fmt: skip
    agree = forms.BooleanField(label="I have read the terms")
    stage = forms.ChoiceField(
        label="Launch stage", choices=[("dry", "Dry run"), ("asks", "With approval")], widget=forms.RadioSelect
    )
    file = forms.FileField(label="Attachment", required=False, widget=forms.FileInput({"class": "input"}))


def samples(request: HttpRequest) -> dict[str, Any]:
    """Everything the style page's template draws."""
    now = timezone.now()
    good = {
        "title": "Daily sales digest", "email": "ops@example.com", "limit": "200", "kind": "a", "key": "secret-value",
        "labels": "sales, daily", "notify": True, "stage": "asks",
    }  # fmt: skip
    wrong = SampleForm({**good, "title": "", "email": "ops@example", "limit": "much", "agree": ""}, prefix="wrong")
    wrong.data = {f"wrong-{name}": value for name, value in wrong.data.items()}
    wrong.add_error(None, _("The schedule and the due date contradict each other. Change one of them."))
    earlier = now - timedelta(minutes=12)
    return {
        "form": SampleForm(initial=good, prefix="good"),
        "wrong": wrong,
        "notices": [
            Notice(
                title="Approve a refund of 1,240.00 EUR", url="#needs", icon="hand", text="Refund helper", at=earlier
            ),
            Notice(title="Reconnect Notion", url="#needs", icon="plug", text="Four workflows are paused", tone="bad"),
            Notice(title="AI budget at 82 %", url="#needs", icon="wallet", text="On pace to pass it on the 27th"),
        ],
        "spark": [4, 6, 5, 8, 9, 7, 11, 10, 12, 9, 13, 12],
        "columns": [
            {"label": f"{hour:02}:00", "value": 10 + (hour * 7) % 17, "failed": 2 if hour % 5 == 0 else 0}
            for hour in range(24)
        ],
        "strip": ["done"] * 7 + ["failed", "done", "done", "waiting", "done", "failed", "done", "running"],
        "events": [
            {"tone": "ok", "icon": "check", "title": "Answered", "text": "92 of 100 points, 0.3 cents", "at": now},
            {
                "tone": "wait",
                "icon": "hand",
                "title": "Waited for a person",
                "text": "Budget above 1,000 EUR",
                "at": now,
            },
            {"tone": "bad", "icon": "x", "title": "First try failed", "text": "The model took too long.", "at": now},
            {"tone": "", "icon": "inbox", "title": "Asked", "text": "By e-mail", "at": now - timedelta(hours=3)},
        ],
        "steps": [
            {"title": "Connect Notion", "done": True},
            {
                "title": "Run a first task",
                "text": "On an example, in a minute.",
                "url": "#checklist",
                "action": "Run",
                "next": True,
            },
            {"title": "Approve one answer", "text": "See how a person decides.", "url": "#checklist", "action": "Open"},
        ],
        "facts": [("Cost", "$0.0034"), ("Tokens", "1,204"), ("Model", "small-2"), ("Took", "3.2 s")],
        "filters": [
            {"label": "All", "query": "state=", "count": 120, "current": True},
            {"label": "Needs you", "query": "state=review", "count": 3},
            {"label": "Failed", "query": "state=failed", "count": 0},
        ],
        "ranges": [("1h", "1 h"), ("24h", "24 h"), ("7d", "7 d"), ("30d", "30 d")],
        "tabs": [
            {"label": "Overview", "url": "#tabs", "current": True},
            {"label": "Runs", "url": "#tabs", "count": 24},
            {"label": "Versions", "url": "#tabs"},
        ],
        "words": ["Now asks a person above 1,000 EUR.", "Writes to the sheet “Refunds” instead of “Finance”."],
        "before": [("", "amount: 500"), ("del", "limit: none"), ("", "sheet: Finance")],
        "after": [("", "amount: 500"), ("add", "limit: 1,000 EUR"), ("", "sheet: Refunds")],
        "toasts": [
            Message(constants.SUCCESS, "Schedule saved. Next run on Monday at 08:00."),
            Message(constants.INFO, "The task was archived.", extra_tags="undo:/style/"),
            Message(constants.ERROR, "Notion refused the change. Nothing was lost; try again."),
        ],
        "is_framed": getattr(request, "membership", None) is not None,
    }
