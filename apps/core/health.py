"""Is the process alive, may it get traffic, what does it count: answered before any tenant is looked up."""

from __future__ import annotations

import ipaddress
import logging
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django_prometheus.exports import ExportToDjangoView

from apps.core.database import use_public_schema
from apps.core.registry import Registry

logger = logging.getLogger("echopilot.health")

FRESH_SECONDS = 1.0
UNAVAILABLE = 503


@dataclass(frozen=True, kw_only=True)
class HealthProbe:
    """One thing the process needs. ``check`` returns nothing when well and raises when not, within a few seconds.

    A failing ``critical`` probe takes the process out of traffic; another one only marks it degraded.
    """

    name: str
    check: Callable[[], None]
    critical: bool = True


health_probes: Registry[HealthProbe] = Registry(
    name="health probes", entry_type=HealthProbe, key=lambda probe: probe.name
)


def run_probes() -> dict[str, Any]:
    """Ask every probe: ``{"status": "ready" | "degraded" | "unready", "probes": {name: {state, critical, ms, error}}}``.

    ``error`` is the kind of failure only; the reason goes to the log.
    """
    results: dict[str, dict[str, Any]] = {}
    for probe in health_probes:
        started = time.perf_counter()
        error = ""
        try:
            probe.check()
        except Exception as failure:  # noqa: BLE001 - a probe may fail in any way, the answer must still come
            error = getattr(failure, "code", "") or type(failure).__name__
            logger.warning(
                "health probe failed",
                extra={"probe": probe.name, "critical": probe.critical, "reason": str(failure)[:500]},
            )
        results[probe.name] = {
            "state": "failed" if error else "ok",
            "critical": probe.critical,
            "ms": round((time.perf_counter() - started) * 1000, 1),
            **({"error": str(error)} if error else {}),
        }
    failed = [result for result in results.values() if result["state"] == "failed"]
    status = "unready" if any(result["critical"] for result in failed) else "degraded" if failed else "ready"
    return {"status": status, "probes": results}


class _Recent:
    """The last answer, kept one second, so that a flood of questions is not a flood of work."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answer: dict[str, Any] = {}
        self._until = 0.0

    def get(self) -> dict[str, Any]:
        with self._lock:
            if time.monotonic() >= self._until:
                self._answer = run_probes()
                self._until = time.monotonic() + FRESH_SECONDS
            return self._answer

    def forget(self) -> None:
        self._until = 0.0


recent = _Recent()


class HealthMiddleware:
    """Answers ``/healthz``, ``/readyz`` and ``/metrics`` on any host name."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self._doors: dict[str, Callable[[HttpRequest], HttpResponseBase]] = {
            "/healthz": self._live,
            "/readyz": self._ready,
            "/metrics": self._metrics,
        }

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        door = self._doors.get(request.path)
        if door is None:
            return self.get_response(request)
        if request.method not in ("GET", "HEAD"):
            return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
        response = door(request)
        response.headers["Cache-Control"] = "no-store"
        return response

    def _live(self, _request: HttpRequest) -> HttpResponseBase:
        return JsonResponse({"status": "alive"})

    def _ready(self, _request: HttpRequest) -> HttpResponseBase:
        use_public_schema()
        answer = recent.get()
        return JsonResponse(answer, status=UNAVAILABLE if answer["status"] == "unready" else 200)

    def _metrics(self, request: HttpRequest) -> HttpResponseBase:
        if not may_read_metrics(request):
            return HttpResponse(status=404)
        use_public_schema()  # collectors may ask the database
        answer: HttpResponseBase = ExportToDjangoView(request)
        return answer


def may_read_metrics(request: HttpRequest) -> bool:
    """The bearer token of METRICS_TOKEN, or a direct call from an internal network.

    A forwarded request came through a proxy that itself sits inside, so its network proves nothing.
    """
    token = settings.METRICS_TOKEN
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token and secrets.compare_digest(given.encode(), token.encode()):
        return True
    if any(name in request.headers for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via")):
        return False
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    return any(address in ipaddress.ip_network(network) for network in settings.METRICS_NETWORKS)
