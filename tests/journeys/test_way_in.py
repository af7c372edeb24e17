"""A stranger becomes somebody with an answered task, in a browser, on a whole installation; then keeps the account safe."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.journeys.conftest import Installation
from tests.journeys.mail import code_for

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.timeout(600)]

EMAIL = "zara@newcomer.example"
WITHIN_S = 120
ANSWER_WITHIN_S = 100


@pytest.fixture
def running(product: Installation) -> tuple[str, Path]:
    """Address of the platform's host and the folder of its mail."""
    return product.platform, product.places.var / "mail"


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 390, "height": 844}, timezone_id="Asia/Karachi", locale="en-US")
    context.set_default_timeout(15_000)
    yield context
    context.close()


def sign_up(page: Page, address: str, folder: Path, email: str) -> None:
    page.goto(f"{address}/accounts/signup/")
    page.get_by_label("Your name").fill("Zara Newcomer")
    asked = time.time()
    page.get_by_label("E-mail").fill(email)
    page.get_by_role("button", name="Continue", exact=True).click()
    expect(page.get_by_role("heading", name="Enter the code")).to_be_visible()
    page.locator(".code-field input").first.fill(code_for(email, folder, since=asked - 1))
    page.get_by_role("button", name="Continue", exact=True).click()


def test_from_sign_up_to_the_first_answer_in_under_two_minutes(
    context: BrowserContext, running: tuple[str, Path]
) -> None:
    address, folder = running
    email = f"{int(time.time())}.{EMAIL}"
    page = context.new_page()
    began = time.monotonic()
    sign_up(page, address, folder, email)
    expect(page.get_by_role("heading", name="Name your workspace")).to_be_visible()
    slug = f"zara-{int(time.time())}"
    page.get_by_label("Name of the workspace").fill("Zara's atelier")
    page.get_by_label("Address").fill(slug)
    expect(page.locator("#address-verdict")).to_contain_text("yours to take")
    page.get_by_role("button", name="Create workspace").click()
    page.wait_for_url(f"**//{slug}.localhost:*/")
    named = time.monotonic() - began
    expect(page.get_by_role("heading", name="Getting started")).to_be_visible()
    page.get_by_role("link", name="Send a task").click()
    page.get_by_label("What do you need?").fill("A friendly one-sentence welcome for new customers")
    page.get_by_label(re.compile("^Details")).fill(
        "We are a small bakery. Write one warm sentence for the shop window."
    )
    page.get_by_role("button", name="Start task").click()
    page.wait_for_url(re.compile(r"/tasks/[0-9a-f-]{36}/"))
    expect(
        page.locator("[class*=chip]", has_text=re.compile("Done|Needs|Review|review", re.IGNORECASE)).first
    ).to_be_visible(timeout=ANSWER_WITHIN_S * 1000)
    answered = time.monotonic() - began
    page.goto(f"http://{slug}.localhost:{address.rpartition(':')[2]}/getting-started/")
    expect(page.locator("ol.checklist li.done", has_text="Send a first task")).to_be_visible()
    print(f"workspace after {named:.1f} s, first answer after {answered:.1f} s")
    assert answered < WITHIN_S


def test_a_passkey_signs_in_and_can_be_added_and_removed(context: BrowserContext, running: tuple[str, Path]) -> None:
    address, folder = running
    email = f"{int(time.time())}.key.{EMAIL}"
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
               "isUserVerified": True, "automaticPresenceSimulation": True}  # fmt: skip
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    sign_up(page, address, folder, email)
    expect(page.get_by_role("heading", name="Name your workspace")).to_be_visible()

    page.goto(f"{address}/accounts/security/")
    page.get_by_role("link", name="Add a passkey").click()
    if "reauthenticate" in page.url:
        asked = time.time()
        page.locator("main form button.primary").click()
        page.locator("main input[name=code]").fill(code_for(email, folder, since=asked - 1))
        page.locator("main form button.primary").click()
    page.locator("main input[name=name]").fill("My laptop")
    if page.locator("main input[name=passwordless]").count():
        page.locator("main input[name=passwordless]").check()
    page.locator("#mfa_webauthn_add").click()
    page.wait_for_url(re.compile("recovery-codes|webauthn/$"))
    page.goto(f"{address}/accounts/2fa/webauthn/")
    expect(page.get_by_text("My laptop")).to_be_visible()
    page.get_by_role("link", name="Remove").click()
    page.get_by_role("link", name="Use a security key").click()
    page.wait_for_url("**/webauthn/reauthenticate/**")
    page.get_by_role("button", name="Use a security key").click()
    expect(page.get_by_role("button", name="Remove My laptop")).to_be_visible()
    page.get_by_role("link", name="Cancel").click()

    page.goto(f"{address}/accounts/security/")
    page.get_by_role("button", name="Sign out").click()
    page.goto(f"{address}/accounts/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", name="Name your workspace")).to_be_visible()
    page.goto(f"{address}/accounts/security/")
    expect(page.get_by_text("1 passkey")).to_be_visible()
