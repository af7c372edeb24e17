"""What the shell needs to be an app."""

from typing import Any

from django import template
from django.template import Context

from apps.accounts.guards import held_permissions

register = template.Library()


@register.inclusion_tag("pwa/_app.html", takes_context=True)
def pwa_app(context: Context) -> dict[str, Any]:
    """Registers the service worker and offers updates; offers notifications to people who may decide reviews."""
    return {"may_review": "tasks.review" in held_permissions(context.get("request"))}
