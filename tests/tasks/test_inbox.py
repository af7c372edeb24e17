"""The inbox: decisions that can really be taken back, and everything else that waits for a person."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.core.dashboard import Notice, NoticeSource, notice_sources
from apps.dispatch.errors import TooLateToUndo
from apps.tasks import facade
from apps.tasks.contracts import TaskView
from apps.tasks.enums import TaskState
from apps.tasks.errors import AlreadyDecided
from apps.tasks.models import HeldDecision, ReviewItem, Task
from apps.tasks.services import holding, reviewing
from apps.tenants.contracts import TenantRef
from apps.workflows.models import Run

pytestmark = pytest.mark.django_db
Browse = Callable[..., Client]
WAIT = "person"


def path(name: str, *args: object) -> str:
    return reverse(name, args=args, urlconf="echopilot.urls_tenant")


@pytest.fixture
def waiting(tenant: TenantRef, user: User) -> TaskView:
    """A task whose answer waits for a person, its run waiting for the decision."""
    facade.ensure_defaults()
    task = facade.submit_task(source="portal", title="Opening hours", body="Write two lines.", requested_by=user.pk)
    row = Task.objects.select_related("type").get(pk=task.id)
    token = [1, WAIT, 1, "waiting", 1, 0, 1, reviewing.EVENT, False, None, "", []]
    Run.objects.filter(pk=task.run_id).update(state="waiting", cursor={"tokens": [token]})
    reviewing.ask_person(
        task=row, run_id=task.run_id, step_path=WAIT, reason="borderline", answer="We open at nine.", score=78
    )
    return facade.get_task(task.id)


def due(task: TaskView) -> None:
    """Let the seconds for taking it back pass."""
    HeldDecision.objects.filter(review__task_id=task.id).update(effective_at=timezone.now() - timedelta(seconds=1))


def review_of(task: TaskView) -> ReviewItem:
    return ReviewItem.objects.get(task_id=task.id)


def test_one_tap_approves_and_nothing_happens_until_it_can_no_longer_be_taken_back(
    browse: Browse, member: User, waiting: TaskView
) -> None:
    client = browse(member)
    assert b"We open at nine." in client.get(path("tasks:inbox_list")).content
    answer = client.post(path("tasks:inbox_decide", waiting.id), {"decision": "approve"})
    assert answer.status_code == 302
    assert facade.get_task(waiting.id).state == TaskState.REVIEW
    page = client.get(path("tasks:inbox_list")).content
    assert b"Undo" in page and b"Nothing needs you" in page
    assert holding.HELD.apply(review_of(waiting).pk) is False
    due(waiting)
    assert holding.HELD.apply(review_of(waiting).pk) is True
    decided = facade.get_task(waiting.id)
    assert decided.state == TaskState.RUNNING
    assert decided.review is not None
    assert (decided.review.decision, decided.review.decided_by) == ("approve", member.pk)
    assert holding.HELD.apply(review_of(waiting).pk) is False


def test_a_decision_taken_back_leaves_the_answer_waiting(browse: Browse, member: User, waiting: TaskView) -> None:
    client = browse(member)
    client.post(path("tasks:inbox_decide", waiting.id), {"decision": "reject", "reason": "Too short."})
    client.post(path("tasks:decision_undo", waiting.id))
    assert b"We open at nine." in client.get(path("tasks:inbox_list")).content
    due(waiting)
    assert holding.HELD.apply(review_of(waiting).pk) is False
    assert facade.get_task(waiting.id).state == TaskState.REVIEW
    client.post(path("tasks:inbox_decide", waiting.id), {"decision": "approve"})
    held = HeldDecision.objects.get()
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(run_at), count(*) FROM public.dispatch_workitem WHERE kind = %s", [holding.APPLY])
        last, items = cursor.fetchone()
    assert items == 2
    assert last > held.effective_at


def test_the_first_decision_counts_also_while_it_is_held(user: User, member: User, waiting: TaskView) -> None:
    facade.hold_decision(task_id=waiting.id, decision="approve", user_id=member.pk)
    with pytest.raises(AlreadyDecided):
        facade.hold_decision(task_id=waiting.id, decision="reject", reason="No.", user_id=user.pk)
    with pytest.raises(AlreadyDecided):
        facade.decide_review(task_id=waiting.id, decision="reject", reason="No.", user_id=user.pk)
    with pytest.raises(TooLateToUndo):
        facade.undo_decision(task_id=waiting.id, user_id=user.pk)
    facade.undo_decision(task_id=waiting.id, user_id=member.pk)
    with pytest.raises(TooLateToUndo):
        facade.undo_decision(task_id=waiting.id, user_id=member.pk)


def test_an_edited_answer_is_what_is_kept(browse: Browse, member: User, waiting: TaskView) -> None:
    browse(member).post(path("tasks:inbox_decide", waiting.id), {"decision": "approve", "text": "We open at ten."})
    due(waiting)
    assert holding.HELD.apply_overdue() == 0
    assert holding.HELD.apply(review_of(waiting).pk)
    assert review_of(waiting).edited_text == "We open at ten."


def test_a_rejection_without_reason_names_the_field_and_keeps_what_was_typed(
    browse: Browse, member: User, waiting: TaskView
) -> None:
    page = browse(member).post(
        path("tasks:inbox_decide", waiting.id), {"decision": "reject", "text": "My better words", "reason": ""}
    )
    assert page.status_code == 400
    assert f'id="id_{waiting.id}_reason_error"'.encode() in page.content
    assert b"My better words" in page.content
    assert HeldDecision.objects.count() == 0


def test_a_lost_work_item_is_made_up_for_by_the_sweep(member: User, waiting: TaskView) -> None:
    facade.hold_decision(task_id=waiting.id, decision="approve", user_id=member.pk)
    HeldDecision.objects.update(effective_at=timezone.now() - timedelta(seconds=60))
    assert holding.HELD.apply_overdue() == 1
    assert facade.get_task(waiting.id).state == TaskState.RUNNING


def test_a_decision_of_somebody_who_lost_the_right_comes_to_nothing(
    member: User, waiting: TaskView, tenant: TenantRef
) -> None:
    from apps.accounts.models import Membership

    facade.hold_decision(task_id=waiting.id, decision="approve", user_id=member.pk)
    Membership.objects.filter(user=member, tenant_id=tenant.id).update(role="viewer")
    due(waiting)
    assert holding.HELD.apply(review_of(waiting).pk) is False
    assert facade.get_task(waiting.id).state == TaskState.REVIEW


def test_cancelling_takes_a_held_decision_with_it(user: User, member: User, waiting: TaskView) -> None:
    facade.hold_decision(task_id=waiting.id, decision="approve", user_id=member.pk)
    facade.cancel_task(task_id=waiting.id, user_id=user.pk)
    assert HeldDecision.objects.count() == 0
    assert facade.get_task(waiting.id).state == TaskState.CANCELLED


def test_viewers_see_what_waits_and_decide_nothing(browse: Browse, viewer: User, waiting: TaskView) -> None:
    client = browse(viewer)
    page = client.get(path("tasks:inbox_list")).content
    assert b"We open at nine." in page and b'value="approve"' not in page
    assert client.post(path("tasks:inbox_decide", waiting.id), {"decision": "approve"}).status_code == 403
    assert client.post(path("tasks:decision_undo", waiting.id)).status_code == 403
    assert HeldDecision.objects.count() == 0


def test_other_apps_add_what_needs_a_person_and_permissions_hide_it(
    browse: Browse, member: User, waiting: TaskView
) -> None:
    def source(name: str, permission: str) -> NoticeSource:
        notice = Notice(title=f"Reconnect {name}", url="/", icon="plug", tone="bad")
        return NoticeSource(name=name, section="needs", order=5, permission=permission, list=lambda limit: [notice])

    with notice_sources.temporarily(source("seen", "tasks.view"), source("hidden", "workspace.delete")):
        page = browse(member).get(path("tasks:inbox_list")).content
    assert b"Reconnect seen" in page and b"Reconnect hidden" not in page


def test_keys_are_off_when_the_person_switched_them_off(browse: Browse, member: User, waiting: TaskView) -> None:
    assert b"<inbox-keys>" in browse(member).get(path("tasks:inbox_list")).content
    User.objects.filter(pk=member.pk).update(single_key_shortcuts=False)
    assert b"<inbox-keys off>" in browse(member).get(path("tasks:inbox_list")).content


def test_several_tasks_are_cancelled_only_after_a_page_that_names_them(
    browse: Browse, member: User, waiting: TaskView, user: User
) -> None:
    other = facade.submit_task(source="portal", title="Second", body="Words.", requested_by=user.pk)
    client, chosen = browse(member), [str(waiting.id), str(other.id), "nonsense"]
    page = client.post(path("tasks:task_bulk"), {"act": "cancel", "task": chosen})
    assert b"Cancel these 2 tasks" in page.content and b"Opening hours" in page.content and b"Second" in page.content
    assert facade.get_task(other.id).state == TaskState.NEW
    client.post(path("tasks:task_bulk"), {"act": "cancel", "task": chosen, "confirmed": "1"})
    assert {facade.get_task(one).state for one in chosen[:2]} == {TaskState.CANCELLED}
    assert client.post(path("tasks:task_bulk"), {"act": "retry", "task": chosen}).status_code == 302
    assert client.post(path("tasks:task_bulk"), {"act": "explode", "task": chosen}).status_code == 400


def test_viewers_change_nothing_in_bulk(browse: Browse, viewer: User, waiting: TaskView) -> None:
    answer = browse(viewer).post(
        path("tasks:task_bulk"), {"act": "cancel", "task": [str(waiting.id)], "confirmed": "1"}
    )
    assert answer.status_code == 403
    assert facade.get_task(waiting.id).state == TaskState.REVIEW


def test_a_long_inbox_shows_the_first_ones_and_says_how_many_stand_behind(
    browse: Browse, member: User, waiting: TaskView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.tasks.inbox.INBOX_SIZE", 1)
    assert b"more answer" not in browse(member).get(path("tasks:inbox_list")).content
    second = facade.submit_task(source="portal", title="Closing hours", body="Write one line.", requested_by=member.pk)
    reviewing.ask_person(
        task=Task.objects.select_related("type").get(pk=second.id), run_id=second.run_id, step_path=WAIT,
        reason="borderline", answer="We close at six.", score=78,
    )  # fmt: skip
    page = browse(member).get(path("tasks:inbox_list")).content
    assert b"We open at nine." in page and b"We close at six." not in page
    assert b"1 more answer waits" in page
