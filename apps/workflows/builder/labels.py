"""The canvas's words in the reader's language."""

from django.utils.translation import gettext as _
from django.utils.translation import pgettext


def canvas_labels() -> dict[str, str]:
    """Every text the island shows or says."""
    return {
        "saved": _("Saved"),
        "saving": _("Saving…"),
        "offline": _("Offline. Your changes are kept here and sent later."),
        "unsaved": _("Not saved yet"), "refused": _("This was not accepted:"),
        "undo": _("Undo"), "redo": _("Redo"), "tidy": _("Tidy up"),
        "zoomIn": _("Zoom in"), "zoomOut": _("Zoom out"), "fit": _("Show everything"), "addStep": _("Add a step"),
        "addBetween": _("Add a step here"), "search": _("Search steps"), "nothingFound": _("No step is called that."),
        "close": _("Close"), "copy": _("Copy"), "paste": _("Paste"), "duplicate": _("Duplicate"), "remove": _("Remove"),
        "edit": _("Settings"), "start": _("Begins here"), "steps": _("Steps of the workflow"), "map": _("Overview map"),
        "yes": pgettext("way out", "Yes"), "no": pgettext("way out", "No"), "otherwise": _("Otherwise"), "case": _("Case %(n)d"),
        "branch": _("Branch %(n)d"), "newBranch": _("New branch"), "join": _("Come together"), "each": _("For each item"),
        "afterwards": _("Afterwards"), "fails": _("When it fails"), "timeUp": _("When time is up"), "next": _("Then"),
        "problem": _("%(n)s problem"), "problems": _("%(n)s problems"),
        "added": _("Added %(step)s."), "removed": _("Removed %(step)s."),
        "connected": _("Connected %(step)s to %(to)s."), "cut": _("Cut the way from %(step)s."),
        "moved": _("%(step)s moved to %(x)s, %(y)s."),
        "copied": _("Copied %(n)s steps."), "pasted": _("Pasted %(n)s steps."),
        "nothingToPaste": _("There are no steps on the clipboard."),
        "undone": _("Undone."), "redone": _("Done again."), "tidied": _("Tidied up."), "empty": _("Nothing here yet"),
        "emptyHelp": _("Add the first step: what should happen when this starts?"),
        "conflict": _("Somebody else changed this meanwhile"),
        "conflictHelp": _("Both versions are kept. Choose which one goes on; the other stays in the history."),
        "theirs": _("Take theirs"), "mine": _("Put mine on top"), "yourChanges": _("Your changes that are not saved yet: %(n)s"),
        "backup": _("Changes from last time that had not been sent were found and are sent now."),
        "running": pgettext("state of a step", "running"), "done": pgettext("state of a step", "done"),
        "failed": pgettext("state of a step", "failed"), "waiting": pgettext("state of a step", "waiting"),
        "person": _("needs a person"), "cancelled": pgettext("state of a step", "cancelled"),
        "from": _("Way out: %(name)s"), "to": _("Way in"), "selected": _("%(n)s steps selected"),
        "connection": _("Connection missing"), "breakpoint": _("The test stops here"),
    }  # fmt: skip
