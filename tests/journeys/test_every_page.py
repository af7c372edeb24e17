"""Every page and state of the list of pictures, once: a strict policy that nothing hurts, little script, and no motion where none is wanted."""

import re
from argparse import Namespace
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.conftest import Installation
from tests.journeys.stations import Stations, refusals_recorded
from tests.portal.pictures import STATES, pages_of, sign_in

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.timeout(600)]

SIZE = {"width": 1280, "height": 800}
STILL_MS = 10
MOVING = f"""document.getAnimations()
  .filter(one => one.playState === "running" && one.effect.getComputedTiming().activeDuration > {STILL_MS})
  .map(one => `${{one.animationName || one.transitionProperty}} on ${{one.effect.target.outerHTML.slice(0, 100)}}`)"""


@pytest.fixture(scope="module")
def who(product: Installation) -> Namespace:
    return Namespace(url=product.workspace, email="demo@example.com", password="echopilot-demo", only=[], also=[])


@pytest.fixture(scope="module")
def state(browser: Browser, who: Namespace) -> Any:
    return sign_in(browser, who)


@pytest.fixture
def watched(browser: Browser, who: Namespace, state: Any) -> Iterator[tuple[Page, Stations]]:
    """A window that wants no motion, and what is seen in it."""
    context = browser.new_context(
        base_url=who.url, storage_state=state, viewport=SIZE, reduced_motion="reduce", locale="en-GB"
    )
    stations = Stations(context)
    yield context.new_page(), stations
    context.close()


def test_every_page_keeps_its_policy_loads_little_script_and_stands_still(
    browser: Browser, product: Installation, who: Namespace, state: Any, watched: tuple[Page, Stations]
) -> None:
    page, stations = watched
    for entry in pages_of(browser, who, state):
        path, _blank, name = entry.partition(" ")
        page.goto(path)
        if page.title().startswith("Page not found at"):
            continue
        if name:
            STATES[name](page)
        stations.served(page, entry)
        for moving in page.evaluate(MOVING):
            stations.problems.append(f"{entry}: {moving} moves")
    stations.problems = [line for line in stations.problems if "/no-such-page/" not in line]
    stations.nothing_was_wrong()
    assert refusals_recorded(product) == []


@pytest.mark.parametrize("wish", ["of the device", "of the person"])
def test_the_canvas_draws_one_still_frame(watched: tuple[Page, Stations], wish: str) -> None:
    page, stations = watched
    if wish == "of the person":
        page.emulate_media(reduced_motion="no-preference")
        page.add_init_script("document.addEventListener('readystatechange', () => { document.documentElement.dataset.motion = 'reduced'; })")  # fmt: skip
    page.goto("/tasks/new/")
    page.locator("[name=title]").fill("A line for the door")
    page.locator("[name=body]").fill("Say in one friendly sentence that the shop opens at nine.")
    page.locator("main form button.primary").last.click()
    page.wait_for_url(re.compile(r"/tasks/[0-9a-f-]{36}/"))
    page.goto("/canvas/")
    picture = page.locator("living-canvas .picture")
    expect(picture).to_be_visible()
    page.locator("living-canvas").evaluate(
        "one => one.dispatchEvent(new CustomEvent('live:change', { detail: { flows: { '+': { succeeded: 3 } } } }))"
    )
    before = picture.inner_html()
    page.wait_for_timeout(600)
    assert picture.inner_html() == before
    assert page.locator("living-canvas .pulses > *").count() == 0
    stations.nothing_was_wrong()
