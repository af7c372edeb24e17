"""Goal N2 in its short form, and proof that its judge notices what it is there for."""

from apps.connectors.providers.notion import merge, outbox, sending
from tests.connectors.two_sided import TwoSided


def test_two_sided_edits_are_merged_or_shown_and_an_outage_loses_nothing(world):
    figures = TwoSided(world, edits=150, rows=10).play()
    assert figures["silent_overwrites"] == 0
    assert figures["lost"] == 0
    assert figures["not_in_step"] == 0
    assert figures["conflicts"] > 5
    assert figures["bot_writes"] > 20


def test_the_judge_notices_a_merge_that_always_writes(world, monkeypatch):
    def careless(wishes, current, _blanks):
        return merge.Merge(
            writes={name: wish["value"] for name, wish in wishes.items() if current.get(name) != wish["value"]},
            agreed=tuple(name for name, wish in wishes.items() if current.get(name) == wish["value"]),
        )

    monkeypatch.setattr(sending, "merge", careless)
    assert TwoSided(world, edits=60, rows=6).play()["silent_overwrites"] > 0


def test_the_judge_notices_a_base_read_too_late(world, monkeypatch):
    """Taking what the row holds now for what the decision was based on."""
    original = merge.merge

    def late(wishes, current, blanks):
        return original({name: {**wish, "base": current.get(name)} for name, wish in wishes.items()}, current, blanks)

    monkeypatch.setattr(sending, "merge", late)
    assert TwoSided(world, edits=60, rows=6).play()["silent_overwrites"] > 0


def test_the_judge_notices_a_push_that_gives_up(world, monkeypatch):
    monkeypatch.setattr(outbox, "postpone", lambda push, error, clock: outbox.give_up(push, error))
    assert TwoSided(world, edits=60, rows=6).play()["lost"] > 0
