"""Structured data (schema.org) of public pages: only what the page itself says."""

from collections.abc import Sequence

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.portal.website.articles import Article
from apps.portal.website.prices import PriceList
from apps.portal.website.site import PAGES, absolute
from apps.portal.website.texts import json_ld

CONTEXT = "https://schema.org"
NAME = "EchoPilot"


def about_site(request: HttpRequest) -> SafeString:
    """The site and its search."""
    language = get_language() or "en"
    docs = absolute(request, reverse("site:docs", args=[language]))
    return json_ld({
        "@context": CONTEXT,
        "@graph": [
            {"@type": "WebSite", "name": NAME, "url": absolute(request, reverse("site:landing", args=[language])),
             "inLanguage": language,
             "potentialAction": {"@type": "SearchAction", "target": f"{docs}?q={{search_term_string}}",
                                 "query-input": "required name=search_term_string"}},
            {"@type": "SoftwareApplication", "name": NAME, "applicationCategory": "BusinessApplication",
             "operatingSystem": "Web", "description": str(PAGES["landing"].description),
             "image": absolute(request, static("website/preview.png"))},
        ],
    })  # fmt: skip


def about_product(request: HttpRequest, prices: PriceList) -> SafeString:
    """The product with the offers shown on the page."""
    return json_ld({
        "@context": CONTEXT,
        "@type": "Product",
        "name": NAME,
        "description": str(PAGES["pricing"].description),
        "image": absolute(request, static("website/preview.png")),
        "offers": [
            {"@type": "Offer", "name": plan.name, "price": str(plan.price.decimal), "priceCurrency": plan.price.currency.value,
             "url": absolute(request, request.path)}
            for plan in prices.plans if plan.price is not None
        ],
    })  # fmt: skip


def about_article(request: HttpRequest, article: Article) -> SafeString:
    """An article and where it stands."""
    return _about_page(request, title=article.text.title, summary=article.text.summary, language=article.language)


def about_manual(request: HttpRequest, title: str, summary: str) -> SafeString:
    """A page of the manual and where it stands."""
    language = get_language() or "en"
    manual = (_("Reference"), absolute(request, reverse("site:reference", args=[language])))
    between = [] if request.path == reverse("site:reference", args=[language]) else [manual]
    return _about_page(request, title=title, summary=summary, language=language, between=between)


def _about_page(
    request: HttpRequest, *, title: str, summary: str, language: str, between: Sequence[tuple[str, str]] = ()
) -> SafeString:
    docs = reverse("site:docs", args=[get_language() or "en"])
    steps = [(_("Documentation"), absolute(request, docs)), *between, (title, absolute(request, request.path))]
    return json_ld({
        "@context": CONTEXT,
        "@graph": [
            {"@type": "TechArticle", "headline": title, "description": summary,
             "inLanguage": language, "publisher": {"@type": "Organization", "name": NAME}},
            {"@type": "BreadcrumbList", "itemListElement": [
                {"@type": "ListItem", "position": position, "name": name, "item": address}
                for position, (name, address) in enumerate(steps, start=1)]},
        ],
    })  # fmt: skip
