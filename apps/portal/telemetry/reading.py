"""Reports from browsers, made harmless: routes instead of addresses, no queries, short texts, secrets masked."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import SuspiciousOperation
from django.http import Http404
from django.urls import resolve

from apps.core.errors import InvalidInput
from apps.core.redaction import redact_text

MOST_EVENTS = 20
LONGEST = 200
# Web Vitals (web.dev): unit and the largest value that can be true; beyond it a clock was wrong.
VITALS = {"LCP": 120_000.0, "INP": 120_000.0, "CLS": 100.0, "TTFB": 120_000.0}
ELSEWHERE = "elsewhere"
UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Failure:
    """An uncaught error of a script: ``source`` is a path on our host, or ``elsewhere`` (extensions)."""

    route: str
    message: str
    source: str
    line: int
    column: int


@dataclass(frozen=True, kw_only=True)
class Vital:
    """One figure of how a page felt: milliseconds, CLS without unit."""

    route: str
    name: str
    value: float


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Something the content policy refused."""

    route: str
    directive: str
    blocked: str
    source: str
    line: int


def read_events(document: Any, *, urlconf: str | None) -> list[Failure | Vital]:
    """``{"page": path, "events": [...]}``. Raises ``InvalidInput`` naming the field for anything else."""
    if not isinstance(document, dict) or not isinstance(document.get("events"), list):
        raise InvalidInput(fields={"events": "A list of events is expected."})
    events = document["events"]
    if len(events) > MOST_EVENTS:
        raise InvalidInput(fields={"events": f"At most {MOST_EVENTS} events."})
    route = route_of(document.get("page"), urlconf=urlconf)
    return [_event(event, route, position) for position, event in enumerate(events)]


def read_refusals(document: Any, *, urlconf: str | None) -> list[Refusal]:
    """Both wire forms: ``{"csp-report": {...}}`` (CSP Level 2) and a list of reports (Reporting API). Others are refused."""
    if isinstance(document, dict) and isinstance(document.get("csp-report"), dict):
        bodies = [document["csp-report"]]
    elif isinstance(document, list):
        bodies = [
            one.get("body")
            for one in document[:MOST_EVENTS]
            if isinstance(one, dict) and one.get("type") == "csp-violation"
        ]
    else:
        raise InvalidInput(fields={"csp-report": "A report of the content policy is expected."})
    return [_refusal(body, urlconf) for body in bodies if isinstance(body, dict)]


def route_of(address: Any, *, urlconf: str | None) -> str:
    """The pattern of an address (``tasks/<uuid:task_id>/``): ids and tokens in it never reach a log."""
    if not isinstance(address, str) or len(address) > 2000:
        return UNKNOWN
    try:
        return f"/{resolve(urlsplit(address).path or '/', urlconf).route}"
    except (Http404, SuspiciousOperation, ValueError):
        return UNKNOWN


def _event(event: Any, route: str, position: int) -> Failure | Vital:
    kind = event.get("kind") if isinstance(event, dict) else None
    if kind == "error":
        return Failure(
            route=route,
            message=_text(event.get("message")),
            source=_source(event.get("source")),
            line=_whole(event.get("line")),
            column=_whole(event.get("column")),
        )
    name, value = (event.get("name"), event.get("value")) if kind == "vital" else (None, None)
    if name in VITALS and isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= VITALS[name]:
        return Vital(route=route, name=name, value=float(value))
    raise InvalidInput(fields={f"events.{position}": "Unknown kind, name or value."})


def _refusal(body: dict[str, Any], urlconf: str | None) -> Refusal:
    def get(*names: str) -> Any:
        return next((body[name] for name in names if name in body), "")

    blocked = str(get("blocked-uri", "blockedURL"))[:500]
    parts = urlsplit(blocked) if "://" in blocked else None
    return Refusal(
        route=route_of(get("document-uri", "documentURL"), urlconf=urlconf),
        directive=_text(get("effective-directive", "effectiveDirective", "violated-directive")).split(" ")[0][:40],
        blocked=f"{parts.scheme}://{parts.hostname or ''}" if parts else _text(blocked)[:40],
        source=_source(get("source-file", "sourceFile")),
        line=_whole(get("line-number", "lineNumber")),
    )


def _source(value: Any) -> str:
    text = str(value or "")[:500]
    parts = urlsplit(text)
    if parts.scheme and parts.scheme not in ("http", "https"):
        return ELSEWHERE
    return parts.path[:LONGEST] if parts.path.startswith("/static/") else ("page" if text else UNKNOWN)


def _text(value: Any) -> str:
    text = "".join(sign if sign.isprintable() else " " for sign in str(value or ""))
    return redact_text(text[:LONGEST])


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10_000_000 else 0
