"""What a model may not decide in a design, whatever it writes: found and named like any other mistake, or put back as it was.

A model knows neither the workspace's secrets nor other workspaces' connections, and how strictly people are asked is theirs to say.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from apps.core.errors import PlatformError
from apps.core.outbound import check_url
from apps.core.redaction import SECRET_NAME, SECRET_SHAPES
from apps.workflows.core.secrets import handles

Json = Any
KEPT = ("settings", "output", "notes")
# Any public address: a design is judged by how its addresses are written; names are looked up when they are called.
SOMEWHERE = ("93.184.216.34",)
# Without the first shape: "basic questions" would be one.
KEYS = SECRET_SHAPES[1:]


def kept_from(base: Mapping[str, Json] | None, drawn: Mapping[str, Json]) -> dict[str, Json]:
    """The drawn definition with what no model may take away or loosen as ``base`` has it.

    Approval rules of the workflow and of each step stay; a step may only come to ask every time. Only the first trigger may change.
    """
    before: Mapping[str, Json] = base or {}
    made = {**drawn, **{name: before[name] for name in KEPT if name in before}}
    triggers = dict(before.get("triggers", {}))
    if triggers and "start" in drawn.get("triggers", {}):
        made["triggers"] = {**triggers, next(iter(triggers)): drawn["triggers"]["start"]}
    steps = before.get("steps", {})
    made["steps"] = {name: _asking(body, steps.get(name, {}).get("approval")) for name, body in drawn["steps"].items()}
    return made


def _asking(body: Mapping[str, Json], before: Json) -> dict[str, Json]:
    written = body.get("approval")
    always = isinstance(written, Mapping) and written.get("require") == "always"
    rules = {**(before or {}), **({"require": "always"} if always else {})}
    plain = {name: value for name, value in body.items() if name != "approval"}
    return {**plain, "approval": rules} if rules else plain


def approvals_taken_out(base: Mapping[str, Json] | None, made: Mapping[str, Json]) -> list[str]:
    """Titles of the steps that asked people in ``base`` and are gone."""
    steps = (base or {}).get("steps", {})
    gone = (body for name, body in steps.items() if made["steps"].get(name, {}).get("type") != body["type"])
    return [str(body.get("title") or body["with"]["title"]) for body in gone if body["type"] == "approval"]


def overreach(
    made: Mapping[str, Json], *, goal: str, base: Mapping[str, Json] | None, connections: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """(place, what is wrong): connections not of this workspace, secrets nobody named, keys written out, addresses inside."""
    yield from _texts(made.get("inputs"), "inputs")
    before = (base or {}).get("steps", {})
    for step_id, body in made["steps"].items():
        settings = body.get("with", {})
        if settings == before.get(step_id, {}).get("with"):
            continue
        place = f"steps.{step_id}.with"
        connection = settings.get("connection_id")
        if isinstance(connection, str) and connection not in connections:
            yield f"{place}.connection_id", _("No working connection of this workspace has this id. Choose one.")
        for path, name in handles(settings):
            if name not in goal:
                yield (
                    ".".join((place, *path)),
                    _("Only people choose secrets. Name it in your description or choose it here."),
                )
        yield from _texts(settings, place)


def _texts(node: Json, place: str, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(node, Mapping):
        for key, child in node.items():
            yield from _texts(child, f"{place}.{key}", str(key))
    elif isinstance(node, list):
        for index, child in enumerate(node):
            yield from _texts(child, f"{place}.{index}", name)
    elif isinstance(node, str):
        if any(shape.search(node) for shape in KEYS) or (SECRET_NAME.search(name) and " " in node):
            yield place, _("This looks like a key or password. Keep it under Secrets and choose it here.")
        if name == "url":
            try:
                check_url(node, resolver=lambda _host, _port: list(SOMEWHERE))
            except PlatformError as error:
                yield place, str(error.fields.get("url", error.text))
