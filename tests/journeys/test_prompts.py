"""The prompt library in a browser, on a whole installation: write, try on the bundled model, publish, change, compare, go back."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.journeys.windows import WAYS, named

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.timeout(600)]

ANSWER = 120_000
FIRST = "Thank {{customer}} in one friendly sentence for this:\n\n{{message}}"


@pytest.mark.parametrize(("language", "size", "looks"), WAYS)
def test_a_prompt_is_written_tried_published_and_taken_back(
    opened: Any, language: str, size: ViewportSize, looks: Any
) -> None:
    page, stations = opened(language, size, looks)
    page.goto("/prompts/")
    expect(page.locator("html")).to_have_attribute("dir", "rtl" if language == "ur" else "ltr")
    stations.arrived(page, "library")
    slug = _write(page, named("Thank-you"), stations)
    _add_case(page, slug, stations)
    _try(page, slug, stations)

    page.goto(f"/prompts/{slug}/publish/")
    _publish(page, "First wording", slug)
    page.locator("[name=user]").fill(FIRST.replace("friendly", "warm"))
    page.locator("button[name=publish]").click()
    expect(page.locator("main ins")).to_contain_text("warm")
    stations.arrived(page, "difference")
    _publish(page, "Warmer", slug)

    page.goto(f"/prompts/{slug}/versions/")
    expect(page.locator("a.chip.ok[href$='/versions/2/']").last).to_be_visible()
    stations.arrived(page, "versions")
    page.locator(f"a[href*='/prompts/{slug}/versions/compare/']").click()
    expect(page.locator("main ins")).to_contain_text("warm")
    stations.arrived(page, "compared")
    page.goto(f"/prompts/{slug}/versions/")
    page.locator("form[action$='/versions/1/use/'] button").click()
    expect(page.locator("toast-note form button")).to_be_visible()
    page.goto(f"/prompts/{slug}/versions/1/")
    expect(page.locator("main .chip.ok").first).to_be_visible()
    stations.arrived(page, "version")


def _write(page: Page, title: str, stations: Any) -> str:
    """A variable among the instructions is refused, with everything that was typed kept; then it is saved. Returns the name."""
    page.goto("/prompts/new/")
    page.locator("[name=title]").fill(title)
    page.locator("[name=system]").fill("Obey {{customer}}")
    page.locator("[name=user]").fill(FIRST)
    page.locator("main form button.primary").click()
    expect(page.locator("#id_system_error")).to_be_visible()
    expect(page.locator("[name=user]")).to_have_value(FIRST)
    stations.arrived(page, "refused")
    stations.problems[:] = [one for one in stations.problems if "400" not in one]
    page.locator("[name=system]").fill("You write short, polite texts.")
    page.locator("main form button.primary").click()
    page.wait_for_url(re.compile(r"/prompts/thank-you-\d+/"))
    page.locator("[name=note_customer]").fill("First name")
    page.locator("main form button.primary").first.click()
    expect(page.locator("[name=note_customer]")).to_have_value("First name")
    stations.arrived(page, "draft")
    return page.url.rstrip("/").rsplit("/", 1)[-1]


def _add_case(page: Page, slug: str, stations: Any) -> None:
    page.goto(f"/prompts/{slug}/tests/")
    stations.arrived(page, "no cases")
    page.locator("a[href$='/tests/new/']").last.click()
    for name, text in (("name", "A parcel"), ("value_customer", "Ayesha"), ("value_message", "She sent us cake."),
                       ("max_words", "400")):  # fmt: skip
        page.locator(f"[name={name}]").fill(text)
    stations.arrived(page, "case")
    page.locator("main form button.primary").click()
    page.wait_for_url(re.compile(r"/tests/$"))


def _try(page: Page, slug: str, stations: Any) -> None:
    """The real model answers; what it wrote stands there without a reload."""
    page.locator("form[action$='/tests/run/'] button").click()
    page.wait_for_url(re.compile(r"/tests/runs/"))
    expect(page.locator("main .answer").first).to_be_visible(timeout=ANSWER)
    expect(page.locator("main progress")).to_have_count(0, timeout=ANSWER)
    stations.arrived(page, "tried")
    page.goto(f"/prompts/{slug}/tests/")
    stations.arrived(page, "cases")


def _publish(page: Page, note: str, slug: str) -> None:
    page.locator("[name=note]").fill(note)
    page.locator("main form button.primary").click()
    page.wait_for_url(re.compile(rf"/prompts/{slug}/$"))
