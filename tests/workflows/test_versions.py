"""Publishing, comparing and rolling back: what was published never changes, and who did what when stays on record."""

from typing import Any

import pytest
from django.db import DatabaseError, transaction

from apps.workflows import facade
from apps.workflows.errors import InvalidDefinition, UnknownVersion, VersionMoved, WorkflowArchived, WorkflowExists
from apps.workflows.models import VersionChange
from tests.workflows import driving

pytestmark = pytest.mark.usefixtures("committed", "provider")


def document(number: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "schema": 1,
        "start": "a",
        "steps": {"a": {"type": "set", "with": {"n": number}}},
        "settings": {"approvals": {"quorum": number}},
        "triggers": {"t": {"type": "schedule", "with": {"cron": f"{number} * * * *"}}},
        **more,
    }


def test_publishing_rolling_back_and_the_record_of_both() -> None:
    with driving.inside():
        made = facade.create_workflow(name="Weekly report", user_id=7)
        assert (made.slug, made.current) == ("weekly-report", None)
        first = facade.publish_workflow(workflow=made.slug, definition=document(1), user_id=7, note="begin")
        facade.publish_workflow(workflow=made.slug, definition=document(2), user_id=8)
        back = facade.rollback_workflow(workflow=made.slug, number=1, user_id=9, note="two was wrong")
        assert (back.number, back.current, back.definition) == (1, True, first.definition)
        assert facade.get_workflow(workflow=made.slug).definition == document(1)
        told = [
            (c.kind, c.number, c.previous, c.user_id, c.note) for c in facade.list_version_changes(workflow=made.slug)
        ]
        assert told == [
            ("rolled_back", 1, 2, 9, "two was wrong"),
            ("published", 2, 1, 8, ""),
            ("published", 1, None, 7, "begin"),
        ]
        assert [row.number for row in facade.list_versions(workflow=made.slug)] == [2, 1]


def test_same_content_is_the_same_version_and_layout_is_not_content() -> None:
    with driving.inside():
        slug = facade.create_workflow(name="w").slug
        facade.publish_workflow(workflow=slug, definition=document(1))
        again = facade.publish_workflow(workflow=slug, definition=document(1, layout={"a": {"x": 5, "y": 6}}))
        assert again.number == 1
        assert VersionChange.objects.filter(workflow__slug=slug).count() == 1


def test_two_authors_cannot_overwrite_each_other() -> None:
    with driving.inside():
        slug = facade.create_workflow(name="w").slug
        facade.publish_workflow(workflow=slug, definition=document(1), based_on=0)
        with pytest.raises(VersionMoved):
            facade.publish_workflow(workflow=slug, definition=document(2), based_on=0)


def test_what_was_published_cannot_be_changed_nor_its_record() -> None:
    with driving.inside():
        slug = facade.create_workflow(name="w").slug
        facade.publish_workflow(workflow=slug, definition=document(1))
        for change in (
            lambda: VersionChange.objects.update(note="other"),
            lambda: VersionChange.objects.get().version.workflow.versions.update(note="other"),
        ):
            with pytest.raises(DatabaseError), transaction.atomic():
                change()


def test_running_runs_keep_their_version() -> None:
    waits = {"a": {"type": "wait_event", "with": {"event": "go"}, "next": "b"}, "b": {"type": "set", "with": {"n": 1}}}
    with driving.inside():
        slug = facade.create_workflow(name="w").slug
        facade.publish_workflow(workflow=slug, definition={**document(), "steps": waits})
        run = facade.start_run(workflow=slug, inputs={})
    driving.drain()
    with driving.inside():
        facade.publish_workflow(workflow=slug, definition=document(2))
        facade.signal_run(run_id=run, event="go", payload={})
    driving.drain()
    seen = driving.view(run)
    assert (seen.version, [step.path for step in seen.steps]) == (1, ["a", "b"])


def test_archived_workflows_start_nothing() -> None:
    with driving.inside():
        slug = facade.create_workflow(name="w").slug
        facade.publish_workflow(workflow=slug, definition=document())
        assert facade.archive_workflow(workflow=slug).archived
        with pytest.raises(WorkflowArchived):
            facade.start_run(workflow=slug, inputs={})
        facade.restore_workflow(workflow=slug)
        facade.start_run(workflow=slug, inputs={})


def test_names_are_told_apart_and_wrong_ones_refused() -> None:
    with driving.inside():
        assert [facade.create_workflow(name="Invoices").slug for _ in range(2)] == ["invoices", "invoices-2"]
        with pytest.raises(WorkflowExists):
            facade.create_workflow(name="x", slug="invoices")
        assert facade.rename_workflow(workflow="invoices", name="Bills").name == "Bills"


def test_unpublishable_is_refused_by_place_and_changes_nothing() -> None:
    with driving.inside():
        slug = facade.create_workflow(name="w").slug
        with pytest.raises(InvalidDefinition) as refused:
            facade.publish_workflow(workflow=slug, definition={**document(), "start": "zz"})
        assert "start" in refused.value.fields
        assert facade.get_workflow(workflow=slug).current is None
        with pytest.raises(UnknownVersion):
            facade.rollback_workflow(workflow=slug, number=3)


def test_difference_in_words_and_on_the_canvas() -> None:
    new = document(2)
    new["steps"] = {
        "a": {"type": "set", "with": {"n": 2}, "next": "b"},
        "b": {"type": "log", "with": {"message": {"$ref": "inputs.x"}}},
    }
    with driving.inside():
        slug = facade.create_workflow(name="w").slug
        facade.publish_workflow(workflow=slug, definition=document(1))
        facade.publish_workflow(workflow=slug, definition=new)
        diff = facade.diff_versions(workflow=slug, old=1, new=2)
        assert [line.text for line in diff.lines] == [
            "Setting approvals.quorum: 1 became 2.",
            "Trigger “t”, with.cron: “1 * * * *” became “2 * * * *”.",
            "Step “a”, with.n: 1 became 2.",
            "Step “a”, next: now “b”, was not set.",
            "Step “b” (log) was added.",
        ]
        assert diff.marks == {"a": "changed", "b": "added"}
        assert diff.edges == (("a", "next", "b", "added"),)
        assert facade.diff_versions(workflow=slug, old=1, new=1).same
