"""What must hold at every station of a journey: no refusal, no script error, no overflow, no accessibility violation, little script."""

import gzip
import json
from collections.abc import Sequence
from typing import Any, Literal
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, Response, ViewportSize
from playwright.sync_api import Error as BrowserError

from tests.journeys.conftest import Installation
from tests.portal.pictures import AXE, SCRIPT_BYTES

# Kept in the page, since a page may refuse something before anybody listens from outside.
LISTEN = """
window.refused = [];
document.addEventListener("securitypolicyviolation", event =>
  window.refused.push(`${event.effectiveDirective}: ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
"""


# A bar that lies over the page covers a part of whatever is scrolled under it: sizes are judged with the bars laid into the page.
LAY_BARS = "place => document.querySelectorAll('.tabs, .pwa-offer').forEach(bar => bar.style.position = place)"
NEXT_FRAME = "new Promise(done => setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(done)), 20))"
Look = tuple[ViewportSize, Literal["light", "dark"]]


class Stations:
    """Watches every page of a context from its first byte; ``arrived`` looks closely at one, in each of the looks given."""

    def __init__(self, context: BrowserContext, *, looks: Sequence[Look] = ()) -> None:
        self.problems: list[str] = []
        self._looks = looks
        self._script: dict[str, int] = {}
        self._policy: dict[str, str] = {}
        context.add_init_script(LISTEN)
        context.on("page", self._watch)

    def _watch(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.problems.append(f"{page.url}: {error}"))
        page.on("console", lambda note: self._said(page, note.type, note.text))
        page.on("response", self._weigh)

    def _said(self, page: Page, kind: str, text: str) -> None:
        if kind == "error" or "Content Security" in text:
            self.problems.append(f"{page.url}: {text}")

    def _weigh(self, answer: Response) -> None:
        """The policy of a document; a script compressed, once per address: the bytes a browser would fetch for it."""
        if answer.request.resource_type == "document":
            self._policy[answer.url] = answer.headers.get("content-security-policy", "")
        if answer.request.resource_type == "script" and answer.ok and answer.url not in self._script:
            try:
                self._script[answer.url] = len(gzip.compress(answer.body(), 9))
            except BrowserError:
                return

    def arrived(self, page: Page, name: str) -> None:
        """Check a page of the product as it is now; what is wrong is collected for ``nothing_was_wrong``."""
        where = f"{name} ({urlsplit(page.url).path})"
        for size, theme in (*self._looks[1:], self._looks[0]):
            page.set_viewport_size(size)
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            page.evaluate(NEXT_FRAME)  # colours that are on their way would be measured half-way
            self._look(page, f"{where} {size['width']} {theme}")
        page.emulate_media(reduced_motion="no-preference")
        self.served(page, where)

    def served(self, page: Page, where: str) -> None:
        """Its policy, what that refused, and its script."""
        policy = self._policy.get(page.url.partition("#")[0], "")
        if "unsafe-inline" in policy or "script-src" not in policy:
            self.problems.append(f"{where}: policy {policy!r}")
        for refusal in page.evaluate("window.refused"):
            self.problems.append(f"{where}: refused {refusal}")
        loaded = page.evaluate("performance.getEntriesByType('resource').map(entry => entry.name)")
        script = sum(self._script.get(address, 0) for address in set(loaded))
        if script > SCRIPT_BYTES:
            self.problems.append(f"{where}: {script} bytes of compressed script")

    def _look(self, page: Page, where: str) -> None:
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 0:
            self.problems.append(f"{where}: {wide} px wider than the screen")
        page.evaluate(LAY_BARS, "static")
        violations = Axe().run(page, options=AXE).response["violations"]
        page.evaluate(LAY_BARS, "")
        for violation in violations:
            html = violation["nodes"][0]["html"][:200]
            self.problems.append(f"{where}: axe {violation['id']} x{len(violation['nodes'])} {html}")

    def nothing_was_wrong(self) -> None:
        """Fail with everything that was."""
        assert not self.problems, "\n".join(self.problems)


def refusals_recorded(product: Installation) -> list[dict[str, Any]]:
    """What browsers told the installation its content policy had refused, from its own log."""
    lines = (product.places.logs / "web.log").read_text().splitlines()
    return [json.loads(line) for line in lines if '"content policy refused' in line]
