"""Every template, from its gallery page to the far side: installed, published, fired twice, decided by people, and held to its
own risk report. Real servers on loopback stand in for the services; the engine, triggers and approvals are the product's own."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections

from apps.workflows.approvals.models import Approval
from apps.workflows.library.packages import list_packages
from apps.workflows.library.rehearsing import rehearse
from apps.workflows.library.risk import is_personal, report_on
from apps.workflows.models import StepRun
from apps.workflows.registries import step_types
from tests import ground
from tests.slot import SLOT
from tests.workflows.driving import inside
from tests.workflows.templates.cases import CASES, Case
from tests.workflows.templates.walk import Walk, sample_of
from tests.workflows.templates.world import World, opened

EACH = pytest.mark.parametrize("case", CASES, ids=str)


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """The servers and connections of all these tests; they commit, so the database is copied afresh afterwards."""
    with django_db_blocker.unblock():
        with opened() as ready:
            yield ready
        connections.close_all()
        ground.fill(SLOT.database)


@pytest.fixture(autouse=True)
def _clean(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty far sides, and decisions that count at once instead of some seconds later."""
    monkeypatch.setattr("apps.workflows.approvals.deciding.UNDO_S", 0)
    world.forget()


def placed(node: Any, world: World) -> Any:
    """With the addresses of the local servers in their places."""
    if isinstance(node, str):
        source = world.notion_source() if "{notion}" in node else ""
        return node.replace("{web}", world.pages.url).replace("{notion}", source)
    if isinstance(node, dict):
        return {key: placed(child, world) for key, child in node.items()}
    if isinstance(node, list | tuple):
        return type(node)(placed(child, world) for child in node)
    return node


def begun(case: Case, world: World) -> tuple[Walk, Any]:
    """The package installed and published in a world made ready for the case; and what its trigger will bring."""
    walk = Walk(world, case.slug)
    for path, text in case.pages.items():
        world.pages.put(path, text)
    if case.plants:
        case.plants(world)
    answer = walk.install(placed(case.given, world))
    assert answer.status_code == 302, answer.context["form"].errors
    walk.publish()
    world.model.judge_score = case.score
    world.model.rules = {words: list(said) for words, said in placed(dict(case.says), world).items()}
    return walk, placed(case.brings, world) if case.brings is not None else sample_of(walk.package)


def carried_out(walk: Walk, case: Case, brings: Any) -> None:
    """Fire it and let people decide; a viewer may not, and nothing that waits was sent."""
    walk.fire(brings)
    if case.rests:
        walk.time_passes()
    for name in case.decides:
        waiting = walk.question()
        assert walk.decide("viewer").status_code == 403
        assert walk.question() == waiting
        assert [one.sends for one in walk.effects() if one.held and one.state == "intended"] in ([], [0])
        assert walk.decide(name).status_code == 302
    assert walk.question() is None


def test_every_package_has_a_case() -> None:
    assert {case.slug for case in CASES} == {package.slug for package in list_packages()}


@EACH
def test_it_does_what_it_says_once(case: Case, world: World) -> None:
    walk, brings = begun(case, world)
    carried_out(walk, case, brings)
    held_to_report(walk, world)
    (run,) = walk.runs()
    assert (run.state, run.error) == ("succeeded", None)
    expected = placed(dict(case.leaves), world)
    assert world.seen() == expected
    sent = [(one.key, one.sends) for one in walk.effects()]
    walk.fire(brings)
    assert len(walk.runs()) == 1
    assert world.seen() == expected
    assert [(one.key, one.sends) for one in walk.effects()] == sent


@EACH
def test_something_wrong_is_a_coded_error_and_nothing_is_sent(case: Case, world: World) -> None:
    bad = case.bad
    if bad.given:
        walk = Walk(world, case.slug)
        answer = walk.install({**placed(case.given, world), **bad.given})
        assert answer.status_code == 400
        assert list(answer.context["form"].errors) == [bad.place]
        assert walk.workflow == ""
        return
    walk, brings = begun(case, world)
    before = world.seen()
    if bad.breaks:
        bad.breaks(world)
        before = world.seen()
    answer = walk.fire(brings if bad.brings is None else bad.brings)
    while bad.breaks and walk.question():
        walk.decide("owner")
    assert refusal(walk, answer) == bad.code
    assert bad.place in places(walk, answer)
    assert world.seen() == before
    assert walk.question() is None


def refusal(walk: Walk, answer: Any) -> str:
    """The code of what was refused or failed: by the mail door, at the trigger, on the run's form, or in the run."""
    runs, fired = walk.runs(), walk.firings()
    if runs:
        assert [run.state for run in runs] == ["failed"]
        return str(runs[0].error["code"])
    if fired:
        assert [one.state for one in fired] == ["refused"]
        return fired[0].code
    if walk.kind == "manual":
        assert answer.status_code == 400
        assert answer.context["fields"]
        return "invalid_run_input"
    return str(answer.json()["code"])


def places(walk: Walk, answer: Any) -> str:
    """Which inputs were named."""
    fired = walk.firings()
    if fired:
        return fired[0].problem
    if answer is not None and answer.status_code == 400:
        return " ".join(answer.context["fields"] if walk.kind == "manual" else answer.json()["fields"])
    return ""


def held_to_report(walk: Walk, world: World) -> None:
    """What really happened is within what the gallery's report says: hosts, classes, questions, personal data, secrets."""
    with inside():
        report = report_on(walk.package, rehearse(walk.package))
        steps = dict(StepRun.objects.filter(run__version__workflow__slug=walk.workflow).values_list("path", "step_id"))
        asked = set(
            Approval.objects.filter(run__version__workflow__slug=walk.workflow, kind="question").values_list(
                "title", flat=True
            )
        )
    acts, titles = {act.step: act for act in report.acts}, walk.package.definition["steps"]
    assert world.reached() <= {*report.services, *(["web"] if report.web else [])}
    assert not asked or report.asks
    for effect in walk.effects():
        step = steps[effect.path]
        if effect.type.startswith("ai."):
            assert titles[step]["title"] in report.models
            continue
        request, act = json.loads(effect.request), acts[step]
        reach = step_types.get(effect.type).reach(request)
        assert effect.risk_class <= act.risk
        assert act.waits or not effect.held
        assert act.writes or not reach.writes
        assert act.personal or not is_personal(reach)
        assert {name for _path, name in request.get("secrets", ())} <= set(report.secrets)
        assert not request["connection_id"] or request["connector"] in report.services
    (run,) = walk.runs()
    assert run.trigger in (report.started_by or ("manual",))
    seen = world.seen()
    for place, told in (("tasks", report.tasks), ("told", report.tells), ("mailed", report.mails)):
        assert told or place not in seen
    if sorted(steps.values()) == sorted(walk.package.sample.path):
        assert sum(effect.type.startswith("ai.") for effect in walk.effects()) == report.model_calls
