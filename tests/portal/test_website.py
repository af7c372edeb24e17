"""The public site: one address per page and language, prices from the plan table, honest status, forms that keep what was typed."""

import json
import re
from datetime import timedelta
from urllib.parse import urljoin
from xml.etree import ElementTree as ET

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from apps.connectors.registries import connectors
from apps.core.health import HealthProbe, health_probes, recent
from apps.i18n.facade import announced_languages
from apps.portal.models import ContactMessage, Outage, StandingWatch
from apps.portal.website import articles, outages
from apps.portal.website.articles import FOLDER, article_slugs
from apps.portal.website.integrations import integration_slugs
from apps.portal.website.legal import list_papers
from apps.portal.website.manual import manual_addresses
from apps.portal.website.site import PAGES
from apps.tenants.models import Plan

HOST = "localhost"
NAMES = list(PAGES)
PAGE_BYTES = 100_000


@pytest.fixture
def visitor(browse) -> Client:
    return browse(None, host=HOST)


def manual(language: str, *, each: bool = False) -> list[str]:
    """Pages of the reference: every one, or the first entry of each shelf, which all its others are drawn like."""
    found, seen = [], set()
    for view, values in manual_addresses():
        if each or (view, values.get("shelf")) not in seen:
            found.append(reverse(f"site:{view}", "echopilot.urls_public", kwargs={"language": language, **values}))
        seen.add((view, values.get("shelf")))
    return found


def addresses(language: str, *, each: bool = False) -> list[str]:
    found = manual(language, each=each) + [
        reverse(f"site:{name}", "echopilot.urls_public", args=[language]) for name in NAMES
    ]
    found += [reverse("site:article", "echopilot.urls_public", args=[language, slug]) for slug in article_slugs()]
    found += [
        reverse("site:integration", "echopilot.urls_public", args=[language, slug]) for slug in integration_slugs()
    ]
    return found + [reverse("site:paper", "echopilot.urls_public", args=[language, one.slug]) for one in list_papers()]


@pytest.mark.parametrize("wish", ["", "es-MX,es;q=0.9", "ur", "xx", "fr;q=1", "*", "a" * 3000, "en;q=nonsense"])
def test_the_front_door_leads_to_a_language_that_is_announced(visitor, wish):
    answer = visitor.get("/", headers={"Accept-Language": wish})
    announced = {language.code for language in announced_languages()}
    assert answer.status_code == 302
    assert answer["Location"].strip("/") in announced
    assert {"Accept-Language", "Cookie"} <= {part.strip() for part in answer["Vary"].split(",")}
    if wish.startswith(("es", "ur")) and wish[:2] in announced:
        assert answer["Location"] == f"/{wish[:2]}/"


def test_people_are_led_to_their_workspaces(browse, user):
    assert browse(user, host=HOST).get("/")["Location"].endswith("/workspaces/")


@pytest.mark.parametrize("language", ["en", "es", "ur"])
def test_every_page_answers_in_its_language_and_direction(visitor, language):
    for address in addresses(language, each=True):
        answer = visitor.get(address)
        assert answer.status_code == 200, address
        assert len(answer.content) < PAGE_BYTES, address
        page = answer.content.decode()
        assert f'<html lang="{language}" dir="{"rtl" if language == "ur" else "ltr"}"' in page, address
        assert answer["Content-Language"] == language
        assert page.count("<h1") == 1, address
        assert " style=" not in page


def test_every_page_has_one_address_names_the_others_and_describes_itself(visitor):
    for address in addresses("en"):
        page = visitor.get(address).content.decode()
        assert f'<link rel="canonical" href="http://localhost{address}">' in page
        others = dict(re.findall(r'hreflang="([^"]+)" href="(http[^"]+)"', page))
        assert set(others) == {*(language.code for language in announced_languages()), "x-default"}
        assert others["x-default"] == others["en"] == f"http://localhost{address}"
        for other in others.values():
            assert visitor.get(other.removeprefix("http://localhost")).status_code == 200
        (description,) = re.findall(r'<meta name="description" content="([^"]+)">', page)
        assert 30 <= len(description) <= 300
        for name in ("og:title", "og:description", "og:url", "og:image"):
            assert f'property="{name}" content="' in page


def test_titles_differ_from_page_to_page(visitor):
    titles = [
        re.search(r"<title>(.*?)</title>", visitor.get(address).text).group(1) for address in addresses("en", each=True)
    ]
    assert len(set(titles)) == len(titles)


def test_structured_data_is_well_formed_and_says_what_the_page_says(visitor):
    for address in addresses("en"):
        for block in re.findall(
            r'<script type="application/ld\+json">(.*?)</script>', visitor.get(address).text, re.DOTALL
        ):
            assert json.loads(block)["@context"] == "https://schema.org"
    page = visitor.get("/en/pricing/?currency=GBP").text
    offers = json.loads(re.search(r"ld\+json\">(.*?)</script>", page, re.DOTALL).group(1))["offers"]
    assert (offers[0]["price"], offers[0]["priceCurrency"]) == ("9.00", "GBP")
    assert "£9.00" in page


def test_a_language_that_is_not_announced_leads_to_english(visitor):
    answer = visitor.get("/de/pricing/")
    assert (answer.status_code, answer["Location"]) == (302, "/en/pricing/")
    assert visitor.get("/xx/pricing/").status_code == 404
    assert visitor.get("/zh-hans/").status_code == 302


def test_prices_come_from_the_plan_table_and_nowhere_else(visitor):
    Plan.objects.filter(pk="starter").update(prices={"EUR": {"month": 123456}}, limits={"tasks_per_month": 7777})
    page = visitor.get("/en/pricing/?currency=EUR").text
    assert "€1,234.56" in page
    assert "7,777 tasks a month" in page
    assert "On request" in visitor.get("/en/pricing/?currency=EUR&period=year").text
    Plan.objects.update(is_offered=False)
    assert "No plan is offered" in visitor.get("/en/pricing/").text


@pytest.mark.parametrize("query", ["currency=XXX", "period=decade", "currency=%00", "currency=" + "x" * 3000])
def test_nonsense_in_the_address_changes_nothing(visitor, query):
    assert visitor.get(f"/en/pricing/?{query}").status_code == 200


def test_the_sitemap_names_every_page_in_every_language(visitor):
    answer = visitor.get("/sitemap.xml")
    tree = ET.fromstring(answer.content)
    spaces = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9", "x": "http://www.w3.org/1999/xhtml"}
    places = {one.text for one in tree.findall("s:url/s:loc", spaces)}
    expected = {
        f"http://localhost{address}"
        for language in announced_languages()
        for address in addresses(language.code, each=True)
        if not re.search(r"/legal/.", address)
    }
    assert places == expected
    for entry in tree.findall("s:url", spaces):
        assert len(entry.findall("x:link", spaces)) == len(announced_languages()) + 1
    assert "Sitemap: http://localhost/sitemap.xml" in visitor.get("/robots.txt").text


def test_workspaces_keep_search_engines_out(browse, tenant):
    assert "Disallow: /\n" in browse(None).get("/robots.txt").text
    assert browse(None).get("/en/").status_code == 404


def test_the_status_page_says_what_the_probes_say(visitor):
    def fails() -> None:
        raise OSError("secret host 10.0.0.1")

    recent.forget()
    with health_probes.temporarily(HealthProbe(name="workers", check=fails, critical=False), replace=True):
        page = visitor.get("/en/status/").text
    recent.forget()
    assert "It works, with a disturbance" in page
    assert "Disturbed" in page
    assert "Unknown" in page
    assert "10.0.0.1" not in page
    assert "no-store" in visitor.get("/en/status/")["Cache-Control"]


def test_outages_are_recorded_shown_and_ended(visitor):
    assert "Nothing is on record yet" in visitor.get("/en/status/").text
    outages.record(frozenset())
    page = visitor.get("/en/status/").text
    assert "No incident recorded since" in page
    for _look in range(2):
        outages.record(frozenset({"broker", "something unknown"}))
    assert list(Outage.objects.values_list("part", "ended_at")) == [("broker", None)]
    assert "Lasts" in visitor.get("/en/status/").text
    outages.record(frozenset())
    outages.record(frozenset({"broker"}))
    assert Outage.objects.filter(part="broker", ended_at=None).count() == 1
    assert Outage.objects.filter(part="broker").count() == 2
    page = visitor.get("/en/status/").text
    assert "Over" in page and "No incident" not in page


def test_a_time_in_which_nobody_looked_is_an_outage_of_the_workers(visitor):
    outages.record(frozenset())
    earlier = timezone.now() - timedelta(minutes=20)
    StandingWatch.objects.update(began_at=earlier, looked_at=earlier)
    outages.record(frozenset())
    gap = Outage.objects.get()
    assert (gap.part, gap.began_at) == ("workers", earlier)
    assert gap.ended_at - gap.began_at >= timedelta(minutes=20)
    outages.record(frozenset())
    assert Outage.objects.count() == 1


def test_integrations_come_from_the_manifests(visitor):
    page = visitor.get("/en/integrations/").text
    for one in connectors:
        assert f'href="/en/integrations/{one.slug}/"' in page
        detail = visitor.get(f"/en/integrations/{one.slug}/").text
        for action in one.actions:
            assert escape(str(action.title)) in detail
    assert visitor.get("/en/integrations/unknown/").status_code == 404


def test_docs_are_searched_and_an_empty_result_offers_a_way_on(visitor):
    page = visitor.get("/en/docs/?q=notion trigger").text
    assert "Connecting Notion" in page
    nothing = visitor.get("/en/docs/?q=%3Cscript%3Ezebra").text
    assert "Show all articles" in nothing
    assert "<script>zebra" not in nothing
    assert visitor.get("/en/docs/../../secrets/").status_code == 404
    assert visitor.get("/en/docs/unknown/").status_code == 404


def test_the_reference_is_found_by_words_and_an_unknown_page_is_none(visitor):
    page = visitor.get("/en/docs/?q=bad_expression").text
    assert 'href="/en/docs/reference/problems/bad_expression/"' in page
    assert 'href="/en/docs/reference/expressions/#join"' in visitor.get("/en/docs/?q=join").text
    assert visitor.get("/en/docs/reference/nothing/").status_code == 404
    assert visitor.get("/en/docs/reference/steps/no.such_step/").status_code == 404
    assert visitor.get("/en/docs/reference/errors/timeout/").status_code == 404


def test_the_schema_of_definitions_is_published_and_linked(visitor):
    page = visitor.get("/en/docs/reference/definition/document/").text
    address = re.search(r'href="([^"]*definition\.schema\.json)"', page).group(1)
    schema = visitor.get(address)
    assert schema["Content-Type"] == "application/schema+json"
    assert schema.json()["title"] == "EchoPilot workflow"


def test_reference_pages_read_nothing_from_the_database_but_the_frame(visitor, django_assert_max_num_queries):
    for address in manual("en"):
        visitor.get(address)
        with django_assert_max_num_queries(3):
            visitor.get(address)


def test_every_article_says_the_same_in_each_reviewed_language() -> None:
    """Same sections, tables and code, so that a translation does not fall behind unseen."""

    def shape(text: str) -> list[str]:
        code = re.findall(r"^```.*?^```", text, re.DOTALL | re.MULTILINE)
        rest = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
        marks = re.findall(r"^(?:#+|\||- |\d\. )", rest, re.MULTILINE)
        return [*code, *marks, *sorted(re.findall(r"`[^`]+`", rest)), *re.findall(r"\]\(([^)]*)\)", rest)]

    for english in sorted((FOLDER / "en").glob("*.md")):
        for language in ("es", "ur"):
            other = FOLDER / language / english.name
            assert shape(other.read_text("utf-8")) == shape(english.read_text("utf-8")), other.name


def test_an_article_without_translation_is_shown_in_english_and_says_so(visitor, monkeypatch, tmp_path):
    assert "not translated yet" not in visitor.get("/en/docs/api/").text
    spanish = visitor.get("/es/docs/api/").text
    assert '<article lang="es" dir="ltr"><h1>La API</h1>' in spanish
    assert '<article lang="ur" dir="rtl">' in visitor.get("/ur/docs/api/").text
    (tmp_path / "en").symlink_to(FOLDER / "en")
    monkeypatch.setattr(articles, "FOLDER", tmp_path)
    articles._files.cache_clear()
    assert '<article lang="en" dir="ltr"><h1>The API</h1>' in visitor.get("/es/docs/api/").text
    articles._files.cache_clear()


@pytest.mark.parametrize("language", ["en", "es", "ur"])
def test_links_inside_articles_lead_somewhere(visitor, language: str):
    for slug in article_slugs():
        base = f"/{language}/docs/{slug}/"
        for link in re.findall(r"<article.*</article>", visitor.get(base).text, re.DOTALL)[0].split('href="')[1:]:
            target = link.split('"')[0]
            if target.startswith("../"):
                assert visitor.get(urljoin(base, target)).status_code == 200, target


def test_papers_say_that_they_bind_nobody_and_stay_out_of_search(visitor):
    for paper in list_papers():
        page = visitor.get(f"/en/legal/{paper.slug}/").text
        assert "binds nobody yet" in page
        assert '<meta name="robots" content="noindex">' in page
    assert visitor.get("/en/legal/unknown/").status_code == 404


GOOD = {"topic": "question", "email": "visitor@example.com", "text": "How do I connect Notion?", "website": ""}


def test_a_message_is_kept_and_mailed(visitor, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        answer = visitor.post("/en/contact/", GOOD)
    assert "has arrived" in answer.text
    message = ContactMessage.objects.get()
    assert (message.topic, message.email, message.language) == ("question", "visitor@example.com", "en")
    assert message.mailed_at is not None
    assert mail.outbox[0].reply_to == ["visitor@example.com"]


def test_a_mail_server_that_fails_loses_no_message(visitor, settings, django_capture_on_commit_callbacks):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    with django_capture_on_commit_callbacks(execute=True):
        assert "has arrived" in visitor.post("/en/contact/", GOOD).text
    assert ContactMessage.objects.get().mailed_at is None


@pytest.mark.parametrize(
    ("field", "value"), [("email", "nobody"), ("text", "short"), ("topic", "spam"), ("text", "x" * 5000)]
)
def test_a_wrong_field_is_named_and_nothing_typed_is_lost(visitor, field, value):
    answer = visitor.post("/en/contact/", {**GOOD, field: value})
    assert answer.status_code == 400
    assert 'aria-invalid="true"' in answer.text
    assert ("How do I connect Notion?" in answer.text) or field == "text"
    assert ("visitor@example.com" in answer.text) or field == "email"
    assert not ContactMessage.objects.exists()


def test_machines_and_floods_are_stopped(visitor):
    visitor.post("/en/contact/", {**GOOD, "website": "http://spam.example"})
    assert not ContactMessage.objects.exists()
    answers = [visitor.post("/en/contact/", GOOD).status_code for _ in range(6)]
    assert answers == [200] * 5 + [429]


@pytest.mark.parametrize("language", ["en", "es", "ur"])
def test_who_runs_it_is_told_how_to_open_it(visitor, language):
    page = visitor.get(f"/{language}/docs/self-hosting/").content.decode()
    assert "manage.py launch post --by" in page
    assert page.count("data-label=") == 10, "each cell of a table names its column for phones"
