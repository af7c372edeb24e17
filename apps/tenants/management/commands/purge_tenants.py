"""`manage.py purge_tenants`: delete the data of workspaces whose grace time is over."""

from typing import Any

from apps.tenants.management.base import PlatformCommand
from apps.tenants.services.lifecycle import purge_due_tenants


class Command(PlatformCommand):
    """The worker does the same every hour."""

    help = "Purge every workspace whose deletion was scheduled and whose 30 days are over."

    def run(self, **options: Any) -> None:
        """Purge."""
        self.say(f"{len(purge_due_tenants())} purged.")
