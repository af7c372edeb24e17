"""Manifest, service worker, offline page, install page, and the switch for notifications."""

import hashlib
import json
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language, get_language_bidi
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST, require_safe

from apps.accounts.guards import held_permissions, permission_required
from apps.core.json_input import parse_json
from apps.core.policy import public
from apps.portal.pwa.keys import push_key
from apps.portal.pwa.subscriptions import has_subscription, subscribe, unsubscribe
from apps.tasks.facade import has_decided

STATIC = Path(__file__).resolve().parent.parent / "static" / "pwa"
LONGEST_BODY = 8_000
OFFLINE_FILES = (
    "portal/tokens.css",
    "portal/base.css",
    "portal/components/frame.css",
    "portal/components/actions.css",
    "portal/components/show.css",
    "portal/icons.svg",
    "pwa/offline.js",
)


@public(reason="Browsers ask for it before anybody signs in; it names the product only.")
@require_safe
def manifest(request: HttpRequest) -> HttpResponse:
    """The app's description in the page's language (W3C Web Application Manifest)."""
    data = {
        "id": "/",
        "name": "EchoPilot",
        "short_name": "EchoPilot",
        "description": _("Requests in, checked work out."),
        "lang": get_language(),
        "dir": "rtl" if get_language_bidi() else "ltr",
        "start_url": "/?source=app",
        "scope": "/",
        "display": "standalone",
        "display_override": ["standalone", "minimal-ui"],
        "background_color": "#f7fbfc",
        "theme_color": "#0f7b83",
        "categories": ["business", "productivity"],
        "icons": [
            {"src": static("pwa/icon-192.png"), "sizes": "192x192", "type": "image/png"},
            {"src": static("pwa/icon-512.png"), "sizes": "512x512", "type": "image/png"},
            {"src": static("pwa/maskable-512.png"), "sizes": "512x512", "type": "image/png", "purpose": "maskable"},
            {"src": static("portal/mark.svg"), "sizes": "any", "type": "image/svg+xml"},
        ],
        "shortcuts": [
            {"name": _("Inbox"), "url": "/tasks/inbox/"},
            {"name": _("New task"), "url": "/tasks/new/"},
        ],
    }  # fmt: skip
    response = HttpResponse(json.dumps(data, ensure_ascii=False), content_type="application/manifest+json")
    response.headers["Cache-Control"] = "no-cache"
    return response


@public(reason="A script without data; the browser asks for it without the page's rights.")
@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    """The worker, stamped with the version of what it keeps; served from the root so that it covers every page."""
    response = HttpResponse(_worker_text(), content_type="text/javascript; charset=utf-8")
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Service-Worker-Allowed"] = "/"
    return response


@public(reason="Kept by the browser for the time without a network; it shows nothing of a workspace.")
@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """What is shown without a network; the script fills in when this device last reached the workspace."""
    return render(request, "pwa/offline.html")


@permission_required("workspace.view")
@require_GET
def install(request: HttpRequest) -> HttpResponse:
    """How to put the portal on the home screen, and the switch for notifications."""
    return render(request, "pwa/install.html", {"may_review": "tasks.review" in held_permissions(request)})


@permission_required("tasks.review")
@require_GET
@never_cache
def push_state(request: HttpRequest) -> JsonResponse:
    """Whether to offer notifications (after a person's first decision), whether they are on somewhere, and the public key."""
    return JsonResponse(
        {
            "key": push_key().public_key,
            "offer": has_decided(user_id=request.user.pk),
            "subscribed": has_subscription(tenant_id=request.tenant.id, user_id=request.user.pk),
        }
    )


@permission_required("tasks.review")
@require_POST
def push_subscribe(request: HttpRequest) -> HttpResponse:
    """Body: the browser's ``PushSubscription.toJSON()``. 201; a second call renews it. See ``subscribe`` for errors."""
    subscribe(
        tenant_id=request.tenant.id,
        user_id=request.user.pk,
        session_key=request.session.session_key or "",
        data=parse_json(request.body, max_bytes=LONGEST_BODY),
        language=get_language() or settings.LANGUAGE_CODE,
    )
    return HttpResponse(status=201)


@permission_required("workspace.view")
@require_POST
def push_unsubscribe(request: HttpRequest) -> HttpResponse:
    """Body: ``{"endpoint": "..."}``. 204, whether it was known or not."""
    data = parse_json(request.body, max_bytes=LONGEST_BODY)
    endpoint = data.get("endpoint", "") if isinstance(data, dict) else ""
    unsubscribe(user_id=request.user.pk, endpoint=str(endpoint))
    return HttpResponse(status=204)


@public(reason="A picture.")
@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """The icon browsers ask for by this address; pages name the sharper SVG."""
    response = HttpResponse((STATIC / "favicon.ico").read_bytes(), content_type="image/x-icon")
    response.headers["Cache-Control"] = "public, max-age=604800"
    return response


@public(reason="Search engines are told to stay out of workspaces.")
@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Nothing of a workspace is for search engines."""
    return HttpResponse("User-agent: *\nDisallow: /\n", content_type="text/plain; charset=utf-8")


def _worker_text() -> str:
    files = [static(name) for name in OFFLINE_FILES]
    source = _source()
    version = hashlib.sha256("\n".join([source, *files]).encode()).hexdigest()[:12]
    facts = {"version": version, "offline": reverse("pwa:offline"), "files": files, "static": settings.STATIC_URL,
             "icon": static("pwa/icon-192.png"), "badge": static("pwa/badge-96.png"), "home": "/"}  # fmt: skip
    return f"const FACTS = {json.dumps(facts)};\n{source}"


@lru_cache(maxsize=1)
def _source() -> str:
    return (STATIC / "worker.js").read_text(encoding="utf-8")
