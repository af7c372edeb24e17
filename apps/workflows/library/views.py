"""The library of templates: find one, see what it needs and would do, rehearse it, install it as a draft."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from apps.accounts.guards import held_permissions, permission_required
from apps.core.errors import PlatformError
from apps.workflows.authoring.presentation import outline_of
from apps.workflows.library import installing
from apps.workflows.library.forms import InstallForm
from apps.workflows.library.packages import CATEGORIES, Package, get_package, list_packages
from apps.workflows.library.rehearsing import rehearse
from apps.workflows.library.risk import Report, report_on
from apps.workflows.library.texts import said
from apps.workflows.triggers.enums import TriggerKind


@require_GET
@permission_required("workflows.view")
def template_list(request: HttpRequest) -> HttpResponse:
    """Templates by category; words and filters narrow them."""
    words = request.GET.get("q", "").replace("\x00", "").strip()[:80]
    category = request.GET.get("category", "")
    category = category if category in CATEGORIES else ""
    packages = list_packages()
    counts = installing.count_installations(packages)
    titles = installing.service_titles()
    shown = [
        {
            "package": one,
            "name": said(one.name),
            "summary": said(one.summary),
            "installed": counts[one.slug],
            "services": [titles[connector] for connector in one.connectors],
        }
        for one in packages
        if (not category or one.category == category) and _has(one, words)
    ]
    context = {
        "shown": shown,
        "words": words,
        "category": category,
        "categories": [
            (slug, category_name(slug)) for slug in CATEGORIES if any(one.category == slug for one in packages)
        ],
        "total": len(packages),
    }
    return render(request, "workflows/library/template_list.html", context)


def _has(package: Package, words: str) -> bool:
    text = (
        f"{package.name} {package.summary} {said(package.name)} {said(package.summary)} {' '.join(package.connectors)}"
    )
    return all(word in text.casefold() for word in words.casefold().split())


@require_http_methods(["GET", "POST"])
@permission_required("workflows.view")
def template_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One template: steps, what it touches and risks, a rehearsal on sample data, and the form that installs it."""
    package = get_package(slug)
    can_install = "workflows.manage" in held_permissions(request)
    connections = installing.working_connections(package)
    form = InstallForm(request.POST or None, package=package, connections=connections)
    status = 200
    if request.method == "POST" and can_install:
        status = 400
        if form.is_valid():
            try:
                made = installing.install(
                    package, name=form.cleaned_data["name"], parameters=form.parameters(), connections=form.connections(),
                    user_id=request.user.pk or 0,
                )  # fmt: skip
            except PlatformError as error:
                form.add_platform_error(error)
                status = error.status
            else:
                messages.success(request, _("This is your draft. Nothing runs before you publish it."))
                return redirect("workflows:builder", made)
    rehearsal = rehearse(package)
    titles = installing.service_titles()
    definition = installing.definition_of(package, parameters=package.sample.parameters, connections={})
    report = report_on(package, rehearsal)
    context: dict[str, Any] = {
        "package": package,
        "name": said(package.name),
        "summary": said(package.summary),
        "category": category_name(package.category),
        "outline": outline_of(definition),
        "report": report,
        "started": started_words(report),
        "inside": inside_words(report),
        "rehearsal": rehearsal,
        "form": form,
        "can_install": can_install,
        "missing": [titles[connector] for connector, found in connections.items() if not found],
        "services": [titles[connector] for connector in package.connectors],
    }
    return render(request, "workflows/library/template_detail.html", context, status=status)


def started_words(report: Report) -> list[str]:
    """What starts it; by hand is always possible."""
    return [*(str(TriggerKind(kind).label) for kind in report.started_by), str(TriggerKind.MANUAL.label)]


def inside_words(report: Report) -> list[str]:
    """What it does to the workspace itself."""
    told = [
        (report.tasks, _("opens tasks, each answered by a run of its own")),
        (report.tells and not report.mails, _("tells the members")),
        (report.mails, _("tells the members, also by mail")),
        (report.asks, _("asks a person before it goes on")),
    ]
    return [words for is_so, words in told if is_so]


def category_name(slug: str) -> str:
    """A category in the reader's language."""
    return {
        "content": _("Content"), "support": _("Support"), "sales": _("Sales"), "operations": _("Operations"),
        "engineering": _("Engineering"), "finance": _("Finance"), "people": _("People"), "research": _("Research"),
        "compliance": _("Compliance"),
    }[slug]  # fmt: skip
