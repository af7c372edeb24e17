"""Deliveries from outside: proven, stored, answered, carried out once."""

import base64
import hashlib
import hmac
import json
import time
from datetime import UTC, datetime, timedelta

import pytest

from apps.dispatch.models import WorkItem
from apps.tasks.models import Task
from apps.workflows.conf import RUN_KIND
from apps.workflows.models import Firing, Run, Trigger
from apps.workflows.triggers import firing, receiving, syncing, verifying
from tests.workflows.triggers.world import publish

HMAC = {"verify": "hmac", "header": "X-Hub-Signature-256", "prefix": "sha256="}


@pytest.fixture
def door(tenant, browse):
    """``door(config)`` publishes a webhook trigger and gives a function that posts to its address."""
    client = browse(None)

    def made(kind="webhook", path="w", **config):
        trigger = publish(door={"type": kind, "with": config})

        def post(body, *, headers=None, content_type="application/json", key=trigger.address_key):
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            signed = sign(trigger, raw, headers)
            return client.post(f"/hooks/{path}/{key}/", raw, content_type=content_type, headers=signed)

        post.trigger = trigger
        return post

    return made


def sign(trigger, raw, headers):
    if headers is not None:
        return headers
    mode, secret = trigger.config.get("verify", "standard"), trigger.secret
    if mode == "standard":
        return standard(secret, raw)
    if mode == "bearer":
        return {"Authorization": f"Bearer {secret}"}
    if mode == "hmac":
        return {"X-Hub-Signature-256": "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()}
    return {}


def standard(secret, raw, *, message_id="msg_1", stamp=None):
    stamp = str(int(stamp or time.time()))
    digest = hmac.new(base64.b64decode(secret[6:]), f"{message_id}.{stamp}.".encode() + raw, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }


def begin_all():
    for found in Firing.objects.filter(state="received"):
        firing.begin_by_id(firing_id=found.pk)


@pytest.mark.parametrize("config", [{}, HMAC, {"verify": "bearer"}, {"verify": "none"}])
def test_a_proven_delivery_is_stored_answered_and_carried_out(door, config) -> None:
    post = door(**config)
    answer = post({"order": 7})
    assert answer.status_code == 202
    taken = Firing.objects.get(pk=answer.json()["id"])
    assert (taken.state, taken.payload["body"]) == ("started", {"order": 7})
    assert Run.objects.get(pk=taken.run_id).inputs == {"order": 7}
    assert list(WorkItem.objects.values_list("kind", "ref")) == [(RUN_KIND, str(taken.run_id))]
    assert "authorization" not in taken.payload["headers"]


def test_the_same_delivery_starts_one_run(door) -> None:
    post = door()
    headers = standard(post.trigger.secret, b'{"a": 1}')
    answers = [post(b'{"a": 1}', headers=headers).json()["repeat"] for _ in range(3)]
    begin_all()
    assert answers == [False, True, True]
    assert Run.objects.filter(trigger="webhook").count() == 1
    assert Firing.objects.get().repeats == 2


def test_without_an_id_the_body_tells_repeats_within_the_window(door) -> None:
    post = door(verify="none", dedupe_window_s=60)
    assert [post({"a": 1}).json()["repeat"] for _ in range(2)] == [False, True]
    assert post({"a": 2}).json()["repeat"] is False
    Firing.objects.update(created_at=datetime.now(UTC) - timedelta(seconds=61))
    assert post({"a": 1}).json()["repeat"] is False


FORGERIES = {
    "nothing": lambda good: {},
    "empty signature": lambda good: {**good, "webhook-signature": ""},
    "other version": lambda good: {**good, "webhook-signature": good["webhook-signature"].replace("v1,", "v2,")},
    "cut": lambda good: {**good, "webhook-signature": good["webhook-signature"][:-2]},
    "garbled": lambda good: {**good, "webhook-signature": "v1 , ,,v1,"},
    "not ascii": lambda good: {**good, "webhook-timestamp": "١٢٣"},
    "other id": lambda good: {**good, "webhook-id": "msg_2"},
    "no id": lambda good: {**good, "webhook-id": ""},
    "later stamp": lambda good: {**good, "webhook-timestamp": str(int(good["webhook-timestamp"]) + 1)},
    "bearer instead": lambda good: {"Authorization": "Bearer x"},
}


@pytest.mark.parametrize("forgery", FORGERIES.values(), ids=FORGERIES)
def test_a_forged_delivery_is_refused_and_leaves_nothing(door, forgery) -> None:
    post = door()
    answer = post({"a": 1}, headers=forgery(standard(post.trigger.secret, b'{"a": 1}')))
    assert (answer.status_code, answer.json()["code"]) == (403, "signature_refused")
    assert not Firing.objects.exists()


def test_an_old_signature_and_an_old_secret_are_refused_in_time(door) -> None:
    post = door()
    old = post.trigger.secret
    assert post({"a": 1}, headers=standard(old, b'{"a": 1}', stamp=time.time() - 301)).status_code == 403
    fresh = syncing.rotate_secret(trigger_id=post.trigger.pk)
    assert post({"a": 1}, headers=standard(old, b'{"a": 1}', message_id="m1")).status_code == 202
    assert post({"a": 1}, headers=standard(fresh, b'{"a": 1}', message_id="m2")).status_code == 202
    Trigger.objects.update(previous_until=datetime.now(UTC) - timedelta(seconds=1))
    assert post({"a": 1}, headers=standard(old, b'{"a": 1}', message_id="m3")).status_code == 403


def test_stripe_and_slack_sign_with_their_time() -> None:
    now, secret, body = 1_800_000_000, "s3cret", b"{}"
    stripe = hmac.new(secret.encode(), f"{now}.".encode() + body, hashlib.sha256).hexdigest()
    slack = hmac.new(secret.encode(), f"v0:{now}:".encode() + body, hashlib.sha256).hexdigest()

    def genuine(signed, headers, at=now):
        return verifying.is_genuine(
            config={"verify": "hmac", "signed": signed}, headers=headers, body=body, secrets=[secret], now_s=at
        )

    assert genuine("stripe", {"stripe-signature": f"t={now},v1={'0' * 64},v1={stripe}"})
    assert not genuine("stripe", {"stripe-signature": f"t={now},t={now},v1={stripe}"})
    assert not genuine("stripe", {"stripe-signature": f"t={now},v0={stripe}"})
    assert not genuine("stripe", {"stripe-signature": f"t={now},v1={stripe}"}, at=now + 400)
    assert genuine("slack", {"x-slack-signature": f"v0={slack}", "x-slack-request-timestamp": str(now)})
    assert not genuine("slack", {"x-slack-signature": f"v0={slack}", "x-slack-request-timestamp": str(now + 1)})
    assert not verifying.is_genuine(config={}, headers={}, body=body, secrets=[""], now_s=now)


def test_an_unknown_address_answers_like_any_unknown_page(door, browse) -> None:
    post = door(verify="none")
    client = browse(None)
    unknown = post({}, key="x" * 43)
    syncing.switch(trigger_id=post.trigger.pk, on=False)
    off = post({})
    assert (unknown.status_code, off.status_code) == (404, 404)
    assert client.get(f"/hooks/w/{post.trigger.address_key}/").status_code == 405
    assert not Firing.objects.exists()


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"not json", "application/json", 400),
        (b"[" * 50_000, "application/json", 400),
        (b'"\\u0000"', "application/json", 202),
        (b"x" * (256 * 1024 + 1), "text/plain", 413),
        (b"x", "application/pdf", 415),
        (b"a=1&a=2&b=3", "application/x-www-form-urlencoded", 202),
        (b"hello", "text/plain; charset=utf-8", 202),
        (b"", "application/json", 202),
    ],
)
def test_bodies_are_checked(door, body, content_type, status) -> None:
    assert door(verify="none")(body, content_type=content_type).status_code == status


def test_an_endpoint_has_a_pace(door) -> None:
    post = door(verify="none", rate_per_minute=2)
    answers = [post({"n": n}) for n in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert answers[2]["Retry-After"] == "60"


def test_a_kept_delivery_can_be_replayed(door) -> None:
    post = door(verify="none")
    post({"a": 1})
    begin_all()
    again = receiving.replay(firing_id=Firing.objects.get().pk)
    begin_all()
    again.refresh_from_db()
    assert again.state == "started"
    assert Run.objects.filter(trigger="webhook").count() == 2


POSTMARK = {
    "From": "Ana <ana@client.example>", "To": "door@in.example", "Subject": "Translate this", "TextBody": "Good morning\r\n", "MessageID": "m-1",
    "Headers": [], "Attachments": [{"Name": "note.txt", "Content": base64.b64encode(b"More text").decode(), "ContentType": "text/plain"}],
}  # fmt: skip
CLOUDMAILIN = {
    "envelope": {"from": "x"},
    "headers": {"from": "Ana <ana@client.example>", "subject": "Translate this", "message_id": "m-1"},
    "plain": "Good morning",
}
RAW = b"From: Ana <ana@client.example>\r\nSubject: Translate this\r\nMessage-ID: m-1\r\n\r\nGood morning\r\n"
FORM = b"from=Ana+%3Cana%40client.example%3E&subject=Translate+this&text=Good+morning&headers=Message-ID%3A+m-1"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [(POSTMARK, "application/json"), (CLOUDMAILIN, "application/json"), (RAW, "message/rfc822"),
     (FORM, "application/x-www-form-urlencoded")],
)  # fmt: skip
def test_an_email_becomes_a_task(door, body, content_type) -> None:
    post = door("email", "mail", verify="bearer", **{"from": ["@client.example"]}, task={"task_type": "other"})
    assert post(body, content_type=content_type).status_code == 202
    begin_all()
    task = Task.objects.get()
    assert (task.source, task.title, task.body) == ("email", "Translate this", "Good morning")
    assert task.attachments.count() == (1 if body is POSTMARK else 0)


def test_automatic_and_unlisted_senders_start_nothing(door) -> None:
    post = door("email", "mail", verify="none", **{"from": ["ana@client.example"]})
    automatic = {**POSTMARK, "Headers": [{"Name": "Auto-Submitted", "Value": "auto-replied"}]}
    assert post(automatic).status_code == 403
    assert post({**POSTMARK, "From": "eve@evil.example"}).status_code == 403
    assert post({**POSTMARK, "From": "nobody"}).status_code == 400
    assert not Firing.objects.exists()
