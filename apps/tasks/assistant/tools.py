"""The read-only tools. Each needs a permission, reads with a few queries, and answers in sentences that stand by themselves."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.ai import facade as ai
from apps.ai.enums import Scope
from apps.connectors import facade as connectors
from apps.core.onboarding import next_step
from apps.tasks import selectors
from apps.tasks.assistant.contracts import Caller, Finding, Source, Tool
from apps.tasks.contracts import TaskRow
from apps.tasks.enums import TaskState
from apps.tasks.models import Task
from apps.workflows import facade as workflows

FEW = 5
PERIODS = ("today", "yesterday", "month")
STATE_WORDS = {
    TaskState.NEW: gettext_lazy("waiting to start"), TaskState.RUNNING: gettext_lazy("in work"),
    TaskState.REVIEW: gettext_lazy("waiting for a person"), TaskState.DONE: gettext_lazy("done"),
    TaskState.FAILED: gettext_lazy("failed"), TaskState.CANCELLED: gettext_lazy("cancelled"),
}  # fmt: skip


def overview(caller: Caller, arguments: Mapping[str, Any]) -> Finding:
    """How many tasks there are in each state."""
    counts = selectors.count_tasks_by_state()
    total = sum(counts.values())
    if not total:
        return _said("overview", _("There are no tasks in this workspace yet."), to=_tasks())
    parts = ", ".join(f"{counts[state]} {word}" for state, word in STATE_WORDS.items() if counts[state])
    return _said("overview", ngettext("There is %(n)d task: %(parts)s.", "There are %(n)d tasks: %(parts)s.", total)
                 % {"n": total, "parts": parts}, to=_tasks())  # fmt: skip


def waiting_for_people(caller: Caller, arguments: Mapping[str, Any]) -> Finding:
    """Answers that wait for a decision."""
    waiting = selectors.list_reviews(limit=FEW)
    inbox = Source(title=_("Inbox"), url=reverse("tasks:inbox_list"))
    if not waiting:
        return _said("waiting_for_people", _("Nothing waits for a person."), to=inbox)
    count = selectors.count_open_reviews()
    first = ngettext("%(n)d answer waits for a person.", "%(n)d answers wait for a person.", count) % {"n": count}
    rows = [row for row, _review in waiting]
    return Finding(
        tool="waiting_for_people",
        sentences=(first, _("The longest waiting: %(list)s.") % {"list": _named(rows)}),
        sources=(inbox, *_sources(rows)), quoted=tuple(row.title for row in rows),
    )  # fmt: skip


def recent_failures(caller: Caller, arguments: Mapping[str, Any]) -> Finding:
    """The latest failed tasks with the reason of each."""
    failed = list(
        Task.objects.filter(state=TaskState.FAILED).only("id", "number", "title", "error").order_by("-number")[:FEW]
    )
    listing = Source(title=_("Failed tasks"), url=f"{reverse('tasks:task_list')}?state=failed")
    if not failed:
        return _said("recent_failures", _("No task has failed."), to=listing)
    count = selectors.count_tasks_by_state()[TaskState.FAILED]
    lines = [_("Task #%(number)d “%(title)s” failed: %(why)s")
             % {"number": one.number, "title": one.title, "why": _sentence(one.error)} for one in failed]  # fmt: skip
    first = ngettext("%(n)d task has failed.", "%(n)d tasks have failed.", count) % {"n": count}
    return Finding(
        tool="recent_failures", sentences=(first, *lines),
        sources=(listing, *(_source(one.number, one.pk) for one in failed)),
        quoted=tuple(text for one in failed for text in (one.title, one.error)),
    )  # fmt: skip


def task(caller: Caller, arguments: Mapping[str, Any]) -> Finding:
    """One task by its number: state, score, cost, and why it failed or waits."""
    number = int(arguments["number"])
    key = Task.objects.filter(number=number).values_list("pk", flat=True).first() if number <= 2**31 - 1 else None
    if key is None:
        return _said("task", _("There is no task #%(number)d in this workspace.") % {"number": number}, to=_tasks())
    view = selectors.get_task(key)
    sentences = [_("Task #%(number)d “%(title)s” is %(state)s.")
                 % {"number": number, "title": view.title, "state": STATE_WORDS[TaskState(view.state)]}]  # fmt: skip
    if view.score is not None:
        sentences.append(
            _("It scored %(score)d of 100; %(target)d were needed.") % {"score": view.score, "target": view.target}
        )
    if view.finished_at:
        took = round((view.finished_at - view.created_at).total_seconds())
        sentences.append(ngettext("It took %(n)d second.", "It took %(n)d seconds.", took) % {"n": took})
    if "costs.view" in caller.permissions:
        sentences.append(_("It cost %(amount)s.") % {"amount": _dollars(view.cost_micros)})
    if view.error:
        sentences.append(_("The reason given: %(why)s") % {"why": _sentence(view.error)})
    if view.review and view.review.state == "open":
        sentences.append(_("A person must decide: %(why)s") % {"why": _sentence(view.review.why)})
    return Finding(tool="task", sentences=tuple(sentences), sources=(_source(number, view.id),),
                   quoted=(view.title, view.error))  # fmt: skip


def find_tasks(caller: Caller, arguments: Mapping[str, Any]) -> Finding:
    """Tasks whose title or text holds some words."""
    words = str(arguments.get("words", ""))[:80].strip()
    rows = list(selectors.list_tasks(search=words, limit=FEW).rows) if words else []
    if not rows:
        return _said("find_tasks", _("No task was found for “%(words)s”.") % {"words": words}, to=_tasks())
    told = [_("#%(number)d “%(title)s” is %(state)s.")
            % {"number": row.number, "title": row.title, "state": STATE_WORDS[TaskState(row.state)]} for row in rows]  # fmt: skip
    return Finding(
        tool="find_tasks", sentences=tuple(told), sources=_sources(rows), quoted=tuple(row.title for row in rows)
    )


def running_now(caller: Caller, arguments: Mapping[str, Any]) -> Finding:
    """Runs that are under way."""
    runs = workflows.list_runs(state="running", limit=FEW + 1)
    counts = selectors.count_tasks_by_state()
    busy, queued = counts[TaskState.RUNNING], counts[TaskState.NEW]
    first = ngettext("%(n)d task is in work", "%(n)d tasks are in work", busy) % {"n": busy}
    rest = ngettext("%(n)d waits to start.", "%(n)d wait to start.", queued) % {"n": queued}
    names = sorted({run.workflow for run in runs[:FEW]})
    told = [f"{first}; {rest}"]
    if names:
        told.append(_("Workflows at work: %(list)s.") % {"list": ", ".join(names)})
    url = f"{reverse('tasks:task_list')}?state=running"
    return Finding(tool="running_now", sentences=tuple(told), sources=(Source(title=_("Tasks in work"), url=url),))


def costs(caller: Caller, arguments: Mapping[str, Any]) -> Finding:
    """What models cost today, yesterday or this month, and the dearest workflow."""
    today = datetime.now(UTC).date()
    period = arguments.get("period", "month")
    day = today - timedelta(days=period == "yesterday")
    first, last = (today.replace(day=1), today) if period == "month" else (day, day)
    report = ai.usage_report(first=first, last=last)
    when = {"today": _("Today (UTC)"), "yesterday": _("Yesterday (UTC)")}.get(period, _("This month (UTC)"))
    query = f"?month={first:%Y-%m}" if period == "month" else f"?day={first.isoformat()}"
    where = Source(title=_("Usage and costs"), url=f"{reverse('costs:usage')}{query}")
    total = report.total
    said = [
        _("%(when)s, calls to models cost %(amount)s.") % {"when": when, "amount": _dollars(total.cost_micros)},
        ngettext("That was %(n)d call.", "That were %(n)d calls.", total.calls) % {"n": total.calls},
    ]
    if total.unpriced_calls:
        said.append(ngettext("%(n)d call has an unknown price and is not in it.",
                             "%(n)d calls have an unknown price and are not in it.", total.unpriced_calls)
                    % {"n": total.unpriced_calls})  # fmt: skip
    dearest = next((line for line in report.groups["workflow"] if line.value and line.cost_micros), None)
    if dearest:
        said.append(_("The dearest workflow is %(name)s with %(amount)s.")
                    % {"name": dearest.value, "amount": _dollars(dearest.cost_micros)})  # fmt: skip
    return Finding(tool="costs", sentences=tuple(said), sources=(where,))


def budgets(caller: Caller, arguments: Mapping[str, Any]) -> Finding:
    """Caps with what is gone of them, tightest first."""
    where = Source(title=_("Budgets"), url=reverse("costs:budget_list"))
    views = [one for one in ai.list_budgets() if one.cap_micros is not None and one.subject != "*"]
    if not views:
        return _said("budgets", _("No budget caps anything."), to=where)
    views.sort(key=lambda one: -(one.spent_micros + one.reserved_micros) / max(one.cap_micros or 0, 1))
    said = [
        _("%(scope)s %(subject)s: %(used)s of %(cap)s is spent or set aside.")
        % {
            "scope": dict(Scope.choices).get(one.scope, one.scope), "subject": one.subject,
            "used": _dollars(one.spent_micros + one.reserved_micros), "cap": _dollars(one.cap_micros or 0),
        }
        for one in views[:FEW]
    ]  # fmt: skip
    return Finding(tool="budgets", sentences=tuple(line.replace(" :", ":") for line in said), sources=(where,))


def connections(caller: Caller, arguments: Mapping[str, Any]) -> Finding:
    """What is connected and whether it works."""
    where = Source(title=_("Connections"), url=reverse("connections:connection_list"))
    views = [one for one in connectors.list_connections() if one.state != "disabled"]
    if not views:
        return _said("connections", _("Nothing is connected yet."), to=where)
    words = {"ok": _("is working"), "degraded": _("is working, with a problem"), "paused": _("is paused"),
             "down": _("is not working")}  # fmt: skip
    said, sources = [], [where]
    for one in views[:FEW]:
        line = _("%(name)s %(state)s.") % {"name": one.name, "state": words[one.health]}
        said.append(f"{line} {_sentence(one.problem)}".strip() if one.problem else line)
        sources.append(Source(title=one.name, url=reverse("connections:connection_detail", args=[one.id])))
    conflicts = sum(one.open_conflicts for one in views)
    if conflicts:
        said.append(ngettext("%(n)d value was changed on both sides and waits for a decision.",
                             "%(n)d values were changed on both sides and wait for a decision.", conflicts)
                    % {"n": conflicts})  # fmt: skip
    return Finding(tool="connections", sentences=tuple(said), sources=tuple(sources),
                   quoted=tuple(one.problem for one in views if one.problem))  # fmt: skip


def what_next(caller: Caller, arguments: Mapping[str, Any]) -> Finding:
    """The first onboarding step that is not done, measured from data."""
    step = next_step(caller.permissions, user_id=caller.user_id)
    if step is None:
        home = Source(title=_("Inbox"), url=reverse("tasks:inbox_list"))
        return _said("next_step", _("Every step of getting started is done. See what waits in the inbox."), to=home)
    return _said("next_step", str(step.advice), to=Source(title=str(step.action), url=reverse(step.url_name)))


TOOLS = {
    tool.name: tool
    for tool in (
        Tool(name="overview", purpose="How many tasks are in each state.", permission="tasks.view", run=overview,
             example=gettext_lazy("How many tasks are there?")),
        Tool(name="waiting_for_people", purpose="Answers that wait for a person's decision.", permission="tasks.view",
             run=waiting_for_people, example=gettext_lazy("What is waiting for me?")),
        Tool(name="recent_failures", purpose="Latest failed tasks and why each failed.", permission="tasks.view",
             run=recent_failures, example=gettext_lazy("What failed, and why?")),
        Tool(name="task", purpose="One task by its number.", permission="tasks.view", run=task,
             arguments={"number": {"type": "integer", "minimum": 1}}, example=gettext_lazy("What happened to task #1?")),
        Tool(name="find_tasks", purpose="Tasks whose title or text holds some words.", permission="tasks.view", run=find_tasks,
             arguments={"words": {"type": "string", "maxLength": 80}}),
        Tool(name="running_now", purpose="What is in work now and what waits to start.", permission="runs.view", run=running_now,
             example=gettext_lazy("What is running right now?")),
        Tool(name="costs", purpose="What calls to models cost in a period.", permission="costs.view", run=costs,
             arguments={"period": {"enum": list(PERIODS)}}, example=gettext_lazy("How much did we spend this month?")),
        Tool(name="budgets", purpose="Caps and how much of each is gone.", permission="costs.view", run=budgets,
             example=gettext_lazy("How much of the budget is left?")),
        Tool(name="connections", purpose="Connected services and whether they work.", permission="connections.view",
             run=connections, example=gettext_lazy("Is Notion connected and working?")),
        Tool(name="next_step", purpose="What to do next to get the workspace going.", permission="workspace.view", run=what_next,
             example=gettext_lazy("What should I do next?")),
    )
}  # fmt: skip


def _said(tool: str, sentence: str, *, to: Source) -> Finding:
    return Finding(tool=tool, sentences=(sentence,), sources=(to,))


def _tasks() -> Source:
    return Source(title=_("Tasks"), url=reverse("tasks:task_list"))


def _named(rows: list[TaskRow]) -> str:
    return ", ".join(f"#{row.number} “{row.title}”" for row in rows)


def _source(number: int, key: Any) -> Source:
    return Source(title=_("Task #%(number)d") % {"number": number}, url=reverse("tasks:task_detail", args=[key]))


def _sources(rows: list[TaskRow]) -> tuple[Source, ...]:
    return tuple(_source(row.number, row.id) for row in rows)


def _sentence(text: str) -> str:
    text = " ".join(text.split())[:300]
    return text if text.endswith((".", "!", "?", "۔")) else f"{text}."


def _dollars(micros: int) -> str:
    return f"${ai.dollars(micros)}"
