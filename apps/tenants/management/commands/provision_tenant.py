"""`manage.py provision_tenant acme --name "Acme" --owner mail@acme.example`."""

import time
from typing import Any

from django.core.management.base import CommandParser

from apps.accounts.facade import find_or_create_person
from apps.tenants.errors import SlugTaken
from apps.tenants.management.base import EXITS, PlatformCommand
from apps.tenants.selectors import get_tenant
from apps.tenants.services.provisioning import provision_tenant


class Command(PlatformCommand):
    """Creates one tenant."""

    help = f"Create a workspace that can be used at once, with its schema, subdomain and owner. {EXITS}"

    def add_arguments(self, parser: CommandParser) -> None:
        """Arguments."""
        parser.add_argument("slug", help="Address: <slug>.<base domain>; small letters, digits and dashes.")
        parser.add_argument("--name", help="Name shown to people (default: the slug).")
        parser.add_argument(
            "--owner", required=True, metavar="EMAIL", help="Owner; created without password when unknown."
        )
        parser.add_argument("--plan", default="starter", help="Key of the plan (default: starter).")
        parser.add_argument("--if-missing", action="store_true", help="Succeed when the workspace exists already.")

    def run(self, **options: Any) -> None:
        """Create it and print what was made."""
        started = time.monotonic()
        owner = find_or_create_person(email=options["owner"])
        try:
            tenant = provision_tenant(
                slug=options["slug"],
                name=options["name"] or options["slug"],
                email=owner.email,
                owner_id=owner.pk,
                plan=options["plan"],
            )
        except SlugTaken:
            if not options["if_missing"]:
                raise
            self.say(f"{options['slug']} exists already (id {get_tenant(slug=options['slug']).id}).")
            return
        self.say(
            f"Created {tenant.slug} (id {tenant.id}, schema {tenant.schema_name}) in {time.monotonic() - started:.2f} s."
        )
