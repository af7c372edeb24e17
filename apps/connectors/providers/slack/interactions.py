"""What people do in Slack: buttons they press and the command that links their account. Believed only when Slack signed it."""

import json
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from apps.connectors import credentials
from apps.connectors.bot import cards, chats
from apps.connectors.enums import ConnectionState
from apps.connectors.errors import ConnectionUnknown, WebhookRefused
from apps.connectors.models import Connection
from apps.core.errors import InvalidInput

Json = Any


def receive(*, key: str, body: bytes, form: dict[str, str], timestamp: str, signature: str) -> dict[str, Json]:
    """Take one request of Slack's for the connection whose address carries ``key``; what to answer, as JSON.

    The signature covers the raw bytes and a time at most five minutes off (docs.slack.dev, "Verifying requests from Slack").
    Raises ``ConnectionUnknown``, ``WebhookRefused``, ``InvalidInput``. A request that comes again does nothing more.
    """
    connection = Connection.objects.filter(webhook_key=key, connector="slack", state=ConnectionState.ACTIVE).first()
    if connection is None:
        raise ConnectionUnknown
    secret = credentials.unpack(str(connection.secret)).get(cards.SIGNING, "")
    if not secret or not _is_signed(secret, body, timestamp, signature):
        raise WebhookRefused(detail=f"interaction with {connection.pk}")
    if "payload" not in form:
        return _command(connection, form)
    try:
        payload = json.loads(form["payload"])
        team, user = str(payload["team"]["id"]), str(payload["user"]["id"])
        action = payload["actions"][0] if payload.get("type") == "block_actions" else {}
    except (ValueError, TypeError, LookupError):
        raise InvalidInput(fields={"payload": _("This is not an interaction of Slack's.")}) from None
    _require_team(connection, team)
    if action.get("value"):
        _press(connection, user=user, action=action)
    return {}


def _press(connection: Connection, *, user: str, action: dict[str, Json]) -> None:
    with transaction.atomic():
        said = cards.press(
            connection_id=connection.pk, chat_id=user, by=user, card_id=str(action["value"]),
            choice=str(action.get("action_id", "")),
        )  # fmt: skip
        known = chats.linked(connection_id=connection.pk, chat_id=user)
        if known is not None:
            cards.say(chat=known[0], text=said, dedupe=f"pressed:{action['value']}:{action.get('action_ts', '')}")


def _command(connection: Connection, form: dict[str, str]) -> dict[str, Json]:
    _require_team(connection, form.get("team_id", ""))
    word, _space, code = form.get("text", "").strip().partition(" ")
    user, name = form.get("user_id", "")[:40], form.get("user_name", "")
    linked = None
    if word.lower() == "link" and code.strip() and user:
        linked = chats.link(connection_id=connection.pk, chat_id=user, title=name, code=code)
    text = (
        _("Your Slack account is linked. What waits for your decision comes here.")
        if linked
        else _("This code is wrong, used or too old. Members find theirs in EchoPilot under Connections.")
    )
    return {"response_type": "ephemeral", "text": text}


def _require_team(connection: Connection, team: str) -> None:
    if not team or team != connection.account_id.partition(":")[0]:
        raise WebhookRefused(detail=f"another Slack workspace than {connection.pk} is of")


def _is_signed(secret: str, body: bytes, timestamp: str, signature: str) -> bool:
    from slack_sdk.signature import SignatureVerifier

    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return False
    return bool(SignatureVerifier(secret).is_valid(body=body, timestamp=timestamp, signature=signature))
