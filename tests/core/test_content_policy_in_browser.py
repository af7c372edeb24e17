"""A real browser finds nothing to refuse: portal, sign-in, error pages and back office work under their policies."""

import os
import shutil
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = shutil.which("chromium") or ""
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
WATCH = """
window.refused = [];
document.addEventListener('securitypolicyviolation', event =>
    window.refused.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sourceFile}:${event.lineNumber} ${event.sample}`));
"""
PORTAL = ["/", "/tasks/", "/tasks/new/", "/accounts/2fa/", "/accounts/email/", "/accounts/sessions/", "/nothing-here"]
BACK_OFFICE = ["/admin/", "/admin/accounts/user/", "/admin/accounts/user/add/", "/admin/nothing/"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="chromium is not installed: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # Playwright keeps an event loop in this thread; the database calls of the tests are synchronous all the same.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def open_page(browser, live_server):
    """A page of one host, signed in as a person or not, that notes every refusal of the policy and every script error."""
    contexts = []

    def open_as(person, *, host) -> Page:
        context = browser.new_context(base_url=live_server.url.replace("localhost", host))
        contexts.append(context)
        if person is not None:
            client = Client(SERVER_NAME=host)
            client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
            cookie = client.cookies[settings.SESSION_COOKIE_NAME]
            context.add_cookies([{"name": cookie.key, "value": cookie.value, "domain": host, "path": "/"}])
        page = context.new_page()
        page.add_init_script(WATCH)
        page.errors = []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on(
            "console", lambda line: page.errors.append(line.text) if "Content Security Policy" in line.text else None
        )
        return page

    yield open_as
    for context in contexts:
        context.close()


def visit(page: Page, path: str) -> list[str]:
    page.errors.clear()
    page.goto(path, wait_until="load")
    page.wait_for_timeout(300)
    return [f"{path}: {problem}" for problem in (*page.evaluate("window.refused"), *page.errors)]


@pytest.mark.django_db(transaction=True)
def test_the_portal_works_under_the_strict_policy(open_page, user):
    page = open_page(user, host="acme.localhost")
    assert [problem for path in PORTAL for problem in visit(page, path)] == []
    visitor = open_page(None, host="acme.localhost")
    assert [problem for path in ("/accounts/login/", "/accounts/signup/") for problem in visit(visitor, path)] == []


@pytest.mark.django_db(transaction=True)
def test_the_back_office_works_under_its_own_policy(open_page, staff):
    page = open_page(staff, host="localhost")
    assert [problem for path in BACK_OFFICE for problem in visit(page, path)] == []
    page.goto("/admin/")
    assert page.locator("nav, aside").first.is_visible()


@pytest.mark.django_db(transaction=True)
def test_the_policy_refuses_what_an_attacker_would_inject(open_page, user):
    page = open_page(user, host="acme.localhost")
    page.goto("/nothing-here")
    page.evaluate("""() => {
        const image = document.createElement('img');
        image.setAttribute('onerror', 'window.injected = 1');
        image.setAttribute('src', 'data:,');
        document.body.append(image);
        const script = document.createElement('script');
        script.textContent = 'window.injected = 2';
        document.body.append(script);
        const away = document.createElement('script');
        away.src = 'https://example.com/x.js';
        document.body.append(away);
    }""")
    page.wait_for_function("window.refused.length >= 3")
    assert page.evaluate("window.injected") is None
