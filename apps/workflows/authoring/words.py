"""A sketch from the goal's own words, for when no model that can design is connected. Plain Python.

It knows the parts workflows are most often made of, in four languages, and puts those it recognises into the order in which the
goal mentions them. What it does not recognise it does not guess: parts of the goal in which it knew nothing are named.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from apps.workflows.authoring import lexicon as lex

Json = Any
LAST = ("mail", "slack", "telegram", "notify", "notion", "github", "hubspot", "airtable", "drive", "task")
CONNECTORS = ("slack", "telegram", "notion", "github", "hubspot", "airtable", "drive")
HOURS = {"minute": 60, "minuto": 60, "منٹ": 60, "hour": 3600, "hora": 3600, "heure": 3600, "گھنٹ": 3600, "day": 86400,
         "día": 86400, "dia": 86400, "jour": 86400, "دن": 86400}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Words:
    """Sentences the sketch is put together from, in the person's language."""

    titles: Mapping[str, str]
    which_connection: Callable[[str], str]
    which_value: Callable[[str, str], str]
    left_out: Callable[[str], str]


@dataclass
class _Plan:
    goal: str
    words: Words
    connections: Mapping[str, str]
    steps: list[dict[str, Json]] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    inputs: dict[str, str] = field(default_factory=dict)
    text: str = "{{inputs.text}}"

    def add(self, act: str, kind: str, settings: Mapping[str, Json] | None = None, **more: Json) -> str:
        """Append a step; returns its id."""
        name, number = act, 2
        while any(step["id"] == name for step in self.steps):
            name, number = f"{act}_{number}", number + 1
        step = {"id": name, "type": kind, "title": self.words.titles[act], **more}
        if settings is not None:
            step["with"] = dict(settings)
        self.steps.append(step)
        return name

    def use(self, name: str, field_name: str = "text") -> None:
        """Later steps work on what this one gave."""
        self.text = "{{steps.%s.output.%s}}" % (name, field_name)  # noqa: UP031 - braces

    def ask(self, step: str, what: str) -> str:
        """A value only the person knows: it becomes an input of the run, and a question."""
        name = f"{step}_{what}"
        self.inputs[name] = "string"
        self.questions.append(self.words.which_value(self.words.titles[step.split("_", maxsplit=1)[0]], what))
        return "{{inputs.%s}}" % name  # noqa: UP031 - braces


def sketch_from_words(
    goal: str, *, words: Words, connections: Mapping[str, str], types: frozenset[str]
) -> dict[str, Json] | None:
    """A sketch of what the goal names, or None when it names nothing known. ``connections``: connector -> id of the only or
    first working one. ``types`` are the installed step types: acts without one are left out."""
    goal = _digits(goal)
    found = _acts(goal)
    plan = _Plan(goal, words, connections)
    for act, match in found:
        _ADD[act](plan, match, types)
    if not plan.steps:
        return None
    _link(plan.steps)
    plan.questions += [words.left_out(part) for part in _unread(goal)]
    if "{{inputs.text}}" in str(plan.steps):
        plan.inputs["text"] = "string"
    inputs = [{"name": name, "type": kind, "required": name != "text"} for name, kind in plan.inputs.items()]
    return {
        "name": _title_of(goal), "explanation": "", "questions": plan.questions, "inputs": inputs,
        "trigger": trigger_of(goal), "steps": plan.steps,
    }  # fmt: skip


def _digits(goal: str) -> str:
    """Hours written as words become digits: "at nine" is "at 9"."""
    numbers = {word: number for words, number in lex.NUMBERS.items() for word in words.split()}
    return lex.AT_WORD.sub(lambda match: match[1] + str(numbers.get(match[2].casefold(), match[2])), goal)


def _unread(goal: str) -> list[str]:
    """Parts of the goal, of three words or more, in which nothing known was found."""
    known = [
        *lex.ACTS.values(),
        *lex.TRIGGERS.values(),
        lex.EVERY_N,
        lex.HOURLY,
        *(pattern for pattern, _days in lex.RHYTHMS),
    ]
    spans = [match.span() for pattern in known for match in pattern.finditer(goal)]
    days = [day for names in lex.WEEKDAYS for day in names.split()]
    parts, start = [], 0
    for stop in [*(match.span() for match in lex.CLAUSES.finditer(goal)), (len(goal), len(goal))]:
        part = goal[start : stop[0]]
        read = any(begin < stop[0] and end > start for begin, end in spans) or any(
            day in part.casefold() for day in days
        )
        if not read and len(part.split()) >= 3:
            parts.append(" ".join(part.split())[:120])
        start = stop[1]
    return parts


def _acts(goal: str) -> list[tuple[str, Any]]:
    """Recognised acts in the order of the goal, each once; places to send to come where they are named."""
    trigger_end = max((match.end() for match in _trigger_matches(goal)), default=0)
    found = []
    for act, pattern in lex.ACTS.items():
        match = next(
            (one for one in pattern.finditer(goal) if act != "condition" or one.start() >= trigger_end - 1), None
        )
        if match is not None and not (act == "mail" and match.start() < trigger_end):
            found.append((act, match))
    found.sort(key=lambda one: one[1].start())
    names = [act for act, _match in found]
    if "mail" in names and "notify" in names and abs(dict(found)["mail"].start() - dict(found)["notify"].start()) < 12:
        found = [one for one in found if one[0] != "notify"]
    if "notify" in names and any(name in names for name in ("slack", "telegram")):
        found = [one for one in found if one[0] != "notify"]
    return _in_order(found)


def _in_order(found: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Data is fetched before it is worked on, and a person is asked before the first thing is sent."""
    found = [one for one in found if one[0] == "fetch"] + [one for one in found if one[0] != "fetch"]
    names = [act for act, _match in found]
    sends = [position for position, act in enumerate(names) if act in LAST]
    if "approval" in names and sends and names.index("approval") > sends[0]:
        found.insert(sends[0], found.pop(names.index("approval")))
    return found


def _trigger_matches(goal: str) -> list[Any]:
    return [match for pattern in lex.TRIGGERS.values() if (match := pattern.search(goal))]


def trigger_of(goal: str) -> dict[str, Json]:
    """When the goal says it shall run; by hand when it does not say."""
    schedule = _schedule_of(goal)
    if schedule is not None:
        return {"type": "schedule", "with": schedule}
    for kind, pattern in lex.TRIGGERS.items():
        if pattern.search(goal):
            return {"type": kind, "with": dict(BROUGHT[kind])}
    return {"type": "manual", "with": {}}


def _schedule_of(goal: str) -> dict[str, Json] | None:
    if match := lex.EVERY_N.search(goal):
        unit = "minutes" if match[2].lower().startswith(("min", "من")) else "hours"
        return {f"every_{unit}": int(match[1])}
    if lex.HOURLY.search(goal):
        return {"every_hours": 1}
    hour, minute = _hour(goal)
    lowered = goal.casefold()
    if lex.EVERY.search(goal):
        for names, day in lex.WEEKDAYS.items():
            if any(name in lowered for name in names.split()):
                return {"cron": f"{minute} {hour} * * {day}"}
    days = next((days for pattern, days in lex.RHYTHMS if pattern.search(goal)), None)
    return None if days is None else {"cron": f"{minute} {hour} {days}"}


def _hour(goal: str) -> tuple[int, int]:
    match = lex.AT.search(goal)
    if match is None:
        return (18, 0) if lex.EVENING.search(goal) else (8, 0)
    hour, minute = int(match[1] or match[4]), int(match[2] or match[5] or 0)
    if (match[3] or "").lower() == "pm" and hour < 12:
        hour += 12
    return (hour, minute) if hour < 24 and minute < 60 else (8, 0)


def _title_of(goal: str) -> str:
    line = " ".join(goal.split())
    return line if len(line) <= 60 else f"{line[:57].rsplit(' ', 1)[0]}…"


def _link(steps: list[dict[str, Json]]) -> None:
    """Chain the steps; a condition's "then" is the step after it, a loop's body all that follow."""
    for step, after in zip(steps, [*steps[1:], None], strict=True):
        follower = after["id"] if after else None
        if step["type"] == "condition":
            step["then"], step["else"] = follower, None
        elif step["type"] == "loop":
            step["body"], step["next"] = follower, None
        else:
            step["next"] = follower


def _fetch(plan: _Plan, match: Any, types: frozenset[str]) -> None:
    found = lex.URL.search(plan.goal)
    name = plan.add("fetch", "http.get", {"inputs": {"url": found.group() if found else plan.ask("fetch", "url")}})
    plan.use(name)


def _model(act: str) -> Callable[[_Plan, Any, frozenset[str]], None]:
    def add(plan: _Plan, match: Any, types: frozenset[str]) -> None:
        order = plan.words.titles[act]
        if act == "translate" and (language := lex.TARGET_LANGUAGE.search(plan.goal)):
            order = f"{order}: {language[1] or language[2]}"
        name = plan.add(act, "ai.generate", {"messages": [
            {"role": "system", "content": f"{order}. {_title_of(plan.goal)}"},
            {"role": "user", "content": plan.text},
        ]})  # fmt: skip
        plan.use(name)

    return add


def _listed_after(goal: str, match: Any, default: list[str]) -> list[str]:
    listed = lex.LISTED.search(goal, match.end() - 1)
    if listed is None or listed.start() - match.end() > 40:
        return default
    parts = [" ".join(part.split())[:40] for part in lex.PARTS.split(listed[1])]
    return [part for part in parts if part][:12] or default


def _classify(plan: _Plan, match: Any, types: frozenset[str]) -> None:
    labels = _listed_after(plan.goal, match, [])
    if len(labels) < 2:
        labels = ["urgent", "normal", "other"]
    plan.add("classify", "ai.classify", {"text": plan.text, "labels": labels})


def _extract(plan: _Plan, match: Any, types: frozenset[str]) -> None:
    rest = plan.goal[match.end() : match.end() + 120].split(".")[0].split(" from ")[0].split(" de ")[0]
    names = [re.sub(r"\W+", "_", part.strip().lower()).strip("_")[:40] for part in lex.PARTS.split(rest)]
    fields = [name for name in names if name and name.isascii()][:8] or ["name", "date", "amount"]
    schema = {"type": "object", "properties": {name: {"type": "string"} for name in fields}, "required": fields}
    plan.add("extract", "ai.extract", {"text": plan.text, "schema": schema})


def _check(plan: _Plan, match: Any, types: frozenset[str]) -> None:
    plan.add("check", "ai.review", {"task": _title_of(plan.goal), "answer": plan.text})


def _condition(plan: _Plan, match: Any, types: frozenset[str]) -> None:
    clause = " ".join((match[1] or match[2]).split())
    sorted_by = next((step for step in reversed(plan.steps) if step["type"] == "ai.classify"), None)
    label = next(
        (one for one in (sorted_by or {}).get("with", {}).get("labels", ()) if one.lower() in clause.lower()), ""
    )
    if sorted_by is None or not label:
        name = plan.add("classify", "ai.classify", {"text": plan.text, "labels": ["yes", "no"], "instructions": clause})
        label = "yes"
    else:
        name = sorted_by["id"]
    plan.add("condition", "condition",
             when={"op": "eq", "left": {"$ref": f"steps.{name}.output.label"}, "right": label})  # fmt: skip


def _approval(plan: _Plan, match: Any, types: frozenset[str]) -> None:
    plan.add("approval", "approval", {"title": plan.words.titles["approval"], "content": plan.text})


def _wait(plan: _Plan, match: Any, types: frozenset[str]) -> None:
    number, unit = int(match[1] or match[3]), (match[2] or match[4]).lower()
    seconds = next(value for start, value in HOURS.items() if unit.startswith(start))
    plan.add("wait", "delay", {"seconds": number * seconds})


def _loop(plan: _Plan, match: Any, types: frozenset[str]) -> None:
    plan.inputs["items"] = "array"
    plan.add("loop", "loop", items={"$ref": "inputs.items"})
    plan.text = "{{loop.item}}"


def _mail(plan: _Plan, match: Any, types: frozenset[str]) -> None:
    found = lex.ADDRESS.search(plan.goal)
    to = found.group().rstrip(".") if found else plan.ask("mail", "to")
    plan.add("mail", "email.send", {"to": [to], "subject": _title_of(plan.goal), "body": plan.text})


def _notify(plan: _Plan, match: Any, types: frozenset[str]) -> None:
    plan.add("notify", "notify", {"title": _title_of(plan.goal), "text": plan.text})


def _task(plan: _Plan, match: Any, types: frozenset[str]) -> None:
    plan.add("task", "task.create", {"title": _title_of(plan.goal), "body": plan.text})


# What a run is told by a trigger that brings something.
BROUGHT: Mapping[str, Mapping[str, Json]] = {
    "email": {"inputs": {"text": {"$text": "{{trigger.subject}}\n\n{{trigger.text}}"}}},
    "webhook": {"inputs": {"text": {"$text": "{{trigger.body}}"}}},
    "connector": {"change": "connector.row_changed", "inputs": {"text": {"$text": "{{trigger.data}}"}}},
}
SENDING: Mapping[str, tuple[str, Callable[[_Plan], Mapping[str, Json]]]] = {
    "slack": ("slack.post_message", lambda plan: {"channel": _channel(plan), "text": plan.text}),
    "telegram": ("telegram.send_message", lambda plan: {"chat_id": plan.ask("telegram", "chat_id"), "text": plan.text}),
    "notion": ("notion.create_row", lambda plan: {"data_source_id": plan.ask("notion", "data_source_id"),
                                                  "reference": "Reference", "properties": {}}),
    "github": ("github.create_issue", lambda plan: {"repository": plan.ask("github", "repository"),
                                                    "title": _title_of(plan.goal), "body": plan.text}),
    "hubspot": ("hubspot.upsert_contact", lambda plan: {"email": plan.ask("hubspot", "email")}),
    "airtable": ("airtable.create_record", lambda plan: {"base": plan.ask("airtable", "base"),
                                                         "table": plan.ask("airtable", "table"), "fields": {},
                                                         "reference_field": "Reference"}),
    "drive": ("drive.upload_file", lambda plan: {"name": f"{_title_of(plan.goal)}.txt", "content": plan.text}),
}  # fmt: skip


def _channel(plan: _Plan) -> str:
    """The channel's id: looked up by the name the goal gives, else asked for."""
    found = lex.CHANNEL.search(plan.goal)
    if found is None:
        return plan.ask("slack", "channel")
    settings: dict[str, Json] = {"inputs": {"name": found[1]}}
    if "slack" in plan.connections:
        settings["connection_id"] = plan.connections["slack"]
    name = plan.add("channel", "slack.find_channel", settings)
    return "{{steps.%s.output.id}}" % name  # noqa: UP031 - braces


def _send(connector: str) -> Callable[[_Plan, Any, frozenset[str]], None]:
    kind, inputs_of = SENDING[connector]

    def add(plan: _Plan, match: Any, types: frozenset[str]) -> None:
        if kind not in types:
            return
        settings: dict[str, Json] = {"inputs": dict(inputs_of(plan))}
        owner = kind.split(".")[0]
        if owner in plan.connections:
            settings["connection_id"] = plan.connections[owner]
        else:
            plan.questions.append(plan.words.which_connection(connector))
        plan.add(connector, kind, settings)

    return add


_ADD: Mapping[str, Callable[[_Plan, Any, frozenset[str]], None]] = {
    "fetch": _fetch, "summarise": _model("summarise"), "translate": _model("translate"), "write": _model("write"),
    "classify": _classify, "extract": _extract, "check": _check, "condition": _condition, "approval": _approval,
    "wait": _wait, "loop": _loop, "mail": _mail, "notify": _notify, "task": _task,
    **{connector: _send(connector) for connector in CONNECTORS},
}  # fmt: skip
