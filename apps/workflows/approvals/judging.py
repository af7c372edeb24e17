"""Judging an act anew that was asked about: after an edit, or to see what another policy would have made of it."""

from apps.tenants.facade import current_tenant
from apps.workflows.approvals.gate import Gate, Judged
from apps.workflows.approvals.models import Approval
from apps.workflows.core.classes import Facts
from apps.workflows.core.definition import parse
from apps.workflows.engine.live import Version
from apps.workflows.registries import step_types


def judge_again(row: Approval, *, text: str, facts: Facts | None = None) -> Judged:
    """The class of ``text`` as the request of the step that asked ``row``. Spends no allowance of an amount rule."""
    run = row.run
    raw = run.version.definition
    handlers = {handler.type: handler for handler in step_types}
    version = Version(str(run.version_id), run.version.workflow.slug, run.version.number, parse(raw), raw)
    return Gate(tenant=current_tenant(), handlers=handlers, facts=facts).judge(
        version=version,
        trigger=run.trigger,
        step_id=row.path.partition("#")[0],
        handler=handlers[row.type],
        text=text,
        dry_run=True,
    )
