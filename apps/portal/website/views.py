"""Pages of the public site."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from apps.core.policy import public
from apps.core.reference import list_shelves, search_entries
from apps.i18n.facade import announced_languages
from apps.portal.website import legal as papers
from apps.portal.website.articles import get_article, list_articles, search_articles
from apps.portal.website.changes import read_changelog
from apps.portal.website.contact import ContactForm, accept_message
from apps.portal.website.facts import about_article, about_manual, about_product, about_site
from apps.portal.website.integrations import actions_of, get_integration
from apps.portal.website.integrations import list_shelves as list_services
from apps.portal.website.manual import get_shelf, groups_of, open_entry
from apps.portal.website.outages import history
from apps.portal.website.prices import price_list
from apps.portal.website.sample import sample_task
from apps.portal.website.site import absolute, render_page, site_view
from apps.portal.website.standing import current_standing

OPEN = "The public site."


@public(reason="The front door: leads visitors to the site in their language and people to their workspaces.")
@require_safe
def root(request: HttpRequest) -> HttpResponse:
    """Choose the language by cookie or browser; nothing here may be cached for somebody else."""
    if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
        response = redirect("tenants:workspace_list")
    else:
        codes = {language.code for language in announced_languages()}
        code = get_language() or settings.LANGUAGE_CODE
        response = redirect("site:landing", language=code if code in codes else settings.LANGUAGE_CODE)
    patch_vary_headers(response, ("Accept-Language", "Cookie"))
    return response


@site_view(reason=OPEN)
@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """What it does, on one real page of the product filled with an example."""
    return render_page(request, "landing", {"sample": sample_task(), "facts": about_site(request)})


@site_view(reason=OPEN)
@require_safe
def product(request: HttpRequest) -> HttpResponse:
    """One task, step by step."""
    return render_page(request, "product", {"sample": sample_task()})


@site_view(reason=OPEN)
@require_safe
def solutions(request: HttpRequest) -> HttpResponse:
    """What it is used for, by job."""
    return render_page(request, "solutions")


@site_view(reason=OPEN)
@require_safe
def integrations(request: HttpRequest) -> HttpResponse:
    """Every service that can be connected, by category."""
    return render_page(request, "integrations", {"groups": list_services()})


@site_view(reason=OPEN)
@require_safe
def integration(request: HttpRequest, slug: str) -> HttpResponse:
    """One service: what starts work, what a step may do, how to connect. Unknown ones are answered 404."""
    one = get_integration(slug)
    return render_page(
        request,
        "integrations",
        {"connector": one, "actions": actions_of(one)},
        title=str(one.title),
        description=str(one.description),
        slug=slug,
    )


@site_view(reason=OPEN)
@require_safe
def pricing(request: HttpRequest) -> HttpResponse:
    """Plans and limits from the plan table; currency and period are part of the address."""
    prices = price_list(
        language=get_language() or "en", currency=request.GET.get("currency", ""), period=request.GET.get("period", "")
    )
    return render_page(request, "pricing", {"prices": prices, "facts": about_product(request, prices)})


@site_view(reason=OPEN)
@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """The articles, or those that contain what was searched for."""
    language, words = get_language() or "en", request.GET.get("q", "").strip()[:100]
    found = search_articles(words, language) if words else list_articles(language)
    entries = search_entries(words) if words else []
    context = {
        "words": words, "found": found, "entries": entries, "total": len(found) + len(entries), "shelves": list_shelves(),
        "first_steps": [one for one in found if not one.is_guide], "guide": [one for one in found if one.is_guide],
    }  # fmt: skip
    return render_page(request, "docs", context)


@site_view(reason=OPEN)
@require_safe
def article(request: HttpRequest, slug: str) -> HttpResponse:
    """One article. Unknown ones are answered 404."""
    language = get_language() or "en"
    one = get_article(slug, language)
    related = [other for other in list_articles(language) if other.is_guide == one.is_guide]
    place = related.index(one)
    context = {
        "article": one, "articles": related, "facts": about_article(request, one), "before": related[place - 1] if place else None,
        "after": related[place + 1] if place + 1 < len(related) else None,
    }  # fmt: skip
    return render_page(
        request,
        "docs",
        context,
        title=one.text.title,
        description=one.text.summary,
        slug=slug,
    )


@site_view(reason=OPEN)
@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    """Every shelf of the manual."""
    title, summary = _("Reference"), _("Everything a workflow can be made of, written by the running code itself.")
    context = {"shelves": list_shelves(), "facts": about_manual(request, title, summary), "summary": summary}
    return render_page(request, "docs", context, title=title, description=summary)


@site_view(reason=OPEN)
@require_safe
def reference_shelf(request: HttpRequest, shelf: str) -> HttpResponse:
    """What stands on one shelf, or all of it where the entries are short. Unknown ones are answered 404."""
    one = get_shelf(shelf)
    title, summary = str(one.title), str(one.summary)
    context = {
        "shelf": one, "shelves": list_shelves(), "groups": groups_of(one), "about": one.about() if one.about else (),
        "facts": about_manual(request, title, summary),
    }  # fmt: skip
    full = f"{title} · {_('Reference')}"
    return render_page(request, "docs", context, title=full, description=summary, shelf=shelf)


@site_view(reason=OPEN)
@require_safe
def reference_entry(request: HttpRequest, shelf: str, slug: str) -> HttpResponse:
    """One entry of the manual. Unknown ones are answered 404."""
    opened = open_entry(shelf, slug)
    entry = opened.entry
    said = f"{opened.shelf.title}: {entry.title} ({entry.mark}). {entry.summary}"
    context = {
        "opened": opened, "entry": entry, "shelves": list_shelves(), "parts": entry.parts(),
        "facts": about_manual(request, entry.title, said),
    }  # fmt: skip
    title = f"{entry.title} ({entry.mark}) · {opened.shelf.title}"
    return render_page(request, "docs", context, title=title, description=said[:300], shelf=shelf, slug=slug)


@site_view(reason=OPEN)
@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """Each part's state from its probe, asked now, and the outages on record; never cached."""
    response = render_page(request, "status", {"standing": current_standing(), "history": history()})
    response.headers["Cache-Control"] = "no-store"
    return response


@site_view(reason=OPEN)
@require_safe
def changelog(request: HttpRequest) -> HttpResponse:
    """The changelog of the running code."""
    return render_page(request, "changelog", {"changes": read_changelog()})


@site_view(reason=OPEN)
@require_safe
def security(request: HttpRequest) -> HttpResponse:
    """What is done about security, in plain words."""
    return render_page(request, "security")


@site_view(reason=OPEN)
@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    """What works for whom, and what does not."""
    return render_page(request, "accessibility")


@site_view(reason="Anybody may write; a limit per address keeps machines out.")
@require_http_methods(["GET", "HEAD", "POST"])
def contact(request: HttpRequest) -> HttpResponse:
    """A form; what was typed stays when something is wrong."""
    form = ContactForm(request.POST if request.method == "POST" else None)
    sent = False
    if request.method == "POST" and form.is_valid():
        sent = accept_message(form=form, request=request)
    status = 400 if form.errors else 200
    return render_page(request, "contact", {"form": form, "sent": sent, "operator": papers.operator()}, status=status)


@site_view(reason=OPEN)
@require_safe
def legal(request: HttpRequest) -> HttpResponse:
    """All papers and the state of each."""
    return render_page(request, "legal", {"papers": papers.list_papers(), "operator": papers.operator()})


@site_view(reason=OPEN)
@require_safe
def paper(request: HttpRequest, slug: str) -> HttpResponse:
    """One paper. Unknown ones are answered 404."""
    one = papers.get_paper(slug)
    context = {"paper": one, "papers": papers.list_papers(), "operator": papers.operator()}
    return render_page(request, "legal", context, title=str(one.title), description=str(one.summary), slug=slug)


@public(reason="Search engines read it.")
@require_GET
def robots(request: HttpRequest) -> HttpResponse:
    """Everything public may be read; what needs an account leads nowhere for a machine."""
    lines = [
        "User-agent: *",
        "Disallow: /admin/",
        "Disallow: /accounts/",
        "Disallow: /workspaces/",
        "Disallow: /invitations/",
    ]
    lines += ["", f"Sitemap: {absolute(request, reverse('site:sitemap'))}", ""]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")
