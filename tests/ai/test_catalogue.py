"""Models are data: known to the vendor's package, dated, priced, and never led by one about to be shut down."""

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openai
import pytest

from apps.ai import prices
from apps.ai.catalogue import Catalogue, load_catalogue
from apps.ai.checks import model_findings
from apps.ai.errors import GatewayMisconfigured, UnknownModel
from apps.ai.gateway.route import route

SOURCE = (Path(openai.__file__).parent / "types" / "shared" / "chat_model.py").read_text(encoding="utf-8")
TODAY = date(2026, 11, 21)
OPENAI_MODELS = sorted(spec.id for spec in load_catalogue().models.values() if spec.provider == "openai")


def announced_shutdowns() -> dict[str, date]:
    """Shutdown dates the openai package states in the docstring of its chat models."""
    docstring = " ".join(SOURCE.split('"""Deprecated values:')[1].split('"""')[0].split())
    found = {}
    for entry in re.split(r'(?:^|\s)- (?=")', docstring):
        day = re.search(r"Announced shutdown date:\s*(\d{4}-\d{2}-\d{2})", entry)
        if day:
            found |= dict.fromkeys(re.findall(r'"([\w.-]+)"', entry), date.fromisoformat(day.group(1)))
    return found


def test_the_vendors_docstring_is_still_readable() -> None:
    assert announced_shutdowns()["gpt-4o"] == announced_shutdowns()["gpt-4o-mini"] == date(2027, 1, 14)


@pytest.mark.parametrize("model", OPENAI_MODELS)
def test_every_configured_model_is_known_and_dated_as_the_vendor_says(model: str) -> None:
    assert f'"{model}"' in SOURCE
    assert load_catalogue().models[model].retires_on == announced_shutdowns().get(model)


@pytest.mark.parametrize("model", OPENAI_MODELS)
def test_every_configured_model_has_a_listed_price(model: str) -> None:
    found = prices.price_call(prices="openai", model=model, tokens=prices.TokenCounts(prompt=1000, completion=1000))
    assert found.micros and found.version == prices.price_version()


def test_a_class_is_led_by_a_member_that_stays() -> None:
    for name in ("work", "judge", "economy", "premium"):
        assert not load_catalogue().members(name, today=TODAY)[0].is_retiring(TODAY)
    after = load_catalogue().members("work", today=date(2027, 1, 14))
    assert "gpt-4o" not in [spec.id for spec in after]


def test_checks_warn_90_days_before_and_refuse_after(settings: Any) -> None:
    settings.AI_WORK_MODEL, settings.AI_JUDGE_MODEL = "gpt-4o", None
    last_day = date(2027, 1, 14)
    ids = {
        days: [one.id for one in model_findings(today=last_day - timedelta(days=days))] for days in (91, 90, 1, 0, -1)
    }
    assert ids == {91: [], 90: ["ai.W001"], 1: ["ai.W001"], 0: ["ai.E001"], -1: ["ai.E001"]}


def test_checks_are_quiet_by_default_and_loud_when_a_class_dies(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.AI_WORK_MODEL = settings.AI_JUDGE_MODEL = None
    assert model_findings(today=TODAY) == []
    old = load_catalogue()
    monkeypatch.setattr(
        "apps.ai.checks.load_catalogue", lambda: Catalogue(models=old.models, classes={"work": ("gpt-4o",)})
    )
    assert "ai.E002" in [one.id for one in model_findings(today=date(2027, 2, 1))]


def test_routes_name_classes(settings: Any) -> None:
    settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL, settings.LOCAL_MODEL_URL = "k", None, "http://127.0.0.1:9/v1"
    assert [one.model for one in route(purpose="work", today=TODAY)] == ["gpt-6.1-sol", "gpt-5.4", "gpt-4o"]
    assert route(purpose="judge", today=TODAY)[0].model == "gpt-6-luna"
    assert route(purpose="work", quality="premium", today=TODAY)[0].model == "gpt-6-astra"
    assert route(purpose="work", saving=True, today=TODAY)[0].model == "gpt-6-luna"
    assert {one.endpoint for one in route(purpose="work", today=TODAY)} == {"openai"}


def test_an_own_server_with_one_model_judges_with_it(settings: Any) -> None:
    settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL, settings.LOCAL_MODEL_URL = "k", "https://models.example/v1", None
    settings.AI_WORK_MODEL, settings.AI_JUDGE_MODEL = "our-model", None
    assert [one.model for one in route(purpose="judge")] == ["our-model"]


def test_the_second_address_follows_the_first(settings: Any) -> None:
    settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL, settings.AI_WORK_MODEL = (
        "k",
        "https://one.example/v1",
        "our-model",
    )
    settings.OPENAI_FALLBACK_BASE_URL = "https://two.example/v1"
    assert [(one.endpoint, one.model) for one in route(purpose="work")] == [
        ("openai", "our-model"),
        ("stand-in", "our-model"),
    ]


def test_without_a_key_the_bundled_model_answers_at_a_real_zero(settings: Any) -> None:
    settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL, settings.LOCAL_MODEL_URL = "", None, "http://127.0.0.1:9/v1"
    (only,) = route(purpose="work")
    assert (only.endpoint, only.small, only.judges) == ("local", True, False)
    priced = prices.price_call(prices=only.prices, model=only.model, tokens=prices.TokenCounts(prompt=5, completion=5))
    assert (priced.micros, priced.charge_micros) == (0, 0)


def test_an_unknown_model_is_refused_with_the_known_ones(settings: Any) -> None:
    settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL = "k", None
    with pytest.raises(UnknownModel) as error:
        route(purpose="work", model="gpt-9-imaginary")
    assert "gpt-6.1-sol" in error.value.text


def test_no_provider_at_all_says_what_to_set(settings: Any) -> None:
    settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL, settings.LOCAL_MODEL_URL = "", None, None
    with pytest.raises(GatewayMisconfigured) as error:
        route(purpose="work")
    assert "OPENAI_API_KEY" in error.value.text


def test_cached_and_long_prompts_are_priced_by_their_tier() -> None:
    def cost(**tokens: int) -> int | None:
        return prices.price_call(prices="openai", model="gpt-6.1-sol", tokens=prices.TokenCounts(**tokens)).micros

    assert cost(prompt=1_000_000 // 10, completion=0) == 200_000
    assert cost(prompt=100_000, cached=100_000) == 10_000
    assert cost(prompt=300_000) == 1_200_000
    assert cost(prompt=1000, completion=1000, cached=0) == 12_000


def test_the_highest_cost_is_never_below_what_a_call_can_cost() -> None:
    for model in OPENAI_MODELS:
        highest = prices.highest_cost(prices="openai", model=model, prompt_tokens=5120, max_output_tokens=900)
        for cached, written in ((0, 0), (5000, 0), (0, 5000)):
            tokens = prices.TokenCounts(prompt=5000, cached=cached, cache_write=written, completion=900)
            assert prices.price_call(prices="openai", model=model, tokens=tokens).charge_micros <= highest
