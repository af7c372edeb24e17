"""The base of every form in the portal: the product's look, and a service's refusal shown where it belongs."""

from typing import Any

from django import forms

from apps.core.errors import PlatformError

# Hidden, or drawn as one or several choices: no box to type into.
NOT_BOXES = (forms.HiddenInput, forms.CheckboxInput, forms.RadioSelect, forms.CheckboxSelectMultiple)


class AccessibleForm(forms.Form):
    """Marks every widget with the product's class; Django ties it to its help and error for screen readers."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if not isinstance(field.widget, NOT_BOXES):
                field.widget.attrs.setdefault("class", "input")

    def add_platform_error(self, error: PlatformError) -> None:
        """Show a service's refusal at its fields, else on top."""
        known = {name: text for name, text in error.fields.items() if name in self.fields}
        for name, text in known.items():
            self.add_error(name, str(text))
        if not known:
            self.add_error(None, error.text)
