"""What is said to people about remedies and verdicts."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from apps.core.templatetags.ui import seconds


def title_of(remedy: str) -> str:
    """A remedy in a few words."""
    known = {
        "reconnect": _("Connect it again"),
        "more_time": _("Give the step more time"),
        "more_patience": _("Try more often, with longer pauses"),
        "renamed": _("Follow the new name of a value"),
        "default": _("Go on without a value that may be missing"),
        "steady": _("Ask the model for steadier answers"),
        "more_rounds": _("Allow more rounds"),
        "ask_person": _("Ask a person when it fails, then try again"),
        "model": _("A change drawn up by a model"),
    }
    return known.get(remedy, remedy)


def reason_of(remedy: str, params: Mapping[str, Any], *, own: str = "") -> str:
    """Why it may help and what it changes."""
    before, after = params.get("before", ""), params.get("after", "")
    if remedy == "more_time":
        return _("The answer did not come in time. The limit goes from %(before)s to %(after)s.") % {
            "before": seconds(float(before)), "after": seconds(float(after)),
        }  # fmt: skip
    if remedy == "more_patience":
        return _("The service was busy or away for a while. It is tried up to %(after)s times instead of %(before)s.") % {
            "before": before, "after": after,
        }  # fmt: skip
    if remedy == "renamed":
        return _("Nothing is found at %(before)s any more, but runs have %(after)s.") % {
            "before": before,
            "after": after,
        }
    if remedy == "more_rounds":
        return _("The loop needs more than %(before)s rounds; it gets %(after)s.") % {"before": before, "after": after}
    known = {
        "reconnect": _(
            "The service no longer accepts the stored access. No change of the workflow helps: open the connection and connect it "
            "again."
        ),
        "default": _("The value at %(path)s is missing in some runs. The step goes on with an empty one.")
        % {"path": params.get("path", "")},
        "steady": _("The model's answers could not be used. Without chance in its answers they keep to the form."),
        "ask_person": _("The error comes back whatever is tried. Somebody looks at it, then the step is tried again."),
    }  # fmt: skip
    return own or known.get(remedy, "")
