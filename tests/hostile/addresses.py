"""``python -m tests.hostile.addresses``: goal S1, addresses. Every form through every caller; nothing inside may be touched.

Counted by canaries on two addresses of this machine and by the interpreter's own account of every attempt to connect.
"""

import argparse
import contextlib
import logging
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.bench.report import Target, record
from tests.bench.setting import FOLDER, setting

TARGETS = {"forms": Target(at_least=400), "connections": Target(at_most=0), "tries_inside": Target(at_most=0), "uncoded": Target(at_most=0),
           "silent_callers": Target(at_most=0), "reached_without_guard": Target(at_least=100)}  # fmt: skip


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="Every seventh form through each caller.")
    parser.add_argument("--to", default="", help="Folder for the record instead of docs/measurements.")
    options = parser.parse_args()
    with setting(postgres_settings={"fsync": "off"}, folder=FOLDER.parent / "hostile"):
        from tests.workflows.driving import inside

        logging.disable(logging.CRITICAL)
        with inside():
            figures, problems = measure(stride=7 if options.short else 1)
    for line in problems:
        sys.stdout.write(f"  {line}\n")
    more = {"folder": Path(options.to)} if options.to else {}
    return 0 if record(goal="S1-addresses", figures=figures, targets=TARGETS, **more) else 1


def measure(*, stride: int = 1) -> tuple[dict[str, Any], list[str]]:
    """Figures, and what is wrong in words. Inside a tenant's context."""
    from django.test import override_settings

    from tests.hostile.callers import all_callers
    from tests.hostile.far_side import OUTER_HOST, FarSide
    from tests.hostile.forms import all_forms

    side = FarSide()
    side.open_to |= _own_servers()
    rules = {"OUTBOUND_PORTS": frozenset({80, 443, side.port}), "OUTBOUND_ALLOW": [f"{OUTER_HOST}/32", f"{OUTER_HOST}:{side.port}"],
             "OUTBOUND_ALLOW_OPERATOR": [], "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"]}  # fmt: skip
    callers, problems = all_callers(), []
    began, ends, calls = time.monotonic(), Counter(), 0
    with side(), override_settings(**rules):
        forms = all_forms(port=side.port, outer=side.outer)
        naive = _reached_without_guard(side, forms)
        silent = [caller.name for caller in callers if caller.connects and not _reaches(side, caller)]
        problems += [f"never reached even an allowed server: {name}" for name in silent]
        for number, caller in enumerate(callers):
            for form in forms[number % stride :: stride * caller.every]:
                if form.sort == "redirect" and not caller.http:
                    continue
                touched, tried = side.canary.connections, len(side.tried)
                side.fresh_names()
                how = _outcome(caller, form)
                calls += 1
                ends[how.partition(":")[0]] += 1
                if how.startswith("uncoded"):
                    problems.insert(0, f"{caller.name} with {form.url[:90]!r}: {how}")
                if side.canary.connections > touched or len(side.tried) > tried:
                    problems.insert(0, f"{caller.name} with {form.url[:90]!r}: went inside, {side.tried[tried:]}")
        _settle(side)
        figures = {"forms": len(forms), "callers": len(callers), "calls": calls, "connections": side.canary.connections, "tries_inside": len(side.tried),
                   "refused": ends["coded"], "answered_by_the_allowed_server": ends["went"], "uncoded": ends["uncoded"],
                   "silent_callers": len(silent), "reached_without_guard": naive,
                   "seconds": round(time.monotonic() - began, 1)}  # fmt: skip
    return figures, problems[:40]


def _own_servers() -> set[tuple[str, int]]:
    """The installation's own broker: it is asked for rate budgets and caches, by an address from the settings."""
    from urllib.parse import urlsplit

    from django.conf import settings

    parts = urlsplit(settings.BROKER_URL)
    return {(str(parts.hostname), int(parts.port or 6379)), ("127.0.0.1", int(parts.port or 6379))}


def _outcome(caller: Any, form: Any) -> str:
    import requests
    from django.core.exceptions import PermissionDenied

    from apps.ai.gateway.wire import CallFailed
    from apps.core.errors import PlatformError
    from apps.core.outbound import close_connections
    from tests.hostile.callers import Said

    # What libraries raise for the written form of an address, where the product hands their exception on as it is.
    raw = caller.name in ("client", "http2_client", "guarded_session", "open_socket", "model provider preflight")
    try:
        caller.call(form)
    except (PlatformError, CallFailed, Said, requests.RequestException, PermissionDenied):
        return "coded"
    except Exception as error:
        from allauth.socialaccount.providers.base import ProviderException
        from allauth.socialaccount.providers.oauth2.client import OAuth2Error

        if raw or isinstance(error, OAuth2Error | ProviderException):
            return "coded"
        return f"uncoded: {type(error).__name__} {str(error)[:120]}"
    finally:
        if form.sort == "rebinding":
            close_connections()
    return "went"


def _reaches(side: Any, caller: Any) -> bool:
    """Whether the caller gets as far as an allowed server: otherwise its zero would prove nothing."""
    from tests.hostile.forms import Form

    before = side.visits
    _outcome(caller, Form("good", f"{side.outer}/hello"))
    for _wait in range(40):  # a connection that was closed at once is counted a moment later
        if side.visits > before:
            return True
        time.sleep(0.05)
    return False


def _reached_without_guard(side: Any, forms: list[Any]) -> int:
    """How many forms a client of the same library without a guard follows inside: the table has teeth."""
    import httpx

    with httpx.Client(trust_env=False, timeout=2, follow_redirects=True) as http:
        reached = 0
        for form in forms:
            side.fresh_names()
            before = side.canary.connections, len(side.tried)
            with contextlib.suppress(Exception):
                http.get(form.url)
            reached += (side.canary.connections, len(side.tried)) != before
    _settle(side)
    side.canary.connections, side.public_tries = 0, 0
    side.tried.clear()
    return reached


def _settle(side: Any) -> None:
    """Let connections that are under way be counted."""
    count = -1
    while count != side.canary.connections:
        count = side.canary.connections
        time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main())
