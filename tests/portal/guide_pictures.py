"""Takes the guide's pictures of a running installation with its demo: ``python -m tests.portal.guide_pictures --help``.

One command makes all of them anew: it builds, tests, publishes and runs small workflows by the pages a person uses, and keeps what
it saw as WebP with its size. Run it when a page has changed enough that a reader would look for something that is not there.
"""

import argparse
import base64
import json
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from playwright.sync_api import BrowserContext, Page, sync_playwright

from apps.portal.website.pictures import FOLDER
from tests.portal.pictures import CHROMIUM, CHROMIUM_FLAGS, sign_in

Json = Any
WIDTH, HEIGHT, SHARPNESS, QUALITY = 1100, 720, 1.5, 72
PATIENCE_S = 420
ORDER: Json = {
    "schema": 1,
    "start": "price",
    "inputs": {
        "type": "object",
        "required": ["customer", "net"],
        "properties": {"customer": {"type": "string", "title": "Customer"}, "net": {"type": "number", "title": "Net amount"}},
    },
    "steps": {
        "price": {
            "type": "set", "title": "Work out the price", "next": "large",
            "with": {"customer": {"$ref": "inputs.customer"}, "total": {"$expr": "round(inputs.net * 1.21, 2)"}},
        },
        "large": {
            "type": "condition", "title": "A large order?", "then": "ask", "else": "note",
            "when": {"op": "gt", "left": {"$ref": "steps.price.output.total"}, "right": 500},
        },
        "ask": {
            "type": "approval", "title": "May it go out?", "next": "note",
            "with": {"title": "A large order. May it go out?", "content": {"$ref": "steps.price.output"}, "expires_s": 86400},
        },
        "note": {
            "type": "log", "title": "Write it down", "next": "tell",
            "with": {"message": {"$text": "{{inputs.customer}} ordered for {{steps.price.output.total}} euros"}},
        },
        "tell": {"type": "notify", "title": "Tell the team", "with": {"title": {"$text": "An order by {{inputs.customer}}"}}},
    },
}  # fmt: skip
LETTER: Json = {
    "schema": 1,
    "start": "sort",
    "inputs": {"type": "object", "properties": {"letter": {"type": "string"}}},
    "steps": {
        "sort": {
            "type": "ai.classify", "title": "What is it about?", "next": "way",
            "with": {"text": {"$ref": "inputs.letter"}, "labels": ["question", "complaint", "other"]},
        },
        "way": {
            "type": "switch", "title": "Who answers?", "default": "note",
            "cases": [
                {"title": "A question", "when": {"op": "eq", "left": {"$ref": "steps.sort.output.label"}, "right": "question"},
                 "next": "answer"},
                {"title": "A complaint", "when": {"op": "eq", "left": {"$ref": "steps.sort.output.label"}, "right": "complaint"},
                 "next": "ask"},
            ],
        },
        "answer": {
            "type": "ai.generate", "title": "Write an answer", "next": "judge",
            "with": {
                "messages": [
                    {"role": "system", "content": "Answer in two friendly sentences.", "trusted": True},
                    {"role": "user", "content": {"$ref": "inputs.letter"}},
                ],
                "max_output_tokens": 300,
            },
        },
        "judge": {
            "type": "ai.review", "title": "Is it good enough?",
            "with": {"task": {"$ref": "inputs.letter"}, "answer": {"$ref": "steps.answer.output.text"}, "threshold": 80},
        },
        "ask": {"type": "approval", "title": "Have a person answer", "with": {"title": "A complaint has come in"}},
        "note": {"type": "log", "title": "Write it down", "with": {"message": {"$ref": "inputs.letter"}}},
    },
}  # fmt: skip
STOCK: Json = {
    "schema": 1,
    "start": "stock",
    "steps": {
        "stock": {"type": "set", "title": "Look into the stock", "with": {"article": "4711", "left": 0}, "next": "empty"},
        "empty": {
            "type": "fail", "title": "Nothing left",
            "with": {"code": "no_stock", "message": {"$text": "Article {{steps.stock.output.article}} is out of stock."}},
        },
    },
}  # fmt: skip


class Camera:
    """A signed-in window and the pictures taken through it."""

    def __init__(self, context: BrowserContext, url: str, folder: Path) -> None:
        self.page: Page = context.new_page()
        self.page.set_default_timeout(60_000)
        self._wire = context.new_cdp_session(self.page)
        self._folder, self._url = folder, url
        self.sizes: dict[str, list[int]] = {}

    def go(self, path: str) -> None:
        """Open a page and let it come to rest."""
        self.page.goto(f"{self._url}{path}" if path.startswith("/") else path)
        self.page.wait_for_timeout(700)

    def keep(self, name: str, *, part: str = "main", height: int = 640) -> None:
        """Keep what ``part`` of the page shows, at most so many pixels of it."""
        box = self.page.locator(part).first.bounding_box()
        if box is None:
            raise RuntimeError(f"{name}: {part} is not on the page")
        tall = min(box["height"], height)
        clip = {"x": box["x"], "y": max(box["y"], 0), "width": box["width"], "height": tall, "scale": 1}
        shot = self._wire.send(
            "Page.captureScreenshot",
            {"format": "webp", "quality": QUALITY, "clip": clip, "captureBeyondViewport": True},
        )
        (self._folder / f"{name}.webp").write_bytes(base64.b64decode(shot["data"]))
        self.sizes[f"{name}.webp"] = [round(box["width"]), round(tall)]
        sys.stdout.write(f"{name}.webp\n")

    def until(self, seen: Callable[[], bool], path: str, *, within_s: float = PATIENCE_S) -> None:
        """Open a page again and again until it shows something."""
        last = time.monotonic() + within_s
        self.go(path)
        while not seen():
            if time.monotonic() > last:
                raise RuntimeError(f"{path} never showed what it should")
            time.sleep(3)
            self.go(path)


def make(camera: Camera, name: str, definition: Json) -> str:
    """A workflow out of a definition, as somebody who imports a file makes it; its slug."""
    page = camera.page
    camera.go("/workflows/new/")
    page.locator("#name").fill(name)
    page.locator("main details.fold summary").first.click()
    page.locator("#definition").fill(json.dumps(definition))
    page.locator("main form button.primary").click()
    page.wait_for_url("**/edit/**")
    return page.url.split("/workflows/")[1].split("/")[0]


def publish(camera: Camera, slug: str, note: str) -> None:
    """A version."""
    camera.go(f"/workflows/{slug}/publish/")
    camera.page.locator("main [name=note]").fill(note)
    camera.page.locator("main form button.primary").first.click()
    camera.page.wait_for_url(lambda address: "/publish/" not in address)


def run(camera: Camera, slug: str, **values: str) -> str:
    """Start a run by its page; the address of the run."""
    camera.go(f"/workflows/{slug}/run/")
    for name, value in values.items():
        camera.page.locator(f"main [name$='{name}']").first.fill(value)
    camera.page.locator("main form button.primary").first.click()
    camera.page.wait_for_url("**/runs/**")
    return camera.page.url


def retitle(camera: Camera, slug: str, step: str, title: str) -> None:
    """Another title for a step, by its settings."""
    camera.go(f"/workflows/{slug}/edit/?step={step}#inspector")
    camera.page.locator("#f-title").fill(title)
    camera.page.keyboard.press("Tab")
    camera.page.locator("[data-saved][data-state=saved]").wait_for(state="attached")
    camera.page.wait_for_timeout(1500)


def building(camera: Camera, order: str, letter: str) -> None:
    """The builder: canvas, data, ways, a step that asks a model, a test."""
    page = camera.page
    camera.go(f"/workflows/{order}/edit/?step=large#inspector")
    page.locator("button[data-view=canvas]").click()
    page.locator(".react-flow__node").first.wait_for()
    page.locator(".react-flow__controls-fitview").click()
    page.wait_for_timeout(900)
    for _once in range(3):
        page.locator(".react-flow__controls-zoomin").click()
        page.wait_for_timeout(400)
    camera.keep("canvas", part=".builder", height=600)
    camera.go(f"/workflows/{order}/edit/?step=note#inspector")
    page.locator(".b-data > summary").click()
    page.locator(".b-insp textarea[name='with.message']").evaluate("one => one.scrollIntoView()")
    page.wait_for_timeout(300)
    camera.keep("values", part=".b-inspector", height=620)
    camera.go(f"/workflows/{letter}/edit/")
    page.locator("button[data-view=canvas]").click()
    page.locator(".react-flow__node").first.wait_for()
    page.locator(".react-flow__controls-fitview").click()
    page.wait_for_timeout(900)
    camera.keep("ways", part=".b-canvas", height=560)
    camera.go(f"/workflows/{letter}/edit/?step=answer#inspector")
    page.locator(".b-insp [name='with:told']").first.evaluate("one => one.closest('fieldset').scrollIntoView()")
    page.wait_for_timeout(300)
    camera.keep("ai-step", part=".b-inspector", height=620)
    camera.go(f"/workflows/{order}/test/")
    for name, value in (("customer", "Ada"), ("net", "420")):
        page.locator(f"main [name$='{name}']").first.fill(value)
    page.get_by_role("button", name="Start step by step").click()
    page.get_by_role("button", name="Next step").wait_for()
    page.get_by_role("button", name="Next step").click()
    page.wait_for_timeout(1500)
    camera.keep("test", height=660)


def shown_pages(camera: Camera, order: str) -> None:
    """Pages that need nothing but to be opened."""
    page = camera.page
    camera.go("/workflows/templates/")
    camera.keep("templates")
    camera.go("/connections/catalogue/")
    camera.keep("connections")
    camera.go("/triggers/schedule/")
    page.locator("main [name=kind]").select_option("weekly")
    page.locator("main [name=at]").fill("09:00")
    for day in ("mon", "thu"):
        page.locator(f"main [name=days][value={day}]").check()
    page.locator("main [name=zone]").select_option("Europe/Madrid")
    page.locator("main form button.primary").first.click()
    page.wait_for_timeout(800)
    camera.keep("schedule", height=900)
    camera.go(f"/workflows/{order}/versions/")
    camera.keep("versions", height=520)
    camera.go(f"/workflows/{order}/what-if/")
    camera.keep("what-if", height=620)


def take(camera: Camera) -> None:
    """All of them, in an order that lets what takes time go on meanwhile."""
    page = camera.page
    order = make(camera, "Check an order", ORDER)
    publish(camera, order, "The first version")
    for customer, net in (("Ada", "120"), ("Grace", "80"), ("Linus", "300"), ("Edsger", "45.5"), ("Barbara", "210")):
        run(camera, order, customer=customer, net=net)
    run(camera, order, customer="Ada", net="900")
    retitle(camera, order, "tell", "Tell everybody")
    publish(camera, order, "Everybody hears of it")
    stock = make(camera, "Check the stock", STOCK)
    publish(camera, stock, "")
    failed = run(camera, stock)
    letter = make(camera, "Answer letters", LETTER)
    building(camera, order, letter)
    waiting = page.locator("main a[href^='/approvals/']:not([href*=deputies], [href*=rules])")
    camera.until(lambda: waiting.count() > 0, "/approvals/")
    waiting.first.click()
    page.wait_for_timeout(800)
    camera.keep("approval", height=700)
    camera.until(lambda: page.locator("main .notice.bad").count() > 0, failed)
    camera.keep("run-error", height=620)
    shown_pages(camera, order)
    camera.until(lambda: page.locator("main table").count() > 0, f"/workflows/{order}/analytics/")
    camera.keep("figures", height=760)


def main() -> int:
    """Take the pictures and write their sizes beside them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://demo.localhost:8000", help="address of the demo workspace")
    parser.add_argument("--email", default="demo@example.com")
    parser.add_argument("--password", default="echopilot-demo")
    parser.add_argument("--out", type=Path, default=FOLDER)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        who = SimpleNamespace(url=options.url, email=options.email, password=options.password)
        context = browser.new_context(
            base_url=options.url, storage_state=sign_in(browser, who), color_scheme="light", reduced_motion="reduce",
            locale="en-GB", viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=SHARPNESS,
        )  # fmt: skip
        context.add_cookies([{"name": "django_language", "value": "en", "url": options.url}])
        camera = Camera(context, re.sub(r"/$", "", options.url), options.out)
        take(camera)
        browser.close()
    (options.out / "sizes.json").write_text(json.dumps(dict(sorted(camera.sizes.items())), indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
