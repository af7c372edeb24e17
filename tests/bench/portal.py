"""UI: how long the server takes for each main page of a workspace with 100,000 tasks and runs, with how many queries and bytes.

Requests go through the whole stack of middleware, view and template in one process, as the owner of the workspace. A page's
time is the median and the 95th percentile of repeated requests, taken in turns so that one page does not warm the other's path;
``cpu`` is what the web process itself worked for it, which a busy machine does not change.
"""

import argparse
import gzip
import re
import sys
import time
from collections import defaultdict
from statistics import median, quantiles
from typing import Any

from tests.bench.portal_seed import seed
from tests.bench.report import Figure, Target, record
from tests.bench.setting import setting

GOAL_MS = 200
SCRIPT_KB = 100
ASSET = re.compile(r'(?:src|href)="(/static/[^"]+\.(?:css|js))"')


def main() -> int:
    """Seed, measure, record; exit code 1 when a page is slower than the goal."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--tasks", type=int, default=100_000)
    arguments.add_argument("--rounds", type=int, default=25)
    arguments.add_argument(
        "--only", nargs="*", default=[], metavar="PAGE", help="Measure these pages and record nothing."
    )
    arguments.add_argument("--profile", action="store_true", help="Print where the time of each page goes.")
    arguments.add_argument("--explain", action="store_true", help="Print the slowest queries of each page.")
    given = arguments.parse_args()
    with setting():
        figures = _measure(given)
    if given.only:
        return 0
    met = record(
        goal="UI", figures=figures,
        targets={"pages_over_200_ms": Target(at_most=0), "largest_script_kb_gz": Target(at_most=SCRIPT_KB)},
        note="One process, PostgreSQL on the same machine with fsync on, 2 cores shared with other work; server time without "
             "the network. Bytes are after gzip -9.",
    )  # fmt: skip
    return 0 if met else 1


def _measure(given: argparse.Namespace) -> dict[str, Figure]:
    from django.contrib.auth import get_user_model
    from django.test import Client

    from apps.core.heap import freeze_loaded
    from apps.tenants.facade import get_tenant, tenant_context

    person = get_user_model().objects.get(email="owner@acme.example")
    begun = time.monotonic()
    with tenant_context(get_tenant(slug="acme")):
        figures: dict[str, Figure] = dict(seed(tasks=given.tasks, user_id=person.pk))
        pages = _pages()
    figures["seed_s"] = round(time.monotonic() - begun, 1)
    _vacuum()
    client = Client(SERVER_NAME="acme.localhost")
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    pages = {name: path for name, path in pages.items() if not given.only or name in given.only}
    seen = {name: _first(client, path, explain=given.explain, name=name) for name, path in pages.items()}
    freeze_loaded()
    if given.profile:
        _profile(client, pages)
    times: dict[str, list[float]] = defaultdict(list)
    worked: dict[str, list[float]] = defaultdict(list)
    for _round in range(given.rounds):
        for name, path in pages.items():
            begun, cpu = time.perf_counter(), time.process_time()
            client.get(path)
            times[name].append((time.perf_counter() - begun) * 1000)
            worked[name].append((time.process_time() - cpu) * 1000)
    over = []
    scripts = 0.0
    for name, taken in times.items():
        p95 = quantiles(taken, n=20)[-1]
        over += [name] * (p95 > GOAL_MS)
        queries, html, styles, script = seen[name]
        scripts = max(scripts, script)
        figures |= {f"{name}_p50_ms": round(median(taken), 1), f"{name}_p95_ms": round(p95, 1), f"{name}_cpu_ms": round(median(worked[name]), 1), f"{name}_queries": queries,
                    f"{name}_html_kb_gz": html, f"{name}_css_kb_gz": styles, f"{name}_js_kb_gz": script}  # fmt: skip
        sys.stdout.write(f"  {name:<18} p50 {median(taken):7.1f}  p95 {p95:7.1f} ms  cpu {median(worked[name]):6.1f} ms  {queries:3} queries  "
                         f"{html:6.1f} kB html {styles:5.1f} css {script:5.1f} js{'   OVER' if p95 > GOAL_MS else ''}\n")  # fmt: skip
    figures |= {"pages": len(times), "pages_over_200_ms": len(over), "slow_pages": ", ".join(over),
                "largest_script_kb_gz": scripts}  # fmt: skip
    return figures


def _pages() -> dict[str, str]:
    """The main pages, by the names people use for them."""
    from apps.connectors.models import Connection
    from apps.tasks.models import Task

    done = Task.objects.filter(state="done").order_by("-number")[50]
    middle = Task.objects.order_by("number")[Task.objects.count() // 2]
    return {
        "home": "/", "inbox": "/tasks/inbox/", "tasks": "/tasks/", "tasks_failed": "/tasks/?state=failed",
        "tasks_deep": f"/tasks/?cursor={middle.number}", "tasks_search": "/tasks/?q=refund+letter+of+client+44",
        "tasks_search_none": "/tasks/?q=nowhere+to+be+found", "task": f"/tasks/{done.pk}/", "new_task": "/tasks/new/",
        "runs": "/runs/", "runs_failed": "/runs/?state=failed", "run": f"/runs/{done.run_id}/", "workflows": "/workflows/",
        "analytics": "/workflows/answer/analytics/?days=90", "secrets": "/secrets/",
        "connections": "/connections/", "connection": f"/connections/{Connection.objects.get().pk}/",
        "conflicts": "/connections/conflicts/", "costs": "/costs/", "costs_filtered": "/costs/?model=gpt-4o&workflow=answer",
        "calls": "/costs/calls/", "calls_failed": "/costs/calls/?state=failed", "budgets": "/costs/budgets/",
        "models": "/costs/models/", "prices": "/costs/prices/", "assistant": "/assistant/", "search": "/search/?q=refund",
        "palette": "/palette/?q=refund", "notifications": "/notifications/", "canvas": "/canvas/", "more": "/more/",
        "members": "/settings/members/", "profile": "/accounts/profile/", "settings": "/settings/",
    }  # fmt: skip


def _first(client: Any, path: str, *, explain: bool, name: str) -> tuple[int, float, float, float]:
    """One request to warm up and one that is looked at: queries, and kilobytes of page, styles and scripts after gzip."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    answer = client.get(path)
    if answer.status_code != 200:
        sys.stdout.write(f"  {name:<18} answered {answer.status_code}\n")
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(path)
    if explain:
        slowest = sorted(captured, key=lambda query: -float(query["time"]))[:3]
        for query in slowest:
            sys.stdout.write(f"    {name}: {query['time']} s  {query['sql'][:400]}\n")
    html = b"".join(answer.streaming_content) if answer.streaming else answer.content
    found = set(ASSET.findall(html.decode(errors="replace")))
    return (len(captured), _kb(html), sum(_kb(_asset(one)) for one in found if one.endswith(".css")),
            sum(_kb(_asset(one)) for one in found if one.endswith(".js")))  # fmt: skip


def _profile(client: Any, pages: dict[str, str]) -> None:
    """The functions each page spends its time in, over five requests."""
    import cProfile
    import pstats

    for name, path in pages.items():
        profile = cProfile.Profile()
        for _round in range(5):
            profile.runcall(client.get, path)
        sys.stdout.write(f"--- {name}\n")
        pstats.Stats(profile, stream=sys.stdout).sort_stats("cumulative").print_stats(45)


def _asset(url: str) -> bytes:
    from pathlib import Path

    from django.contrib.staticfiles import finders

    plain = re.sub(r"\.[0-9a-f]{12}(?=\.(?:css|js)$)", "", url.removeprefix("/static/"))
    path = finders.find(plain)
    return Path(path).read_bytes() if path else b""


def _kb(content: bytes) -> float:
    return round(len(gzip.compress(content, 9)) / 1000, 1)


def _vacuum() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


if __name__ == "__main__":
    sys.exit(main())
