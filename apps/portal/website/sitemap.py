"""The sitemap: every public page in every announced language, each naming the others (sitemaps.org, Google's hreflang rules)."""

from xml.etree import ElementTree as ET

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from apps.core.policy import public
from apps.portal.website import legal as papers
from apps.portal.website.articles import article_slugs
from apps.portal.website.integrations import integration_slugs
from apps.portal.website.manual import manual_addresses
from apps.portal.website.site import PAGES, SitePage, alternates

SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
XHTML = "http://www.w3.org/1999/xhtml"


@public(reason="Search engines read it.")
@require_GET
def sitemap(request: HttpRequest) -> HttpResponse:
    """XML; one ``url`` per page and language."""
    ET.register_namespace("", SITEMAP)
    ET.register_namespace("xhtml", XHTML)
    tree = ET.Element(f"{{{SITEMAP}}}urlset")
    for page, view, values in _pages():
        same = alternates(request, view, **values)
        for code, address in same:
            if code == "x-default":
                continue
            entry = ET.SubElement(tree, f"{{{SITEMAP}}}url")
            ET.SubElement(entry, f"{{{SITEMAP}}}loc").text = address
            ET.SubElement(entry, f"{{{SITEMAP}}}changefreq").text = page.changes
            ET.SubElement(entry, f"{{{SITEMAP}}}priority").text = page.priority
            for other, there in same:
                ET.SubElement(entry, f"{{{XHTML}}}link", {"rel": "alternate", "hreflang": other, "href": there})
    body = ET.tostring(tree, encoding="utf-8", xml_declaration=True)
    return HttpResponse(body, content_type="application/xml")


def _pages() -> list[tuple[SitePage, str, dict[str, str]]]:
    """Pages, the names of their addresses, and further parts of those. Papers that bind nobody yet are left out."""
    found: list[tuple[SitePage, str, dict[str, str]]] = [(page, page.name, {}) for page in PAGES.values()]
    found += [(PAGES["docs"], "article", {"slug": slug}) for slug in article_slugs()]
    found += [(PAGES["docs"], view, values) for view, values in manual_addresses()]
    found += [(PAGES["integrations"], "integration", {"slug": slug}) for slug in integration_slugs()]
    found += [(PAGES["legal"], "paper", {"slug": one.slug}) for one in papers.list_papers() if one.is_binding]
    return found
