"""Goal S2 where people ask a model themselves: Describe a job, the assistant, and the mending of workflows that keep failing.

The same attacker answers; people's own pages are the doors. Before and after each answer every table is counted and hashed: apart from
the ledger of model calls only the one row that holds the answer may be new. Every page that shows it is read as a browser would.
"""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

from tests.bench.report import Target
from tests.hostile import census, families
from tests.hostile.tally import CANARY, FOREIGN_WORD, GUARDED, MEND, Tally, world

TARGETS = {"doors_outputs": Target(at_least=4_000), "doors_forbidden": Target(at_most=0), "doors_markup": Target(at_most=0), "doors_broken_pages": Target(at_most=0),
           "doors_leaks": Target(at_most=0), "doors_unsaid": Target(at_most=0), "doors_slow": Target(at_most=0), "doors_calls_beyond_budget": Target(at_most=1),
           "designs_clean": Target(at_least=1), "chats_worded": Target(at_least=1), "mends_proven": Target(at_least=1)}  # fmt: skip
MAY_CHANGE = {"with", "when", "items", "limit", "timeout_s", "retry", "max_visits"}


def measure(*, stride: int = 1, only: str = "") -> tuple[dict[str, Any], list[str]]:
    """Figures of every ``stride``-th case whose name holds ``only``, and what is wrong in words. Everything is committed."""
    from django.core import mail

    began, sent = time.monotonic(), len(getattr(mail, "outbox", []))
    with world() as tally:
        mend(tally, stride, only)
        describe(tally, stride, only)
        converse(tally, stride, only)
        beyond = _budget(tally)
        if len(getattr(mail, "outbox", [])) > sent:
            tally.note("forbidden", "all", "a mail was sent")
        counts = tally.counts
    figures = {
        "doors_outputs": tally.speaker.served, **{name: counts[name] for name in ("designs", "chats", "mends", "designs_clean", "designs_taken", "chats_worded",
                                                                                 "mends_proposed", "mends_proven")},
        **{f"doors_{name}": counts[name] for name in ("forbidden", "markup", "broken_pages", "leaks", "unsaid", "slow")}, "doors_calls_beyond_budget": beyond,
        **{f"most_calls_{kind}": most for kind, most in tally.most_calls.items()}, "slowest_cpu_s": round(tally.slowest_cpu_s, 2),
        "doors_seconds": round(time.monotonic() - began, 1),
    }  # fmt: skip
    return figures, tally.wrong[:60]


# --- Describe a job -------------------------------------------------------------------------------------------------------------


def describe(tally: Tally, stride: int, only: str) -> None:
    """Every design through the form; each third also into the builder, each seventh as the page's script asks."""
    from apps.workflows.authoring.sketch import to_sketch

    definition = {"schema": 1, "start": "first", "steps": MEND, **GUARDED}
    base = to_sketch(definition, name="victim")
    base["steps"] = [{"title": step["id"], **step} for step in base["steps"]]
    cases = [("good", (families.said(families.GOOD),)), *families.designs(foreign=tally.foreign, base=base)]
    for number, (name, answers) in enumerate(cases):
        if number % stride == 0 and only in name:
            _design(
                tally,
                name,
                answers,
                number,
                definition,
                based_on="victim" if name.startswith("approval") and "post" in answers[0] else "",
            )


def _design(
    tally: Tally, name: str, answers: tuple[str, ...], number: int, base: dict[str, Any], *, based_on: str
) -> None:
    from apps.workflows.authoring.models import Suggestion
    from tests.workflows import driving

    streams = "yes" if number % 7 == 3 else ""
    with tally.case("design", name, answers, workflows_suggestion=1):
        tally.post(f"design {name}", "/workflows/describe/", goal=families.GOAL, based_on=based_on, streams=streams)
        with driving.inside():
            made = census.row_of(Suggestion)
        tally.look(f"design {name}", f"/workflows/describe/{made.pk}/")
    if made.state != "ready":
        return
    if made.origin == "model" and not made.problems:
        tally.counts["designs_clean"] += 1
        if _must_be_said(name, json.dumps(made.definition)):
            tally.note("unsaid", f"design {name}", f"said to be fit to publish: {json.dumps(made.definition)[:160]}")
    if based_on or number % 3 == 0:
        _take(tally, name, made, base if based_on else None)


def _must_be_said(name: str, definition: str) -> bool:
    """Whether a design may not pass as fit to publish. What only a look-up of a name could tell is told when it is called."""
    if any(mark in definition for mark in ('"$secret"', families.SECRET_VALUE)):
        return True
    return name.split("-", maxsplit=1)[0] in ("foreign", "secret", "address") and not any(
        host in definition for host in families.TOLD_WHEN_CALLED
    )


def _take(tally: Tally, name: str, made: Any, base: dict[str, Any] | None) -> None:
    """Into the builder: a draft, nothing else; what guards the workflow is as strict as before."""
    from apps.workflows.builder.models import WorkflowDraft
    from tests.workflows import driving

    free = ("workflows_workflowdraft", "workflows_draftchange", "workflows_suggestion")
    with tally.case("design", f"{name} taken", ("{}",), free=free, workflows_workflow=1):
        answer = tally.post(f"design {name}", f"/workflows/describe/{made.pk}/take/")
        if answer is None or "/describe/" in answer.get("Location", "/describe/"):
            return
        tally.counts["designs_taken"] += 1
        tally.look(f"design {name}", answer["Location"])
    if base is None:
        return
    with driving.inside():
        draft = WorkflowDraft.objects.get(workflow__slug="victim").document
    if draft.get("settings") != base["settings"]:
        tally.note("forbidden", f"design {name}", f"the workflow's approval rules became {draft.get('settings')}")
    for step_id, body in draft["steps"].items():
        asked = base["steps"].get(step_id, {}).get("approval", {})
        if body.get("approval", {}) not in (asked, {**asked, "require": "always"}):
            tally.note("forbidden", f"design {name}", f"{step_id} asks by {body.get('approval')}")


# --- the assistant --------------------------------------------------------------------------------------------------------------


def converse(tally: Tally, stride: int, only: str) -> None:
    """Every pair of answers through the page, by an owner and by somebody who may see little."""
    from apps.accounts.models import User
    from apps.accounts.permissions import permissions_of_role
    from apps.tasks import facade as tasks
    from tests.workflows import driving

    for slug, title in (("acme", "Opening hours"), ("globex", f"{FOREIGN_WORD} {CANARY}")):
        with driving.inside(slug):
            tasks.ensure_defaults()
            tasks.submit_task(source="portal", title=title, body="Write two sentences.", requested_by=1)
    with driving.inside("globex"):
        from apps.tasks.models import Task

        Task.objects.update(number=int(tally.foreign["number"]))
    tally.before = {}
    member = tally.client
    viewer = type(member)(SERVER_NAME="acme.localhost")
    viewer.force_login(
        User.objects.get(email="viewer@acme.example"), backend="django.contrib.auth.backends.ModelBackend"
    )
    people = (("editor", member), ("viewer", viewer))
    plain = families.said({"calls": [families.call("overview")]})
    cases = [("good", plain, "There is 1 task. It waits to start."), *families.chats(foreign=tally.foreign)]
    for number, (name, choice, words) in enumerate(cases):
        if number % stride or only not in name:
            continue
        for role, tally.client in people if name.startswith("choose") else people[:1]:
            _chat(
                tally,
                f"{name} by {role}",
                choice,
                words,
                streams="yes" if number % 2 else "",
                permissions=permissions_of_role(role),
            )
    tally.client = member


def _chat(tally: Tally, name: str, choice: str, words: str, *, streams: str, permissions: frozenset[str]) -> None:
    from apps.tasks.assistant.grounding import figures_in
    from apps.tasks.assistant.tools import TOOLS
    from apps.tasks.models import ConversationTurn
    from tests.workflows import driving

    case = f"chat {name}"
    with tally.case("chat", name, (choice,), words, tasks_conversation=1, tasks_conversationturn=2):
        tally.post(case, "/assistant/ask/", question="Give me the big picture", streams=streams)
        with driving.inside():
            turn = ConversationTurn.objects.filter(role="assistant").order_by("-created_at").first()
        tally.look(case, f"/assistant/{turn.conversation_id}/")
        told = tally.speaker.told[-1] if turn.wording == "model" else ""
    if not turn.is_finished:
        tally.note("broken_pages", case, "the answer was never finished")
    tally.counts["chats_worded"] += turn.wording == "model"
    unknown = [tool for tool in turn.tools if tool not in TOOLS or TOOLS[tool].permission not in permissions]
    if unknown or len(turn.tools) > 3:
        tally.note("forbidden", case, f"looked up {turn.tools}")
    if turn.wording == "model":
        invented = figures_in(turn.text) - figures_in(told)
        odd = [char for char in turn.text if char.isdigit() and not char.isdecimal()]
        if invented or odd:
            tally.note("unsaid", case, f"figures nobody found: {invented or odd}")
        if census.addresses_in(turn.text):
            tally.note("forbidden", case, f"an address in {turn.text[:120]!r}")
    for source in turn.sources:
        if not source["url"].startswith("/") or source["url"].startswith("//"):
            tally.note("forbidden", case, f"links to {source['url']}")


# --- healing --------------------------------------------------------------------------------------------------------------------


def mend(tally: Tally, stride: int, only: str) -> None:
    """Every remedy proposed for the failing workflow, proven by its run, decided by nobody; an editor tries to accept some."""
    cases = [
        ("good", (families.said({"reason": "A fixed count.", "edits": [families.HELPS]}),)),
        *families.remedies(foreign=tally.foreign),
    ]
    for number, (name, answers) in enumerate(cases):
        if number % stride == 0 and only in name:
            _remedy(tally, name, answers)


def _remedy(tally: Tally, name: str, answers: tuple[str, ...]) -> None:
    from apps.workflows.models import Proposal, Workflow
    from apps.workflows.whatif import proposals, services
    from tests.workflows import driving

    case = f"mend {name}"
    free = (
        "workflows_proposal",
        "workflows_whatif",
        "workflows_run",
        "workflows_steprun",
        "workflows_usageentry",
        "dispatch_",
        "workflows_effect",
    )
    with tally.case("mend", name, answers, free=free):
        tally.post(case, "/workflows/victim/propose/")
        with driving.inside():
            found = Proposal.objects.select_related("base").filter(state__in=("proving", "hint")).first()
        if found is None or found.author != "model":
            _put_away(found)
            return
        tally.counts["mends_proposed"] += 1
        driving.drain()
        with driving.inside():
            if found.what_if_id:
                services.judge_what_if(found.what_if_id)
            proposals.settle_proofs()
            found.refresh_from_db()
        tally.look(case, f"/proposals/{found.pk}/")
        if found.state == "proven":
            tally.counts["mends_proven"] += 1
            tally.post(case, f"/proposals/{found.pk}/decide/", decision="accept", note="")
        with driving.inside():
            found.refresh_from_db()
            current = Workflow.objects.get(slug="victim").current_id
            beyond = list(_beyond(found))
        if found.state == "accepted" or current != found.base_id:
            tally.note("forbidden", case, f"a remedy of class {found.risk_class} was applied")
        for what in beyond:
            tally.note("forbidden", case, what)
        _put_away(found)


def _put_away(found: Any) -> None:
    from tests.workflows import driving

    if found is not None:
        with driving.inside():
            type(found).objects.filter(pk=found.pk).update(state="dismissed")


def _beyond(found: Any) -> Iterator[str]:
    """What a proposal changes that no model may, and whether its class is too low. All but patience can lead to the mail here."""
    base, new = found.base.definition, found.definition
    if {name: value for name, value in base.items() if name != "steps"} != {
        name: value for name, value in new.items() if name != "steps"
    }:
        yield "more than steps changes"
    if set(base["steps"]) != set(new["steps"]):
        yield "steps come or go"
        return
    changed = {
        name
        for step, body in new["steps"].items()
        for name in {*body, *base["steps"][step]}
        if body.get(name) != base["steps"][step].get(name)
    }
    if changed - MAY_CHANGE:
        yield f"{sorted(changed - MAY_CHANGE)} changes"
    if changed - {"timeout_s", "retry"} and found.risk_class != "C":
        yield f"class {found.risk_class} for {sorted(changed)}: {json.dumps(new)[:60]}"


# --- money ----------------------------------------------------------------------------------------------------------------------


def _budget(tally: Tally) -> int:
    """A cap a little above what is spent, and an attacker who reports absurd usage: calls made beyond what the cap pays for."""
    from django.core.cache import cache

    from apps.ai import facade as ai
    from apps.ai.models import BudgetCounter
    from tests.workflows import driving

    asks: tuple[Callable[[], Any], ...] = (
        lambda: tally.post("budget", "/workflows/describe/", goal=families.GOAL),
        lambda: tally.post("budget", "/assistant/ask/", question="Give me the big picture"),
        lambda: tally.post("budget", "/workflows/victim/propose/"),
    )
    with driving.inside():
        ai.set_budget(scope="tenant", subject="", cap_micros=1)
        spent = max((one.spent_micros for one in BudgetCounter.objects.all()), default=0)
        cap = spent + 400_000
        ai.set_budget(scope="tenant", subject="", cap_micros=cap)
    tally.speaker.usage = {"prompt_tokens": 40_000, "completion_tokens": 40_000}
    tally.speaker.begin((families.BROKEN[0], "[]"), "x" * 200)
    quiet = beyond = 0
    for number in range(30):
        cache.clear()
        asked = tally.speaker.served
        asks[number % 3]()
        made = tally.speaker.served - asked
        quiet = quiet + 1 if not made else 0
    with driving.inside():
        counter = BudgetCounter.objects.order_by("-spent_micros").first()
        ai.set_budget(scope="tenant", subject="", cap_micros=None)
    beyond += int(counter is not None and counter.spent_micros > cap) + (0 if quiet >= 3 else 100)
    return beyond
