"""Drafts: nobody writes over another, a change sent twice counts once, one's own changes can be taken back."""

from typing import Any
from uuid import uuid4

import pytest

from apps.tenants.contracts import TenantRef
from apps.workflows.builder import drafts
from apps.workflows.builder.errors import DraftChanged, InvalidPatch, NothingToUndo, UndoDoesNotFit
from apps.workflows.builder.models import DraftChange, WorkflowDraft
from apps.workflows.builder.problems import list_problems
from apps.workflows.errors import WorkflowArchived
from apps.workflows.facade import ensure_workflow
from apps.workflows.models import Workflow

pytestmark = pytest.mark.django_db
PUBLISHED = {"schema": 1, "start": "a", "steps": {"a": {"type": "set", "with": {"x": 1}}}}
ADD = {"op": "add_step", "id": "b", "type": "log", "after": {"step": "a", "place": "next"}}


@pytest.fixture
def slug(tenant: TenantRef) -> str:
    ensure_workflow(slug="orders", name="Orders", definition=PUBLISHED)
    return "orders"


def change(slug: str, revision: int, *patches: dict[str, Any], actor: int = 1, **more: Any) -> drafts.Draft:
    return drafts.change_draft(slug=slug, revision=revision, patches=patches, actor_id=actor, **more)


def test_a_draft_begins_as_the_published_version_and_keeps_no_row_until_it_changes(slug: str) -> None:
    draft = drafts.get_draft(slug=slug, actor_id=1)
    assert (draft.revision, draft.document, draft.based_on) == (1, PUBLISHED, 1)
    assert not WorkflowDraft.objects.exists()
    assert change(slug, 1, ADD).revision == 2


def test_who_comes_second_is_told_and_nothing_is_written_over(slug: str) -> None:
    change(slug, 1, ADD, actor=1)
    mine = {"op": "update_step", "step": "a", "path": "with.x", "value": 2}
    with pytest.raises(DraftChanged):
        change(slug, 1, mine, actor=2)
    assert drafts.get_draft(slug=slug, actor_id=2).document["steps"]["a"]["with"] == {"x": 1}
    (seen,) = drafts.list_meanwhile(slug=slug, revision=1)
    assert (seen.actor_id, seen.patches) == (1, [ADD])
    both = change(slug, 1, mine, actor=2, on_top=True).document
    assert both["steps"]["a"] == {"type": "set", "with": {"x": 2}, "next": "b"}


def test_the_same_batch_again_changes_nothing(slug: str) -> None:
    batch = uuid4()
    first = change(slug, 1, ADD, batch=batch)
    assert change(slug, 1, ADD, batch=batch).revision == first.revision == 2
    assert DraftChange.objects.count() == 1


def test_a_refused_patch_changes_nothing_and_names_its_field(slug: str) -> None:
    with pytest.raises(InvalidPatch) as refused:
        change(slug, 1, ADD, {"op": "connect", "step": "a", "place": "next", "target": "gone"})
    assert list(refused.value.fields) == ["patches.1.target"]
    assert drafts.get_draft(slug=slug, actor_id=1).revision == 1


def test_one_takes_back_ones_own_changes_only_and_repeats_them(slug: str) -> None:
    change(slug, 1, ADD, actor=1)
    change(slug, 2, {"op": "update_step", "step": "a", "path": "with.x", "value": 5}, actor=2)
    undone = drafts.undo(slug=slug, actor_id=1)
    assert undone.document["steps"] == {"a": {"type": "set", "with": {"x": 5}}}
    assert (undone.can_undo, undone.can_redo) == (False, True)
    with pytest.raises(NothingToUndo):
        drafts.undo(slug=slug, actor_id=1)
    assert "b" in drafts.redo(slug=slug, actor_id=1).document["steps"]
    change(slug, 5, {"op": "update_step", "step": "a", "path": "with.x", "value": 6}, actor=1)
    with pytest.raises(UndoDoesNotFit):
        drafts.undo(slug=slug, actor_id=2)


def test_undo_walks_back_and_redo_forward_in_order(slug: str) -> None:
    for value in (2, 3, 4):
        change(slug, value - 1, {"op": "update_step", "step": "a", "path": "with.x", "value": value})
    seen = [drafts.undo(slug=slug, actor_id=1).document["steps"]["a"]["with"]["x"] for _ in range(3)]
    assert seen == [3, 2, 1]
    assert [drafts.redo(slug=slug, actor_id=1).document["steps"]["a"]["with"]["x"] for _ in range(2)] == [2, 3]
    change(slug, 9, {"op": "update_step", "step": "a", "path": "with.x", "value": 9})
    with pytest.raises(NothingToUndo):
        drafts.redo(slug=slug, actor_id=1)


def test_history_is_bounded(slug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafts, "KEPT_CHANGES", 5)
    for revision in range(1, 12):
        change(slug, revision, {"op": "update_step", "step": "a", "path": "with.x", "value": revision + 10})
    assert DraftChange.objects.count() == 5


def test_unstorable_and_oversized_values_are_refused_or_cleaned(slug: str) -> None:
    with pytest.raises(InvalidPatch) as refused:
        change(slug, 1, {"op": "update_step", "step": "a", "path": "with.x", "value": "x" * 300_000})
    assert "256 KB" in refused.value.text
    made = change(slug, 1, {"op": "update_step", "step": "a", "path": "with.x", "value": "a\x00b"})
    assert made.document["steps"]["a"]["with"]["x"] == "a\ufffdb"


def test_an_archived_workflow_takes_no_changes(slug: str) -> None:
    Workflow.objects.filter(slug=slug).update(archived_at="2026-11-22T00:00:00Z")
    with pytest.raises(WorkflowArchived):
        change(slug, 1, ADD)


def test_a_whole_document_put_in_place_can_be_taken_back(slug: str) -> None:
    other = {"schema": 1, "start": "z", "steps": {"z": {"type": "log"}}}
    drafts.replace_document(slug=slug, document=other, actor_id=1, reason="import")
    assert drafts.undo(slug=slug, actor_id=1).document == PUBLISHED
    with pytest.raises(InvalidPatch):
        drafts.replace_document(slug=slug, document={"steps": []}, actor_id=1, reason="import")


def test_problems_name_the_step_and_the_field(slug: str) -> None:
    document = change(slug, 1, ADD).document
    (problem,) = list_problems(document)
    assert (problem.step, problem.code, problem.severity) == ("b", "bad_config", "error")
    assert list_problems({"schema": 1, "start": "", "steps": {}})[0].code == "no_steps"
