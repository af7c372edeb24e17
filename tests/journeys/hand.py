"""A person without a mouse: moves with Tab alone, and sees at every step where they are."""

from typing import Any

from playwright.sync_api import Locator, Page

MOST_STEPS = 250
# Where the focus is, and whether an outline or a ring of light shows it. Chromium's own ring ("auto") counts.
HERE = """() => {
  const one = document.activeElement;
  if (!one || one === document.body || one === document.documentElement) return null;
  const look = getComputedStyle(one);
  const outlined = look.outlineStyle !== "none" && parseFloat(look.outlineWidth) > 0;
  const box = one.getBoundingClientRect();
  return { shown: outlined || look.boxShadow !== "none", seen: box.width > 0 && box.height > 0,
    html: one.outerHTML.slice(0, 140), skip: one.matches(".skip") };
}"""


class Hand:
    """The keyboard of one page. Every step that leaves a person without a visible place is kept in ``lost``."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.lost: list[str] = []

    def press(self, *keys: str) -> None:
        """Keys one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def step(self, key: str = "Tab") -> dict[str, Any] | None:
        """One step; what is under the focus afterwards."""
        self.page.keyboard.press(key)
        here: dict[str, Any] | None = self.page.evaluate(HERE)
        if here and not (here["shown"] and here["seen"]):
            self.lost.append(f"{self.page.url}: nothing shows the focus on {here['html']}")
        return here

    def reach(self, target: Locator, *, key: str = "Tab") -> None:
        """Tab until ``target`` has the focus."""
        for _step in range(MOST_STEPS):
            if target.evaluate("one => one === document.activeElement"):
                return
            self.step(key)
        raise AssertionError(f"{self.page.url}: the keyboard does not reach {target}")

    def go(self, target: Locator, *, key: str = "Enter") -> None:
        """Reach something and press a key on it."""
        self.reach(target)
        self.page.keyboard.press(key)

    def write(self, target: Locator, text: str) -> None:
        """Reach a field and type over what is in it."""
        self.reach(target)
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(text)

    def skip_to_content(self) -> None:
        """By the skip link, which is the first stop of every page."""
        here = self.step()
        assert here is not None, self.page.url
        assert here["skip"], f"{self.page.url}: the first stop is {here['html']}"
        self.page.keyboard.press("Enter")
        assert self.page.evaluate("document.activeElement.id") == "main"

    def all_round(self) -> int:
        """From the skip link through the whole page and back to it; how many stops there were. Fails in a trap."""
        stops = 0
        while (here := self.step()) is None or not here["skip"] or not stops:
            stops += 1
            assert stops < MOST_STEPS, f"{self.page.url}: the focus does not come round; it is on {here}"
        return stops
