"""Slack's Web API, as far as the connector uses it. Failures come with status 200, as Slack sends them."""

import hashlib
import hmac
import json
import time
from typing import Any
from urllib.parse import urlencode

from tests.servers.services.base import Refusal, Request, Service


class Slack(Service):
    """A workspace with two channels and one member. ``scopes`` misses make calls fail as Slack would."""

    token = "xoxb-of-the-test-000"

    def reset(self) -> None:
        self.oauth.paths = {
            "/oauth/v2/authorize": "authorize",
            "/api/oauth.v2.access": "token",
            "/api/auth.revoke": "revoke",
        }
        self.oauth.shape = lambda answer: {"ok": True, **answer, "team": {"id": "T1"}}
        self.channels = {"C0GENERAL1": "general", "C0ORDERS01": "orders"}
        self.people: dict[str, str] = {}
        self.messages: dict[str, list[dict[str, Any]]] = {name: [] for name in self.channels}
        self.reactions: set[tuple[str, str, str]] = set()

    def admit(self, request: Request) -> None:
        if request.bearer not in self.tokens:
            raise Refusal(200, {"ok": False, "error": "invalid_auth"})

    def answer(self, request: Request) -> Any:
        method = request.path.removeprefix("/api/")
        wanted = request.form() | request.query
        if "json" in str(request.headers.get("Content-Type", "")):
            wanted |= request.json()
        handler = getattr(self, method.replace(".", "_"), None)
        if handler is None:
            raise Refusal(200, {"ok": False, "error": "unknown_method"})
        found = handler(wanted)
        headers = {"x-oauth-scopes": "chat:write,channels:read"}
        return 200, headers, {"ok": True, **found}

    def auth_test(self, _wanted: dict[str, Any]) -> dict[str, Any]:
        return {"team_id": "T1", "team": "Acme", "user_id": "U1", "user": "echopilot", "url": "https://acme.slack.com/"}

    def chat_postMessage(self, wanted: dict[str, Any]) -> dict[str, Any]:
        channel = self._channel(wanted)
        metadata = wanted.get("metadata")
        message = {"ts": f"{time.time():.6f}", "text": wanted["text"], "user": "U1", "thread_ts": wanted.get("thread_ts"),
                   "metadata": json.loads(metadata) if isinstance(metadata, str) else metadata, "blocks": _blocks(wanted)}  # fmt: skip
        self.messages[channel].insert(0, message)
        return {"channel": channel, "ts": message["ts"], "message": message}

    def chat_update(self, wanted: dict[str, Any]) -> dict[str, Any]:
        message = self._message(wanted, wanted["ts"])
        message["text"], message["blocks"] = wanted["text"], _blocks(wanted)
        return {"channel": wanted["channel"], "ts": message["ts"], "text": message["text"]}

    def conversations_history(self, wanted: dict[str, Any]) -> dict[str, Any]:
        return self._page([one for one in self.messages[self._channel(wanted)] if not one["thread_ts"]], wanted)

    def conversations_replies(self, wanted: dict[str, Any]) -> dict[str, Any]:
        return self._page(
            [one for one in self.messages[self._channel(wanted)] if one["thread_ts"] == wanted["ts"]], wanted
        )

    def conversations_list(self, _wanted: dict[str, Any]) -> dict[str, Any]:
        return {"channels": [{"id": key, "name": name, "is_private": False} for key, name in self.channels.items()],
                "response_metadata": {"next_cursor": ""}}  # fmt: skip

    def reactions_add(self, wanted: dict[str, Any]) -> dict[str, Any]:
        self._message(wanted, wanted["timestamp"])
        key = (wanted["channel"], wanted["timestamp"], wanted["name"])
        if key in self.reactions:
            raise Refusal(200, {"ok": False, "error": "already_reacted"})
        self.reactions.add(key)
        return {}

    def users_lookupByEmail(self, wanted: dict[str, Any]) -> dict[str, Any]:
        if wanted["email"] != "ana@acme.example":
            raise Refusal(200, {"ok": False, "error": "users_not_found"})
        return {"user": {"id": "U0ANA0001", "name": "ana", "real_name": "Ana Example"}}

    def cards(self, user: str) -> list[dict[str, Any]]:
        """What the app wrote to a person, oldest first: text and buttons, by label."""
        found = self.messages.get(self.people.get(user, ""), [])
        return [
            {"text": one["blocks"][0]["text"]["text"], "ts": one["ts"],
             "buttons": {button["text"]["text"]: button for block in one["blocks"][1:] for button in block["elements"]}}
            for one in reversed(found)
        ]  # fmt: skip

    def pressed(self, user: str, button: dict[str, Any], *, team: str = "T1") -> bytes:
        """The body of the request Slack makes when a person presses a button (block_actions)."""
        action = {**button, "action_ts": f"{time.time():.6f}", "block_id": "b"}
        payload = {"type": "block_actions", "team": {"id": team}, "user": {"id": user, "team_id": team}, "actions": [action],
                   "trigger_id": str(self.next_id())}  # fmt: skip
        return urlencode({"payload": json.dumps(payload)}).encode()

    @staticmethod
    def commanded(user: str, text: str, *, team: str = "T1") -> bytes:
        """The body of the request Slack makes for a slash command."""
        said = {"command": "/echopilot", "text": text, "user_id": user, "user_name": "ana", "team_id": team}
        return urlencode(said).encode()

    @staticmethod
    def signed(body: bytes, secret: str, *, at: float | None = None) -> dict[str, str]:
        """Headers as Slack signs them (v0: HMAC-SHA256 over "v0:time:body")."""
        stamp = str(int(time.time() if at is None else at))
        digest = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}

    def _channel(self, wanted: dict[str, Any]) -> str:
        """A channel's id; a person's id opens the conversation with them."""
        if str(wanted["channel"])[:1] == "U":
            place = self.people.setdefault(wanted["channel"], f"D{wanted['channel'][1:]}")
            self.messages.setdefault(place, [])
            return place
        if wanted["channel"] in self.people.values():
            return str(wanted["channel"])
        if wanted["channel"] not in self.channels:
            raise Refusal(200, {"ok": False, "error": "channel_not_found"})
        return str(wanted["channel"])

    def _message(self, wanted: dict[str, Any], ts: str) -> dict[str, Any]:
        for message in self.messages[self._channel(wanted)]:
            if message["ts"] == ts:
                return message
        raise Refusal(200, {"ok": False, "error": "message_not_found"})

    @staticmethod
    def _page(found: list[dict[str, Any]], wanted: dict[str, Any]) -> dict[str, Any]:
        begin, size = int(wanted.get("cursor") or 0), int(wanted.get("limit") or 100)
        more = begin + size < len(found)
        return {"messages": found[begin : begin + size], "has_more": more,
                "response_metadata": {"next_cursor": str(begin + size) if more else ""}}  # fmt: skip


def _blocks(wanted: dict[str, Any]) -> list[dict[str, Any]]:
    blocks = wanted.get("blocks") or []
    return list(json.loads(blocks) if isinstance(blocks, str) else blocks)
