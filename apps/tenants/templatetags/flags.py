"""Feature flags in templates: ``{% flag "copy_workspace" as may_copy %}{% if may_copy %}…``."""

from django import template

from apps.tenants.services.flags import flag_is_on

register = template.Library()


@register.simple_tag(takes_context=True)
def flag(context: template.Context, name: str) -> bool:
    """Whether the workspace of this page has the feature; pages of the platform's own host have none."""
    tenant = getattr(context.get("request"), "tenant", None)
    return tenant is not None and flag_is_on(name, tenant_id=tenant.id)
