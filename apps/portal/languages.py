"""For staff: how much of each language is there, by where the texts came from."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.accounts.guards import staff_required
from apps.i18n.facade import list_languages


@staff_required
@require_safe
def language_list(request: HttpRequest) -> HttpResponse:
    """All forty, complete ones first, with counts of reviewed, written, drafted and missing texts."""
    languages = sorted(list_languages(), key=lambda language: (-language.coverage, language.name))
    return render(request, "portal/languages.html", {"languages": languages})
