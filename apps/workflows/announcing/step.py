"""The step that tells the members something."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop as noop

from apps.accounts import facade as accounts
from apps.accounts.enums import Role
from apps.core.errors import InvalidInput
from apps.dispatch import facade as dispatch
from apps.dispatch.contracts import NewWork
from apps.tenants.facade import current_tenant
from apps.workflows.announcing.models import Announcement, AnnouncementMail
from apps.workflows.announcing.telling import KIND
from apps.workflows.contracts import StepContext, StepHandler, StepResult
from apps.workflows.core.values import as_text

TEXT_MAX = 20_000


class NotifyStep(StepHandler):
    """Members see it in their notifications; with ``mail`` those meant also get it by mail. It never leaves the workspace."""

    type = "notify"
    title = _("Tell the members")
    description = _("Puts a line into everybody's notifications and, if you like, mails it to members by role.")
    category = "people"
    icon = "bell"
    config_schema = {
        "type": "object",
        "required": ["title"],
        "additionalProperties": False,
        "properties": {
            "title": {"title": noop("Title"), "description": noop("One line.")},
            "text": {"title": noop("Text")},
            "mail": {"type": "boolean", "title": noop("Also by mail")},
            "roles": {
                "type": "array", "uniqueItems": True, "maxItems": 10, "items": {"enum": list(Role.values)},
                "title": noop("Only members with these roles"), "description": noop("Empty: every member.")},
        },
    }  # fmt: skip
    output_schema = {
        "type": "object",
        "properties": {"announcement_id": {"type": "string"}, "mails": {"type": "integer", "title": noop("Mails")}},
    }

    def run(self, ctx: StepContext) -> StepResult:
        title = " ".join(as_text(ctx.config["title"]).split())[:160]
        if not title:
            raise InvalidInput(fields={"title": _("The title is empty.")})
        told, is_new = Announcement.objects.get_or_create(
            key=ctx.key,
            defaults={"run_id": ctx.run_id, "title": title, "text": as_text(ctx.config.get("text", ""))[:TEXT_MAX]},
        )
        people = self._people(ctx.config) if ctx.config.get("mail") and not ctx.dry_run else []
        if is_new and people:
            AnnouncementMail.objects.bulk_create(AnnouncementMail(announcement=told, user_id=one) for one in people)
            dispatch.enqueue(
                tenant_id=current_tenant().id, work=NewWork(kind=KIND, ref=str(told.pk), dedupe_key=str(told.pk))
            )
        return StepResult(output={"announcement_id": str(told.pk), "mails": len(people)}, summary=title)

    @staticmethod
    def _people(config: Any) -> list[int]:
        roles = set(config.get("roles", ()))
        members = accounts.list_members(tenant_id=current_tenant().id)
        return [one.user_id for one in members if one.user.is_active and (not roles or one.role in roles)]
