"""Issues tickets: the one place where it is decided who may hear what."""

from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import split_domain_port
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from apps.accounts.guards import held_permissions, permission_required
from apps.live.errors import UnknownTopic
from apps.live.registries import live_topics
from apps.live.tickets import GOOD_FOR_S, MAX_TOPICS, Ticket, sign


@require_GET
@never_cache
@permission_required("workspace.view")
def ticket_issue(request: HttpRequest) -> HttpResponse:
    """An address that streams the topics asked for. Raises ``UnknownTopic`` for what one may not see or what is not there."""
    topics = tuple(dict.fromkeys(request.GET.getlist("topic")))
    if not 1 <= len(topics) <= MAX_TOPICS:
        raise UnknownTopic(detail=f"{len(topics)} topics")
    held = held_permissions(request)
    for topic in topics:
        _require(topic, held)
    host, _port = split_domain_port(request.get_host())
    ticket = sign(
        Ticket(
            tenant_id=request.tenant.id,
            epoch=request.tenant.epoch,
            user_id=request.user.pk,
            host=host.lower(),
            topics=topics,
        )
    )
    port = settings.EVENTS_PORT
    origin = f"{request.scheme}://{host}:{port}" if port else ""
    return JsonResponse({"url": f"{origin}/events/?{urlencode({'ticket': ticket})}", "expires_in": GOOD_FOR_S})


def _require(topic: str, held: frozenset[str]) -> None:
    kind, colon, key = topic.partition(":")
    if kind not in live_topics:
        raise UnknownTopic(detail=f"topic {kind[:40]!r}")
    known = live_topics.get(kind)
    if known.permission not in held or bool(colon) != (known.exists is not None):
        raise UnknownTopic(detail=f"topic {kind!r}")
    if known.exists is not None and not known.exists(key):
        raise UnknownTopic(detail=f"nothing at {kind!r}")
