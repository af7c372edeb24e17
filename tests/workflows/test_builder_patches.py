"""Patches on raw definitions: what each verb does, that the old document is never touched, that everything can be taken back."""

import copy
import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.workflows.builder import errors, graph, patches
from apps.workflows.builder.changes import ChangeDoesNotFit, carry_out, differences, inverted, same
from apps.workflows.builder.patches import BLANK, VERBS, PatchRefused, apply_patches, check_shape

TYPES = ("set", "log", "switch", "parallel", "join", "condition", "loop", "fail", "http.request")
NAMES = ("a", "b", "c", "d", "e")
PLACES = (
    "next",
    "default",
    "on_error",
    "then",
    "else",
    "body",
    "join",
    "cases.0.next",
    "cases.1.next",
    "branches.0",
    "branches.+",
)


def document(**steps: dict) -> dict:
    return {"schema": 1, "start": next(iter(steps), ""), "steps": steps}


names = st.sampled_from(NAMES)
values = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.text(max_size=8), st.lists(st.integers(0, 3), max_size=3),
    st.builds(lambda name: {"$ref": f"steps.{name}.output.x"}, names),
    st.builds(lambda name: {"$text": f"Hello {{{{steps.{name}.output.x}}}}"}, names),
)  # fmt: skip
points = st.fixed_dictionaries({"x": st.integers(-500, 500), "y": st.integers(-500, 500)})
after = st.one_of(st.none(), st.fixed_dictionaries({"step": names}, optional={"place": st.sampled_from(PLACES)}))
patch = st.one_of(
    st.fixed_dictionaries(
        {"op": st.just("add_step"), "type": st.sampled_from(TYPES)},
        optional={"id": names, "after": after, "title": st.text(max_size=5), "at": points, "with": st.dictionaries(names, values)},
    ),
    st.fixed_dictionaries({"op": st.just("remove_step"), "step": names}, optional={"bridge": st.booleans()}),
    st.fixed_dictionaries(
        {"op": st.just("update_step"), "step": names, "path": st.sampled_from(["with.a", "with.b.c", "title", "max_visits"])},
        optional={"value": values},
    ),
    st.fixed_dictionaries(
        {"op": st.just("update_step"), "step": names, "path": st.just("cases"),
         "value": st.lists(st.builds(lambda name: {"when": {"op": "truthy", "value": 1}, "next": name}, names), max_size=3)},
    ),
    st.fixed_dictionaries({"op": st.just("connect"), "step": names, "target": names, "place": st.sampled_from(PLACES)}),
    st.fixed_dictionaries({"op": st.just("set_input"), "name": names}, optional={"value": st.just({"type": "string"})}),
    st.fixed_dictionaries({"op": st.just("require_input"), "name": names, "value": st.booleans()}),
    st.fixed_dictionaries({"op": st.just("move_input"), "name": names, "to": st.integers(-1, 4)}),
    st.fixed_dictionaries({"op": st.just("rename_input"), "name": names, "to": names, "follow": st.booleans()}),
    st.fixed_dictionaries({"op": st.just("disconnect"), "step": names, "place": st.sampled_from(PLACES)}),
    st.fixed_dictionaries({"op": st.just("move"), "positions": st.dictionaries(names, points, max_size=2)}),
    st.fixed_dictionaries({"op": st.just("rename_step"), "step": names, "to": st.sampled_from([*NAMES, "f", "g"])}),
    st.fixed_dictionaries({"op": st.just("set_start"), "step": names}),
    st.fixed_dictionaries({"op": st.just("set_settings"), "name": names}, optional={"value": values}),
    st.fixed_dictionaries({"op": st.just("set_trigger"), "id": names}, optional={"value": st.just({"type": "manual"})}),
    st.fixed_dictionaries(
        {"op": st.just("paste"),
         "steps": st.dictionaries(names, st.builds(lambda name: {"type": "set", "next": name}, names), min_size=1, max_size=3)},
        optional={"after": after},
    ),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(patch, max_size=15))
def test_any_sequence_keeps_the_shape_and_can_be_taken_back_and_repeated(asked: list[dict]) -> None:
    current, history = copy.deepcopy(BLANK), []
    for one in asked:
        frozen = json.dumps(current, sort_keys=True)
        try:
            changed = apply_patches(current, [one])
        except PatchRefused:
            assert json.dumps(current, sort_keys=True) == frozen
            continue
        assert json.dumps(current, sort_keys=True) == frozen, "the old document was touched"
        check_shape(changed)
        assert set(graph.in_reading_order(changed)) == set(changed["steps"])
        assert changed["start"] in changed["steps"] or not changed["steps"]
        history.append((current, differences(current, changed), changed))
        current = changed
    end = current
    for before, found, _changed in reversed(history):
        current = carry_out(current, inverted(found))
        assert same(current, before)
    for _before, found, _changed in history:
        current = carry_out(current, found)
    assert same(current, end)


@settings(max_examples=200, deadline=None)
@given(values, values)
def test_differences_lead_from_one_document_to_the_other(left: object, right: object) -> None:
    before, after_ = {"a": left, "b": {"c": left}}, {"a": right, "d": right}
    found = differences(before, after_)
    assert same(carry_out(before, found), after_)
    assert same(carry_out(after_, inverted(found)), before)


def test_taking_back_refuses_where_somebody_changed_the_same_place() -> None:
    before = document(a={"type": "set", "with": {"x": 1}})
    found = differences(
        before, apply_patches(before, [{"op": "update_step", "step": "a", "path": "with.x", "value": 2}])
    )
    theirs = apply_patches(before, [{"op": "update_step", "step": "a", "path": "with.x", "value": 3}])
    with pytest.raises(ChangeDoesNotFit):
        carry_out(theirs, inverted(found))


def test_a_step_is_put_between_two_and_removed_again() -> None:
    two = document(a={"type": "set", "next": "b"}, b={"type": "log"})
    three = apply_patches(two, [{"op": "add_step", "id": "m", "type": "set", "after": {"step": "a", "place": "next"}}])
    assert three["steps"]["a"]["next"] == "m"
    assert three["steps"]["m"]["next"] == "b"
    assert apply_patches(three, [{"op": "remove_step", "step": "m"}]) == two


def test_a_step_is_added_into_each_kind_of_way() -> None:
    start = document(
        s={"type": "switch", "cases": [{"when": {"op": "truthy", "value": 1}, "next": "x"}], "default": "y"},
        x={"type": "set"}, y={"type": "set"},
    )  # fmt: skip
    made = apply_patches(
        start, [{"op": "add_step", "id": "m", "type": "log", "after": {"step": "s", "place": "cases.0.next"}}]
    )
    assert made["steps"]["s"]["cases"][0]["next"] == "m"
    assert made["steps"]["m"]["next"] == "x"
    made = apply_patches(made, [{"op": "add_step", "id": "n", "type": "fail", "after": {"step": "s"}}])
    assert made["steps"]["s"]["default"] == "n"
    assert "next" not in made["steps"]["n"], "nothing follows a step that ends the path"


def test_a_new_branch_leads_to_the_join() -> None:
    start = document(
        p={"type": "parallel", "branches": ["x"], "join": "j"}, x={"type": "set", "next": "j"}, j={"type": "join"}
    )
    made = apply_patches(
        start, [{"op": "add_step", "id": "y", "type": "set", "after": {"step": "p", "place": "branches.+"}}]
    )
    assert made["steps"]["p"]["branches"] == ["x", "y"]
    assert made["steps"]["y"]["next"] == "j"
    again = apply_patches(made, [{"op": "remove_step", "step": "y"}])
    assert again["steps"]["p"]["branches"] == ["x"]


def test_renaming_follows_into_ways_references_texts_expressions_and_conditions() -> None:
    start = document(
        a={"type": "set", "next": "b"},
        b={
            "type": "switch",
            "cases": [{"when": {"op": "eq", "left": {"$ref": "steps.a.output.x"}, "right": 1}, "next": "c"}],
            "default": "a",
        },
        c={
            "type": "set",
            "with": {
                "t": {"$text": "{{ steps.a.output.x }} steps.a.b {{steps.ab.output.x}}"},
                "e": {"$expr": "steps.a.output.x + steps.ab.output.y + mysteps.a.z"},
                "plain": "steps.a.output.x",
            },
        },
    )
    start["layout"] = {"a": {"x": 1, "y": 2}}
    start["output"] = {"$ref": "steps.a.output"}
    made = apply_patches(start, [{"op": "rename_step", "step": "a", "to": "first"}])
    assert made["start"] == "first"
    assert made["layout"] == {"first": {"x": 1, "y": 2}}
    assert made["output"] == {"$ref": "steps.first.output"}
    assert made["steps"]["b"]["default"] == "first"
    assert made["steps"]["b"]["cases"][0]["when"]["left"] == {"$ref": "steps.first.output.x"}
    assert made["steps"]["c"]["with"] == {
        "t": {"$text": "{{ steps.first.output.x }} steps.a.b {{steps.ab.output.x}}"},
        "e": {"$expr": "steps.first.output.x + steps.ab.output.y + mysteps.a.z"},
        "plain": "steps.a.output.x",
    }
    assert same(apply_patches(made, [{"op": "rename_step", "step": "first", "to": "a"}]), start)


def test_pasted_steps_get_free_ids_and_keep_their_ways_and_references_among_themselves() -> None:
    start = document(a={"type": "set", "next": "b"}, b={"type": "log"})
    copied = {
        "a": {"type": "set", "next": "b", "on_error": "elsewhere"},
        "b": {"type": "log", "with": {"message": {"$ref": "steps.a.output.x"}}},
    }
    made = apply_patches(start, [{"op": "paste", "steps": copied, "positions": {"a": {"x": 8, "y": 9}}}])
    assert made["steps"]["a_2"] == {"type": "set", "next": "b_2"}
    assert made["steps"]["b_2"]["with"] == {"message": {"$ref": "steps.a_2.output.x"}}
    assert made["layout"] == {"a_2": {"x": 8, "y": 9}}
    assert made["steps"]["a"] == start["steps"]["a"]


def test_on_top_of_others_a_taken_id_is_renamed_and_later_patches_follow() -> None:
    theirs = document(a={"type": "set"}, log={"type": "log"})
    mine = [
        {"op": "add_step", "id": "log", "type": "log", "after": {"step": "a", "place": "next"}},
        {"op": "update_step", "step": "log", "path": "with.message", "value": "mine"},
        {"op": "move", "positions": {"log": {"x": 1, "y": 1}}},
    ]
    with pytest.raises(PatchRefused, match="step_exists"):
        apply_patches(theirs, mine)
    made = apply_patches(theirs, mine, rename_taken=True)
    assert made["steps"]["log"] == {"type": "log"}
    assert made["steps"]["log_2"] == {"type": "log", "with": {"message": "mine"}}
    assert made["layout"] == {"log_2": {"x": 1, "y": 1}}


@pytest.mark.parametrize(
    ("patch", "code", "place"),
    [
        ({"op": "explode"}, "unknown_patch", "patches.0.op"),
        ({}, "unknown_patch", "patches.0.op"),
        ([], "unknown_patch", "patches.0.op"),
        ({"op": "add_step"}, "bad_type", "patches.0.type"),
        ({"op": "add_step", "type": "set", "id": "A B"}, "bad_step_id", "patches.0.id"),
        ({"op": "add_step", "type": "set", "id": "a"}, "step_exists", "patches.0.id"),
        ({"op": "add_step", "type": "set", "after": {"step": "gone"}}, "no_such_step", "patches.0.step"),
        ({"op": "add_step", "type": "set", "with": 3}, "not_an_object", "patches.0.with"),
        ({"op": "remove_step", "step": {}}, "no_such_step", "patches.0.step"),
        ({"op": "update_step", "step": "a", "path": "next", "value": "b"}, "use_connect", "patches.0.path"),
        ({"op": "update_step", "step": "a", "path": "type", "value": 3}, "bad_type", "patches.0.steps.a"),
        ({"op": "update_step", "step": "a", "path": "cases", "value": 3}, "bad_shape", "patches.0.steps.a"),
        ({"op": "update_step", "step": "a", "path": [], "value": 3}, "bad_path", "patches.0.path"),
        ({"op": "connect", "step": "a", "place": "cases.7.next", "target": "a"}, "no_such_place", "patches.0.place"),
        ({"op": "connect", "step": "a", "place": "__class__", "target": "a"}, "no_such_place", "patches.0.place"),
        ({"op": "move", "positions": {"a": {"x": float("nan"), "y": 0}}}, "bad_position", "patches.0.positions"),
        ({"op": "move", "positions": {"zz": {"x": 0, "y": 0}}}, "no_such_step", "patches.0.positions"),
        ({"op": "rename_step", "step": "a", "to": "../x"}, "bad_step_id", "patches.0.to"),
        ({"op": "set_part", "part": "steps", "value": {}}, "bad_part", "patches.0.part"),
        ({"op": "paste", "steps": {}}, "too_many_steps", "patches.0.steps"),
        ({"op": "paste", "steps": {"x": 3}}, "bad_type", "patches.0.steps.x"),
    ],
)
def test_a_patch_that_does_not_fit_names_the_field(patch: object, code: str, place: str) -> None:
    start = document(a={"type": "set"})
    with pytest.raises(PatchRefused) as refused:
        apply_patches(start, [patch])
    assert (refused.value.code, refused.value.place) == (code, place)
    assert start == document(a={"type": "set"})


def test_every_code_has_words() -> None:
    source = "".join(one.read_text(encoding="utf-8") for one in Path(patches.__file__).parent.glob("*.py"))
    assert set(re.findall(r'PatchRefused\("([a-z_]+)"', source)) <= set(errors.TEXTS)
    assert len(VERBS) == 17
