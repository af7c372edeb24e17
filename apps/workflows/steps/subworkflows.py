"""A workflow as a step of another one."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.workflows.contracts import EffectFailed, StepContext, StepHandler, StepResult, Wait
from apps.workflows.core.taxonomy import FailureKind
from apps.workflows.engine.children import CHILD_EVENT
from apps.workflows.enums import RunState
from apps.workflows.services import children

NAME = r"^[a-z][a-z0-9_]{0,59}$"


class RunWorkflowStep(StepHandler):
    """Starts another workflow, or one run of it for every item of a list, and goes on when they have ended."""

    type = "workflow.run"
    errors = ("child_failed", "unknown_workflow")
    title = _("Run another workflow")
    description = _(
        "Starts a run of another workflow and waits for its result; with a list, one run for each item, some side by side."
    )
    category = "flow"
    icon = "workflow"
    untrusted = True
    sensitive = {"workflow": "object", "version": "object"}
    config_schema = {
        "type": "object",
        "required": ["workflow"],
        "additionalProperties": False,
        "properties": {
            "workflow": {
                "type": "string",
                "minLength": 1,
                "maxLength": 80,
                "title": _("Workflow"),
                "description": _("The workflow to run, by its name in addresses."),
                "format": "workflow",
            },
            "version": {
                "type": "integer",
                "minimum": 1,
                "title": _("Version"),
                "description": _("A fixed version; without one, the version that is current when the step begins."),
            },
            "inputs": {"type": "object", "title": _("Inputs"), "description": _("What each run is started with.")},
            "items": {
                "type": "array",
                "maxItems": children.MAX_ITEMS,
                "title": _("Items"),
                "description": _("Start one run for each of these; the run finds its item among its inputs."),
            },
            "as": {
                "type": "string",
                "pattern": NAME,
                "default": "item",
                "title": _("Name of the item"),
                "description": _("Under which name a run finds its item among its inputs."),
            },
            "max_parallel": {
                "type": "integer",
                "minimum": 1,
                "maximum": 50,
                "default": 5,
                "title": _("At the same time"),
                "description": _("How many of these runs may go on side by side."),
            },
            "on_item_error": {
                "enum": ["stop", "collect"],
                "default": "stop",
                "title": _("When an item fails"),
                "description": _("Stop, or keep the error among the results and go on."),
            },
        },
    }
    output_schema = {
        "type": "object",
        "properties": {
            "run_id": {"type": "string"},
            "output": {},
            "results": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "index": {"type": "integer"},
                        "run_id": {"type": "string"},
                        "state": {"type": "string"},
                        "output": {},
                        "error": {"type": ["object", "null"]},
                    },
                },
            },
            "count": {"type": "integer"},
            "failed": {"type": "integer"},
        },
    }

    def run(self, ctx: StepContext) -> StepResult | Wait:
        return self._go_on(ctx, retrying=ctx.attempt > 1)

    def resume(self, ctx: StepContext, payload: Mapping[str, Any]) -> StepResult | Wait:
        return self._go_on(ctx, retrying=False)

    def _go_on(self, ctx: StepContext, *, retrying: bool) -> StepResult | Wait:
        config = ctx.config
        collect = config.get("on_item_error", "stop") == "collect"
        ended = children.advance(_wanted(ctx, stop=not collect), retrying=retrying)
        if ended is None:
            return Wait(event=f"{CHILD_EVENT}{ctx.attempt}", summary=str(config["workflow"]))
        broken = [child for child in ended if child.state != RunState.SUCCEEDED]
        if broken and not collect:
            first = broken[0]
            said = (first.error or {}).get("message") or (first.error or {}).get("code") or first.state
            raise EffectFailed(
                FailureKind.PERMANENT, "child_failed", f"Run {first.run_id} of {config['workflow']}: {said}"[:500]
            )
        if "items" not in config:
            only = ended[0]
            output = {"run_id": str(only.run_id), "output": only.output, "state": only.state, "error": only.error}
            return StepResult(output=output, summary=str(config["workflow"]))
        results = [
            {"index": c.index, "run_id": str(c.run_id), "state": c.state, "output": c.output, "error": c.error}
            for c in ended
        ]
        return StepResult(
            output={"results": results, "count": len(results), "failed": len(broken)},
            summary=f"{config['workflow']}: {len(results) - len(broken)}/{len(results)}",
        )


def _wanted(ctx: StepContext, *, stop: bool) -> children.Wanted:
    config = ctx.config
    inputs = dict(config.get("inputs", {}))
    each = [{**inputs, config.get("as", "item"): item} for item in config["items"]] if "items" in config else [inputs]
    return children.Wanted(
        parent_id=ctx.run_id,
        path=ctx.path,
        attempt=ctx.attempt,
        key=ctx.key,
        workflow=config["workflow"],
        version=config.get("version"),
        inputs=each,
        at_once=config.get("max_parallel", 5),
        stop_on_failure=stop,
    )
