"""Building a workflow in a browser, on a whole installation: with mouse, finger and keys, on canvas and outline, until it has run."""

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession, Locator, Page, ViewportSize, expect

from tests.journeys.conftest import Installation
from tests.journeys.stations import Stations
from tests.journeys.windows import Windows

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.timeout(600)]

PHONE, DESKTOP = ViewportSize(width=380, height=800), ViewportSize(width=1280, height=800)
NARROW = ViewportSize(width=320, height=640)
LOOKS = ((DESKTOP, "light"), (PHONE, "dark"))
ANSWER = 60_000
NEAR = 24


@pytest.fixture
def opened(browser: Browser, product: Installation, state: Any) -> Iterator[Any]:
    """Opens a watched window in a size and a language; whatever was wrong in it fails the test."""
    windows = Windows(browser, product, state)

    def open_window(size: ViewportSize, *, language: str = "en", more: Any = ()) -> tuple[Page, Stations]:
        looks = (*(LOOKS if size is DESKTOP else LOOKS[::-1]), *more)
        page, stations = windows.open(language, size, looks, is_mobile=size is PHONE)
        page.set_default_timeout(15_000)
        return page, stations

    yield open_window
    windows.close()


class Builder:
    """The builder's page as a person sees it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.slug = ""

    def begin(self, name: str) -> None:
        """A new workflow with an empty canvas."""
        self.page.goto("/workflows/new/")
        self.page.locator("#name").fill(f"{name} {time.time_ns() // 1_000_000}")
        self.page.locator("main form button.primary").click()
        self.page.wait_for_url("**/edit/")
        self.slug = self.page.url.split("/workflows/")[1].split("/")[0]
        self.page.locator("button[data-view=canvas]").click()
        expect(self.page.locator(".b-empty")).to_be_visible()

    def node(self, step: str) -> Locator:
        """A step on the canvas."""
        return self.page.locator(f'.react-flow__node[data-id="{step}"]')

    def handle(self, step: str, place: str) -> Locator:
        """One of its dots; ``in`` is where others lead to."""
        return self.node(step).locator(f'.react-flow__handle[data-handleid="{place}"]')

    def way(self, step: str, place: str) -> Locator:
        """The line that leaves by a way out."""
        return self.page.locator(f'.react-flow__edge[data-id="{step}:{place}"]')

    def add(self, word: str, step: str) -> None:
        """By the palette: search, choose the first."""
        if not self.page.locator(".b-palette").is_visible():
            self.page.locator(".b-adder").click()
        self.page.keyboard.type(word)
        self.page.keyboard.press("Enter")
        expect(self.node(step)).to_be_visible()
        self.saved()

    def write(self, step: str, text: str) -> None:
        """The message of a note, with data of an earlier step picked behind it."""
        page = self.page
        expect(page.locator(f".b-insp[data-step={step}]")).to_be_visible()
        page.locator("#inspector textarea[name='with.message']").fill(text)
        page.locator(".b-data > summary").click()
        page.locator(".b-data .b-path").first.click()
        expect(page.locator("#inspector textarea[name='with.message']")).to_have_value(re.compile(r"\{\{.+\}\}$"))
        expect(page.locator("#inspector [aria-invalid=true]")).to_have_count(0)
        self.saved()

    def saved(self) -> None:
        """The server has everything."""
        expect(self.page.locator("[data-saved]")).to_have_attribute("data-state", "saved")

    def document(self) -> Any:
        """The draft as the server keeps it."""
        self.saved()
        return self.page.evaluate(
            "async at => (await (await fetch(at, { headers: { Accept: 'application/json' } })).json()).document",
            f"/workflows/{self.slug}/edit/draft/",
        )

    def place(self, step: str) -> tuple[float, float]:
        """Where a step stands on the canvas, in its own units."""
        found = self.node(step).evaluate("one => [...one.style.transform.matchAll(/-?[\\d.]+/g)].map(Number)")
        return found[0], found[1]


def middle(one: Locator) -> tuple[float, float]:
    box = one.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0] + 8, start[1] + 8)
    page.mouse.move(*end, steps=8)
    page.mouse.up()


def test_mouse_builds_publishes_and_sees_the_run(opened: Any) -> None:
    page, stations = opened(DESKTOP)
    builder = Builder(page)
    builder.begin("Mouse")
    builder.add("set values", "set")
    builder.add("if", "condition")
    builder.add("note", "log")
    builder.write("log", "Yes: ")
    page.locator("[data-close-inspector]").click()
    page.locator(".b-adder").click()
    page.locator(".b-palette input").fill("note")
    pane = page.locator(".react-flow__pane")
    page.locator("[data-kind=log]").drag_to(pane, target_position={"x": 800, "y": 580})
    expect(builder.node("log_2")).to_be_visible()
    builder.write("log_2", "No: ")
    page.locator("[data-close-inspector]").click()
    page.locator(".react-flow__controls-fitview").click()
    assert "else" not in builder.document()["steps"]["condition"]

    drag(page, middle(builder.handle("condition", "else")), middle(builder.handle("log_2", "in")))
    expect(builder.way("condition", "else")).to_have_count(1)
    assert builder.document()["steps"]["condition"]["else"] == "log_2"

    before = builder.place("log_2")
    x, y = middle(builder.node("log_2").locator(".b-icon"))
    drag(page, (x, y), (x + 64, y - 48))
    moved = builder.document()["layout"]["log_2"]
    assert (moved["x"], moved["y"]) != before
    page.locator("[data-undo]").click()
    page.locator("[data-undo]").click()
    expect(builder.way("condition", "else")).to_have_count(0)
    page.locator("[data-redo]").click()
    page.locator("[data-redo]").click()
    expect(builder.way("condition", "else")).to_have_count(1)
    assert builder.document()["layout"]["log_2"] == moved
    expect(page.locator("[data-problem-count]")).to_have_text("0")
    stations.arrived(page, "builder")

    page.locator("[data-publish]").click()
    stations.arrived(page, "publish")
    page.locator("main form:has(#note) button.primary").click()
    page.wait_for_url(re.compile(f"/workflows/{builder.slug}/$"))
    page.goto(f"/workflows/{builder.slug}/run/")
    page.locator("main form button.primary").last.click()
    page.wait_for_url("**/runs/*/")
    page.goto(f"/workflows/{builder.slug}/")
    for step in ("set", "condition", "log"):
        expect(builder.node(step).locator(".b-node")).to_have_attribute("data-state", "done", timeout=ANSWER)
    expect(builder.node("log_2").locator(".b-node")).to_have_attribute("data-state", "")
    stations.arrived(page, "overview")
    for name in ("versions", "test"):
        page.goto(f"/workflows/{builder.slug}/{name}/")
        stations.arrived(page, name)


def test_keys_alone_build_move_remove_and_take_back(opened: Any) -> None:
    page, _stations = opened(DESKTOP)
    builder = Builder(page)
    builder.begin("Keys")
    page.locator(".b-empty button").focus()
    page.keyboard.press("Enter")
    builder.add("set values", "set")
    expect(builder.node("set")).to_be_focused()
    page.keyboard.press("/")
    expect(page.locator(".b-palette input")).to_be_focused()
    builder.add("note", "log")
    expect(builder.node("log")).to_be_focused()
    expect(builder.way("set", "next")).to_have_count(1)

    before = builder.place("log")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    builder.saved()
    assert builder.place("log")[1] > before[1]
    assert builder.document()["layout"]["log"]["y"] == builder.place("log")[1]

    page.keyboard.press("Delete")
    expect(builder.node("log")).to_have_count(0)
    builder.node("set").focus()
    page.keyboard.press("Control+z")
    expect(builder.node("log")).to_be_visible()
    page.keyboard.press("Control+y")
    expect(builder.node("log")).to_have_count(0)
    page.keyboard.press("Control+z")
    builder.node("log").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".b-insp[data-step=log] #inspector-h")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(page.locator("#inspector")).to_be_hidden()


class Finger:
    """Touches as the browser's engine gets them from a screen."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._session: CDPSession = page.context.new_cdp_session(page)

    def _send(self, kind: str, *points: tuple[float, float]) -> None:
        touches = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        self._session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    def draw(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """From one place to another."""
        self._send("touchStart", start)
        for part in range(1, 9):
            self._send(
                "touchMove", *[(start[0] + (end[0] - start[0]) * part / 8, start[1] + (end[1] - start[1]) * part / 8)]
            )
        self.page.wait_for_timeout(60)
        self._send("touchEnd")

    def tap(self, place: tuple[float, float]) -> None:
        """Short."""
        self._send("touchStart", place)
        self._send("touchEnd")


def test_fingers_on_a_phone_build_on_canvas_and_outline(opened: Any) -> None:
    page, stations = opened(PHONE)
    builder, finger = Builder(page), Finger(page)
    builder.begin("Touch")
    for word, kind in (("set values", "set"), ("note", "log"), ("stop", "fail")):
        page.locator(".b-adder").tap()
        page.locator(".b-palette input").fill(word)
        page.locator(f"[data-kind={kind}]").tap()
        expect(builder.node(kind)).to_be_attached()
        builder.saved()
        page.locator("[data-close-inspector]").tap()
    assert builder.document()["steps"]["log"]["next"] == "fail"
    page.locator(".react-flow__controls-fitview").tap()

    view = page.locator(".react-flow__viewport")
    seen = view.get_attribute("style")
    finger.draw((330, 560), (300, 500))
    expect(view).not_to_have_attribute("style", seen or "")
    page.locator(".react-flow__controls-fitview").tap()
    page.wait_for_timeout(300)
    finger.tap(middle(builder.node("log").locator(".b-icon")))
    expect(page.locator(".b-insp[data-step=log]")).to_be_visible()
    page.locator("[data-close-inspector]").tap()

    # The way from the first step leads on to the last: first by two taps, and back by drawing.
    builder.handle("set", "next").tap()
    builder.handle("fail", "in").tap()
    expect(page.locator("[data-saved]")).to_have_attribute("data-state", "saved")
    assert builder.document()["steps"]["set"]["next"] == "fail"
    page.wait_for_timeout(300)
    page.locator(".react-flow__controls-fitview").tap()
    page.wait_for_timeout(300)
    finger.draw(middle(builder.handle("set", "next")), middle(builder.handle("log", "in")))
    page.wait_for_timeout(200)
    assert builder.document()["steps"]["set"]["next"] == "log"
    stations.arrived(page, "builder on a phone")

    page.locator("button[data-view=outline]").tap()
    lines = page.locator("#outline [data-line]")
    expect(lines).to_have_count(3)
    line = page.locator("[data-line=set]")
    line.locator(".b-add > summary").first.tap()
    line.locator(".b-add select").first.select_option("transform")
    line.locator(".b-add button").first.tap()
    expect(lines).to_have_count(4)
    steps = builder.document()["steps"]
    assert (steps["set"]["next"], steps["transform"]["next"]) == ("transform", "log")
    stations.arrived(page, "outline")


def test_right_to_left_lines_meet_their_dots(opened: Any) -> None:
    page, stations = opened(DESKTOP, language="ur")
    builder = Builder(page)
    builder.begin("اردو")
    for word in ("set", "condition", "log"):
        builder.add(word, word)
    page.locator("[data-close-inspector]").click()
    page.locator(".react-flow__controls-fitview").click()
    page.wait_for_timeout(300)
    assert middle(builder.node("condition"))[0] < middle(builder.node("set"))[0]
    for start, place, end in (("set", "next", "condition"), ("condition", "then", "log")):
        line = builder.way(start, place).locator(".react-flow__edge-path").bounding_box()
        out, inward = middle(builder.handle(start, place)), middle(builder.handle(end, "in"))
        assert line is not None
        assert abs(line["x"] + line["width"] - out[0]) < NEAR
        assert abs(line["x"] - inward[0]) < NEAR
    stations.arrived(page, "builder in Urdu")


class Hand:
    """The same acts by mouse, by finger or by keys alone."""

    def __init__(self, page: Page, way: str) -> None:
        self.page, self.way = page, way

    def press(self, one: Locator) -> None:
        """A button, a link, a box to tick."""
        if self.way == "keys":
            one.focus()
            self.page.keyboard.press("Space" if one.get_attribute("type") in ("checkbox", "radio") else "Enter")
        elif self.way == "touch":
            one.tap()
        else:
            one.click()

    def write(self, one: Locator, text: str) -> None:
        """Into a field, in place of what stands there."""
        if self.way == "keys":
            one.focus()
            self.page.keyboard.press("Control+a")
            self.page.keyboard.type(text)
        else:
            one.fill(text)

    def open(self, part: str) -> None:
        """A part of the workflow, from the outline or from the tool bar above the canvas."""
        if self.way == "touch":
            self.press(self.page.locator(f'#outline a[data-step="{part}"]'))
        else:
            self.press(self.page.locator("[popovertarget=about]"))
            self.press(self.page.locator(f'#about a[data-step="{part}"]'))
        expect(self.page.locator(f'.b-insp[data-step="{part}"] #inspector-h')).to_be_focused()


WAYS = {"mouse": (DESKTOP, "en"), "touch": (PHONE, "en"), "keys": (DESKTOP, "en"), "urdu": (DESKTOP, "ur")}


@pytest.mark.parametrize("way", list(WAYS))
def test_inputs_triggers_and_settings_are_edited_and_published(opened: Any, way: str) -> None:
    size, language = WAYS[way]
    page, stations = opened(size, language=language, more=((NARROW, "light"),))
    builder, hand = Builder(page), Hand(page, way)
    builder.begin(f"Parts {way}")
    if way == "touch":
        page.locator("button[data-view=outline]").tap()
        page.locator("#outline .b-more .b-add > summary").tap()
        page.locator("#outline .b-more select").select_option("set")
        page.locator("#outline .b-more .b-add button").tap()
        expect(page.locator("#outline [data-line=set] .b-class")).to_contain_text("A")
    else:
        builder.add("set", "set")
        expect(builder.node("set").locator(".b-class")).to_have_text("A")
    page.locator("[data-close-inspector]").click()

    hand.open(":inputs")
    hand.write(page.locator("#new-name"), "amount")
    page.locator("#new-sort").select_option("number")
    hand.press(page.locator("#inspector [name=_new]"))
    expect(page.locator('.b-insp[data-step=":input:amount"]')).to_be_visible()
    hand.press(page.locator("#i-required"))
    hand.write(page.locator("#f-default"), "5")
    builder.saved()
    stations.arrived(page, f"an input, {way}")
    page.set_viewport_size(size)
    hand.press(page.locator('#inspector a[data-step=":inputs"]'))
    expect(page.locator('.b-insp[data-step=":inputs"] [data-step=":input:amount"]')).to_be_visible()
    page.locator("[data-close-inspector]").click()

    hand.open(":triggers")
    hand.press(page.locator("#t-schedule"))
    hand.press(page.locator("#inspector [name=_new]"))
    expect(page.locator(".b-preview tbody tr")).to_have_count(5)
    page.locator("#inspector [name=rule]").select_option("weekly")
    friday = page.locator("#inspector [name='with.weekly.days'][value=fri]")
    expect(friday).to_be_visible()
    hand.press(friday)
    page.locator("#inspector [name='with.missed']").select_option("skip")
    expect(page.locator("#inspector [name='with.grace_s']")).to_be_visible()
    hand.write(page.locator("#inspector [name='with.inputs.amount']"), "7")
    builder.saved()
    stations.arrived(page, f"a schedule, {way}")
    page.set_viewport_size(size)
    page.locator("[data-close-inspector]").click()

    hand.open(":settings")
    hand.write(page.locator("#inspector [name='approvals.quorum']"), "2")
    hand.write(page.locator("#inspector [name='approvals.expires_s']"), "2")
    page.locator("#inspector [name='approvals.expires_s:unit']").select_option("days")
    hand.press(page.locator("#inspector [name='approvals.roles'][value=owner]"))
    page.wait_for_timeout(900)
    made = builder.document()
    assert made["settings"]["approvals"] == {"quorum": 2, "expires_s": 172_800, "roles": ["owner"]}
    stations.arrived(page, f"settings, {way}")
    page.set_viewport_size(size)
    hand.press(page.locator("[data-undo]"))
    expect(page.locator("#inspector [name='approvals.roles'][value=owner]")).not_to_be_checked()
    hand.press(page.locator("[data-redo]"))
    expect(page.locator("#inspector [name='approvals.roles'][value=owner]")).to_be_checked()
    page.locator("[data-close-inspector]").click()
    hand.open(":estimate")
    expect(page.locator(".b-sum .b-class")).to_have_text("A")
    stations.arrived(page, f"before you run, {way}")
    page.set_viewport_size(size)

    made = builder.document()
    assert made["inputs"]["properties"]["amount"] == {"type": "number", "default": 5}
    assert made["inputs"]["required"] == ["amount"]
    schedule = made["triggers"]["schedule"]["with"]
    assert schedule["weekly"] == {"at": "09:00", "days": ["mon", "fri"]}
    assert (schedule["missed"], schedule["inputs"]) == ("skip", {"amount": 7})
    expect(page.locator("[data-problem-count]")).to_have_text("0")
    page.goto(f"/workflows/{builder.slug}/publish/")
    hand.press(page.locator("main form:has(#note) button.primary"))
    page.wait_for_url(re.compile(f"/workflows/{builder.slug}/$"))
    page.goto(f"/triggers/?workflow={builder.slug}")
    expect(page.locator("main")).to_contain_text("schedule")


def written(page: Page, title: str, request: str) -> str:
    """A prompt of the workspace, published. Returns its name."""
    page.goto("/prompts/new/")
    page.locator("main [name=title]").fill(f"{title} {time.time_ns() // 1_000_000}")
    page.locator("main [name=user]").fill(request)
    page.locator("main form button.primary").click()
    page.wait_for_url(re.compile(r"/prompts/(?!new/)[a-z0-9-]+/$"))
    slug = page.url.rstrip("/").rpartition("/")[2]
    page.goto(f"/prompts/{slug}/publish/")
    page.locator("main form button.primary").last.click()
    page.wait_for_url(re.compile(f"/prompts/{slug}/.*(?<!publish/)$"))
    return slug


@pytest.mark.parametrize("way", list(WAYS))
def test_a_prompt_of_the_library_is_chosen_filled_and_pinned(opened: Any, way: str) -> None:
    size, language = WAYS[way]
    page, stations = opened(size, language=language, more=((NARROW, "light"),))
    builder, hand = Builder(page), Hand(page, way)
    reply = written(page, f"Reply {way}", "Write to {{customer}}: {{words}}")
    offer = written(page, f"Offer {way}", "An offer for {{customer}} about {{goods}}")
    builder.begin(f"Prompts {way}")
    if way == "touch":
        page.locator("button[data-view=outline]").tap()
        page.locator("#outline .b-more .b-add > summary").tap()
        page.locator("#outline .b-more select").select_option("ai.generate")
        page.locator("#outline .b-more .b-add button").tap()
    else:
        builder.add("ai.generate", "generate")
    inside = page.locator("#inspector")
    step = next(iter(builder.document()["steps"]))
    expect(page.locator(f".b-insp[data-step={step}]")).to_be_visible()

    hand.press(inside.locator("#f-with-told-here"))
    expect(inside.locator("[name='with.messages.0.content']")).to_be_visible()
    hand.press(inside.locator("#f-with-told-library"))
    expect(inside.locator("#f-with-prompt")).to_be_visible()
    inside.locator("#f-with-prompt").select_option(reply)
    customer, words = (inside.locator(f"#f-with-variables-{name}") for name in ("customer", "words"))
    expect(words).to_be_visible()
    expect(inside.locator(".err.error")).to_have_count(2)
    hand.write(customer, "Ada")
    hand.write(words, "They wrote: ")
    hand.press(inside.locator(".b-data > summary"))
    words.focus()
    page.keyboard.press("End")
    hand.press(inside.locator(".b-data .b-path").first)
    expect(words).to_have_value(re.compile(r"^They wrote: \{\{.+\}\}$"))
    expect(inside.locator(".err")).to_have_count(0)
    page.wait_for_timeout(900)
    given = builder.document()["steps"][step]["with"]
    assert (given["prompt"], given["variables"]["customer"]) == (reply, "Ada")
    assert given["variables"]["words"]["$text"].startswith("They wrote: {{")
    stations.arrived(page, f"a prompt with variables, {way}")
    page.set_viewport_size(size)

    inside.locator("#f-with-prompt-version").select_option("1")
    expect(inside.locator("#f-with-prompt-version")).to_have_value("1")
    assert builder.document()["steps"][step]["with"]["prompt"] == f"{reply}@1"
    inside.locator("#f-with-prompt").select_option(offer)
    expect(inside.locator("#f-with-variables-goods")).to_be_visible()
    expect(customer).to_have_value("Ada")
    expect(inside.locator(".err.warning")).to_have_count(1)
    stations.arrived(page, f"another prompt, {way}")
    page.set_viewport_size(size)
    hand.press(inside.locator("[name=_remove][value='with.variables.words']"))
    expect(words).to_have_count(0)
    hand.write(inside.locator("#f-with-variables-goods"), "chairs")
    expect(inside.locator(".err")).to_have_count(0)
    page.wait_for_timeout(900)
    given = builder.document()["steps"][step]["with"]
    assert given == {"prompt": offer, "variables": {"customer": "Ada", "goods": "chairs"}}
    expect(inside.locator(f"a[href='/prompts/{offer}/']")).to_be_visible()
