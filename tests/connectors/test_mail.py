"""Mail through the standard library's SMTP client, against aiosmtpd."""

import email
from collections.abc import Iterator

import pytest

from apps.connectors import facade
from apps.connectors.errors import CredentialsRefused, OutcomeUnknown, RateLimited, RemoteRefused, RemoteUnavailable
from apps.connectors.models import Connection
from apps.core.errors import InvalidInput
from apps.core.outbound import OutboundRefused
from tests.connectors.kit import Connected
from tests.servers.smtp import MailServer

MAIL = {"to": ["ana@customer.example"], "bcc": ["boss@acme.example"], "subject": "Grüße", "text": "Guten Morgen"}


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer() as ready:
        yield ready


@pytest.fixture
def mail(tenant: object, settings, server: MailServer) -> Connected:
    settings.OUTBOUND_ALLOW = [f"127.0.0.1:{server.port}"]
    return Connected("mail", server, server.values())


def test_a_mail_arrives_with_its_fixed_id_and_hidden_copies_stay_hidden(mail: Connected) -> None:
    sent = mail.act("send", **MAIL, html="<b>Guten Morgen</b>", files=[{"name": "a.csv", "content": "1;2"}])
    people, message = mail.service.kept[0]
    assert people == ["ana@customer.example", "boss@acme.example"]
    assert message["Message-ID"] == sent["id"]
    assert "boss@acme.example" not in message.as_string()
    assert str(email.header.make_header(email.header.decode_header(message["Subject"]))) == "Grüße"
    assert {part.get_content_type() for part in message.walk()} >= {"text/plain", "text/html", "text/csv"}
    assert mail.act("send", **MAIL)["id"] == sent["id"]
    assert mail.act("send", **MAIL, key="key-2")["id"] != sent["id"]


def test_all_values_are_one_encrypted_secret(mail: Connected) -> None:
    assert "right password" in str(mail.row.secret)
    assert "right password" not in repr(mail.row.secret)
    assert mail.row.account_name == "hello@acme.example"


def test_a_connection_that_breaks_after_the_content_leaves_the_outcome_open(mail: Connected) -> None:
    mail.service.vanish = True
    with pytest.raises(OutcomeUnknown):
        mail.act("send", **MAIL)
    assert len(mail.service.kept) == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("451 try later", RateLimited),
        ("452 full", RateLimited),
        ("550 no such mailbox", RemoteRefused),
        ("554 spam", RemoteRefused),
    ],
)
def test_the_servers_verdicts_are_certain(mail: Connected, answer: str, kind: type[Exception]) -> None:
    mail.service.answers = [answer]
    with pytest.raises(kind):
        mail.act("send", **MAIL)
    assert not mail.service.kept


def test_a_refused_recipient_refuses_the_mail(mail: Connected) -> None:
    mail.service.refused = dict.fromkeys(("ana@customer.example", "boss@acme.example"), "550 unknown")
    with pytest.raises(RemoteRefused):
        mail.act("send", **MAIL)


def test_a_dead_server_is_certain_not_to_have_sent(mail: Connected, server: MailServer) -> None:
    server.controller.stop()
    with pytest.raises(RemoteUnavailable) as caught:
        mail.act("send", **MAIL)
    assert caught.value.harmless


def test_a_wrong_password_and_a_forbidden_server_are_not_kept(
    tenant: object, settings, server: MailServer, no_connections
) -> None:
    for host in ("169.254.169.254", "127.0.0.1", "localhost", "10.1.2.3"):
        with pytest.raises(OutboundRefused):
            facade.connect(connector="mail", values=server.values(host=host, port="25"))
    with pytest.raises(OutboundRefused):
        facade.connect(connector="mail", values=server.values(host="203.0.113.9", port="22"))
    assert no_connections == []
    settings.OUTBOUND_ALLOW = [f"127.0.0.1:{server.port}"]
    with pytest.raises(CredentialsRefused):
        facade.connect(connector="mail", values=server.values(password="wrong password"))
    for wrong in ({"port": "abc"}, {"sender": "nobody"}, {"security": "maybe"}, {"host": ""}):
        with pytest.raises(InvalidInput) as caught:
            facade.connect(connector="mail", values=server.values(**wrong))
        assert set(caught.value.fields) == set(wrong)
    assert not Connection.objects.exists()
