"""Webhooks of Notion: a signed hint that something changed. The truth is fetched afterwards; a lost hint costs a minute."""

import hashlib
import hmac
import json
import logging
from typing import Any

from django.db import transaction

from apps.connectors.clock import SYSTEM, Clock
from apps.connectors.enums import ConnectionState
from apps.connectors.errors import ConnectionUnknown, WebhookRefused
from apps.connectors.models import Connection, NotionPage, WebhookReceipt
from apps.connectors.providers.notion import jobs
from apps.core.errors import InvalidInput
from apps.dispatch import facade as dispatch
from apps.tenants import facade as tenants

Json = Any
logger = logging.getLogger(__name__)
FETCH = frozenset({"page.deleted", "page.undeleted", "page.moved"})
SOON_S = 1.0
LONGEST_ID = 120


def receive(*, key: str, body: bytes, signature: str, clock: Clock = SYSTEM) -> bool:
    """Take one delivery for the connection whose address carries ``key``. True when it was new.

    The signature covers the raw bytes. Raises ``ConnectionUnknown``, ``WebhookRefused``, ``InvalidInput``.
    """
    connection = (
        Connection.objects.filter(webhook_key=key, connector="notion").exclude(state=ConnectionState.DISABLED).first()
    )
    if connection is None:
        raise ConnectionUnknown
    if not signature and not connection.webhook_secret:
        return _handshake(connection, body)
    if not connection.webhook_secret or not _signed(body, signature, str(connection.webhook_secret)):
        raise WebhookRefused(detail=f"webhook of {connection.pk}")
    return _hint(connection, _parsed(body), clock)


def _handshake(connection: Connection, body: bytes) -> bool:
    """The first request of a new subscription carries the token that later signs; a person confirms it in Notion."""
    token = _parsed(body).get("verification_token")
    if not isinstance(token, str) or not 8 <= len(token) <= 400:
        raise WebhookRefused(detail="neither signed nor a handshake")
    connection.webhook_secret = token
    connection.save(update_fields=["webhook_secret"])
    return True


def _signed(body: bytes, signature: str, secret: str) -> bool:
    wanted = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(wanted.encode(), signature.encode("utf-8", "replace"))


def _parsed(body: bytes) -> dict[str, Json]:
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidInput(fields={"body": "not JSON"}) from None
    if not isinstance(parsed, dict):
        raise InvalidInput(fields={"body": "not an object"})
    return parsed


def _hint(connection: Connection, event: dict[str, Json], clock: Clock) -> bool:
    """Remember the event, have a moved or binned row fetched, and poll soon. A repeat changes nothing."""
    event_id, kind, entity = event.get("id"), event.get("type"), event.get("entity")
    page_id = entity.get("id") if isinstance(entity, dict) else ""
    if not (
        isinstance(event_id, str)
        and 0 < len(event_id) <= LONGEST_ID
        and isinstance(kind, str)
        and isinstance(page_id, str)
    ):
        raise InvalidInput(fields={"body": "id, type and entity.id are needed"})
    with transaction.atomic():
        receipt = WebhookReceipt(
            connection=connection,
            event_id=_text(event_id),
            event_type=_text(kind)[:80],
            entity_id=_text(page_id)[:36],
            received_at=clock.now(),
        )
        before = WebhookReceipt.objects.filter(connection=connection, event_id=receipt.event_id)
        if before.exists():
            return False
        WebhookReceipt.objects.bulk_create([receipt], ignore_conflicts=True)
        if kind in FETCH:
            NotionPage.objects.filter(
                database__connection=connection, page_id=receipt.entity_id, check_at__isnull=True
            ).update(check_at=clock.now())
        dispatch.enqueue(tenant_id=tenants.current_tenant().id, work=jobs.poll_work(connection.pk, delay_s=SOON_S))
    return True


def _text(text: str) -> str:
    return text.replace("\x00", "")
