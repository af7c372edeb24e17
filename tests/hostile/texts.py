"""``python -m tests.hostile.texts``: goal S1, texts. Hostile texts in every text column; a browser looks at every page.

Nothing may run, ask for anything or become markup, and the content policy may have nothing to refuse. That the texts were really
there is measured too: what a page shows carries the column's tag and the payload's number.
"""

import argparse
import logging
import os
import re
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.bench.report import Target, record
from tests.bench.setting import FOLDER, setting
from tests.hostile.payloads import PAYLOADS

HOST, PLATFORM = "globex.localhost", "localhost"
ROUNDS, TASKS = 40, 130
TARGETS = {"payloads": Target(at_least=120), "executions": Target(at_most=0), "policy_reports": Target(at_most=0), "holes": Target(at_most=0),
           "broken_pages": Target(at_most=0), "pages": Target(at_least=80), "columns_seen": Target(at_least=60),
           "payloads_seen": Target(at_least=120)}  # fmt: skip
# Signing out would end the walk; files and streams are no pages.
LEFT_OUT = re.compile(r"/logout/|/static/|/media/|/events|/export|\.csv|/language|/probe|/switch")
QUERIES = ("/search/?q={}", "/tasks/?q={}&state={}&client={}", "/workflows/?q={}", "/workflows/runs/?q={}&workflow={}&state={}", "/no-such-page/{}",
           "/assistant/?q={}", "/accounts/login/?next={}", "/workflows/approvals/?q={}")  # fmt: skip
WATCH = """window.__refused = [];
document.addEventListener('securitypolicyviolation', e => window.__refused.push(`${e.violatedDirective} ${e.blockedURI} ${e.sample} ${e.sourceFile}:${e.lineNumber}`));"""
# What stands on a page that none of the product's templates writes, and which of the planted texts are there as text.
LOOK = r"""() => {
  const holes = [], texts = [document.documentElement.textContent, document.title];
  for (const one of document.querySelectorAll("*")) {
    if (one.localName === "x-hole" || one.localName === "xss" || one.hasAttribute("x-hole")) holes.push(one.outerHTML.slice(0, 160));
    if ("value" in one && typeof one.value === "string") texts.push(one.value);
    for (const { name, value } of one.attributes) {
      texts.push(value);
      if (/^(on|hx-on|x-init)/.test(name) && /__x\(|__canary/.test(value)) holes.push(`${name}=${value}`.slice(0, 160));
      if (/^(href|src|action|formaction|data|xlink:href|srcdoc|poster|hx-get|hx-post|srcset|background)$/.test(name)
          && /^[\s\x00-\x20]*(javascript|vbscript|data:text)/i.test(value)) holes.push(`${name}=${value}`.slice(0, 160));
      if (name === "style" && /__canary|__x\(/.test(value)) holes.push(`style=${value}`.slice(0, 160));
    }
    if (one.localName === "script" && !/json|speculationrules/.test(one.type) && /__x\(|__canary/.test(one.textContent + one.src)) holes.push(one.outerHTML.slice(0, 160));
    if (one.localName === "iframe" || one.localName === "base" || one.localName === "object") holes.push(one.outerHTML.slice(0, 160));
  }
  const all = texts.join("\n"), pick = expression => [...new Set([...all.matchAll(expression)].map(m => Number(m[1])))];
  return { holes, refused: window.__refused.splice(0), columns: pick(/\bf(\d+)~/g), payloads: pick(/(?:__x\(|__canary\/)(\d+)/g),
           pairs: [...new Set([...all.matchAll(/\bf(\d+)~[^~]{0,90}?(?:__x\(|__canary\/)(\d+)/g)].map(m => `${m[1]} ${m[2]}`))] };
}"""


@dataclass
class Seen:
    """What happened in the browser, and what was there to happen."""

    executions: int = 0
    reports: int = 0
    holes: int = 0
    broken: set[str] = field(default_factory=set)
    pages: set[str] = field(default_factory=set)
    columns: set[int] = field(default_factory=set)
    payloads: set[int] = field(default_factory=set)
    pairs: set[str] = field(default_factory=set)
    loads: int = 0
    problems: list[str] = field(default_factory=list)
    where: str = ""
    raised: str = ""

    def crashed(self, **_signal: object) -> None:
        """A view raised; said in the server's thread."""
        error = sys.exc_info()[1]
        way = [one for one in traceback.extract_tb(sys.exc_info()[2]) if "/apps/" in one.filename]
        self.raised = (
            f"{type(error).__name__} {str(error)[:150]} at {way[-1].filename.rpartition('/')[2]}:{way[-1].lineno}"
            if way
            else ""
        )

    def executed(self, what: object) -> None:
        """Something of ours ran or was asked for."""
        self.executions += 1
        self.problems.append(f"{self.where}: executed {str(what)[:120]}")

    def reported(self, what: str) -> None:
        """The content policy had to refuse something."""
        self.reports += 1
        self.problems.append(f"{self.where}: policy {what[:200]}")


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="Two rounds.")
    parser.add_argument(
        "--rounds", type=int, default=ROUNDS, help="Each round puts further payloads into every column."
    )
    parser.add_argument("--to", default="", help="Folder for the record instead of docs/measurements.")
    options = parser.parse_args()
    with setting(postgres_settings={"fsync": "off"}, folder=FOLDER.parent / "hostile"):
        logging.disable(logging.CRITICAL)
        figures, problems = measure(rounds=2 if options.short else options.rounds)
    for line in problems:
        sys.stdout.write(f"  {line}\n")
    more = {"folder": Path(options.to)} if options.to else {}
    return 0 if record(goal="S1-texts", figures=figures, targets=TARGETS, **more) else 1


def measure(*, rounds: int, stride: int = 1, back_office: bool = True) -> tuple[dict[str, Any], list[str]]:
    """Figures, and what is wrong in words. Everything is committed: the database is to be thrown away afterwards."""
    from django.core.signals import got_request_exception

    from apps.tenants.facade import forget_cached_tenants
    from tests import transactions
    from tests.hostile import planting

    began, seen = time.monotonic(), Seen()
    victim, staff = _workspace()
    with transactions.entered("globex"):
        empty = planting.fill_empty_tables()
        found = planting.columns()
    addresses = _addresses(victim)
    admin = _back_office_addresses() if back_office else []
    got_request_exception.connect(seen.crashed)
    with _server() as port, _browser() as browser:
        pages = {
            HOST: _page(browser, HOST, port, "outsider@globex.example", seen),
            PLATFORM: _page(browser, PLATFORM, port, staff, seen),
        }
        for number in range(rounds):
            _forget()
            forget_cached_tenants()
            with transactions.entered("globex"):
                planting.plant(found)
            for address in (*addresses[::stride], *_queries(number)):
                _visit(pages[HOST], address, seen)
            _open_parts(pages[HOST], number, victim, seen)
            for address in admin if number % 8 == 0 else ():
                _visit(pages[PLATFORM], address, seen)
    planted = [column for column in found if column.planted]
    figures = {"payloads": len(PAYLOADS), "columns": len(found), "columns_planted": len(planted), "columns_seen": len(seen.columns),
               "pairs": sum(len(column.planted) for column in found), "pairs_of": len(found) * len(PAYLOADS), "pairs_seen": len(seen.pairs), "payloads_seen": len(seen.payloads),
               "tables_without_a_row": len(empty), "pages": len(seen.pages), "page_loads": seen.loads, "executions": seen.executions,
               "policy_reports": seen.reports, "holes": seen.holes, "broken_pages": len(seen.broken), "rounds": rounds,
               "seconds": round(time.monotonic() - began, 1)}  # fmt: skip
    notes = [f"not shown on any page: {', '.join(column.name for column in planted if column.number not in seen.columns)}",
             f"never planted: {', '.join(f'{column.name} ({column.refused})' for column in found if not column.planted)}",
             f"tables without a row: {', '.join(empty)}"]  # fmt: skip
    if os.environ.get("HOSTILE_NOTES"):
        seen.problems += notes
    return figures, [*sorted(seen.broken)[:20], *seen.problems[: 40 + len(notes)]]


def _workspace() -> tuple[Any, str]:
    """Globex with one of everything and a past of tasks and runs in every state; somebody of the platform's staff."""
    from apps.accounts.models import User
    from apps.tasks import facade as tasks
    from apps.workflows.builder import drafts
    from tests import transactions
    from tests.bench.portal_seed import seed
    from tests.isolation.routes import make_victim

    owner = User.objects.get(email="outsider@globex.example")
    staff = User.objects.create_superuser("staff@platform.example")
    with transactions.entered("globex"):
        tasks.ensure_defaults()
        seed(tasks=TASKS, user_id=owner.pk)
    victim = make_victim(owner)
    with transactions.entered("globex"):
        drafts.get_draft(slug=victim.workflow, actor_id=owner.pk)
    return victim, staff.email


def _addresses(victim: Any) -> list[str]:
    """Every address of a workspace that answers its owner with a page."""
    from apps.accounts.models import User
    from apps.tasks.models import Task
    from apps.workflows.models import Run
    from tests import transactions
    from tests.isolation.routes import DECLARED, routes

    found = []
    for route in routes():
        ids = DECLARED[route.name](victim) if route.parameters else {}
        found.append(route.path({name: pair[0] for name, pair in ids.items()}))
    with transactions.entered("globex"):
        for model, name in ((Task, "tasks:task_detail"), (Run, "workflows:run_detail")):
            states = model.objects.order_by("state").distinct("state").values_list("pk", flat=True)
            found += [_path(name, one) for one in states]
    found += [
        _path(f"connections:{name}", connector)
        for name in ("catalogue_detail", "connection_create")
        for connector in ("http", "slack", "notion")
    ]
    client = _client(User.objects.get(email="outsider@globex.example"), HOST)
    return [one for one in dict.fromkeys(found) if not LEFT_OUT.search(one) and _is_page(client, one)]


def _back_office_addresses() -> list[str]:
    """The list and one record of each table staff look after."""
    from django.contrib import admin
    from django.urls import NoReverseMatch, reverse

    found = ["/admin/"]
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        try:
            found.append(reverse(f"{name}_changelist", urlconf="echopilot.urls_public"))
            row = model._base_manager.values_list("pk", flat=True).first()
            found += [reverse(f"{name}_change", args=[row], urlconf="echopilot.urls_public")] if row is not None else []
        except NoReverseMatch:
            continue
    return found


def _path(name: str, *arguments: object) -> str:
    from django.urls import reverse

    return reverse(name, args=arguments, urlconf="echopilot.urls_tenant")


def _is_page(client: Any, address: str) -> bool:
    answer = client.get(address, headers={"Accept": "text/html"})
    return answer.status_code == 200 and answer.headers.get("Content-Type", "").startswith("text/html")


def _client(person: Any, host: str) -> Any:
    from django.test import Client

    client = Client(SERVER_NAME=host, raise_request_exception=False)
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def _queries(number: int) -> Iterator[str]:
    """Payloads in the address itself, a few in each round; a null character cannot be stored but can be asked for."""
    for place, form in enumerate(QUERIES):
        payload = PAYLOADS[(number * len(QUERIES) + place * 17) % len(PAYLOADS)]
        yield form.replace("{}", quote(payload if place % 4 else "\0" + payload, safe=""))


@contextmanager
def _server() -> Iterator[int]:
    """The product over HTTP, in a thread of this process."""
    from django.contrib.staticfiles.handlers import StaticFilesHandler
    from django.test.testcases import LiveServerThread
    from django.test.utils import override_settings

    with override_settings(ALLOWED_HOSTS=["*"]):
        thread = LiveServerThread("127.0.0.1", StaticFilesHandler)
        thread.daemon = True
        thread.start()
        thread.is_ready.wait()
        if thread.error:
            raise thread.error
        try:
            yield thread.port
        finally:
            thread.terminate()


@contextmanager
def _browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    from tests.portal.pictures import CHROMIUM, CHROMIUM_FLAGS

    # Playwright keeps an event loop in this thread; the database calls are synchronous all the same.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


def _page(browser: Any, host: str, port: int, email: str, seen: Seen) -> Any:
    """A signed-in page that tells of everything that runs."""
    from django.conf import settings

    from apps.accounts.models import User

    context = browser.new_context(base_url=f"http://{host}:{port}", service_workers="block", reduced_motion="reduce")
    cookie = _client(User.objects.get(email=email), host).cookies[settings.SESSION_COOKIE_NAME]
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "domain": host, "path": "/"}])
    context.expose_function("__x", lambda *what: seen.executed(f"__x{what}"))
    context.add_init_script(WATCH)
    context.on("request", lambda one: seen.executed(one.url) if "/__canary" in one.url else None)
    context.on("console", lambda one: seen.reported(one.text) if "Content Security Policy" in one.text else None)
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.on("dialog", lambda one: (seen.executed(f"dialog {one.message}"), one.dismiss()))
    return page


def _visit(page: Any, address: str, seen: Seen) -> None:
    """Look at one page."""
    from playwright.sync_api import Error

    seen.where, seen.loads = address[:120], seen.loads + 1
    try:
        answer = page.goto(address, wait_until="load")
    except Error as error:
        seen.broken.add(f"{seen.where}: {str(error).split(chr(10))[0][:150]}")
        return
    if answer is None or answer.status >= 500 or answer.status == 429:
        seen.broken.add(f"{seen.where}: answers {answer and answer.status} {seen.raised}")
        return
    _inspect(page, seen)
    if "q=" not in address:
        seen.pages.add(address)


def _inspect(page: Any, seen: Seen) -> None:
    """Count what is wrong on the page as it stands, and what of the texts is there."""
    found = page.evaluate(LOOK)
    for refused in found["refused"]:
        seen.reported(refused)
    seen.holes += len(found["holes"])
    seen.problems += [f"{seen.where}: markup of a text: {hole}" for hole in found["holes"]]
    seen.columns |= set(found["columns"])
    seen.payloads |= set(found["payloads"])
    seen.pairs |= set(found["pairs"])


def _open_parts(page: Any, number: int, victim: Any, seen: Seen) -> None:
    """What opens only when somebody asks: the palette with a payload, popovers, the builder's canvas with each step."""
    _visit(page, "/", seen)
    seen.where = "palette"
    palette = page.locator("#palette input")
    if not palette.count():  # the page is broken, which is counted
        return
    page.keyboard.press("Control+k")
    palette.fill((PAYLOADS[number % len(PAYLOADS)] + " f1")[:200] if number % 2 else "f")
    page.wait_for_timeout(600)
    _inspect(page, seen)
    page.keyboard.press("Escape")
    seen.where = "popovers"
    page.evaluate("document.querySelectorAll('[popover]').forEach(one => one.showPopover?.())")
    page.wait_for_timeout(300)
    _inspect(page, seen)
    builder = _path("workflows:builder", victim.workflow)
    for step in ("ask", "choose", "mail", "say"):
        _visit(page, f"{builder}?step={step}", seen)
    page.wait_for_timeout(500)
    _inspect(page, seen)


def _forget() -> None:
    """Rate limits and everything cached."""
    from django.core.cache import caches

    for name in ("default",):
        caches[name].clear()


if __name__ == "__main__":
    sys.exit(main())
