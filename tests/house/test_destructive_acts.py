"""Whoever ends, removes or forgets something reads its name on the button, or is offered the way back."""

import re
from pathlib import Path

from apps.core.embedded.places import ROOT

ENDS = re.compile(
    r"(cancel|remove|delete|revoke|disable|disconnect|leave|end|stop|archive|forget|purge|withdraw|deactivate)$"
)
FORM = re.compile(r"<form\b[^>]*action=\"\{% url '([\w:]+)'[^%]*%\}\"[^>]*>(.*?)</form>", re.DOTALL)
BUTTON = re.compile(r"<button\b[^>]*>(.*?)</button>", re.DOTALL)
NAMES_IT = re.compile(r"\{\{ |\{% blocktranslate (count|with) ")
# Acts whose notice carries "Undo", and the address that takes them back.
UNDONE_BY = {"costs:budget_disable": "costs:budget_restore"}
# Nothing is lost: the door is open again by the same way it was opened; a comparison keeps what it has found so far.
ONLY_CLOSES = {"accounts:staff_access_leave", "accounts:staff_access_end", "workflows:what_if_cancel"}


def acts() -> list[tuple[str, str, str]]:
    """(template, address, what the button says) of every form that ends something."""
    templates = [path for folder in ("apps", "templates") for path in (ROOT / folder).rglob("templates/**/*.html")]
    templates += (ROOT / "templates").rglob("*.html")
    return [
        (path.relative_to(ROOT).as_posix(), address, label)
        for path in sorted(set(templates))
        for address, inside in FORM.findall(Path(path).read_text())
        if ENDS.search(address)
        for label in BUTTON.findall(inside)
    ]


def test_what_ends_something_names_it_or_can_be_undone() -> None:
    found = acts()
    assert len(found) >= 8, "the pattern finds the forms no more"
    nameless = [
        (template, address, label.strip())
        for template, address, label in found
        if not NAMES_IT.search(label) and address not in UNDONE_BY and address not in ONLY_CLOSES
    ]
    assert nameless == []


def test_the_way_back_is_really_offered() -> None:
    source = "".join(path.read_text() for path in (ROOT / "apps").rglob("*.py"))
    for back in UNDONE_BY.values():
        assert f'"{back}"' in source, f"nothing offers {back}"
