"""From the front door to a result in Notion, in a browser, on a whole installation: on phone and desktop, light and dark, in two languages.

Sign up, name a workspace, connect the sandbox of Notion, have the databases made, tick a row there, watch the run live, decide as a
person, find the result in the portal and in the row. Words differ by language, so things are found by where they lead.
"""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.journeys.conftest import Installation
from tests.journeys.mail import code_for
from tests.journeys.stations import Look, Stations, refusals_recorded

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.timeout(600)]

PHONE, DESKTOP = ViewportSize(width=380, height=800), ViewportSize(width=1280, height=800)
# The way is walked in the first look of a language; every station is seen in the second as well.
WALKS = [
    pytest.param(((PHONE, "light"), (DESKTOP, "dark")), "ur", id="urdu-phone-light-and-desktop-dark"),
    pytest.param(((DESKTOP, "light"), (PHONE, "dark")), "en", id="english-desktop-light-and-phone-dark"),
]
ROW = "Contact as JSON"
SOON, ANSWER = 20_000, 120_000


@dataclass
class Journey:
    """One person on the way: the portal in one tab, Notion in another."""

    product: Installation
    portal: Page
    notion: Page
    stations: Stations
    language: str

    def at(self, path: str) -> str:
        """An address in the workspace the portal shows."""
        return urljoin(self.portal.url, path)

    def sign_up(self) -> None:
        """From the front page to a workspace of one's own."""
        page, slug = self.portal, f"front-{time.time_ns() // 1_000_000}"
        page.goto(f"{self.product.platform}/")
        expect(page).to_have_url(re.compile(f"/{self.language}/$"))
        self.stations.arrived(page, "front page")
        page.locator("main a.btn[href*='/accounts/signup/']").first.click()
        self.stations.arrived(page, "sign-up")
        email, asked = f"{slug}@newcomer.example", time.time()
        page.locator("main input[name=name]").fill("Zara Newcomer")
        page.locator("main input[name=email]").fill(email)
        page.locator("main form button.primary").click()
        code = page.locator(".code-field input").first
        expect(code).to_be_visible()
        self.stations.arrived(page, "code")
        code.fill(code_for(email, self.product.places.mail, since=asked - 1))
        page.locator("main form button.primary").click()
        page.locator("#naming input[name=name]").fill("Zara's atelier")
        page.locator("#naming input[name=slug]").fill(slug)
        expect(page.locator("#address-verdict")).not_to_be_empty()
        self.stations.arrived(page, "workspace")
        page.locator("#naming button.primary").click()
        page.wait_for_url(f"http://{slug}.localhost:{self.product.port}/")
        expect(page.locator("html")).to_have_attribute("lang", self.language)
        self.stations.arrived(page, "home")

    def connect(self) -> None:
        """Take token and page id from the sandbox's page, connect, and have the databases made."""
        page, notion = self.portal, self.notion
        notion.goto(f"{self.product.settings()['NOTION_BASE_URL']}/")
        notion.get_by_label("New page").fill("Zara's page")
        notion.get_by_role("button", name="Make it").click()
        expect(notion.get_by_text("No databases under this page yet")).to_be_visible()
        page.locator("main a[href='/connections/']").first.click()
        page.locator("main a[href='/connections/new/notion/']").first.click()
        self.stations.arrived(page, "connect")
        page.locator("main input[name=token]").fill(notion.get_by_label("Token").input_value())
        page.locator("main input[name=parent_page_id]").fill(notion.get_by_label("Page id").input_value())
        page.locator("main form button.primary").click()
        page.locator("main form[action$='/databases/'] button").click()
        expect(page.locator(".changes li").first).to_be_visible()
        self.stations.arrived(page, "what would change")
        page.locator("main form[action$='/databases/apply/'] button").click()
        page.evaluate("window.stayed = true")
        expect(page.locator("main form[action$='/read/'] button")).to_be_visible(timeout=ANSWER)
        expect(page.locator("section[aria-labelledby=databases-h] tbody tr")).to_have_count(13)
        assert page.evaluate("window.stayed")
        self.stations.arrived(page, "connection")

    def tick(self) -> str:
        """Ask for more than any model gives, so that a person must decide; tick; have the row read now."""
        page, notion = self.portal, self.notion
        notion.reload()
        notion.get_by_role("link", name=re.compile("^Automation Queue")).click()
        notion.get_by_role("link", name=ROW).click()
        row = notion.url
        notion.get_by_label("QA Target").fill("100")
        notion.get_by_role("button", name="Save").click()
        notion.locator("tr", has_text=ROW).get_by_role("button", name="Trigger").click()
        page.locator("main form[action$='/read/'] button").click()
        return row

    def watch(self) -> None:
        """The task appears in the list, its run moves, all without a new page."""
        page = self.portal
        page.goto(self.at("/tasks/"))
        page.evaluate("window.stayed = true")
        page.locator("main a", has_text=ROW).first.click(timeout=SOON)
        page.locator("main a[href^='/runs/']").first.click(timeout=SOON)
        page.wait_for_url("**/runs/*/")
        page.evaluate("window.stayed = true")
        expect(page.locator("live-events[streaming]")).to_have_count(1, timeout=SOON)
        expect(page.locator(".trace-list li.waiting")).to_be_visible(timeout=ANSWER)
        assert page.evaluate("window.stayed")
        self.stations.arrived(page, "run")

    def decide(self) -> None:
        """The answer waits in the inbox; a person approves it."""
        page = self.portal
        page.goto(self.at("/tasks/inbox/"))
        item = page.locator("article.inbox-item", has_text=ROW)
        expect(item).to_be_visible()
        self.stations.arrived(page, "inbox")
        task = item.locator("h2 a").get_attribute("href")
        item.locator("button[data-key=a]").click()
        expect(page.locator("form[action$='/undo/']").first).to_be_visible()
        page.goto(self.at(task or "/"))
        page.evaluate("window.stayed = true")
        expect(page.locator("#answer")).to_be_visible(timeout=SOON)
        expect(page.locator("main .chip.ok").first).to_be_visible(timeout=SOON)
        assert page.evaluate("window.stayed")
        self.stations.arrived(page, "task")

    def result(self, row: str) -> None:
        """What the portal shows stands in the row as well."""
        answer = self.portal.locator("#answer").inner_text()
        line = self.notion.locator("tr", has_text=ROW)
        expect(line.locator("td[data-label=Status]")).to_have_text("Done", timeout=ANSWER)
        self.notion.goto(row)
        expect(self.notion.get_by_label("Result Summary")).to_have_value(re.compile(re.escape(answer[:40].strip())))


@pytest.mark.parametrize(("looks", "language"), WALKS)
def test_from_the_front_door_to_a_result_in_notion(
    product: Installation, browser: Browser, looks: Sequence[Look], language: str
) -> None:
    size, theme = looks[0]
    context = browser.new_context(
        viewport=size, color_scheme=theme, has_touch=size is PHONE, timezone_id="Asia/Karachi",
        locale="ur-PK" if language == "ur" else "en-GB",
    )  # fmt: skip
    context.set_default_timeout(SOON)
    stations = Stations(context, looks=looks)
    journey = Journey(product, context.new_page(), context.new_page(), stations, language)
    journey.sign_up()
    journey.connect()
    row = journey.tick()
    journey.watch()
    journey.decide()
    journey.result(row)
    context.close()
    stations.nothing_was_wrong()
    assert refusals_recorded(product) == []
