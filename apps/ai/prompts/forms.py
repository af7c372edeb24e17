"""What a person types about prompts and their test cases. The library has the last word about all of it."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.ai.enums import Quality
from apps.ai.models import Prompt, PromptCase
from apps.ai.prompts import wording
from apps.core.forms import AccessibleForm
from apps.i18n.facade import list_languages

LONG = {"dir": "auto", "spellcheck": "true"}
ISO_639 = re.compile(r"[a-z]{2,3}")
LINES = ("required", "forbidden", "one_of")
NUMBERS = ("min_words", "max_words")


class PromptForm(AccessibleForm):
    """A wording. For each variable of the text that is already known: what it is, and whether it may be left out."""

    title = forms.CharField(label=_("Title"), max_length=120, widget=forms.TextInput(attrs={"dir": "auto"}))
    slug = forms.CharField(
        label=_("Name in workflows"),
        max_length=60,
        required=False,
        help_text=_("Steps call the prompt by it, so it cannot be changed later. Empty: made from the title."),
        widget=forms.TextInput(
            attrs={"dir": "ltr", "autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    description = forms.CharField(
        label=_("What it is for"), max_length=300, required=False, widget=forms.TextInput(attrs={"dir": "auto"})
    )
    system = forms.CharField(
        label=_("Instructions"),
        max_length=wording.MAX_SYSTEM,
        required=False,
        help_text=_("Who the model is to be and which rules it keeps, the same for every call."),
        widget=forms.Textarea(attrs=LONG | {"rows": 5}),
    )
    user = forms.CharField(
        label=_("Request"),
        max_length=wording.MAX_USER,
        help_text=_("What is asked each time. Write {{customer_name}} where a step fills something in."),
        widget=forms.Textarea(attrs=LONG | {"rows": 10}),
    )
    revision = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, prompt: Prompt | None = None, variables: Iterable[Mapping[str, Any]] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if prompt is not None:
            del self.fields["slug"]
        for one in variables:
            name = one["name"]
            self.fields[f"note_{name}"] = forms.CharField(
                label=_("What it is"), max_length=wording.MAX_NOTE, required=False, initial=one["note"],
                widget=forms.TextInput(attrs={"dir": "auto", "class": "input"}),
            )  # fmt: skip
            self.fields[f"optional_{name}"] = forms.BooleanField(
                label=_("May be left out"), required=False, initial=one["optional"]
            )
        self.variable_names = [one["name"] for one in variables]

    def variable_fields(self) -> list[tuple[str, Any, Any]]:
        """(name, note field, optional field) of every known variable, for the template."""
        return [(name, self[f"note_{name}"], self[f"optional_{name}"]) for name in self.variable_names]

    def variables(self) -> list[dict[str, Any]]:
        """What was said about variables."""
        told = self.cleaned_data
        return [
            {"name": name, "note": told[f"note_{name}"], "optional": told[f"optional_{name}"]}
            for name in self.variable_names
        ]

    def wording(self) -> dict[str, Any]:
        """What the library takes."""
        told = self.cleaned_data
        return {name: told[name] for name in ("title", "description", "system", "user")} | {
            "variables": self.variables()
        }


class PublishForm(AccessibleForm):
    """Why there is a new version."""

    note = forms.CharField(
        label=_("What changed, and why"), max_length=300, required=False, widget=forms.TextInput(attrs={"dir": "auto"})
    )
    revision = forms.IntegerField(widget=forms.HiddenInput)


class TestsForm(AccessibleForm):
    """Which model the tests ask."""

    __test__ = False
    wording = forms.ChoiceField(label=_("Wording"))
    model = forms.ChoiceField(label=_("Model"), required=False)
    quality = forms.ChoiceField(label=_("Quality"), choices=Quality.choices, initial=Quality.STANDARD)

    def __init__(self, *args: Any, wordings: list[tuple[str, Any]], models: Iterable[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["wording"].choices = wordings  # type: ignore[attr-defined]
        self.fields["model"].choices = [("", _("As the workspace routes it")), *((one, one) for one in models)]  # type: ignore[attr-defined]


class CaseForm(AccessibleForm):
    """An example: values for the variables, and what the answer must fulfil."""

    name = forms.CharField(label=_("Name"), max_length=120, widget=forms.TextInput(attrs={"dir": "auto"}))
    required = forms.CharField(
        label=_("Must contain"), required=False, help_text=_("One text per line; all of them."),
        widget=forms.Textarea(attrs={"dir": "auto", "rows": 3}),
    )  # fmt: skip
    forbidden = forms.CharField(
        label=_("Must not contain"), required=False, help_text=_("One text per line; none of them."),
        widget=forms.Textarea(attrs={"dir": "auto", "rows": 3}),
    )  # fmt: skip
    one_of = forms.CharField(
        label=_("Must be one of"), required=False, help_text=_("One answer per line, for prompts that sort or decide."),
        widget=forms.Textarea(attrs={"dir": "auto", "rows": 3}),
    )  # fmt: skip
    min_words = forms.IntegerField(label=_("At least, in words"), required=False, min_value=0, max_value=1_000_000)
    max_words = forms.IntegerField(label=_("At most, in words"), required=False, min_value=0, max_value=1_000_000)
    format = forms.ChoiceField(
        label=_("Form"),
        required=False,
        choices=[
            ("", _("Any")),
            ("json", "JSON"),
            ("list", _("List")),
            ("bullets", _("Bullets")),
            ("table", _("Table")),
        ],
    )
    language = forms.ChoiceField(
        label=_("Language of the answer"),
        required=False,
    )
    json_schema = forms.JSONField(
        label=_("JSON Schema of the answer"), required=False,
        widget=forms.Textarea(attrs={"dir": "ltr", "rows": 4, "spellcheck": "false"}),
    )  # fmt: skip
    min_score = forms.IntegerField(
        label=_("Score at least"), required=False, min_value=0, max_value=100,
        help_text=_("Has the answer judged like those of tasks; the judge is paid for too. Empty: not judged."),
    )  # fmt: skip

    def __init__(
        self, *args: Any, variables: Iterable[Mapping[str, Any]], case: PromptCase | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, initial=_as_typed(case) if case else {}, **kwargs)
        spoken = [(one.code, one.own_name) for one in list_languages() if ISO_639.fullmatch(one.code)]
        self.fields["language"].choices = [("", _("Any")), *spoken]  # type: ignore[attr-defined]
        self.variable_names = [one["name"] for one in variables]
        known = case.values if case else {}
        for one in variables:
            self.fields[f"value_{one['name']}"] = forms.CharField(
                label=one["name"], help_text=one["note"], required=not one["optional"], max_length=50_000, strip=False,
                initial=known.get(one["name"], ""),
                widget=forms.Textarea(attrs={"dir": "auto", "rows": 3, "class": "input"}),
            )  # fmt: skip

    def value_fields(self) -> list[Any]:
        """The fields of the variables, for the template."""
        return [self[f"value_{name}"] for name in self.variable_names]

    def case(self) -> dict[str, Any]:
        """What the library takes."""
        told = self.cleaned_data
        checks: list[dict[str, Any]] = [
            {"kind": kind, "value": lines} for kind in LINES if (lines := _lines(told[kind]))
        ]  # fmt: skip
        checks += [{"kind": kind, "value": told[kind]} for kind in NUMBERS if told[kind] is not None]
        checks += [{"kind": kind, "value": told[kind]} for kind in ("format", "language") if told[kind]]
        if told["json_schema"] is not None:
            checks.append({"kind": "json_schema", "value": told["json_schema"]})
        values = {name: told[f"value_{name}"].replace("\r\n", "\n") for name in self.variable_names}
        return {"name": told["name"], "values": values, "checks": checks, "min_score": told["min_score"]}


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _as_typed(case: PromptCase) -> dict[str, Any]:
    typed: dict[str, Any] = {"name": case.name, "min_score": case.min_score}
    for check in case.checks:
        kind, value = check["kind"], check["value"]
        typed[kind] = "\n".join(str(one) for one in value) if kind in LINES else value
    return typed
