"""Forms of the task pages. Sizes mirror the service's own rules; the service has the last word."""

from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.core.errors import PlatformError
from apps.tasks.enums import Priority

FILE_TYPES = ".txt,.md,.csv,.json,.pdf,.docx,.png,.jpg,.jpeg,.webp,.mp3,.m4a,.wav,.ogg,.mp4,.webm"


class AccessibleForm(forms.Form):
    """Marks every widget with the product's class and ties it to its help and error for screen readers."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if not isinstance(field.widget, forms.HiddenInput):
                field.widget.attrs.setdefault("class", "input")

    def add_platform_error(self, error: PlatformError) -> None:
        """Show a service's refusal where it belongs: at its fields, else on top."""
        known = {name: text for name, text in error.fields.items() if name in self.fields}
        for name, text in known.items():
            self.add_error(name, str(text))
        if not known:
            self.add_error(None, error.text)


class TaskForm(AccessibleForm):
    """A new request."""

    title = forms.CharField(label=_("What do you need?"), max_length=200)
    body = forms.CharField(
        label=_("Details and the text to work on"),
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_(
            "The clearer the request, the better the answer: audience, length, format, facts that must appear."
        ),
    )
    task_type = forms.ChoiceField(label=_("Kind of work"))
    priority = forms.ChoiceField(label=_("Priority"), choices=Priority.choices, initial=Priority.NORMAL)
    qa_target = forms.IntegerField(
        label=_("Pass score"),
        required=False,
        min_value=1,
        max_value=100,
        help_text=_("Leave empty for the usual score of this kind of work."),
    )
    due_on = forms.DateField(label=_("Due"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    attachment = forms.FileField(
        label=_("File"),
        required=False,
        widget=forms.FileInput(attrs={"accept": FILE_TYPES}),
        help_text=_("Type, size and length are checked before anything is spent."),
    )
    idempotency_key = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, *args: Any, types: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["task_type"].choices = types  # type: ignore[attr-defined]
        self.initial.setdefault("idempotency_key", uuid4().hex)


class ReviewForm(AccessibleForm):
    """A person's decision about an answer."""

    text = forms.CharField(
        label=_("Answer"),
        widget=forms.Textarea(attrs={"rows": 10, "dir": "auto"}),
        required=False,
        help_text=_("Edit it if you like; what you approve is what is delivered."),
    )
    reason = forms.CharField(
        label=_("Why (kept with the decision)"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
