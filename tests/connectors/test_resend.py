"""Resend through its SDK over real HTTP: two accounts at once, although the SDK knows one key per process."""

import threading
from collections.abc import Iterator

import pytest

from apps.connectors import facade
from apps.connectors.errors import CredentialsRefused, OutcomeUnknown, RemoteNotFound, RemoteRefused
from apps.core.errors import PlatformError
from tests.connectors.failures import READS, patience
from tests.connectors.kit import Connected, connected
from tests.servers.services.resend import Resend

MAIL = {"from": "Acme <hello@acme.example>", "to": ["ana@customer.example"], "subject": "Hello", "text": "Good morning"}


@pytest.fixture
def resend(tenant: object) -> Iterator[Connected]:
    with connected("resend", Resend()) as ready:
        yield ready


def test_a_mail_is_sent_once_per_key_and_can_be_followed(resend: Connected) -> None:
    files = [{"name": "note.txt", "content": "grüß"}]
    first = resend.act("send", **MAIL, files=files)
    assert resend.act("send", **MAIL, files=files) == first
    assert len(resend.service.mails) == 1
    assert resend.act("status", id=first["id"])["status"] == "delivered"
    assert resend.act("cancel", id=first["id"]) == first
    assert resend.act("domains")["domains"] == [{"name": "acme.example", "status": "verified"}]


@pytest.mark.parametrize("kind", ["status_after", "drop_after", "slow_after", "garbled"])
def test_after_a_lost_answer_the_same_key_is_sent_again_without_a_second_mail(resend: Connected, kind: str) -> None:
    resend.service.faults.append({"kind": kind, "status": 500, "seconds": 3, "match": "POST /emails"})
    with pytest.raises(PlatformError) as caught:
        resend.act("send", **MAIL, timeout_s=patience({"kind": kind}))
    assert caught.value.retryable
    assert not isinstance(caught.value, OutcomeUnknown)
    resend.act("send", **MAIL)
    assert len(resend.service.mails) == 1


@pytest.mark.parametrize(("fault", "kind"), READS)
def test_a_failed_read_is_a_coded_error(resend: Connected, fault: dict[str, object], kind: type[PlatformError]) -> None:
    resend.service.faults.append({**fault, "match": "GET /domains"})
    with pytest.raises(kind):
        resend.act("domains", timeout_s=patience(fault))


def test_an_invalid_key_with_status_400_is_a_refused_credential(resend: Connected) -> None:
    resend.service.tokens.clear()
    with pytest.raises(CredentialsRefused):
        facade.test_connection(resend.view.id)
    assert facade.get_connection(resend.view.id).state == "attention"


def test_unknown_mails_and_reused_keys_are_told_apart(resend: Connected) -> None:
    with pytest.raises(RemoteNotFound):
        resend.act("status", id="nowhere")
    resend.act("send", **MAIL)
    with pytest.raises(PlatformError) as caught:
        resend.act("send", **{**MAIL, "text": "Other words"})
    assert isinstance(caught.value, RemoteRefused) or caught.value.code == "remote_conflict"


def test_two_accounts_at_once_never_borrow_each_others_key(resend: Connected) -> None:
    resend.service.tokens.add("re_of_another_tenant_1")
    from apps.connectors.calling import call_for
    from apps.connectors.registries import connectors

    manifest = connectors.get("resend")
    problems: list[BaseException] = []

    def run(token: str, sender: str) -> None:
        try:
            for number in range(15):
                call = call_for(manifest, base_url=resend.service.url, secret=token, key=f"{sender}-{number}",
                                inputs={**MAIL, "from": sender})  # fmt: skip
                with call.wire.translated():
                    manifest.action("send").perform(call)
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=run, args=pair) for pair in
               ((Resend.token, "a@acme.example"), ("re_of_another_tenant_1", "b@globex.example"))]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not problems
    sent = [(one.bearer, one.json()["from"]) for one in resend.service.log if one.method == "POST"]
    assert set(sent) == {(Resend.token, "a@acme.example"), ("re_of_another_tenant_1", "b@globex.example")}
    assert len(sent) == 30
