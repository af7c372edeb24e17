"""Deciding in a browser, on a whole installation: read, refuse, take back, approve, follow the mail."""

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, ViewportSize, expect

from tests.journeys.conftest import Installation
from tests.journeys.mail import link_in, mails
from tests.journeys.windows import WAYS, install, named, publish, start

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.timeout(600)]

ANSWER = 60_000


@pytest.mark.parametrize(("language", "size", "looks"), WAYS)
def test_one_is_refused_and_one_taken_back_then_approved(
    opened: Any, language: str, size: ViewportSize, looks: Any
) -> None:
    page, stations = opened(language, size, looks)
    name = named("Purchase")
    slug = _asking(page, name)
    refused = start(page, slug, what="Statue", amount="90", why="It looks good")
    card = _card(page, name)
    stations.arrived(page, "list")
    card.locator("h2 a").click()
    expect(page.locator("dl.request")).to_contain_text("Statue")
    stations.arrived(page, "question")
    page.locator("details:has(#reason) > summary").click()
    page.locator("#reason").fill("We have one already")
    page.locator("button[value=deny]").click()
    page.wait_for_url("**/approvals/")
    expect(page.locator("tr", has_text=name).locator(".chip.bad")).to_be_visible(timeout=ANSWER)
    page.locator("tr", has_text=name).locator("a").click()
    expect(page.locator(".timeline")).to_contain_text("We have one already")
    expect(page.locator("button[value=approve]")).to_have_count(0)
    stations.arrived(page, "refused")
    page.goto(refused)
    expect(page.locator(".trace-list li.failed")).to_have_count(1, timeout=ANSWER)

    run = start(page, slug, what="Chair", amount="90", why="A second room")
    _card(page, name).locator("button[value=approve]").click()
    page.locator("toast-note form button").click()
    page.wait_for_url(re.compile(r"/approvals/[0-9a-f-]{36}/$"))
    approve = page.locator("button[value=approve]")
    expect(approve).to_be_visible()
    stations.arrived(page, "taken back")
    approve.click()
    page.wait_for_url("**/approvals/")
    expect(page.locator("tr", has_text=name).locator(".chip.ok")).to_be_visible(timeout=ANSWER)
    stations.arrived(page, "decided")
    page.goto(run)
    expect(page.locator(".trace-list li.done")).to_have_count(3, timeout=ANSWER)


@pytest.mark.parametrize(("language", "size", "looks"), WAYS)
def test_the_link_of_the_mail_shows_a_page_whose_button_decides(
    opened: Any, product: Installation, language: str, size: ViewportSize, looks: Any
) -> None:
    page, stations = opened(language, size, looks)
    name, began = named("Purchase"), time.time() - 1
    slug = _asking(page, name)
    run = start(page, slug, what="Lamp", amount="30", why="It is dark")
    link = link_in(product.places.mail, about=name, path="/approvals/link/", since=began)

    stranger, _strange = opened(language, size, looks, known=False)
    stranger.goto(link)
    expect(stranger.locator("input[type=password]").first).to_be_attached()
    stranger.close()

    for _time in range(2):
        page.goto(link)
        expect(page).to_have_url(re.compile(r"/approvals/[0-9a-f-]{36}/\?via=mail$"))
        expect(page.locator("dl.request")).to_contain_text("Lamp")
    stations.arrived(page, "from the mail")
    page.goto("/approvals/")
    card = page.locator("article.approval", has_text=name)
    expect(card.locator("button[value=approve]")).to_be_visible()
    page.goto(link)
    page.locator("button[value=approve]").click()
    page.wait_for_url("**/approvals/")
    expect(page.locator("tr", has_text=name).locator(".chip.ok")).to_be_visible(timeout=ANSWER)
    page.goto(run)
    expect(page.locator(".trace-list li.done")).to_have_count(3, timeout=ANSWER)


def _asking(page: Page, name: str) -> str:
    """A published workflow that asks one person and then writes a task."""
    slug = install(page, "approve-purchase", name=name)
    publish(page, slug)
    return slug


def _card(page: Page, name: str) -> Locator:
    """The one question of a workflow in the list, once it has come."""
    page.goto("/approvals/")
    card = page.locator("article.approval", has_text=name)
    expect(card).to_have_count(1, timeout=ANSWER)
    return card


LETTER = {
    "schema": 1,
    "start": "letter",
    "steps": {"letter": {"type": "email.send", "title": "Write to the client",
                         "with": {"to": ["ana@customer.example"], "subject": "Your order", "body": "It was sent."}}},
}  # fmt: skip


@pytest.fixture
def launched(product: Installation) -> Iterator[None]:
    """The platform is open, as its operator says by a command; taken back afterwards."""
    for stage in ("post", "pre"):
        product.manage("launch", stage, "--by", "staff@example.com", "--reason", "A letter is to be sent")
        if stage == "post":
            yield


@pytest.mark.usefixtures("launched")
@pytest.mark.parametrize(("language", "size", "looks"), WAYS)
def test_a_letter_is_changed_by_who_approves_it_and_sent_as_changed(
    opened: Any, product: Installation, language: str, size: ViewportSize, looks: Any
) -> None:
    page, stations = opened(language, size, looks)
    _to_stage(page, "post")
    name, began = named("Letter"), time.time() - 1
    page.goto("/workflows/new/")
    page.locator("[name=name]").fill(name)
    page.locator("details.fold > summary").click()
    page.locator("[name=definition]").fill(json.dumps(LETTER))
    page.locator("main form button.primary").click()
    page.wait_for_url("**/edit/*")
    slug = page.url.split("/workflows/")[1].split("/")[0]
    publish(page, slug)
    run = start(page, slug)
    _card(page, name).locator("h2 a").click()
    page.locator("details:has([name=f_edit]) > summary").click()
    words = f"It was sent today, {name}."
    page.locator("[name='f.body']").fill(words)
    stations.arrived(page, "changing")
    page.locator("form:has([name=f_edit]) button.primary").click()
    page.wait_for_url("**/approvals/")
    expect(page.locator("tr", has_text=name).locator(".chip.ok")).to_be_visible(timeout=ANSWER)
    page.goto(run)
    expect(page.locator(".trace-list li.done")).to_have_count(1, timeout=ANSWER)
    (letter,) = [one for one in mails(product.places.mail, since=began) if one["Subject"] == "Your order"]
    assert letter.get_content().splitlines()[0] == words
    assert letter["To"] == "ana@customer.example"
    _to_stage(page, "pre")


def _to_stage(page: Page, stage: str) -> None:
    page.goto("/settings/launch-stage/")
    page.locator("main [name=stage]").select_option(stage)
    page.locator("main [name=reason]").fill("A letter is to be sent")
    page.locator("main form button.primary").click()
    expect(page.locator(f"main .notice.{'ok' if stage == 'post' else 'wait'}").first).to_be_visible()
