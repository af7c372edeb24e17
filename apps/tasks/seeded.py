"""Names in ``data/`` that people see, marked for the catalogues. The stored rows keep the English; pages translate them."""

from django.utils.translation import gettext_noop as _

NAMES = (
    # Kinds of tasks.
    _("Research"), _("Drafting"), _("Data-transform"), _("Transcription"), _("Other"),
    # Criteria of the quality gate.
    _("Clarity"), _("Accuracy"), _("Completeness"), _("Professional tone"),
    # The built-in workflow and its steps.
    _("Answer a task"), _("Can a model read it?"), _("Brief the model"), _("Write the answer"), _("Can a person go on?"),
    _("Stop with the reason"), _("Review the answer"), _("Decide by the score"), _("Good enough?"), _("A person decides"),
    _("What did they decide?"), _("Deliver the answer"), _("Deliver the approved answer"), _("Close as rejected"),
)  # fmt: skip
