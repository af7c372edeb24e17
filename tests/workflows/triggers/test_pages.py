"""Pages about triggers."""

import pytest
from django.urls import reverse

from apps.workflows.models import Firing, Trigger
from apps.workflows.triggers import firing, wording
from tests.workflows.triggers.world import AT, due_at, publish


def path(name, *args):
    return reverse(f"triggers:{name}", args=args, urlconf="echopilot.urls_tenant")


def test_an_empty_workspace_says_what_to_do(tenant, browse, user) -> None:
    page = browse(user).get(path("trigger_list")).content.decode()
    assert "Nothing starts by itself yet" in page


def test_the_list_shows_what_comes_next_and_the_page_its_next_starts(tenant, browse, user) -> None:
    trigger = publish(nine={"type": "schedule", "with": {"daily": {"at": "09:00"}, "zone": "Europe/Madrid"}})
    client = browse(user)
    page = client.get(path("trigger_list")).content.decode()
    assert "Every day at" in page
    assert "Europe/Madrid" in page
    assert "1 start<" in page
    detail = client.get(path("trigger_detail", trigger.pk)).content.decode()
    assert detail.count("<time") >= 5


def test_a_switch_can_be_undone_from_its_notice(tenant, browse, user) -> None:
    trigger = publish(nine={"type": "schedule", "with": {"daily": {"at": "09:00"}}})
    client = browse(user)
    page = client.post(path("trigger_off", trigger.pk), follow=True).content.decode()
    assert path("trigger_on", trigger.pk) in page
    assert not Trigger.objects.get().enabled
    client.post(path("trigger_on", trigger.pk))
    assert Trigger.objects.get().next_at is not None


def test_a_secret_is_shown_once_and_only_to_who_may_manage(tenant, browse, user, viewer) -> None:
    trigger = publish(door={"type": "webhook"})
    shown = browse(user).post(path("trigger_rotate", trigger.pk)).content.decode()
    trigger.refresh_from_db()
    assert trigger.secret in shown
    again = browse(user).get(path("trigger_detail", trigger.pk)).content.decode()
    assert trigger.secret not in again
    assert trigger.address_key in again
    assert trigger.address_key not in browse(viewer).get(path("trigger_detail", trigger.pk)).content.decode()
    assert browse(viewer).post(path("trigger_rotate", trigger.pk)).status_code == 403


def test_a_delivery_is_replayed_from_the_page(tenant, browse, user) -> None:
    trigger = publish(door={"type": "webhook", "with": {"verify": "none"}})
    kept = Firing.objects.create(trigger=trigger, state="received", payload={"body": {"a": 1}})
    firing.begin_by_id(firing_id=kept.pk)
    client = browse(user)
    assert "nothing else is checked" in client.get(path("trigger_detail", trigger.pk)).content.decode()
    client.post(path("firing_replay", kept.pk))
    assert Firing.objects.filter(replay_of=kept.pk).exists()
    timed = due_at(publish(slug="timed", nine={"type": "schedule", "with": {"cron": "0 * * * *"}}), AT)
    (fired,) = firing.fire_schedule(trigger_id=timed.pk, now=AT)
    assert client.post(path("firing_replay", fired.pk)).status_code == 409


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"kind": "weekly", "days": ["mon", "fri"], "at": "09:00"}, "Every Monday and Friday at"),
        ({"kind": "monthly", "day": 31, "at": "09:00"}, "On the last day of each month"),
        ({"kind": "every_minutes", "every": 15}, "Every 15 minutes"),
        ({"kind": "cron", "cron": "0 9 * * 1-5"}, "On weekdays at"),
        ({"kind": "cron", "cron": "0 9 1 * 1#2"}, "0 9 1 * 1#2"),
    ],
)
def test_a_schedule_is_said_in_words_with_its_next_starts(tenant, browse, user, query, words) -> None:
    page = browse(user).get(path("schedule_try"), {"zone": "Asia/Karachi", **query}).content.decode()
    assert words in page
    assert page.count("<time") == 5


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ({"kind": "cron", "cron": "61 * * * *"}, "not a cron expression"),
        ({"kind": "weekly", "at": "09:00"}, "at least one day"),
        ({"kind": "daily"}, "hour and minute"),
        ({"kind": "daily", "at": "09:00", "zone": "Mars/Base"}, "Mars/Base"),
    ],
)
def test_a_wrong_schedule_keeps_what_was_typed(tenant, browse, user, query, text) -> None:
    answer = browse(user).get(path("schedule_try"), {"zone": "Asia/Karachi", **query})
    assert answer.status_code == 400
    assert text in answer.content.decode()
    assert query.get("cron", query.get("zone", "Asia/Karachi")) in answer.content.decode()


def test_words_know_simple_cron() -> None:
    assert wording.describe({"cron": "*/10 * * * *"}) == "Every 10 minutes"
    assert wording.describe({"cron": "0 9 * * 0,6"}).startswith("Every Saturday and Sunday at")
