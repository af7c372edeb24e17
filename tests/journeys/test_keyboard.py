"""The whole product with the keyboard alone: in, a task, a decision, connections, people, preferences, every page all round, and out."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.journeys.conftest import Installation
from tests.journeys.hand import Hand

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.timeout(600)]

SOON, ANSWER = 20_000, 120_000


@pytest.fixture(scope="module")
def page(browser: Browser, product: Installation) -> Iterator[Page]:
    """One window for the module: the first test signs in, the last signs out."""
    context = browser.new_context(
        base_url=product.workspace, viewport={"width": 1280, "height": 900}, locale="en-GB", reduced_motion="reduce"
    )
    context.set_default_timeout(SOON)
    yield context.new_page()
    context.close()


@pytest.fixture
def hand(page: Page) -> Iterator[Hand]:
    """The keyboard; a focus that nobody could see fails the test."""
    hand = Hand(page)
    yield hand
    assert hand.lost == []


def test_signing_in(page: Page, hand: Hand) -> None:
    page.goto("/accounts/login/")
    hand.go(page.locator("main details.more > summary"))
    hand.write(page.locator("main details input[type=email]"), "demo@example.com")
    hand.write(page.locator("main details input[type=password]"), "echopilot-demo")
    hand.press("Enter")
    expect(page.locator("#main")).to_be_visible()
    hand.skip_to_content()


def test_a_task_is_asked_watched_and_decided(page: Page, hand: Hand) -> None:
    page.goto("/")
    hand.press("Control+k")
    page.keyboard.type("> new task")
    expect(page.locator("#palette [role=option]").first).to_be_visible()
    expect(page.locator("#palette [role=option]")).to_have_count(1)
    hand.press("Enter")
    page.wait_for_url("**/tasks/new/**")
    hand.skip_to_content()
    hand.write(page.locator("main [name=title]"), "By keyboard")
    hand.write(page.locator("main [name=body]"), "Summarise in one sentence: the library closes in June.")
    hand.write(page.locator("main [name=qa_target]"), "100")
    hand.go(page.locator("main form button.primary"))
    page.wait_for_url(re.compile(r"/tasks/[0-9a-f-]{36}/"))
    hand.go(page.get_by_role("link", name="See the run"))
    page.wait_for_url(re.compile(r"/runs/[0-9a-f-]{36}/"))
    expect(page.locator(".trace-list li.waiting")).to_be_visible(timeout=ANSWER)
    hand.go(page.locator(".trace-list a", has_text="Write the answer").first)
    page.wait_for_url(re.compile(r"[?]step="))
    expect(page.locator("#step h2")).to_have_text("Write the answer")

    hand.press("g", "i")
    page.wait_for_url("**/tasks/inbox/")
    item = page.locator("article.inbox-item", has_text="By keyboard").last
    for _item in range(page.locator(".inbox-item").count()):
        hand.step("j")
        if item.evaluate("one => one === document.activeElement"):
            break
    expect(item).to_be_focused()
    hand.press("a")
    hand.go(page.locator("form[action$='/undo/'] button").first)
    expect(item).to_be_visible()
    hand.reach(item.locator("button[data-key=a]"))
    hand.press("Enter")
    expect(page.locator("form[action$='/undo/'] button").first).to_be_visible()


def test_a_connection_is_ended_and_made_again(page: Page, hand: Hand) -> None:
    page.goto("/connections/")
    hand.skip_to_content()
    hand.go(page.locator("main td a").first)
    page.wait_for_url(re.compile(r"/connections/[0-9a-f-]{36}/"))
    hand.go(page.locator("main details summary", has_text="Disconnect"))
    hand.go(page.locator("main form[action$='/disconnect/'] button"))
    page.wait_for_url(re.compile(r"/connections/(#main)?$"))
    hand.go(page.locator("section[aria-labelledby=former-h] a"))
    hand.go(page.get_by_role("link", name="Connect again"))
    hand.reach(page.locator("main [name=token]"))
    hand.press("Enter")
    page.wait_for_url(re.compile(r"/connections/[0-9a-f-]{36}/"))
    expect(page.locator("main .chip.ok").first).to_be_visible()


def test_what_opens_closes_with_escape_and_gives_the_focus_back(page: Page, hand: Hand) -> None:
    page.goto("/")
    for opener, opened in (
        ("a[data-palette]:visible", "#palette"),
        ("[popovertarget=workspaces]:visible", "#workspaces"),
        ("[popovertarget=notifications]:visible", "#notifications"),
        ("[popovertarget=account]:visible", "#account"),
    ):
        button = page.locator(opener).first
        hand.go(button)
        expect(page.locator(opened)).to_be_visible()
        if opened != "#palette":
            hand.step()
            assert page.evaluate("id => document.querySelector(id).contains(document.activeElement)", opened), opened
        hand.press("Escape")
        expect(page.locator(opened)).to_be_hidden()
        expect(button).to_be_focused()
    hand.press("Shift+?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    hand.press("Escape")
    expect(page.locator("[popovertarget=account]:visible")).to_be_focused()


def test_theme_and_language_change_and_change_back(page: Page, hand: Hand) -> None:
    for theme, language in (("dark", "ur"), ("system", "en")):
        page.goto("/accounts/profile/")
        hand.skip_to_content()
        choose(page, hand, page.locator("main [name=language]"), language)
        choose(page, hand, page.locator("main [name=theme]"), theme)
        hand.go(page.locator("main form button.primary").first)
        expect(page.locator("html")).to_have_attribute("lang", language)
        expect(page.locator("html")).to_have_attribute("data-theme", theme)


def choose(page: Page, hand: Hand, field: Locator, value: str) -> None:
    """Arrow through the options of a list until the wanted one is chosen."""
    hand.reach(field)
    hand.press("Home")
    for _option in range(field.locator("option").count()):
        if field.input_value() == value:
            return
        hand.press("ArrowDown")
    raise AssertionError(f"{page.url}: {value!r} is not offered")


def test_somebody_is_invited_and_the_invitation_taken_back(page: Page, hand: Hand) -> None:
    page.goto("/settings/members/")
    hand.skip_to_content()
    hand.write(page.locator("main form[action*='invit'] input[type=email]"), "by.keyboard@example.com")
    hand.press("Enter")
    expect(page.get_by_text("by.keyboard@example.com").first).to_be_visible()
    hand.go(page.locator("main li", has_text="by.keyboard@example.com").get_by_role("button", name="Take back"))
    expect(page.locator("main li", has_text="by.keyboard@example.com")).to_have_count(0)


def test_every_page_is_walked_all_round(page: Page, hand: Hand) -> None:
    """No page holds the focus, and every stop shows where it is."""
    page.goto("/more/")
    links = page.locator(".more-groups nav a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    for address in dict.fromkeys(["/", "/more/", *links]):
        page.goto(address)
        assert hand.all_round() > 5, address


def test_signing_out(page: Page, hand: Hand) -> None:
    page.goto("/")
    hand.go(page.locator("[popovertarget=account]:visible"))
    hand.go(page.locator("#account form[action$='/logout/'] button"))
    page.wait_for_url("**/accounts/login/**")
