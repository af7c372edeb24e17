"""Errors of what-if."""

from django.utils.translation import gettext_lazy as _

from apps.core.errors import Conflict, InvalidInput, NotFound


class UnknownWhatIf(NotFound):
    """No comparison by that id in this tenant."""

    code = "unknown_what_if"
    message = _("There is no such comparison, or it was removed.")


class NothingToCompare(InvalidInput):
    """No ended run fits the selection."""

    code = "nothing_to_compare"
    message = _("No run that has ended fits this selection. Choose another span of time or state.")


class ShadowCannotRunAgain(Conflict):
    """A shadow run is asked to be retried or replayed."""

    code = "shadow_cannot_run_again"
    message = _("This run only shows what would have happened. Replay the real one, or compare anew.")
