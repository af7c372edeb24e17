"""Who may do what: the one table of permissions and roles.

A permission is ``<thing>.<verb>``. Pages, API routes and commands name one; nothing else decides. Roles are sets of
permissions, each containing the one it grew from, so that a new permission is added in exactly one line.
"""

from types import MappingProxyType

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.accounts.enums import Role

PERMISSIONS: MappingProxyType[str, Promise] = MappingProxyType({
    "workspace.view": _("Open the workspace"),
    "workspace.delete": _("Delete the workspace or take its data along"),
    "settings.view": _("See the workspace's settings"),
    "settings.manage": _("Change the workspace's settings"),
    "launch.manage": _("Change the launch stage"),
    "billing.manage": _("Change the plan and pay"),
    "members.view": _("See who belongs to the workspace"),
    "members.manage": _("Invite people and change their roles"),
    "owners.manage": _("Make somebody an owner, or no longer one"),
    "domains.manage": _("Add and remove own domains"),
    "tasks.view": _("See tasks and answers"),
    "tasks.create": _("Send in tasks"),
    "tasks.cancel": _("Cancel tasks"),
    "tasks.review": _("Approve, edit or reject answers"),
    "runs.view": _("See runs and their steps"),
    "runs.replay": _("Retry and replay runs"),
    "runs.cancel": _("Cancel runs"),
    "approvals.decide": _("Decide on actions that wait for approval"),
    "workflows.view": _("See workflows"),
    "workflows.manage": _("Change and publish workflows"),
    "secrets.view": _("See which secrets workflows have, never their values"),
    "secrets.manage": _("Add, replace and delete secrets of workflows"),
    "connections.view": _("See connections to other services"),
    "connections.manage": _("Connect other services and repair connections"),
    "conflicts.resolve": _("Decide between two versions of a record"),
    "prompts.manage": _("Change prompts, rubrics and model routes"),
    "budgets.manage": _("Change budgets"),
    "costs.view": _("See costs and usage"),
    "reports.view": _("See reports"),
    "audit.view": _("See the audit record"),
    "api.use": _("Use the API"),
})  # fmt: skip

_VIEWER = frozenset({
    "workspace.view", "tasks.view", "runs.view", "workflows.view", "api.use",
})  # fmt: skip
_ANALYST = _VIEWER | {"costs.view", "reports.view", "connections.view", "members.view", "settings.view"}
_APPROVER = _VIEWER | {"tasks.review", "approvals.decide", "conflicts.resolve", "members.view", "connections.view"}
_EDITOR = _APPROVER | {
    "tasks.create", "tasks.cancel", "runs.replay", "runs.cancel", "workflows.manage", "prompts.manage", "costs.view",
    "secrets.view", "settings.view", "reports.view",
}  # fmt: skip
_ADMIN = _EDITOR | _ANALYST | {
    "settings.manage", "launch.manage", "members.manage", "domains.manage", "connections.manage", "budgets.manage", "audit.view",
    "secrets.manage",
}  # fmt: skip
_OWNER = _ADMIN | {"workspace.delete", "billing.manage", "owners.manage"}

ROLE_PERMISSIONS: MappingProxyType[str, frozenset[str]] = MappingProxyType({
    Role.VIEWER.value: _VIEWER,
    Role.ANALYST.value: _ANALYST,
    Role.APPROVER.value: _APPROVER,
    Role.EDITOR.value: _EDITOR,
    Role.ADMIN.value: _ADMIN,
    Role.OWNER.value: _OWNER,
})  # fmt: skip

# What staff inside a workspace may never do, whatever the person they act as may: it would outlive their access, open another
# door, cost the customer money, or commit the customer towards the outside.
FORBIDDEN_TO_STAFF = frozenset({
    "workspace.delete", "owners.manage", "members.manage", "billing.manage", "domains.manage", "launch.manage",
    "connections.manage", "secrets.manage", "approvals.decide", "budgets.manage", "api.use",
})  # fmt: skip


def permissions_of_role(role: str) -> frozenset[str]:
    """What a role may do; an unknown role may do nothing."""
    return ROLE_PERMISSIONS.get(role, frozenset())


def require_known(permission: str) -> str:
    """The permission itself. Raises ``LookupError`` for a misspelt one, so that a guard fails when it is written."""
    if permission not in PERMISSIONS:
        raise LookupError(f"Unknown permission {permission!r}: add it to apps/accounts/permissions.py.")
    return permission
