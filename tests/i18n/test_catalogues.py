"""Catalogues: complete in the languages named complete, free of lost placeholders, compiled as they stand."""

import shutil
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from django.conf import settings
from django.core.management import call_command
from django.utils import translation

from apps.core.errors import Misconfigured
from apps.i18n import checking
from apps.i18n.catalogues import count_origins
from apps.i18n.checking import msgfmt_complaints, problems_of
from apps.i18n.codes import LANGUAGES, RIGHT_TO_LEFT
from apps.i18n.compiling import compile_catalogue, is_compiled, load, save, start_catalogue
from apps.i18n.languages import announced_languages, find_language
from apps.i18n.packages import COMPLETE, missing_texts
from apps.i18n.pseudo import pseudo

CATALOGUES = sorted(path for place in settings.LOCALE_PATHS for path in Path(place).glob("*/LC_MESSAGES/django.po"))
IDS = [str(path.relative_to(settings.BASE_DIR)) for path in CATALOGUES]


def test_the_forty_are_wired_and_django_knows_each() -> None:
    assert len(LANGUAGES) == 40
    for code, _name in LANGUAGES:
        assert translation.check_for_language(code), code
        assert translation.get_language_info(code)["bidi"] == (code in RIGHT_TO_LEFT)
        with translation.override(code):
            assert translation.get_language() == code
            translation.gettext("Sign in")


@pytest.mark.parametrize("path", CATALOGUES, ids=IDS)
def test_no_translation_lost_a_placeholder_a_tag_or_a_plural_form(path: Path) -> None:
    assert problems_of(path) == []


@pytest.mark.parametrize("path", CATALOGUES, ids=IDS)
@pytest.mark.skipif(not shutil.which("msgfmt"), reason="needs gettext: apt-get install gettext")
def test_gettext_itself_has_no_complaint(path: Path) -> None:
    assert msgfmt_complaints(path) == ""


@pytest.mark.parametrize("path", CATALOGUES, ids=IDS)
def test_the_compiled_file_says_what_its_source_says(path: Path) -> None:
    assert is_compiled(path), "run: make messages"


@pytest.mark.parametrize("code", COMPLETE)
def test_the_complete_languages_have_every_text(code: str) -> None:
    language = find_language(code)
    assert language is not None
    assert (language.origins.missing, language.origins.draft) == (0, 0)
    assert language.is_announced


@pytest.mark.parametrize("code", COMPLETE)
def test_sign_in_and_validation_of_packages_speak_the_language(code: str) -> None:
    with translation.override(code):
        for text in ("Enter a valid email address.", "Incorrect password.", "Sign Out", "This password is too common."):
            assert translation.gettext(text) != text
    path = Path(settings.LOCALE_PATHS[1]) / code / "LC_MESSAGES" / "django.po"
    have = {
        message.id if isinstance(message.id, str) else message.id[0]
        for message in load(path)
        if message.id and message.string
    }
    lacking = {message.id if isinstance(message.id, str) else message.id[0] for message in missing_texts(code)}
    assert lacking <= have


def test_urdu_is_written_in_urdu_letters() -> None:
    hindi_or_arabic_only = set("كيةىۃ")
    wrong = []
    for path in CATALOGUES:
        if path.parent.parent.name != "ur":
            continue
        for message in load(path):
            strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
            wrong += [text for text in strings if message.id and hindi_or_arabic_only & set(text)]
            wrong += [text for text in strings if any("\u0900" <= sign <= "\u097f" for sign in text)]
    assert wrong == []


def test_only_announced_languages_have_public_pages() -> None:
    assert {language.code for language in announced_languages()} == {"en", *COMPLETE}


def make(folder: Path, *messages: tuple[object, object]) -> Path:
    path = folder / "ur" / "LC_MESSAGES" / "django.po"
    catalogue = Catalog(locale="ur", fuzzy=False)
    for identity, text in messages:
        catalogue.add(identity, text)
    save(catalogue, path)
    return path


@pytest.mark.parametrize(
    ("identity", "text"),
    [
        ("Hello %(name)s", "سلام"),
        ("Hello", "سلام %(name)s"),
        ("Keep <b>this</b>", "یہ رکھیں"),
        (("%(n)s task", "%(n)s tasks"), ("%(n)s کام", "")),
        (("%(n)s task", "%(n)s tasks"), ("ایک کام", "کام")),
        ("In {time}", "وقت میں"),
        ("Text", " متن"),
    ],
)
def test_the_check_finds_what_it_should(tmp_path: Path, identity: object, text: object) -> None:
    assert len(problems_of(make(tmp_path, (identity, text)))) >= 1


@pytest.mark.parametrize(
    ("identity", "text"),
    [
        ("Hello %(name)s", "سلام %(name)s"),
        (("One task", "%(n)s tasks"), ("ایک کام", "%(n)s کام")),
        ("Untranslated %(x)s", ""),
        ("100 % sure", "سو فیصد"),
    ],
)
def test_the_check_leaves_good_texts_alone(tmp_path: Path, identity: object, text: object) -> None:
    assert problems_of(make(tmp_path, (identity, text))) == []


def test_a_changed_source_is_noticed_until_it_is_compiled(tmp_path: Path) -> None:
    path = make(tmp_path, ("Yes", "جی ہاں"))
    assert not is_compiled(path)
    compile_catalogue(path)
    assert is_compiled(path)
    path.write_text(path.read_text().replace("جی ہاں", "ہاں"))
    assert not is_compiled(path)


def test_a_new_catalogue_has_the_plural_forms_of_its_language(tmp_path: Path) -> None:
    for code, forms in (("ar", 6), ("ja", 1), ("pl", 3), ("es", 2)):
        path = tmp_path / code / "LC_MESSAGES" / "django.po"
        start_catalogue(path, code)
        assert load(path).num_plurals == forms
        assert count_origins(path.read_text()).total == 0


def test_without_gettext_the_error_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking.shutil, "which", lambda _name: None)
    with pytest.raises(Misconfigured, match="apt-get install gettext"):
        checking.require_gettext()


def test_compiling_alone_needs_no_gettext(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(checking.shutil, "which", lambda _name: None)
    call_command("messages", "--compile", "--language", "ur")
    assert "locale/ur/LC_MESSAGES/django.po" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["Save %(name)s", "Go <b>on</b>", "{time} ago", "", "a", "100 %", "Two\nlines\n"])
def test_the_pseudo_text_keeps_what_programs_need_and_grows(text: str) -> None:
    foreign = pseudo(text)
    if not text:
        assert foreign == ""
        return
    assert foreign.startswith("⟦")
    assert len(foreign) >= 1.3 * len(text)
    for kept in ("%(name)s", "<b>", "</b>", "{time}"):
        assert (kept in foreign) == (kept in text)
    assert foreign.endswith("\n") == text.endswith("\n")
