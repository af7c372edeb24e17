"""Languages: forty, each with a direction and an honest coverage."""

import pytest
from django.conf import settings

from apps.accounts.models import User
from apps.i18n.catalogues import Origins, count_origins
from apps.i18n.languages import SOURCE, find_language, list_languages, offered_languages

CATALOGUE = """
msgid ""
msgstr "Language: es"

msgid "Yes"
msgstr "Sí"

#, fuzzy
msgid "No"
msgstr "Nones"

# origin: reviewed
msgid "Maybe"
msgstr "Quizás"

msgid "One"
msgid_plural "Many"
msgstr[0] "Uno"
msgstr[1] ""

msgid ""
"Two "
"lines"
msgstr ""
"Dos "
"líneas"
"""


def test_there_are_forty_with_four_from_right_to_left() -> None:
    languages = list_languages()
    assert len(languages) == len({language.code for language in languages}) == 40
    assert {language.code for language in languages if language.direction == "rtl"} == {"ar", "fa", "he", "ur"}
    assert all(0 <= language.coverage <= 100 and language.own_name for language in languages)


def test_each_text_counts_by_where_it_came_from() -> None:
    origins = count_origins(CATALOGUE)
    assert origins == Origins(written=2, reviewed=1, draft=1, missing=1)
    assert origins.percent == 60


def test_the_source_is_offered_and_a_language_without_catalogue_is_not() -> None:
    offered = {language.code for language in offered_languages()}
    assert SOURCE in offered
    assert "gu" not in offered


@pytest.mark.parametrize(("written", "code"), [("zh_Hans", "zh-hans"), (" UR ", "ur"), ("xx", None), ("", None)])
def test_codes_are_found_however_they_are_written(written: str, code: str | None) -> None:
    found = find_language(written)
    assert (found.code if found else None) == code


def test_a_persons_choice_goes_before_the_browsers(browse, user: User) -> None:
    User.objects.filter(pk=user.pk).update(language="ur")
    answer = browse(user).get("/settings/members/", headers={"Accept-Language": "es"})
    assert answer.headers["Content-Language"] == "ur"
    assert 'dir="rtl"' in answer.text
    client = browse(user)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "es"
    assert client.get("/settings/members/").headers["Content-Language"] == "ur"
    User.objects.filter(pk=user.pk).update(language="")
    assert client.get("/settings/members/").headers["Content-Language"] == "es"


@pytest.mark.parametrize(
    ("wish", "language"), [("fr,es;q=0.5", "es"), ("fr", "en"), ("es-MX", "es"), ("ur-PK,en", "ur"), ("*", "en")]
)
def test_a_browsers_wish_is_met_only_where_the_texts_are_there(browse, tenant, wish: str, language: str) -> None:
    assert (
        browse(None).get("/accounts/login/", headers={"Accept-Language": wish}).headers["Content-Language"] == language
    )


def test_a_choice_may_name_any_of_the_forty(browse, tenant) -> None:
    client = browse(None)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "gu"
    assert client.get("/accounts/login/").headers["Content-Language"] == "gu"


def test_an_unknown_stored_choice_is_ignored(browse, user: User) -> None:
    User.objects.filter(pk=user.pk).update(language="xx")
    assert browse(user).get("/settings/members/").headers["Content-Language"] == "en"
