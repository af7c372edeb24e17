"""Errors of what-if."""

from django.utils.translation import gettext_lazy as _

from apps.core.errors import Conflict, InvalidInput, NotAllowed, NotFound


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


class UnknownProposal(NotFound):
    """No proposed change by that id in this tenant."""

    code = "unknown_proposal"
    message = _("There is no such proposal, or it was removed.")


class ProposalMoved(Conflict):
    """The proposal is not open any more."""

    code = "proposal_moved"
    message = _("This proposal was decided already, or its proof did not hold. Reload to see where it stands.")


class NotForYou(NotAllowed):
    """The person may not accept a change of this class."""

    code = "proposal_not_for_you"
    message = _("Your role may not accept a change of this class. Ask somebody who may approve actions.")
