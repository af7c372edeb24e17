"""Sixty goals answered by a large model, replayed: what it drew stays valid and does what was asked, whatever changes here."""

import json
from typing import Any

import pytest

from tests.bench.design import DATA, measure

pytestmark = pytest.mark.django_db


def test_every_recorded_design_is_valid_and_fits(tenant: Any) -> None:
    recorded = json.loads((DATA / "designs.json").read_text())
    figures, kept = measure(recorded=recorded)
    assert [(one["goal"], one["problems"]) for one in kept if one["problems"]] == []
    assert [one["goal"] for one in kept if not one["fits"]] == []
    assert figures["by_model"] == len(kept) == 60


def test_an_answer_that_is_wrong_is_counted_as_wrong(tenant: Any) -> None:
    recorded = json.loads((DATA / "designs.json").read_text())
    broken = json.loads(recorded["answers"][0][0])
    broken["steps"][0]["with"] = {"nonsense": True}
    recorded["answers"][0] = [json.dumps(broken)]
    _figures, kept = measure(recorded=recorded)
    assert kept[0]["problems"]
    assert not kept[1]["problems"]
