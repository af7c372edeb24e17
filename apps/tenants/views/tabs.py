"""What the row of links above each page of the workspace's settings needs to know."""

from typing import Any

from django.http import HttpRequest

from apps.accounts.guards import held_permissions


def tabs(request: HttpRequest) -> dict[str, Any]:
    """Which of the pages this person may open."""
    return {"may_audit": "audit.view" in held_permissions(request)}
