"""A template in a browser, on a whole installation: read what it would touch, install, publish, run it by hand, approve, see what it made."""

from typing import Any

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.journeys.stations import Stations
from tests.journeys.windows import WAYS, install, named, publish, start

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.timeout(600)]

ANSWER = 60_000
RISKY = ("failed-build", "newsletter-from-feed", "health-check")


@pytest.mark.parametrize(("language", "size", "looks"), WAYS)
def test_a_template_is_read_installed_run_and_approved(
    opened: Any, language: str, size: ViewportSize, looks: Any
) -> None:
    page, stations = opened(language, size, looks)
    page.goto("/workflows/templates/?category=operations")
    expect(page.locator("html")).to_have_attribute("dir", "rtl" if language == "ur" else "ltr")
    stations.arrived(page, "gallery")
    page.locator("a[href$='/templates/approve-purchase/']").click()
    expect(page.locator("#risk .facts dt")).to_have_count(6)
    expect(page.locator("#rehearsal .rehearsal li")).to_have_count(3)
    expect(page.locator("#rehearsal")).to_contain_text("Two monitors")
    stations.arrived(page, "template")
    name = named("Purchase")
    slug = install(page, "approve-purchase", name=name)
    stations.arrived(page, "draft")
    page.goto(f"/workflows/{slug}/publish/")
    stations.arrived(page, "publish")
    publish(page, slug)
    _refused(page, slug, stations)
    run = start(page, slug, what=f"Chair for {name}", amount="120", why="A second room")
    _approve(page, stations, name)
    page.goto(run)
    expect(page.locator(".trace-list li.done")).to_have_count(3, timeout=ANSWER)
    stations.arrived(page, "run")
    page.goto("/tasks/")
    page.locator("main a", has_text=f"Order: Chair for {name}").first.click()
    expect(page.locator("main")).to_contain_text("A second room")
    stations.arrived(page, "task")


def _refused(page: Page, slug: str, stations: Stations) -> None:
    """An amount that is none is refused with its field and what was typed."""
    page.goto(f"/workflows/{slug}/run/")
    for field, text in (("what", "Chair"), ("amount", "much"), ("why", "A second room")):
        page.locator(f"[name='inputs.{field}']").fill(text)
    page.locator("main form button.primary").last.click()
    expect(page.locator(".notice.bad[data-focus]")).to_contain_text("inputs.amount")
    expect(page.locator("[name='inputs.what']")).to_have_value("Chair")
    stations.arrived(page, "refused")
    _refused_on_purpose(stations)


def _approve(page: Page, stations: Stations, name: str) -> None:
    """In the inbox, with the one tap it offers; what was decided leaves it."""
    page.goto("/tasks/inbox/")
    line = page.locator("li.inbox-item", has_text=name)
    expect(line).to_have_count(1, timeout=ANSWER)
    stations.arrived(page, "inbox")
    line.locator("button.primary").click()
    expect(page.locator("toast-note form button")).to_be_visible()
    stations.arrived(page, "approved")
    expect(line).to_have_count(0, timeout=ANSWER)


@pytest.mark.parametrize(("language", "size", "looks"), WAYS)
def test_reports_of_risky_templates_are_readable(opened: Any, language: str, size: ViewportSize, looks: Any) -> None:
    page, stations = opened(language, size, looks)
    for slug in RISKY:
        page.goto(f"/workflows/templates/{slug}/")
        expect(page.locator("#risk .acts .chip").first).to_be_visible()
        assert "C" in page.locator("#risk .acts .chip").all_inner_texts()
        stations.arrived(page, slug)
    page.goto("/workflows/templates/newsletter-from-feed/")
    page.locator("#install [name=p_feed]").fill("https://")
    page.locator("#install [name=p_to]").fill("list@example.com")
    page.locator("#install").evaluate("form => { form.noValidate = true; form.requestSubmit(); }")
    expect(page.locator("#install [aria-invalid=true]")).to_have_attribute("name", "p_feed")
    expect(page.locator("#install [name=p_to]")).to_have_value("list@example.com")
    stations.arrived(page, "form refused")
    _refused_on_purpose(stations)


def _refused_on_purpose(stations: Stations) -> None:
    """The browser's own note that a form was answered with 400 is no mistake of the page."""
    stations.problems[:] = [one for one in stations.problems if "status of 400" not in one]
