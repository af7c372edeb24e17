"""Links from the product's pages into the manual on the public site."""

from django import template
from django.utils.html import format_html
from django.utils.translation import gettext as _

from apps.core.reference import manual_url
from apps.core.templatetags.ui import icon

register = template.Library()


@register.simple_tag
def manual_link(shelf: str, slug: str, text: str = "") -> str:
    """A link that opens the entry in a new tab, so that nothing typed is lost; nothing where the manual has no such entry."""
    address = manual_url(shelf=shelf, slug=slug)
    if not address:
        return ""
    return format_html(
        '<a class="manual link" href="{}" target="_blank" rel="noopener">{} {}<span class="vh"> {}</span></a>',
        address, icon("circle-help"), text or _("What does this mean?"), _("(opens in a new tab)"),
    )  # fmt: skip
