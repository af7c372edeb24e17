"""What the settings of triggers are called and mean, and a trigger in one sentence."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.connectors.registries import event_types
from apps.workflows.builder.fields import Node
from apps.workflows.triggers import wording
from apps.workflows.triggers.enums import TriggerKind, Verification
from apps.workflows.triggers.types import TRIGGER_TYPES

Json = Any
# Said elsewhere in the form, or acted on by nobody yet.
HIDDEN = frozenset({"inputs", "task", "form"})
# Triggers that hand something to the inputs of the run.
MAPPED = frozenset({"schedule", "webhook", "email", "event", "connector"})
CHECKED = ("verify", "header", "prefix", "encoding", "signed", "rate_per_minute")
ORDER: Mapping[str, tuple[str, ...]] = {
    "webhook": (*CHECKED, "dedupe_header", "dedupe_window_s"),
    "email": ("from", *CHECKED),
    "event": ("events", "workflow", "task_type"),
    "connector": ("change", "connection", "database"),
    "task": ("task_type",),
    "manual": (),
}
WORDS: Mapping[str, tuple[Any, Any]] = {
    "verify": (
        gettext_lazy("How the sender proves who it is"),
        gettext_lazy("Default: a Standard Webhooks signature."),
    ),
    "header": (
        gettext_lazy("Header with the signature"),
        gettext_lazy("For signatures of your own, for example X-Signature."),
    ),
    "prefix": (
        gettext_lazy("What stands before the signature"),
        gettext_lazy("For example sha256=. Default: nothing."),
    ),
    "encoding": (gettext_lazy("How the signature is written"), gettext_lazy("Default: hex.")),
    "signed": (gettext_lazy("What is signed"), gettext_lazy("Default: the body alone.")),
    "rate_per_minute": (
        gettext_lazy("Calls a minute at most"),
        gettext_lazy("More are answered with “later”. Default: 120."),
    ),
    "dedupe_header": (
        gettext_lazy("Header that names the delivery"),
        gettext_lazy("The same name again is the same delivery."),
    ),
    "dedupe_window_s": (
        gettext_lazy("Same body counts as a repeat for (seconds)"),
        gettext_lazy("Where no header names it. Default: one day."),
    ),
    "from": (
        gettext_lazy("Who may write"),
        gettext_lazy("Addresses, or domains such as @example.com. Default: everybody who knows the address."),
    ),
    "events": (gettext_lazy("What has to happen"), ""),
    "workflow": (gettext_lazy("Only from this workflow"), gettext_lazy("Default: from any.")),
    "task_type": (gettext_lazy("Task type"), ""),
    "change": (gettext_lazy("What has to change"), ""),
    "connection": (gettext_lazy("Only through this connection"), gettext_lazy("Default: through any.")),
    "database": (gettext_lazy("Only in this database"), gettext_lazy("Its key, for example tasks. Default: in any.")),
    "title": (gettext_lazy("Title of the task"), gettext_lazy("Default: the subject, or the workflow's name.")),
    "body": (gettext_lazy("Text of the task"), gettext_lazy("Default: what the trigger brought.")),
    "priority": (gettext_lazy("Priority"), ""),
    "client": (gettext_lazy("Client"), ""),
}
CHOICES: Mapping[str, list[tuple[str, Any]]] = {
    "verify": [(value, label) for value, label in Verification.choices],
    "encoding": [("hex", "hex"), ("base64", "base64")],
    "signed": [
        ("body", gettext_lazy("The body alone")),
        ("stripe", gettext_lazy("As Stripe signs")),
        ("slack", gettext_lazy("As Slack signs")),
    ],
    "priority": [
        ("urgent", gettext_lazy("Urgent")),
        ("high", gettext_lazy("High")),
        ("normal", gettext_lazy("Normal")),
        ("low", gettext_lazy("Low")),
    ],
}


def helped(node: Node) -> None:
    """The field with its name in words, what it means and its default."""
    if node.last in WORDS:
        label, text = WORDS[node.last]
        node.label, node.help = str(label), str(text)
    if node.last in CHOICES:
        node.choices = [(value, str(label)) for value, label in CHOICES[node.last]]


def kinds_of_triggers() -> list[tuple[str, str, str]]:
    """(type, title, what it does) of everything the registry knows."""
    return [(entry.type, str(entry.title), str(entry.description)) for entry in TRIGGER_TYPES]


def sentence(body: Mapping[str, Json]) -> str:
    """What starts the run, in a few words; empty while the trigger does not say."""
    kind, given = body.get("type"), body.get("with")
    config = given if isinstance(given, Mapping) else {}
    try:
        if kind == TriggerKind.SCHEDULE:
            return f"{wording.describe(config)} ({config.get('zone', 'UTC')})"
    except (KeyError, TypeError, ValueError, AttributeError):
        return _("not complete yet")
    if kind in (TriggerKind.EVENT, TriggerKind.CONNECTOR):
        wanted = config.get("events") or [config.get("change")]
        names = [str(event_types.get(one).title) for one in wanted if one in event_types]
        return ", ".join(names) or _("not complete yet")
    if kind == TriggerKind.TASK:
        return str(config.get("task_type") or _("not complete yet"))
    return str(TRIGGER_TYPES.get(str(kind)).description) if kind in TRIGGER_TYPES else ""
