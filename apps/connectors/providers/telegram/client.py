"""Telegram through python-telegram-bot, one short event loop per call. The bot's token is part of every address, so addresses are
never written down."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext_lazy as _

from apps.connectors.contracts import ActionCall
from apps.connectors.errors import AccessMissing, CredentialsRefused, RateLimited, RemoteNotFound, RemoteRefused
from apps.connectors.wire import Answer, coded_inside, explain_status
from apps.core.errors import PlatformError
from apps.core.reach import Audience, Reach

Json = Any
UNCHANGED = "message is not modified"


def explain(answer: Answer) -> PlatformError | None:
    """Telegram's ``description``; an impossible token is answered like an unknown address."""
    if answer.status < 300:
        return None
    body = answer.json()
    body = body if isinstance(body, dict) else {}
    words = str(body.get("description", ""))[:300]
    if answer.status == 429:
        wait = (body.get("parameters") or {}).get("retry_after") or answer.headers.get("retry-after") or 1
        return RateLimited(detail=words, retry_after=float(wait))
    if answer.status == 401 or (answer.status == 404 and words == "Not Found"):
        return CredentialsRefused(detail=words)
    if answer.status == 403:
        return AccessMissing(_("Telegram does not let the bot write there: %(reason)s"), detail=words, reason=words)
    if answer.status == 400 and ("chat not found" in words or ("message to" in words and "not found" in words)):
        return RemoteNotFound(detail=words)
    return explain_status(answer, reason=words)


def check(call: ActionCall) -> Mapping[str, str]:
    """Which bot the token is."""
    me = run(call, lambda bot: bot.get_me())
    return {"account_id": str(me.id), "account_name": f"@{me.username}"}


def send_message(call: ActionCall) -> Mapping[str, Json]:
    """One message. Telegram cannot be asked whether it arrived."""
    inputs = call.inputs
    return _sent(run(call, lambda bot: bot.send_message(
        chat_id=inputs["chat_id"], text=inputs["text"], parse_mode=inputs.get("parse_mode") or None,
        disable_notification=inputs.get("silent", False), reply_to_message_id=inputs.get("reply_to"),
    )))  # fmt: skip


def send_card(call: ActionCall) -> str:
    """A message with buttons under it; its number."""
    return str(run(call, lambda bot: bot.send_message(
        chat_id=call.inputs["chat_id"], text=call.inputs["text"], reply_markup=_keyboard(call.inputs["buttons"])
    )).message_id)  # fmt: skip


def revise_card(call: ActionCall) -> None:
    """Another text for a card, whose buttons go."""
    edit_message(replace(call, inputs={**call.inputs, "message_id": int(call.inputs["remote_id"])}))


def answer_press(call: ActionCall) -> None:
    """A note to whoever pressed a button, which they have to close."""
    run(
        call,
        lambda bot: bot.answer_callback_query(call.inputs["pressed"], text=call.inputs["text"][:200], show_alert=True),
    )


def send_photo(call: ActionCall) -> Mapping[str, Json]:
    """A picture by its address, with a caption."""
    inputs = call.inputs
    return _sent(
        run(call, lambda bot: bot.send_photo(inputs["chat_id"], inputs["photo"], caption=inputs.get("caption")))
    )


def edit_message(call: ActionCall) -> Mapping[str, Json]:
    """Another text for a message of the bot; the same text again is fine."""
    inputs = call.inputs
    try:
        run(call, lambda bot: bot.edit_message_text(
            inputs["text"], chat_id=inputs["chat_id"], message_id=inputs["message_id"],
            parse_mode=inputs.get("parse_mode") or None))  # fmt: skip
    except RemoteRefused as error:
        if UNCHANGED not in error.detail:
            raise
    return {"chat_id": str(inputs["chat_id"]), "message_id": inputs["message_id"]}


def delete_message(call: ActionCall) -> Mapping[str, Json]:
    """Take a message away; one that is gone is fine."""
    inputs = call.inputs
    try:
        run(call, lambda bot: bot.delete_message(inputs["chat_id"], inputs["message_id"]))
    except RemoteNotFound as error:
        if "chat not found" in error.detail:
            raise
    return {"chat_id": str(inputs["chat_id"]), "message_id": inputs["message_id"]}


def get_chat(call: ActionCall) -> Mapping[str, Json]:
    """What a chat is called."""
    chat = run(call, lambda bot: bot.get_chat(call.inputs["chat_id"]))
    return {"id": str(chat.id), "title": chat.title or chat.full_name or "", "kind": str(chat.type)}


def updates(call: ActionCall, *, offset: int, wait_s: int) -> list[Any]:
    """Messages to the bot from ``offset`` on, waiting up to ``wait_s`` for the first (long polling)."""
    wanted = ["message", "callback_query"]
    return list(
        run(call, lambda bot: bot.get_updates(offset=offset, timeout=wait_s, limit=100, allowed_updates=wanted))
    )


def reach(inputs: Mapping[str, Json]) -> Reach:
    """Whoever is in the chat; a public channel is named with @."""
    chat = str(inputs.get("chat_id", ""))
    audience = Audience.PUBLIC if chat.startswith("@") else Audience.OUTSIDE
    return Reach(writes=True, audience=audience, recipients=(chat,), destination="telegram")


def reach_of_delete(inputs: Mapping[str, Json]) -> Reach:
    """The message is gone for everybody."""
    return Reach(writes=True, deletes=True, audience=Audience.OUTSIDE, recipients=(str(inputs.get("chat_id", "")),))


def run(call: ActionCall, use: Callable[[Any], Awaitable[Any]]) -> Any:
    """Make one call of the bot's and wait for it."""

    async def one() -> Any:
        return await use(_bot(call))

    try:
        return asyncio.run(one())
    except Exception as error:
        raise coded_inside(error) or error from error


def _keyboard(buttons: Sequence[Mapping[str, str]]) -> Any:
    from telegram import InlineKeyboardButton, InlineKeyboardMarkup

    def made(one: Mapping[str, str]) -> Any:
        if one.get("url"):
            return InlineKeyboardButton(one["label"], url=one["url"])
        return InlineKeyboardButton(one["label"], callback_data=f"{one['choice']}:{one['card']}")

    return InlineKeyboardMarkup([[made(one)] for one in buttons]) if buttons else None


def _sent(message: Any) -> dict[str, Json]:
    return {"chat_id": str(message.chat_id), "message_id": message.message_id}


def _bot(call: ActionCall) -> Any:
    from telegram import Bot

    transport = _transport()(call)
    return Bot(call.secret, base_url=f"{call.base_url}/bot", base_file_url=f"{call.base_url}/file/bot", request=transport,
               get_updates_request=transport)  # fmt: skip


@cache
def _transport() -> Any:
    from telegram.request import BaseRequest

    class Guarded(BaseRequest):
        """Sends through the wire; the event loop waits meanwhile, since it has nothing else to do."""

        def __init__(self, call: ActionCall) -> None:
            self._call = call

        @property
        def read_timeout(self) -> float:
            """The wire's own limit."""
            return self._call.timeout_s

        async def initialize(self) -> None:
            """Nothing to open."""

        async def shutdown(self) -> None:
            """Nothing to close."""

        async def do_request(
            self, url: str, method: str, request_data: Any = None, *_more: Any, **_timeouts: Any
        ) -> tuple[int, bytes]:
            """One request; its parameters as a form."""
            content: bytes | None = None
            headers: dict[str, str] = {}
            if request_data is not None and request_data.json_parameters:
                headers = {"Content-Type": "application/x-www-form-urlencoded"}
                content = urlencode(request_data.json_parameters).encode()
            answer = self._call.wire.send(method, url, headers=headers, content=content)
            return answer.status, answer.content

    return Guarded
