"""Numbers, money, dates by the rules of the reader's language, with their own direction kept."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.template import Context, Template
from django.utils import timezone, translation

from apps.core.money import Money


def shown(code: str, text: str, **values: object) -> str:
    with translation.override(code):
        return (
            Template("{% load i18n_tags %}" + text).render(Context(values)).replace("\xa0", " ").replace("\u202f", " ")
        )


@pytest.mark.parametrize(
    ("code", "expected"),
    [("en", "€1,234.50"), ("es", "1.234,50 €"), ("de", "1.234,50 €"), ("hi", "€1,234.50")],
)
def test_money_is_written_as_its_reader_expects_and_keeps_its_direction(code: str, expected: str) -> None:
    assert shown(code, "{{ amount|money }}", amount=Money(123450, "EUR")) == f"<bdi>{expected}</bdi>"


def test_urdu_money_names_the_currency() -> None:
    assert "Rs" in shown("ur", "{{ amount|money }}", amount=Money(340000, "PKR"))


@pytest.mark.parametrize(("code", "expected"), [("en", "1,234,567"), ("es", "1.234.567"), ("hi", "12,34,567")])
def test_numbers_are_grouped_by_language(code: str, expected: str) -> None:
    assert expected in shown(code, "{{ n|number }}", n=1234567)


def test_shares_large_numbers_days_and_moments() -> None:
    assert "42%" in shown("en", "{{ n|percent }}", n=0.42)
    assert "12.3K" in shown("en", "{{ n|compact }}", n=12345)
    assert 'datetime="2026-11-22"' in shown("es", "{{ d|day }}", d=date(2026, 11, 22))
    assert "22 nov 2026" in shown("es", "{{ d|day }}", d=date(2026, 11, 22))
    assert "2026" in shown("ur", "{{ d|moment }}", d=datetime(2026, 11, 22, 10, tzinfo=UTC))


def test_time_since_is_said_in_words() -> None:
    assert "3 minutos" in shown("es", "{{ d|ago }}", d=timezone.now() - timedelta(minutes=3))
    assert "منٹ" in shown("ur", "{{ d|ago }}", d=timezone.now() - timedelta(minutes=3))


def test_a_language_cldr_does_not_know_falls_back_to_english() -> None:
    with translation.override("gu"):
        assert shown("gu", "{{ n|number }}", n=1000)


def test_urdu_pages_group_figures_and_say_the_day_first() -> None:
    with translation.override("ur"):
        text = Template(
            "{% load humanize %}{{ n|intcomma }} {{ m|floatformat:'g' }} {{ d|date:'DATE_FORMAT' }}"
        ).render(Context({"n": 10000, "m": 1050000, "d": date(2026, 11, 22)}))
    assert text == "10,000 1,050,000 22 نومبر، 2026"
