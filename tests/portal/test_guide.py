"""The guide's pictures: each exists, says what it shows, keeps its place, and is small."""

import re

import pytest
from django.test import Client

from apps.portal.website.articles import FOLDER
from apps.portal.website.pictures import FOLDER as PICTURES
from apps.portal.website.pictures import sizes


@pytest.fixture
def visitor(browse) -> Client:
    return browse(None, host="localhost")


def test_every_picture_of_an_article_exists_speaks_and_keeps_its_place() -> None:
    named: set[str] = set()
    for path in sorted(FOLDER.glob("*/*.md")):
        for alt, name in re.findall(r"!\[([^\]]*)\]\(([^)]*)\)", path.read_text("utf-8")):
            assert len(alt) >= 20, (path.name, name)
            assert (PICTURES / name).is_file(), (path.name, name)
            assert all(side > 100 for side in sizes()[name]), name
            named.add(name)
    assert named == {path.name for path in PICTURES.glob("*.webp")} == set(sizes())
    assert len(named) >= 12
    assert sum(path.stat().st_size for path in PICTURES.iterdir()) < 1_500_000


def test_a_picture_says_in_other_languages_that_it_speaks_english(visitor):
    english, urdu = visitor.get("/en/docs/first-workflow/").text, visitor.get("/ur/docs/first-workflow/").text
    assert re.search(
        r'<img src="[^"]*website/guide/[^"]+" alt="[^"]{20,}" width="\d+" height="\d+" loading="lazy"', english
    )
    assert english.count("<figure") == urdu.count("<figure") == urdu.count("<figcaption") > 0
    assert "<figcaption" not in english
