"""Telegram's Bot API for one bot: messages out, messages in by long polling or webhook."""

import json
import time
from typing import Any

from tests.servers.services.base import Refusal, Request, Service

PRIVATE = 4711


class Telegram(Service):
    """``say(chat, text)`` is a person writing to the bot."""

    token = "123456:token-of-the-test-bot"

    def reset(self) -> None:
        self.messages: dict[str, dict[int, str]] = {}
        self.updates: list[dict[str, Any]] = []
        self.webhook: dict[str, str] = {}
        self.blocked: set[str] = set()
        self.keyboards: dict[tuple[str, int], list[dict[str, str]]] = {}
        self.notes: list[dict[str, str]] = []

    def admit(self, request: Request) -> None:
        if not any(request.path.startswith(f"/bot{token}/") for token in self.tokens):
            raise Refusal(401, {"ok": False, "error_code": 401, "description": "Unauthorized"})

    def answer(self, request: Request) -> Any:
        method = request.path.rsplit("/", 1)[1]
        handler = getattr(self, f"on_{method}", None)
        if handler is None:
            raise Refusal(404, {"ok": False, "error_code": 404, "description": "Not Found: method not found"})
        return {"ok": True, "result": handler(request.form() | request.query)}

    def say(self, chat: int, text: str, *, name: str = "Ana", kind: str = "private") -> dict[str, Any]:
        """A person writes to the bot; the update, as a webhook would get it."""
        with self.lock:
            number = self.next_id()
            update = {"update_id": 1000 + number, "message": {
                "message_id": number, "date": int(time.time()), "text": text, "from": {"id": chat, "is_bot": False, "first_name": name},
                "chat": self._chat(chat, name, kind)}}  # fmt: skip
            self.updates.append(update)
            return update

    def cards(self, chat: int) -> list[dict[str, Any]]:
        """What the bot wrote to a chat, oldest first: number, text and buttons, by label."""
        return [
            {"number": number, "text": text,
             "buttons": {one["text"]: one for one in self.keyboards.get((str(chat), number), [])}}
            for number, text in self.messages.get(str(chat), {}).items()
        ]  # fmt: skip

    def press(self, chat: int, number: int, data: str, *, by: int | None = None) -> dict[str, Any]:
        """A person presses a button under a message of the bot's; ``by`` another person than the chat's."""
        with self.lock:
            who = chat if by is None else by
            query = {"id": str(self.next_id()), "from": {"id": who, "is_bot": False, "first_name": "Ana"}, "chat_instance": "1",
                     "data": data, "message": self._message(str(chat), number, "")}  # fmt: skip
            update = {"update_id": 1000 + self.next_id(), "callback_query": query}
            self.updates.append(update)
            return update

    def said(self, chat: int) -> list[str]:
        """What the bot wrote to a chat."""
        return list(self.messages.get(str(chat), {}).values())

    def on_getMe(self, _wanted: dict[str, str]) -> Any:
        return {"id": 123456, "is_bot": True, "first_name": "EchoPilot", "username": "acme_echo_bot"}

    def on_sendMessage(self, wanted: dict[str, str]) -> Any:
        sent = self._keep(wanted["chat_id"], wanted["text"])
        self._keyboard(wanted, sent["message_id"])
        return sent

    def on_answerCallbackQuery(self, wanted: dict[str, str]) -> Any:
        self.notes.append(wanted)
        return True

    def _keyboard(self, wanted: dict[str, str], number: int) -> None:
        rows = json.loads(wanted.get("reply_markup") or "{}").get("inline_keyboard", [])
        buttons = [one for row in rows for one in row]
        if any(len(one.get("callback_data", "").encode()) > 64 for one in buttons):
            raise _bad("Bad Request: BUTTON_DATA_INVALID")
        self.keyboards[wanted["chat_id"], number] = buttons

    def on_sendPhoto(self, wanted: dict[str, str]) -> Any:
        return self._keep(wanted["chat_id"], f"[{wanted['photo']}] {wanted.get('caption', '')}")

    def on_editMessageText(self, wanted: dict[str, str]) -> Any:
        kept = self.messages.get(wanted["chat_id"], {})
        number = int(wanted["message_id"])
        if number not in kept:
            raise _bad("Bad Request: message to edit not found")
        if kept[number] == wanted["text"]:
            raise _bad("Bad Request: message is not modified: specified new message content is the same")
        kept[number] = wanted["text"]
        self._keyboard(wanted, number)
        return self._message(wanted["chat_id"], number, wanted["text"])

    def on_deleteMessage(self, wanted: dict[str, str]) -> Any:
        if self.messages.get(wanted["chat_id"], {}).pop(int(wanted["message_id"]), None) is None:
            raise _bad("Bad Request: message to delete not found")
        return True

    def on_getChat(self, wanted: dict[str, str]) -> Any:
        return {**self._chat(int(wanted["chat_id"]), "Ana", "private"), "accent_color_id": 1, "max_reaction_count": 1,
                "accepted_gift_types": {"unlimited_gifts": False, "limited_gifts": False, "unique_gifts": False,
                                        "premium_subscription": False, "gifts_from_channels": False}}  # fmt: skip

    def on_getUpdates(self, wanted: dict[str, str]) -> Any:
        offset = int(wanted.get("offset", 0))
        self.updates = [one for one in self.updates if one["update_id"] >= offset]
        return self.updates[: int(wanted.get("limit", 100))]

    def on_setWebhook(self, wanted: dict[str, str]) -> Any:
        self.webhook = wanted
        return True

    def on_deleteWebhook(self, _wanted: dict[str, str]) -> Any:
        self.webhook = {}
        return True

    def _keep(self, chat: str, text: str) -> dict[str, Any]:
        if chat in self.blocked:
            raise Refusal(
                403, {"ok": False, "error_code": 403, "description": "Forbidden: bot was blocked by the user"}
            )
        if chat == "404":
            raise _bad("Bad Request: chat not found")
        number = self.next_id()
        self.messages.setdefault(chat, {})[number] = text
        return self._message(chat, number, text)

    def _message(self, chat: str, number: int, text: str) -> dict[str, Any]:
        known = int(chat) if chat.lstrip("-").isdigit() else -100
        return {
            "message_id": number,
            "date": int(time.time()),
            "text": text,
            "chat": self._chat(known, "Ana", "private"),
        }

    @staticmethod
    def _chat(chat: int, name: str, kind: str) -> dict[str, Any]:
        return {"id": chat, "type": kind, **({"first_name": name} if kind == "private" else {"title": name})}


def _bad(words: str) -> Refusal:
    return Refusal(400, {"ok": False, "error_code": 400, "description": words})
