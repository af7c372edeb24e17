"""Takes a picture of every page in every look, of a running installation: ``python -m tests.portal.pictures --help``.

Phone and desktop, light and dark, English and Urdu. Pages that overflow sideways, answer with an error or log a script error
are named at the end and make the exit code non-zero, so that a picture is never needed to notice what a machine can see.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

WIDTHS = {"phone": 380, "desktop": 1280}
THEMES = ("light", "dark")
LANGUAGES = ("en", "ur")
PAGES = {"home": "/", "tasks": "/tasks/", "inbox": "/tasks/inbox/", "new": "/tasks/new/?example=1"}
CHROMIUM = "/usr/bin/chromium"
CHROMIUM_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run",
]  # fmt: skip


@dataclass
class Findings:
    """What a machine could see was wrong."""

    lines: list[str] = field(default_factory=list)

    def check(self, name: str, page: Page, status: int | None) -> None:
        """Note a bad status and sideways overflow."""
        if status is None or status >= 400:
            self.lines.append(f"{name}: answered {status}")
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 0:
            self.lines.append(f"{name}: {wide} px wider than the screen")


def main() -> int:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://demo.localhost:8000", help="address of a workspace")
    parser.add_argument("--email", required=True)
    parser.add_argument("--password", required=True)
    parser.add_argument("--out", type=Path, default=Path("var/pictures"))
    parser.add_argument("--also", nargs="*", default=[], metavar="PATH", help="further pages")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    findings = Findings()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        state = sign_in(browser, options.url, options.email, options.password)
        for name, context in looks(browser, options.url, state):
            shoot(context, name, options, findings)
            context.close()
        browser.close()
    sys.stdout.write("".join(f"{line}\n" for line in findings.lines))
    sys.stdout.write(f"pictures in {options.out}; {len(findings.lines)} findings\n")
    return 1 if findings.lines else 0


def sign_in(browser: Browser, url: str, email: str, password: str) -> object:
    """Sign in once by the form a person would use and keep the cookies."""
    context = browser.new_context(base_url=url)
    page = context.new_page()
    page.goto("/accounts/login/?next=/")
    page.locator("input[type=email]").first.fill(email)
    page.locator("input[type=password]").first.fill(password)
    page.locator("main form button").first.click()
    page.wait_for_url(lambda address: "/login" not in address)
    return context.storage_state()


def looks(browser: Browser, url: str, state: object) -> Iterator[tuple[str, BrowserContext]]:
    """One signed-in context per combination of width, theme and language."""
    host = urlsplit(url).hostname
    for width_name, width in WIDTHS.items():
        for theme in THEMES:
            for language in LANGUAGES:
                context = browser.new_context(
                    base_url=url, storage_state=state, color_scheme=theme, viewport={"width": width, "height": 900}
                )
                context.add_cookies([{"name": "django_language", "value": language, "domain": host, "path": "/"}])
                yield f"{width_name}-{theme}-{language}", context


def shoot(context: BrowserContext, look: str, options: argparse.Namespace, findings: Findings) -> None:
    """All pages in one look, the newest task among them."""
    page = context.new_page()
    page.on("pageerror", lambda error: findings.lines.append(f"{look}: script error {error}"))
    page.on("console", lambda note: findings.lines.append(f"{look}: {note.text}") if note.type == "error" else None)
    pages = {**PAGES, **{path.strip("/").replace("/", "-"): path for path in options.also}}
    for name, path in pages.items():
        answer = page.goto(path)
        findings.check(f"{look} {path}", page, answer.status if answer else None)
        page.screenshot(path=options.out / f"{name}-{look}.png", full_page=True)
    page.goto("/tasks/")
    first = page.locator(".runs .wf a").first
    if first.count():
        first.click()
        findings.check(f"{look} task", page, 200)
        page.screenshot(path=options.out / f"task-{look}.png", full_page=True)


if __name__ == "__main__":
    sys.exit(main())
