"""The frame of the portal with the keyboard alone, in a browser, on a whole installation: go, find, do, read, change looks."""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.conftest import Installation
from tests.portal.pictures import sign_in

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def state(browser: Browser, product: Installation) -> object:
    return sign_in(browser, SimpleNamespace(url=product.workspace, email="demo@example.com", password="echopilot-demo"))


@pytest.fixture
def page(browser: Browser, product: Installation, state: object) -> Iterator[Page]:
    """Signed in, on Home; a script error or a refusal of the content policy fails the test."""
    context = browser.new_context(
        base_url=product.workspace, storage_state=state, viewport={"width": 1280, "height": 900}
    )
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda note: wrong.append(note.text) if note.type == "error" else None)
    page.goto("/")
    yield page
    context.close()
    assert wrong == []


def ask(page: Page, text: str) -> None:
    """Open the palette with the keyboard and type."""
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_visible()
    page.keyboard.type(text)


def test_palette_finds_a_page_and_enter_opens_it(page: Page) -> None:
    ask(page, "usage")
    option = page.get_by_role("option", name="Usage and costs")
    expect(option).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("combobox")).to_have_attribute("aria-activedescendant", option.get_attribute("id") or "-")
    page.keyboard.press("Enter")
    page.wait_for_url("**/costs/")


def test_palette_takes_what_the_whole_words_find_when_enter_comes_at_once(page: Page) -> None:
    ask(page, "tasks")
    expect(page.get_by_role("option").first).to_contain_text("Tasks")
    page.keyboard.press("Control+a")
    page.keyboard.type("usage")
    page.keyboard.press("Enter")
    page.wait_for_url("**/costs/")


def test_palette_does_things_and_the_look_stays(page: Page) -> None:
    for wish in ("dark", "device"):
        ask(page, f"> {wish}")
        expect(page.locator("#palette [role=option]")).to_have_count(1)
        with page.expect_navigation():
            page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-theme", "system")


def test_single_keys_go_walk_and_help_and_can_be_switched_off(page: Page) -> None:
    page.keyboard.press("g")
    page.keyboard.press("t")
    page.wait_for_url("**/tasks/")
    page.keyboard.press("Shift+?")
    help_dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(help_dialog).to_be_visible()
    expect(help_dialog.get_by_role("heading")).to_be_focused()
    switch = page.get_by_role("switch", name="Single-key shortcuts")
    with page.expect_response("**/accounts/preferences/"):
        switch.uncheck()
    page.reload()
    page.keyboard.press("Shift+?")
    expect(help_dialog).to_be_hidden()
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_visible()
    page.keyboard.press("Escape")
    page.locator("[popovertarget=account]:visible").click()
    page.get_by_role("button", name="Keyboard shortcuts").click()
    with page.expect_response("**/accounts/preferences/"):
        switch.check()


def test_theme_changes_at_once_without_a_new_page(page: Page) -> None:
    page.locator("[popovertarget=account]:visible").click()
    for theme in ("Dark", "Device"):
        with page.expect_response("**/accounts/preferences/") as answer:
            page.locator("#account").get_by_role("button", name=theme).click()
        assert answer.value.status == 204
    expect(page.locator("html")).to_have_attribute("data-theme", "system")


def test_bell_fetches_what_needs_me_when_it_is_opened(page: Page) -> None:
    with page.expect_response("**/notifications/") as answer:
        page.locator("[popovertarget=notifications]").click()
    assert answer.value.ok
    expect(page.locator("#notifications-list h2").first).to_have_text("Needs you")
    page.keyboard.press("Escape")
    expect(page.locator("#notifications")).to_be_hidden()


def test_skip_link_is_first_and_leads_to_the_content(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_everything_works_without_script(browser: Browser, product: Installation, state: object) -> None:
    context = browser.new_context(base_url=product.workspace, storage_state=state, java_script_enabled=False)
    page = context.new_page()
    page.goto("/")
    page.locator("a.searchbtn").first.click()
    page.wait_for_url("**/search/")
    page.locator("#list-search").fill("usage")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_role("link", name="Usage and costs").last).to_be_visible()
    page.locator(".side [popovertarget=stage]").click()
    expect(page.locator("#stage")).to_be_visible()
    context.close()


def test_palette_asks_the_assistant_and_shows_the_answer(page: Page) -> None:
    ask(page, "?what")
    expect(page.locator("#palette [data-asks]")).to_have_attribute("aria-selected", "true")
    page.keyboard.type(" is waiting for me")
    page.keyboard.press("Enter")
    go_on = page.get_by_role("option", name="Go on in the conversation")
    expect(go_on).to_have_attribute("aria-selected", "true")
    expect(page.locator("#palette .answered")).not_to_be_empty()
    expect(page.locator("#palette .answered")).not_to_have_attribute("aria-busy", "true")
    page.keyboard.press("Enter")
    page.wait_for_url("**/assistant/*/")
