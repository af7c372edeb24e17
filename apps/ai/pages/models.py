"""Which models answer what, in which order, until when, at which price, and which of them rest right now."""

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from apps.accounts.guards import permission_required
from apps.ai import selectors
from apps.ai.catalogue import ModelSpec, load_catalogue
from apps.ai.enums import Purpose, Quality
from apps.ai.errors import GatewayMisconfigured, NoModelAvailable
from apps.ai.gateway.breaker import Breaker
from apps.ai.gateway.route import route
from apps.ai.usage.pricing import listed_price, price_list_version
from apps.tenants.facade import current_tenant

ROUTES = (
    (Purpose.WORK, Quality.STANDARD), (Purpose.WORK, Quality.PREMIUM), (Purpose.JUDGE, Quality.STANDARD),
    (Purpose.ASSIST, Quality.STANDARD),
)  # fmt: skip


@require_GET
@permission_required("costs.view")
def model_list(request: HttpRequest) -> HttpResponse:
    """Routes with the models in the order they are tried, then the whole catalogue with retirement dates."""
    today = datetime.now(UTC).date()
    tenant = current_tenant().schema_name
    agreement = selectors.judge_agreement(last=200)
    context = {
        "routes": [_route(purpose, quality, tenant) for purpose, quality in ROUTES],
        "models": [_model(spec, today) for spec in load_catalogue().models.values()],
        "agreement": agreement,
    }
    return render(request, "ai/model_list.html", context)


@require_GET
@permission_required("costs.view")
def price_list(request: HttpRequest) -> HttpResponse:
    """What a million tokens cost, by which list, and where that list has it from."""
    rows = [
        {"model": spec, "price": listed_price(spec.id, provider=spec.provider)}
        for spec in load_catalogue().models.values()
    ]
    return render(request, "ai/price_list.html", {"rows": rows, "version": price_list_version()})


def _route(purpose: Purpose, quality: Quality, tenant: str) -> dict[str, Any]:
    title = purpose.label if quality == Quality.STANDARD else f"{purpose.label} · {quality.label}"
    try:
        candidates = route(purpose=purpose, quality=quality)
    except (GatewayMisconfigured, NoModelAvailable) as error:
        return {"title": title, "problem": error.text, "candidates": []}
    catalogue = load_catalogue().models
    shown = []
    for candidate in candidates:
        breaker = Breaker.of(tenant, candidate.as_json())
        spec = catalogue.get(candidate.model)
        shown.append({
            "model": candidate.model, "endpoint": candidate.endpoint, "rests_s": breaker.opens_in_s(),
            "failures": breaker.recent_failures(), "retires_on": spec.retires_on if spec else None,
            "judges": candidate.judges, "is_judge": purpose == Purpose.JUDGE,
        })  # fmt: skip
    return {"title": title, "problem": "", "candidates": shown}


def _model(spec: ModelSpec, today: Any) -> dict[str, Any]:
    state = ""
    if spec.is_retired(today):
        state = "retired"
    elif spec.is_retiring(today):
        state = "retiring"
    classes = [name for name, members in load_catalogue().classes.items() if spec.id in members]
    words = {
        "premium": _("Premium"),
        "work": _("Work"),
        "judge": _("Judging"),
        "economy": _("Economy"),
        "local": _("Bundled"),
    }
    return {"spec": spec, "state": state, "classes": [words.get(name, name) for name in classes]}
