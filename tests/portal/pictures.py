"""Takes a picture of every page in every look, of a running installation: ``python -m tests.portal.pictures --help``.

Pages come from the installation itself: its links are followed from Home, one page for each address pattern; to these come the
public pages and the states of the frame. Looks: 320, 380, 768 and 1280 pixels, light and dark, English and Urdu; with ``--colors forced`` in the system's few colours, with
``--motion no-preference`` with motion.
What a machine can see is checked on each: answers, script errors, sideways overflow, axe's rules (WCAG 2.0 to 2.2 A and AA and
best practice), addresses outside, compressed script. Findings are named at the end and make the exit code non-zero.
"""

import argparse
import gzip
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Response, sync_playwright
from playwright.sync_api import Error as BrowserError

from tests.portal.crawl import PLATFORM_PAGES, crawl

WIDTHS = {320: 720, 380: 820, 768: 1024, 1280: 900}
TOUCH_BELOW = 800
AXE_WIDTHS = {320, 1280}
THEMES = ("light", "dark")
LANGUAGES = ("en", "ur")
SCRIPT_BYTES = 100_000
AXE = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
CHROMIUM = "/usr/bin/chromium"
CHROMIUM_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run",
]  # fmt: skip
# What lies over a page is cut off instead of making it wider.
TOO_WIDE = """() => Math.max(...[document.documentElement, ...document.querySelectorAll("dialog[open], :popover-open")]
  .map(one => one.scrollWidth - one.clientWidth))"""
FORGET_LANGUAGE = """async () => {
  const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
  const headers = { "X-CSRFToken": token, Accept: "application/json" };
  return (await fetch("/accounts/preferences/", { method: "POST", headers, body: new URLSearchParams({ language: "" }) })).ok;
}"""

# Pages no navigation names. A second part after a blank is a state of the page (see STATES).
EXTRA = (
    "/more/", "/search/?q=a", "/search/?q=nothing-like-this", "/notifications/", "/style/", "/tasks/new/?example=1",
    "/no-such-page/", "/ palette", "/ account", "/ workspaces", "/ notifications", "/ create", "/ shortcuts",
    "/style/ sample-dialog", "/style/ sample-confirm", "/style/ sample-menu",
)  # fmt: skip
PUBLIC = ("/", "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/no-such-page/")


def _popover(name: str) -> Callable[[Page], None]:
    """By its button, which is also what it hangs from; where this width has none, the page itself is looked at."""

    def press(page: Page) -> None:
        button = page.locator(f"[popovertarget={name}]:visible")
        if button.count():
            button.first.click()

    return press


def _dialog(name: str) -> Callable[[Page], None]:
    return lambda page: page.evaluate(f"document.getElementById('{name}').showModal()")


def _palette(page: Page) -> None:
    page.keyboard.press("Control+k")
    page.locator("#palette [role=option]").first.wait_for()


STATES: dict[str, Callable[[Page], None]] = {
    "palette": _palette,
    "account": _popover("account"),
    "workspaces": _popover("workspaces"),
    "notifications": _popover("notifications"),
    "create": _popover("create"),
    "shortcuts": _dialog("shortcuts"),
    "sample-dialog": _dialog("sample-dialog"),
    "sample-confirm": _dialog("sample-confirm"),
    "sample-menu": _popover("sample-menu"),
}


@dataclass
class Findings:
    """What a machine could see was wrong, once per page with the looks it was seen in."""

    looks: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    details: dict[str, str] = field(default_factory=dict)

    def note(self, where: str, what: str, look: str, detail: str = "") -> None:
        """Remember one."""
        line = f"{where}: {what}"
        self.looks[line].add(look)
        self.details.setdefault(line, detail)

    def lines(self) -> list[str]:
        """One paragraph per finding."""
        return [
            f"{line}  [{len(looks)} looks: {', '.join(sorted(looks)[:4])}]"
            + (f"\n      {self.details[line]}" if self.details[line] else "")
            for line, looks in sorted(self.looks.items())
        ]


def main() -> int:
    """Take the pictures."""
    options = read_options()
    options.out.mkdir(parents=True, exist_ok=True)
    findings = Findings()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        state = sign_in(browser, options) if options.email else None
        pages = pages_of(browser, options, state)
        sys.stdout.write(f"{len(pages)} pages\n")
        for theme in options.themes:
            for language in options.languages:
                for widths in touch_groups(options.widths):
                    context = look(browser, options, state, theme=theme, language=language, widths=widths)
                    shown = [in_language(page, language) for page in pages]
                    shoot_all(context, shown, widths, style_of(theme, language, options), options, findings)
                    context.close()
        browser.close()
    lines = findings.lines()
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.write(f"pictures in {options.out}; {len(lines)} findings\n")
    return 1 if lines else 0


def read_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://demo.localhost:8000", help="address of a workspace")
    parser.add_argument("--email", default="", help="who signs in; nobody: public pages only")
    parser.add_argument("--password", default="")
    parser.add_argument("--out", type=Path, default=Path("var/pictures"))
    parser.add_argument("--also", nargs="*", default=[], metavar="PATH", help="further pages")
    parser.add_argument(
        "--only", nargs="*", default=[], metavar="TEXT", help="pages whose address contains one of these"
    )
    parser.add_argument("--widths", nargs="*", type=int, default=sorted(WIDTHS))
    parser.add_argument("--themes", nargs="*", default=list(THEMES))
    parser.add_argument("--languages", nargs="*", default=list(LANGUAGES))
    parser.add_argument("--motion", choices=["reduce", "no-preference"], default="reduce")
    parser.add_argument("--colors", choices=["none", "forced"], default="none", help="forced: the system's few colours")
    parser.add_argument("--no-axe", action="store_true", help="pictures, overflow and errors only")
    parser.add_argument("--no-pictures", action="store_true", help="checks only")
    return parser.parse_args()


def sign_in(browser: Browser, options: argparse.Namespace) -> Any:
    """Sign in once by the form a person would use and keep the cookies."""
    context = browser.new_context(base_url=options.url)
    page = context.new_page()
    page.goto("/accounts/login/?next=/")
    page.evaluate("document.querySelectorAll('main details').forEach(part => { part.open = true; })")
    form = page.locator("main form:has(input[type=password])").first
    for address in form.locator("input[type=email]").all():
        address.fill(options.email)
    form.locator("input[type=password]").fill(options.password)
    form.locator("button[type=submit], button:not([type])").last.click()
    page.wait_for_url(lambda address: "/login" not in address)
    forget_language(page)
    return context.storage_state()


def forget_language(page: Page) -> None:
    """Let a signed-in person's browsers say the language again: one that is kept with the person counts before their cookies."""
    page.goto("/more/")
    assert page.evaluate(FORGET_LANGUAGE), "the language is still kept"


def pages_of(browser: Browser, options: argparse.Namespace, state: Any) -> list[str]:
    """Addresses (with a state after a blank) to look at, each once; public pages carry their whole address."""
    parts = urlsplit(options.url)
    platform = f"{parts.scheme}://{(parts.netloc).partition('.')[2]}"
    public = [f"{platform}{path}" for path in PUBLIC]
    if state is None:
        return chosen([*public, *options.also], options)
    context = browser.new_context(base_url=options.url, storage_state=state)
    found = crawl(context, ["/", "/more/", *options.also])
    public += crawl(context, [f"{platform}/"], urlconf=PLATFORM_PAGES)
    context.close()
    return chosen(list(dict.fromkeys([*found, *EXTRA, *public])), options)


def chosen(pages: list[str], options: argparse.Namespace) -> list[str]:
    """Those asked for."""
    return [page for page in pages if not options.only or any(text in page for text in options.only)]


def in_language(page: str, language: str) -> str:
    """A public page carries its language in its address; every other one is shown in that of the browser."""
    return re.sub(r"^(https?://[^/]+)/en/", rf"\1/{language}/", page)


def touch_groups(widths: list[int]) -> Iterator[list[int]]:
    """Phones and tablets have fingers, the others a mouse."""
    for group in ([w for w in widths if w < TOUCH_BELOW], [w for w in widths if w >= TOUCH_BELOW]):
        if group:
            yield group


def look(
    browser: Browser, options: argparse.Namespace, state: Any, *, theme: str, language: str, widths: list[int]
) -> BrowserContext:
    """A signed-in browser in one theme and language."""
    context = browser.new_context(
        base_url=options.url, storage_state=state, color_scheme=theme, has_touch=widths[0] < TOUCH_BELOW,
        viewport={"width": widths[0], "height": WIDTHS.get(widths[0], 900)}, reduced_motion=options.motion,
        forced_colors="active" if options.colors == "forced" else "none",
        locale="ur-PK" if language == "ur" else "en-GB",
    )  # fmt: skip
    host = urlsplit(options.url).hostname or ""
    context.add_cookies(
        [
            {"name": "django_language", "value": language, "domain": name, "path": "/"}
            for name in {host, host.partition(".")[2] or host}
        ]
    )
    return context


def style_of(theme: str, language: str, options: argparse.Namespace) -> str:
    """Name of a look, as it stands in the names of pictures."""
    moving = "moving" if options.motion == "no-preference" else ""
    return "-".join(filter(None, [theme, language, moving, "forced" if options.colors == "forced" else ""]))


def shoot_all(
    context: BrowserContext,
    pages: list[str],
    widths: list[int],
    style: str,
    options: argparse.Namespace,
    findings: Findings,
) -> None:
    """Every page in one theme and language at each width."""
    page = context.new_page()
    where = {"page": "", "script": 0}
    page.on("pageerror", lambda error: findings.note(where["page"], f"script error {error}", style))
    page.on("console", lambda note: console(note, where, findings, style))
    page.on("response", lambda answer: weigh(answer, where, findings, style, options))
    for entry in pages:
        path, _blank, name = entry.partition(" ")
        where.update(page=entry, script=0)
        try:
            page.set_viewport_size({"width": widths[0], "height": WIDTHS.get(widths[0], 900)})
            answer = page.goto(path)
            expected = 404 if "no-such-page" in path else 200
            if answer is None or answer.status != expected:
                findings.note(entry, f"answered {answer.status if answer else None}", style)
            if name:
                STATES[name](page)
                page.wait_for_timeout(300)
            for width in widths:
                page.set_viewport_size({"width": width, "height": WIDTHS.get(width, 900)})
                inspect(page, entry, width, f"{width}-{style}", options, findings)
        except BrowserError as problem:
            findings.note(entry, f"could not be taken: {str(problem).splitlines()[0]}", style)
        if where["script"] > SCRIPT_BYTES:
            findings.note(entry, f"{where['script']} bytes of compressed script", style)


def inspect(
    page: Page, entry: str, width: int, look_name: str, options: argparse.Namespace, findings: Findings
) -> None:
    """One page at one width: overflow, axe, picture. Django's own page for developers is none of ours."""
    if page.title().startswith("Page not found at"):
        return
    wide = page.evaluate(TOO_WIDE)
    if wide > 0:
        culprit = page.evaluate(
            """() => [...document.querySelectorAll('body *')].filter(e => {
                const box = e.getBoundingClientRect();
                return box.width && (box.right > document.documentElement.clientWidth + 1 || box.left < -1);
            }).slice(-1).map(e => e.outerHTML.slice(0, 120)).join()"""
        )
        findings.note(entry, f"{wide} px wider than the screen at {width}", look_name, culprit)
    if not options.no_axe and width in AXE_WIDTHS:
        for violation in Axe().run(page, options=AXE).response["violations"]:
            node = violation["nodes"][0]
            summary = " ".join(node.get("failureSummary", "").split())[:160]
            findings.note(
                entry, f"axe {violation['id']} ({violation['impact']}) x{len(violation['nodes'])}", look_name,
                f"{node['html'][:160]}  {summary}",
            )  # fmt: skip
    if not options.no_pictures:
        name = "-".join(filter(None, urlsplit(entry.replace(" ", "_")).path.split("/"))) or "home"
        prefix = "public-" if entry.startswith("http") else ""
        page.screenshot(path=options.out / f"{prefix}{name[:80]}-{look_name}.png", full_page=" " not in entry)


def console(note: Any, where: dict[str, Any], findings: Findings, style: str) -> None:
    """Errors a browser writes down; a page that is meant to be missing is not one."""
    if note.type == "error" and "no-such-page" not in where["page"]:
        findings.note(where["page"], f"console: {note.text[:200]}", style)


def weigh(answer: Response, where: dict[str, Any], findings: Findings, style: str, options: argparse.Namespace) -> None:
    """Count scripts as they would travel, and note whatever comes from elsewhere."""
    url = urlsplit(answer.url)
    if url.scheme.startswith("http") and not (url.hostname or "").endswith(
        urlsplit(options.url).hostname.split(".")[-1]
    ):
        findings.note(where["page"], f"fetched {answer.url[:100]}", style)
    if answer.request.resource_type == "script" and answer.ok:
        try:
            where["script"] += len(gzip.compress(answer.body(), 9))
        except BrowserError:
            return


if __name__ == "__main__":
    sys.exit(main())
