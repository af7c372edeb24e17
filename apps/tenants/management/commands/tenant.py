"""`manage.py tenant suspend acme --reason "..."` and the other steps of a tenant's life."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from apps.accounts.facade import find_or_create_person
from apps.tenants.management.base import EXITS, PlatformCommand
from apps.tenants.models import Tenant
from apps.tenants.selectors import get_tenant
from apps.tenants.services import cloning, domains, exporting, lifecycle, limits


class Command(PlatformCommand):
    """One subcommand per step."""

    help = f"Suspend, restore, delete, keep, purge, export, clone a workspace; change its plan, trust a domain. {EXITS}"

    def add_arguments(self, parser: CommandParser) -> None:
        """One parser per step."""
        steps = parser.add_subparsers(dest="step", required=True, metavar="STEP")
        steps.add_parser("list", help="Every workspace with its status.")
        for step, text in (
            ("suspend", "Stop serving it; its people see the reason."),
            ("restore", "Serve a suspended one again."),
            ("delete", "Stop serving it and purge it after 30 days."),
            ("keep", "Cancel a scheduled deletion."),
        ):
            one = steps.add_parser(step, help=text)
            one.add_argument("slug")
            one.add_argument("--reason", default="", required=step == "suspend")
        purge = steps.add_parser("purge", help="Delete the data of one whose grace time is over.")
        purge.add_argument("slug")
        purge.add_argument("--early", action="store_true", help="Do not wait for the grace time. Cannot be undone.")
        export = steps.add_parser("export", help="Write everything it owns into a zip.")
        export.add_argument("slug")
        export.add_argument("--to", type=Path, help="File to write (default: in the workspace's folder).")
        clone = steps.add_parser("clone", help="Copy it into a new one, without credentials.")
        clone.add_argument("slug")
        clone.add_argument("new_slug")
        clone.add_argument("--name")
        clone.add_argument("--owner", metavar="EMAIL", required=True)
        plan = steps.add_parser("plan", help="Put it on another plan.")
        plan.add_argument("slug")
        plan.add_argument("plan")
        domain = steps.add_parser("trust-domain", help="Let an own domain lead to it that was checked in another way.")
        domain.add_argument("slug")
        domain.add_argument("domain")
        domain.add_argument("--reason", required=True)

    def run(self, **options: Any) -> None:
        """Do the step."""
        if options["step"] == "list":
            self._list()
            return
        tenant_id = get_tenant(slug=options["slug"]).id
        self.say(getattr(self, f"_{options['step'].replace('-', '_')}")(tenant_id, options))

    def _list(self) -> None:
        for row in Tenant.objects.order_by("id").select_related("plan"):
            self.say(f"{row.id:>6}  {row.slug:<40} {row.status:<12} {row.plan_id:<10} {row.schema_name}")

    def _suspend(self, tenant_id: int, options: dict[str, Any]) -> str:
        lifecycle.suspend_tenant(tenant_id=tenant_id, reason=options["reason"])
        return "Suspended."

    def _restore(self, tenant_id: int, options: dict[str, Any]) -> str:
        lifecycle.restore_tenant(tenant_id=tenant_id, reason=options["reason"])
        return "Restored."

    def _delete(self, tenant_id: int, options: dict[str, Any]) -> str:
        when = lifecycle.schedule_deletion(tenant_id=tenant_id, reason=options["reason"])
        return f"Not served any more; purged after {when:%Y-%m-%d %H:%M} UTC."

    def _keep(self, tenant_id: int, options: dict[str, Any]) -> str:
        lifecycle.cancel_deletion(tenant_id=tenant_id, reason=options["reason"])
        return "Kept, and served again."

    def _purge(self, tenant_id: int, options: dict[str, Any]) -> str:
        return f"Purged: {lifecycle.purge_tenant(tenant_id=tenant_id, early=options['early'])} tables dropped."

    def _export(self, tenant_id: int, options: dict[str, Any]) -> str:
        row = exporting.export_tenant(tenant_id=tenant_id, path=options["to"])
        return f"Wrote {row.path} ({row.size_bytes} bytes, SHA-256 {row.sha256})."

    def _clone(self, tenant_id: int, options: dict[str, Any]) -> str:
        owner = find_or_create_person(email=options["owner"])
        name = options["name"] or options["new_slug"]
        clone = cloning.clone_tenant(tenant_id=tenant_id, slug=options["new_slug"], name=name, owner_id=owner.pk)
        return f"Created {clone.slug} (id {clone.id}, schema {clone.schema_name}); connections need their credentials again."

    def _plan(self, tenant_id: int, options: dict[str, Any]) -> str:
        limits.change_plan(tenant_id=tenant_id, plan=options["plan"])
        return f"Now on {options['plan']}."

    def _trust_domain(self, tenant_id: int, options: dict[str, Any]) -> str:
        row = domains.trust_domain(
            tenant_id=tenant_id, domain=options["domain"], reason=options["reason"], actor_id=None
        )
        return f"{row.domain} leads to the workspace."
