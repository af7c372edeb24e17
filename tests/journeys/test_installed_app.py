"""The portal as an app in a real browser: without a network, with a message, after sign-out."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.journeys.conftest import Installation

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.timeout(600)]

KEPT = "caches.keys().then(names => Promise.all(names.map(name => caches.open(name).then(cache => cache.keys()))))"
ADDRESSES = f"{KEPT}.then(lists => lists.flat().map(request => new URL(request.url).pathname))"


@pytest.fixture
def address(product: Installation) -> str:
    """A workspace's address."""
    return product.workspace


@pytest.fixture
def context(browser: Browser, address: str) -> Iterator[BrowserContext]:
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, base_url=address, permissions=["notifications"]
    )
    context.set_default_timeout(20_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """Signed in, with the worker in charge."""
    page = context.new_page()
    page.goto("/accounts/login/?next=/")
    page.evaluate("document.querySelectorAll('main details').forEach(part => { part.open = true; })")
    form = page.locator("main form:has(input[type=password])").first
    form.locator("input[type=email]").fill("demo@example.com")
    form.locator("input[type=password]").fill("echopilot-demo")
    form.locator("button[type=submit], button:not([type])").last.click()
    page.wait_for_url(lambda url: "/accounts/" not in url)
    page.evaluate("navigator.serviceWorker.ready.then(() => 1)")
    page.goto("/tasks/")
    page.wait_for_function("navigator.serviceWorker.controller !== null")
    return page


def test_without_a_network_a_page_says_when_it_was_last_reached_and_shows_nothing_of_the_workspace(
    context: BrowserContext, page: Page
) -> None:
    page.goto("/tasks/")
    page.wait_for_timeout(500)
    context.set_offline(True)
    answer = page.goto("/costs/")
    assert answer is not None
    assert answer.from_service_worker
    expect(page.get_by_role("heading", level=1)).to_contain_text("no network")
    expect(page.locator("[data-age] time")).not_to_be_empty()
    assert page.evaluate("document.styleSheets.length") >= 3
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != "rgba(0, 0, 0, 0)"
    kept = page.evaluate(ADDRESSES)
    assert [one for one in kept if not one.startswith(("/static/", "/offline/"))] == []
    context.set_offline(False)  # the page tries again by itself
    expect(page.get_by_role("heading", level=1)).not_to_contain_text("no network")


def test_a_message_becomes_a_notification_with_its_words_and_its_way(
    context: BrowserContext, page: Page, address: str
) -> None:
    session = context.new_cdp_session(page)
    registrations: list[dict[str, str]] = []
    session.on("ServiceWorker.workerRegistrationUpdated", lambda event: registrations.extend(event["registrations"]))
    session.send("ServiceWorker.enable")
    page.wait_for_timeout(500)
    said = {"title": "EchoPilot", "body": "A review waits for you.", "tag": "review", "url": "/tasks/inbox/"}
    session.send("ServiceWorker.deliverPushMessage", {"origin": address, "registrationId": registrations[0]["registrationId"], "data": json.dumps(said)})  # fmt: skip
    page.wait_for_timeout(1000)
    shown = page.evaluate(
        "navigator.serviceWorker.ready.then(one => one.getNotifications()).then(all => all.map(n => [n.title, n.body, n.tag, n.data.url]))"
    )
    assert shown == [["EchoPilot", "A review waits for you.", "review", "/tasks/inbox/"]]


def test_after_signing_out_nothing_is_left_in_the_browser(context: BrowserContext, page: Page) -> None:
    page.evaluate(
        """() => { const form = document.querySelector('form[action="/accounts/logout/"]'); form.requestSubmit(); }"""
    )
    expect(page).to_have_url(re.compile("/accounts/login/"))
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert "/offline/last" not in page.evaluate(ADDRESSES)


def test_pages_report_no_refused_content_and_load_little_script(page: Page) -> None:
    refused: list[str] = []
    sizes: list[int] = []
    page.on("console", lambda message: refused.append(message.text) if "Content Security" in message.text else None)
    page.on("response", lambda response: sizes.append(len(response.body())) if response.url.split("?")[0].endswith(".js") and response.ok else None)  # fmt: skip
    page.goto("/app/")
    page.wait_for_load_state("networkidle")
    assert refused == []
    expect(page.get_by_role("heading", level=1)).to_be_visible()
