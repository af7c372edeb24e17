"""Built-in prompts: named, versioned wordings from ``data/prompts.toml``, filled without evaluating anything."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.ai.contracts import Message, PromptOption, PromptVariable
from apps.ai.errors import UnknownPrompt
from apps.ai.gateway import route
from apps.ai.prompts import wording

PROMPTS_FILE = Path(__file__).parents[1] / "data" / "prompts.toml"
NEEDED = {"task": ("title", "body"), "task.revise": ("title", "body", "answer", "reasons")}
LANGUAGES = {"en": "English", "es": "Spanish", "ur": "Urdu", "de": "German", "fr": "French", "hi": "Hindi", "it": "Italian",
             "pt": "Portuguese", "ar": "Arabic"}  # fmt: skip
TITLE_IS_ENOUGH = 12
MAX_SLUG = 80
HINTS = (
    ("not json", "Start your reply with { and end it with }."),
    ("table was asked", "Write a table with one line per item and | between the columns."),
    ("list was asked", "Write a list; begin every line with a dash."),
    ("list items", "Begin every line of the list with a dash."),
    ("talks about itself", "Write only the text, without any remark about it."),
    ("hardly changes", "Use different words."),
    ("casual words", "Use formal words only."),
    ("sentences; at most", "Be brief."),
    ("words; at most", "Be brief."),
    ("hardly shortens", "Be much shorter."),
    ("missing:", "Leave nothing out."),
    ("must be one of", "Write one of the allowed words and nothing else."),
)


def render_prompt(slug: str, variables: Mapping[str, Any], *, quality: str) -> tuple[tuple[Message, ...], str]:
    """See ``facade.render_prompt``."""
    prompts = load_prompts()
    known = slug if slug in prompts else "task.other" if slug.startswith("task.") else ""
    needed = NEEDED.get(slug, NEEDED["task"])
    missing = [name for name in needed if not isinstance(variables.get(name), str)]
    if not known or missing:
        raise UnknownPrompt(slug=slug[:80], fields=dict.fromkeys(missing, "text is needed"))
    family = "small" if route.is_small(quality=quality) else "large"
    prompt = prompts[known]
    values = {name: str(value) for name, value in variables.items()} | {
        "language_line": _language_line(str(variables.get("language") or "")),
        "request": request_text(variables["title"], variables["body"]),
        "hint": hint_from(str(variables.get("reasons") or "")),
    }
    messages = (
        Message(role="system", content=wording.fill(prompt[family]["system"], values).strip(), trusted=True),
        Message(role="user", content=wording.fill(prompt[family]["user"], values).strip(), trusted=False),
    )
    return messages, f"{known}@{prompt['version']}/{family}"


TITLES = {
    "task.research": _("Research request"), "task.drafting": _("Draft a text"), "task.data-transform": _("Convert data"),
    "task.transcription": _("Clean up a transcript"), "task.other": _("Any request"), "task.revise": _("Revise an answer"),
}  # fmt: skip
NOTES = {
    "title": _("What is asked, in a line"), "body": _("The request with its material"), "answer": _("The answer that did not pass"),
    "reasons": _("What the review found"), "language": _("Code of the language to answer in"),
}  # fmt: skip


def offered() -> tuple[str, ...]:
    """Names of the built-in prompts, as ``data/prompts.toml`` lists them."""
    return tuple(load_prompts())


def is_builtin(slug: str) -> bool:
    """Whether a step may name it: every ``task.<kind>`` has a wording, of the version that comes with the product."""
    return slug in load_prompts() or (slug.startswith("task.") and len(slug) <= MAX_SLUG and "@" not in slug)


def labels(slug: str) -> list[str]:
    """What calls made with a built-in prompt are labelled with, over all its versions so far."""
    versions = range(1, load_prompts()[slug]["version"] + 1)
    return [f"{slug}@{number}/{family}" for number in versions for family in ("large", "small")]


def wordings(slug: str) -> dict[str, dict[str, str]]:
    """Both wordings of a built-in prompt, ``system`` and ``user`` of each."""
    return {family: load_prompts()[slug][family] for family in ("large", "small")}


def option(slug: str) -> PromptOption:
    """A built-in prompt as steps are offered it."""
    known = slug if slug in load_prompts() else "task.other"
    needed = NEEDED.get(slug, NEEDED["task"])
    variables = [PromptVariable(name=name, note=str(NOTES[name])) for name in needed]
    variables.append(PromptVariable(name="language", note=str(NOTES["language"]), optional=True))
    return PromptOption(
        slug=slug, title=str(TITLES.get(known, known)), description="", version=load_prompts()[known]["version"],
        variables=tuple(variables), builtin=True,
    )  # fmt: skip


def request_text(title: str, body: str) -> str:
    """Title and body as one request; a title that only names what the body asks for is left out."""
    title, body = title.strip(), body.strip()
    if not body:
        return title
    return body if len(body.split()) >= TITLE_IS_ENOUGH or title.lower() in body.lower() else f"{title}\n\n{body}"


def hint_from(reasons: str) -> str:
    """A reviewer's findings as one short order a small model can follow; empty when none fits."""
    found = [order for mark, order in HINTS if mark in reasons.lower()]
    return " ".join(found[:2])


@lru_cache(maxsize=1)
def load_prompts() -> dict[str, Any]:
    """All prompts of this release by slug."""
    return tomllib.loads(PROMPTS_FILE.read_text(encoding="utf-8"))


def _language_line(code: str) -> str:
    code = code.split("-", maxsplit=1)[0].lower()
    return f"Write in {LANGUAGES.get(code, code)}." if code else "Write in the language of the request."
