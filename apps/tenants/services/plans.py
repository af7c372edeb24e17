"""Plans come from ``fixtures/tenants.json``; the rows are the truth once they exist."""

import json

from django.conf import settings

from apps.core.errors import InvalidInput
from apps.tenants.models import Plan

FIXTURE = "tenants.json"


def ensure_plans() -> int:
    """Create the shipped plans that are missing; existing rows are left as they are. Returns how many were created."""
    shipped = json.loads((settings.BASE_DIR / "fixtures" / FIXTURE).read_text())
    missing = [
        Plan(key=row["pk"], **row["fields"])
        for row in shipped
        if row["model"] == "tenants.plan" and not Plan.objects.filter(pk=row["pk"]).exists()
    ]
    return len(Plan.objects.bulk_create(missing, ignore_conflicts=True))


def find_plan(key: str) -> Plan:
    """The plan by key. Raises ``InvalidInput`` naming the known ones."""
    plan = Plan.objects.filter(pk=key).first()
    if plan is None and ensure_plans():
        plan = Plan.objects.filter(pk=key).first()
    if plan is None:
        known = ", ".join(Plan.objects.order_by("position").values_list("key", flat=True))
        raise InvalidInput(fields={"plan": f"Choose one of: {known}."})
    return plan
