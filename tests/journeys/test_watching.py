"""Somebody asks, watches the run live in a real browser, and sees its answer: no reload, one stream, no script error."""

import json
import urllib.request
from argparse import Namespace

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.conftest import Installation
from tests.portal.pictures import sign_in

pytestmark = [pytest.mark.slow, pytest.mark.journey, pytest.mark.timeout(900)]


def streams(port: str) -> int:
    """Streams open at the events process."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/events/healthz", timeout=5) as answer:
        return int(json.load(answer)["streams"])


def ask(page: Page) -> None:
    """Send the example request in."""
    page.goto("/tasks/new/?example=1")
    page.locator("main form button.primary").first.click()
    page.wait_for_url("**/tasks/*-*/")


def test_a_run_is_watched_live_from_question_to_answer(product: Installation, browser: Browser) -> None:
    events, url = product.settings()["EVENTS_PORT"], product.workspace
    who = Namespace(url=url, email="demo@example.com", password="echopilot-demo")
    state = sign_in(browser, who)
    context = browser.new_context(base_url=url, storage_state=state, viewport={"width": 1280, "height": 900})
    problems: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda note: problems.append(note.text) if note.type == "error" else None)

    ask(page)
    page.get_by_role("link", name="See the run").click()
    page.wait_for_url("**/runs/*/")
    page.evaluate("window.stayed = true")
    expect(page.locator("live-events[streaming]")).to_have_count(1, timeout=15_000)
    product.wait_for(lambda: streams(events) == 1, within_s=20)
    expect(page.locator(".lead")).to_contain_text("scored", timeout=240_000)
    expect(page.locator(".trace-list > li")).not_to_have_count(0)
    assert page.evaluate("window.stayed") is True

    page.locator(".trace-list a", has_text="Write the answer").first.click()
    expect(page.locator("#step h2")).to_have_text("Write the answer")
    expect(page.locator("#step .json").first).to_be_visible()

    other = context.new_page()
    other.goto("/canvas/")
    expect(other.locator(".picture svg.wide .strands path").first).to_be_attached()
    page.close()
    other.close()
    context.close()
    assert problems == []
    product.wait_for(lambda: streams(events) == 0, within_s=20)
