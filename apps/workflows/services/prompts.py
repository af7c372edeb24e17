"""What steps say about prompts of the library: checked before a version is made, and told to who changes a prompt."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any

from django.db import connection
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.ai import facade as ai
from apps.ai.contracts import PromptOption
from apps.ai.registries import PromptUse, PromptUsers
from apps.workflows.core.problems import Problem, problem
from apps.workflows.core.values import is_dynamic

ASKING = "ai.generate"
NEAREST = 3
EITHER = "'oneOf' keyword"
# Current versions and drafts of workflows that are in use; a draft exists only while it differs or once was worked on.
USES = """
WITH documents AS (
    SELECT w.slug, w.name, v.definition AS document, false AS is_draft
    FROM workflows_workflow w JOIN workflows_workflowversion v ON v.id = w.current_id WHERE w.archived_at IS NULL
    UNION ALL
    SELECT w.slug, w.name, d.document, true
    FROM workflows_workflow w JOIN workflows_workflowdraft d ON d.workflow_id = w.id WHERE w.archived_at IS NULL
), named AS (
    SELECT slug, name, is_draft, step.value #>> '{with,prompt}' AS prompt
    FROM documents
    CROSS JOIN jsonb_each(CASE jsonb_typeof(document -> 'steps') WHEN 'object' THEN document -> 'steps' ELSE '{}' END) AS step
    WHERE step.value ->> 'type' = %s AND jsonb_typeof(step.value #> '{with,prompt}') = 'string'
)
SELECT slug, name, prompt, bool_and(is_draft) FROM named WHERE split_part(prompt, '@', 1) = ANY(%s)
GROUP BY slug, name, prompt ORDER BY name, slug, prompt
"""


def with_prompt_problems(definition: Mapping[str, Any], found: list[Problem]) -> list[Problem]:
    """``found`` and what is wrong with prompts steps name outright. One look-up for all of them, none when there is none.

    That a step has neither prompt nor messages, or both, is said once, in words instead of the schema's.
    """
    asking = {
        f"steps.{step_id}.with": body.get("with", {})
        for step_id, body in definition["steps"].items()
        if body["type"] == ASKING
    }
    unsaid = {place for place, given in asking.items() if bool(given.get("prompt")) is ("messages" in given)}
    told = [one for one in found if not (one.place in unsaid and one.code == "bad_config" and EITHER in one.message)]
    told += [problem("nothing_to_say", f"{place}.prompt") for place in asking if place in unsaid]
    named = {
        place: given for place, given in asking.items() if place not in unsaid and isinstance(given.get("prompt"), str)
    }
    known = ai.find_prompts({given["prompt"] for given in named.values()}) if named else {}
    for place, given in named.items():
        told += _of_step(place, given, known.get(given["prompt"]))
    return told


def _of_step(place: str, given: Mapping[str, Any], option: PromptOption | None) -> Iterator[Problem]:
    name = given["prompt"]
    if option is None:
        slugs = [one.slug for one in ai.list_prompts()]
        yield problem("unknown_prompt", f"{place}.prompt", name=name, near=_nearest(name.partition("@")[0], slugs))
        return
    if option.version is None:
        yield problem("prompt_not_published", f"{place}.prompt", name=name)
        return
    if option.archived:
        yield problem("prompt_archived", f"{place}.prompt", name=name)
    values = given.get("variables", {})
    if isinstance(values, Mapping) and not is_dynamic(values):
        yield from _of_values(f"{place}.variables", name, option, values)


def _of_values(place: str, prompt: str, option: PromptOption, values: Mapping[str, Any]) -> Iterator[Problem]:
    names = [variable.name for variable in option.variables]
    for variable in option.variables:
        if not variable.optional and values.get(variable.name) is None:
            yield problem("prompt_value_missing", f"{place}.{variable.name}", prompt=prompt, name=variable.name)
    for name in values:
        if name not in names:
            near = _nearest(name, names)
            yield problem("unknown_prompt_variable", f"{place}.{name}", prompt=prompt, name=name, near=near)


def _nearest(name: str, known: Iterable[str]) -> str:
    """The likest names, the likest first; a dash when there is none at all."""
    likest = sorted(known, key=lambda one: -SequenceMatcher(None, one, name).ratio())
    return ", ".join(likest[:NEAREST]) or "–"


def uses_of_prompts(slugs: Collection[str]) -> dict[str, list[PromptUse]]:
    """Where workflows name these prompts, in what is published and in drafts. One query."""
    with connection.cursor() as cursor:
        cursor.execute(USES, [ASKING, list(slugs)])
        rows = cursor.fetchall()
    found: dict[str, list[PromptUse]] = {}
    for workflow, name, reference, only_draft in rows:
        title = _("%(name)s (draft)") % {"name": name} if only_draft else name
        address = reverse("workflows:builder", args=[workflow])
        use = PromptUse(reference=reference, title=title, address=address)
        found.setdefault(reference.partition("@")[0], []).append(use)
    return found


PROMPT_USERS = PromptUsers(name="workflows", uses=uses_of_prompts)
