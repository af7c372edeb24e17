"""How the rules of approval look in a form: plain words, each with its default, people and roles to choose from."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.accounts import facade as accounts
from apps.accounts.enums import Role
from apps.tenants.facade import current_tenant
from apps.workflows.approvals.people import PERMISSION
from apps.workflows.builder.fields import Node

Json = Any
WORDS: dict[str, tuple[Any, Any]] = {
    "quorum": (
        gettext_lazy("How many people must agree"),
        gettext_lazy("One refusal is enough to refuse. Default: 1."),
    ),
    "expires_s": (
        gettext_lazy("Time to decide"),
        gettext_lazy("When nobody has decided by then, the answer is no. Default: 3 days."),
    ),
    "remind_s": (
        gettext_lazy("Time between reminders"),
        gettext_lazy("Whoever may decide is reminded until somebody has. Default: 1 day."),
    ),
    "escalate_s": (
        gettext_lazy("Time until others are asked"),
        gettext_lazy("Only when somebody is chosen below. Default: two thirds of the time to decide."),
    ),
    "escalate_to": (
        gettext_lazy("Who is asked then"),
        gettext_lazy("Roles or people who may decide too once that time is up. Default: nobody else."),
    ),
    "allow_self": (
        gettext_lazy("May whoever started the run decide?"),
        gettext_lazy("“No” means that somebody else has to. Default: yes."),
    ),
    "roles": (
        gettext_lazy("Who may decide"),
        gettext_lazy("Members with one of these roles. Default: everybody who may decide at all."),
    ),
    "require": (
        gettext_lazy("When a person is asked"),
        gettext_lazy("Default: when the class of the act says so."),
    ),
}


def worded(node: Node) -> Node:
    """The rules of approval, a form out of their schema, in words and with choices."""
    for child in node.children:
        words = WORDS.get(child.last)
        if words:
            child.label, child.help = str(words[0]), str(words[1])
        if child.last in ("roles", "escalate_to") and child.mode == "value":
            ticked = [grandchild.text for grandchild in child.children] or [child.text]
            child.kind, child.children, child.text = "checks", [], ""
            child.ticked = [one for one in ticked if one]
            child.choices = _roles() + (_people() if child.last == "escalate_to" else [])
        if child.last == "require":
            child.choices = [("auto", _("When the class says so")), ("always", _("Every time"))]
    return node


def _roles() -> list[tuple[str, str]]:
    """Roles whose members may decide."""
    return [(role.value, str(role.label)) for role in Role if PERMISSION in accounts.permissions_of_role(role)]


def _people() -> list[tuple[str, str]]:
    members = accounts.list_members(tenant_id=current_tenant().id)
    return [
        (str(member.user_id), member.user.name or member.user.email)
        for member in members
        if member.user.is_active and PERMISSION in accounts.permissions_of_role(member.role)
    ]
