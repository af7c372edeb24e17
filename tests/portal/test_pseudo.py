"""Every page in the pseudo-locale: a text without its brackets was never offered for translation."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import get_resolver

from apps.i18n.compiling import write_pseudo
from apps.i18n.pseudo import CLOSING, OPENING
from apps.portal.website.site import PAGES
from apps.tasks import facade as tasks
from apps.tasks.enums import TaskSource
from tests.isolation.routes import routes

# Known to Django and to CLDR, and none of ours: the pseudo texts are loaded under its code.
CODE = "en-gb"
SPOKEN = {"aria-label", "title", "placeholder", "alt", "data-label", "aria-description"}
# What people or machines wrote, code, amounts and times keep their own language; so does what names its language.
OWN = {"bdi", "code", "pre", "kbd", "time", "script", "style", "svg", "textarea", "option"}
VOID = {"br", "hr", "img", "input", "link", "meta", "use", "wbr", "source", "path", "rect", "line", "circle"}
# Names that are the same in every language.
NAMES = re.compile(
    r"EchoPilot|Notion|Google(?: Drive)?|Gmail|Slack|Telegram|GitHub|HubSpot|Airtable|Stripe|Resend|HTTP|SMTP|S3|CSV|API|UTC|PDF|JSON|Apache 2\.0|Ctrl K|Acme|acme|globex|Globex|@|English|Español|اردو|answer|demo|"
    r"Starter|Launch|Growth|Agency|smollm\S*|gpt-\S*|https?:\S+|\S+@\S+|localhost|British English"
)
# Pseudo texts hold no plain letters, so any two in a row were not translated.
LETTERS = re.compile(r"[A-Za-z]{2,}")
# Dates are written by the language's own rules, not by the catalogue.
DATES = re.compile(
    r"\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b|\b(?:January|February|March|April|May|June|July|August|September|October|November"
    r"|December|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b|\b[ap]\.m\.|\b(?:AM|PM|noon|midnight)\b"
)
INSIDE = f"{OPENING}[^{OPENING}{CLOSING}]*{CLOSING}"
# Answers that are files or hand over to another host.
NO_PAGES = {"portal:language_set"}


class Texts(HTMLParser):
    """Texts and spoken attributes of a page, without what has a language of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, bool]] = []
        self.found: list[str] = []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        own = tag in OWN or ("lang" in given and tag != "html") or given.get("translate") == "no" or "data-own" in given
        if not self._hidden():
            self.found += [value for name, value in attrs if name in SPOKEN and value]
            if tag == "input" and given.get("type") in ("submit", "button"):
                self.found.append(given.get("value") or "")
        if tag not in VOID:
            self.open.append((tag, own))

    def handle_endtag(self, tag):
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        if not self._hidden():
            self.found.append(data)

    def _hidden(self) -> bool:
        return any(own for _tag, own in self.open)


def untranslated(page: str, known: tuple[str, ...]) -> list[str]:
    """Texts of a page that never went through the catalogue."""
    reader = Texts()
    reader.feed(page)
    left = []
    for text in reader.found:
        rest = text
        while re.search(INSIDE, rest):  # innermost first: a translated text may stand inside another
            rest = re.sub(INSIDE, " ", rest)
        rest = re.sub(f"{OPENING}.*|.*{CLOSING}", " ", rest, flags=re.DOTALL)  # a sentence cut by markup inside it
        for name in sorted(known, key=len, reverse=True):
            rest = rest.replace(name, " ")
        rest = DATES.sub(" ", NAMES.sub(" ", rest))
        if LETTERS.search(rest):
            left.append(" ".join(text.split()))
    return left


@pytest.fixture
def pseudo_locale(settings, tmp_path: Path) -> str:
    sources = sorted(path for place in settings.LOCALE_PATHS for path in Path(place).glob("ur/LC_MESSAGES/django.po"))
    write_pseudo(sources, tmp_path, CODE)
    settings.LOCALE_PATHS = [tmp_path, *settings.LOCALE_PATHS]
    settings.LANGUAGES = [*settings.LANGUAGES, (CODE, "Pseudo")]
    return CODE


@pytest.fixture
def reader(browse, user, pseudo_locale) -> Client:
    client = browse(user)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = pseudo_locale
    return client


def test_the_crawl_finds_a_forgotten_text_and_leaves_the_rest_alone() -> None:
    page = '<p>⟦Ĥéļļö···⟧ <bdi>Anna</bdi></p><p>Forgotten words</p><button aria-label="Also forgotten">⟦×⟧</button><p lang="en">Own</p>'
    assert untranslated(page, ()) == ["Also forgotten", "Forgotten words"] or untranslated(page, ()) == [
        "Forgotten words",
        "Also forgotten",
    ]
    assert untranslated("<p>⟦Šåýš <b>⟧Anna⟦</b> šö⟧</p>", ("Anna",)) == []


def test_no_page_of_a_workspace_holds_an_untranslatable_text(reader, user, tenant) -> None:
    tasks.ensure_defaults()
    task = tasks.submit_task(source=TaskSource.PORTAL, title="Zzqq", body="Zzww", requested_by=user.pk)
    pages = [
        route.path({})
        for route in routes()
        if not route.parameters and "/api/" not in route.template and route.name not in NO_PAGES
    ]
    pages += [f"/tasks/{task.id}/"]
    assert get_resolver("echopilot.urls_tenant")
    # Workflows, kinds of tasks and people have names a workspace gives and may change.
    names = [str(kind.name) for kind in tasks.list_task_types()] + ["Answer a task", "Viewer", "Member", "Owner", "AL"]
    wrong = []
    for page in pages:
        answer = reader.get(page, headers={"Accept": "text/html"})
        if answer.status_code == 200 and answer["Content-Type"].startswith("text/html"):
            known = ("Zzqq", "Zzww", tenant.name, tenant.slug, user.email, *names)
            wrong += [f"{page}: {text}" for text in untranslated(answer.text, known)]
    if wrong:
        pytest.fail("\n".join(sorted(set(wrong))), pytrace=False)


def test_no_public_page_holds_an_untranslatable_text(browse, pseudo_locale, monkeypatch) -> None:
    from apps.i18n import languages
    from apps.portal.website import site

    english = languages.find_language("en")
    pretended = languages.Language(**{**vars(english), "code": CODE, "own_name": "English"})
    monkeypatch.setattr(
        site, "find_language", lambda code: pretended if code == CODE else languages.find_language(code)
    )
    client = browse(None, host="localhost")
    wrong = []
    for name in PAGES:
        page = f"/{CODE}/" if name == "landing" else f"/{CODE}/{name}/"
        answer = client.get(page)
        assert answer.status_code == 200, page
        wrong += [f"{page}: {text}" for text in untranslated(answer.text, ())]
    if wrong:
        pytest.fail("\n".join(sorted(set(wrong))), pytrace=False)
