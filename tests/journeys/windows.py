"""Windows of a signed-in person, each watched from its first byte, and what several journeys do in them."""

import time
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

from tests.journeys.conftest import Installation
from tests.journeys.stations import Stations, refusals_recorded
from tests.portal.pictures import TOUCH_BELOW, forget_language

NARROW, PHONE = ViewportSize(width=320, height=720), ViewportSize(width=380, height=820)
DESKTOP = ViewportSize(width=1280, height=900)
WAYS = (
    pytest.param("en", DESKTOP, ((DESKTOP, "light"), (NARROW, "dark")), id="english-desktop"),
    pytest.param("ur", PHONE, ((PHONE, "dark"), (NARROW, "light"), (DESKTOP, "dark")), id="urdu-phone"),
)


class Windows:
    """Opens windows; ``close`` fails with everything that was wrong in any of them."""

    def __init__(self, browser: Browser, product: Installation, state: Any) -> None:
        self._browser, self._product, self._state = browser, product, state
        self._made: list[tuple[BrowserContext, Stations]] = []

    def open(
        self, language: str, size: ViewportSize, looks: Any, *, known: bool = True, is_mobile: bool = False
    ) -> tuple[Page, Stations]:
        """A window in a language, size and looks; of somebody who is not signed in unless ``known``."""
        context = self._browser.new_context(
            base_url=self._product.workspace, storage_state=self._state if known else None, viewport=size,
            has_touch=size["width"] < TOUCH_BELOW, is_mobile=is_mobile, locale="ur-PK" if language == "ur" else "en-GB",
        )  # fmt: skip
        context.set_default_timeout(20_000)
        stations = Stations(context, looks=looks)
        self._made.append((context, stations))
        page = context.new_page()
        if known:
            forget_language(page)
        context.add_cookies([{"name": "django_language", "value": language, "url": self._product.workspace}])
        return page, stations

    def close(self) -> None:
        """Close all of them, then look at what they kept."""
        for context, _stations in self._made:
            context.close()
        for _context, stations in self._made:
            stations.nothing_was_wrong()
        assert refusals_recorded(self._product) == []


def named(word: str) -> str:
    """A name nothing else in the installation has."""
    return f"{word} {time.time_ns() // 1_000_000}"


def install(page: Page, template: str, *, name: str) -> str:
    """Install a template with every setting as proposed; the builder shows its draft then. Returns its slug."""
    page.goto(f"/workflows/templates/{template}/")
    page.locator("#install [name=name]").fill(name)
    page.locator("#install button.primary").click()
    page.wait_for_url("**/edit/*")
    return page.url.split("/workflows/")[1].split("/")[0]


def publish(page: Page, slug: str) -> None:
    """Publish what stands in the draft."""
    page.goto(f"/workflows/{slug}/publish/")
    page.locator("main form:has(#note) button.primary").click()
    page.wait_for_url(f"**/workflows/{slug}/")


def start(page: Page, slug: str, **inputs: str) -> str:
    """Start a run by hand. Returns its address."""
    page.goto(f"/workflows/{slug}/run/")
    for name, text in inputs.items():
        page.locator(f"[name='inputs.{name}']").fill(text)
    page.locator("main form button.primary").last.click()
    page.wait_for_url("**/runs/**")
    return page.url
