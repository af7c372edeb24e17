"""Maintenance: a page that needs no database, for everybody but the probes, in the reader's language."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.http import HttpResponse
from django.test import RequestFactory

from apps.core import maintenance


@pytest.fixture
def ask(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    product = maintenance.MaintenanceMiddleware(lambda _request: HttpResponse("product"))

    def asked(path="/", **headers):
        product._looked_at = float("-inf")
        return product(RequestFactory().get(path, headers={"Accept": "text/html", **headers}))

    return asked


def test_the_product_answers_until_maintenance_begins_and_again_after_it_ends(ask):
    assert ask().content == b"product"
    call_command("maintenance", "on", stdout=StringIO())
    answer = ask()
    assert (answer.status_code, answer["Retry-After"]) == (503, "120")
    assert "We are working on it" in answer.content.decode()
    call_command("maintenance", "off", stdout=StringIO())
    assert ask().content == b"product"


def test_programs_get_a_problem_and_probes_get_through(ask):
    maintenance.begin()
    assert b'"code": "maintenance"' in ask("/api/v1/tasks/").content
    for door in ("/healthz", "/readyz", "/metrics", "/static/core/errors.css"):
        assert ask(door).content == b"product"


@pytest.mark.parametrize(("language", "words"), [("ur", 'dir="rtl"'), ("es", 'lang="es"')])
def test_it_speaks_the_readers_language(ask, language, words):
    maintenance.begin()
    assert words in ask(**{"Accept-Language": language}).content.decode()


def test_the_end_is_told_while_it_lies_ahead(ask):
    maintenance.begin(minutes=30)
    assert "Planned until" in ask().content.decode()
    maintenance.switch().write_text((datetime.now(UTC) - timedelta(hours=1)).isoformat())
    assert "Planned until" not in ask().content.decode()
    maintenance.switch().write_text("nonsense")
    assert "Planned until" not in ask().content.decode()


def test_impossible_times_are_refused():
    with pytest.raises(CommandError):
        call_command("maintenance", "on", "--minutes", "-1")
