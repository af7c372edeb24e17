"""Pages about outgoing webhooks."""

from django.urls import reverse

from apps.connectors.webhooks_out import sending
from apps.connectors.webhooks_out.models import WebhookDelivery, WebhookEndpoint
from tests.connectors.test_webhooks_out import Receiver, endpoint, happen, kinds, receiver, send  # noqa: F401 - fixtures


def path(name, *args):
    return reverse(f"webhooks:{name}", args=args, urlconf="echopilot.urls_tenant")


def test_an_empty_workspace_offers_to_create_one(tenant, browse, user, viewer) -> None:
    assert "Nobody is told yet" in browse(user).get(path("webhook_list")).content.decode()
    assert browse(viewer).get(path("webhook_create")).status_code == 403


def test_creating_shows_the_secret_once(tenant, receiver, browse, user) -> None:  # noqa: F811
    client = browse(user)
    page = client.post(path("webhook_create"), {"name": "CRM", "url": receiver.url, "types": ["*"]}).content.decode()
    made = WebhookEndpoint.objects.get()
    assert str(made.secret) in page
    assert str(made.secret) not in client.get(path("webhook_detail", made.pk)).content.decode()


def test_a_wrong_address_keeps_what_was_typed(tenant, browse, user) -> None:
    answer = browse(user).post(path("webhook_create"), {"name": "CRM", "url": "http://10.0.0.1/", "types": ["*"]})
    assert answer.status_code == 400
    assert 'value="CRM"' in answer.content.decode()
    assert not WebhookEndpoint.objects.exists()


def test_test_replay_pause_and_remove(endpoint, receiver, browse, user) -> None:  # noqa: F811
    client = browse(user)
    assert "answered 204" in client.post(path("webhook_test", endpoint.pk), follow=True).content.decode()
    happen("a")
    send(endpoint)
    delivery = WebhookDelivery.objects.get(object_key="a")
    assert "simulated.changed" in client.get(path("webhook_detail", endpoint.pk)).content.decode()
    client.post(path("delivery_replay", delivery.pk))
    assert sending.send_due(endpoint_id=endpoint.pk) == 1
    page = client.post(path("webhook_pause", endpoint.pk), follow=True).content.decode()
    assert path("webhook_resume", endpoint.pk) in page
    client.post(path("webhook_remove", endpoint.pk))
    assert not WebhookEndpoint.objects.exists()
