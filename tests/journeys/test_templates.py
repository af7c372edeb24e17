"""A template in a browser, on a whole installation: read what it would touch, install, publish, run it by hand."""

import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from tests.journeys.conftest import Installation
from tests.journeys.stations import Stations, refusals_recorded
from tests.portal.pictures import sign_in

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.xdist_group("product")]

NARROW, PHONE = ViewportSize(width=320, height=720), ViewportSize(width=380, height=820)
DESKTOP = ViewportSize(width=1280, height=900)
WAYS = (
    pytest.param("en", DESKTOP, ((DESKTOP, "light"), (NARROW, "dark")), id="english-desktop"),
    pytest.param("ur", PHONE, ((PHONE, "dark"), (NARROW, "light"), (DESKTOP, "dark")), id="urdu-phone"),
)
RISKY = ("failed-build", "newsletter-from-feed", "health-check")


@pytest.fixture(scope="module")
def state(browser: Browser, product: Installation) -> Any:
    return sign_in(browser, SimpleNamespace(url=product.workspace, email="demo@example.com", password="echopilot-demo"))


@pytest.fixture
def opened(browser: Browser, product: Installation, state: Any) -> Iterator[Any]:
    """Opens a watched window in a language, size and looks; whatever was wrong in it fails the test."""
    made: list[tuple[BrowserContext, Stations]] = []

    def open_window(language: str, size: ViewportSize, looks: Any) -> tuple[Page, Stations]:
        context = browser.new_context(
            base_url=product.workspace, storage_state=state, viewport=size, has_touch=size is PHONE,
            locale="ur-PK" if language == "ur" else "en-GB",
        )  # fmt: skip
        context.add_cookies([{"name": "django_language", "value": language, "url": product.workspace}])
        context.set_default_timeout(20_000)
        stations = Stations(context, looks=looks)
        made.append((context, stations))
        return context.new_page(), stations

    yield open_window
    for context, stations in made:
        context.close()
        stations.nothing_was_wrong()
    assert refusals_recorded(product) == []


@pytest.mark.parametrize(("language", "size", "looks"), WAYS)
def test_a_template_is_read_installed_and_run(opened: Any, language: str, size: ViewportSize, looks: Any) -> None:
    page, stations = opened(language, size, looks)
    page.goto("/workflows/templates/?category=people")
    expect(page.locator("html")).to_have_attribute("dir", "rtl" if language == "ur" else "ltr")
    stations.arrived(page, "gallery")
    page.locator("a[href$='/templates/absence-request/']").click()
    expect(page.locator("#risk .facts dt")).to_have_count(6)
    expect(page.locator("#rehearsal .rehearsal li")).to_have_count(2)
    expect(page.locator("#rehearsal")).to_contain_text("Ana is away")
    stations.arrived(page, "template")
    _install(page, stations)
    slug = page.url.split("/workflows/")[1].split("/")[0]
    _publish(page, slug, stations)
    _run(page, slug, stations)


def _install(page: Page, stations: Stations) -> None:
    """A name of its own; every setting keeps its default."""
    page.locator("#install [name=name]").fill(f"Absence {time.time_ns() // 1_000_000}")
    page.locator("#install button.primary").click()
    page.wait_for_url("**/edit/*")
    stations.arrived(page, "draft")


def _publish(page: Page, slug: str, stations: Stations) -> None:
    page.goto(f"/workflows/{slug}/publish/")
    stations.arrived(page, "publish")
    page.locator("main form button.primary").click()
    page.wait_for_url(f"**/workflows/{slug}/")


def _run(page: Page, slug: str, stations: Stations) -> None:
    """By hand: a date that is none is refused with its field and what was typed; then the run waits for a person."""
    page.goto(f"/workflows/{slug}/run/")
    page.locator("[name='inputs.who']").fill("Bilal Khan")
    for field, day in (("from", "soon"), ("to", "2027-07-14")):
        page.locator(f"[name='inputs.{field}']").fill(day)
    page.locator("main form button.primary").click()
    expect(page.locator(".notice.bad[data-focus]")).to_contain_text("inputs.from")
    expect(page.locator("[name='inputs.who']")).to_have_value("Bilal Khan")
    stations.arrived(page, "refused")
    _refused_on_purpose(stations)
    page.locator("[name='inputs.from']").fill("2027-07-01")
    page.locator("main form button.primary").click()
    page.wait_for_url("**/runs/**")


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
