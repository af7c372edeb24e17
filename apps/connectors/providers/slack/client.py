"""Slack through slack-sdk. Slack says most failures with status 200, and its retries are switched off: ours apply."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.connectors.contracts import ActionCall
from apps.connectors.errors import (
    AccessMissing,
    CredentialsRefused,
    OutcomeUnknown,
    RateLimited,
    RemoteNotFound,
    RemoteRefused,
    RemoteUnavailable,
)
from apps.connectors.wire import Answer, explain_status, retry_after
from apps.core.errors import PlatformError
from apps.core.reach import Audience, Reach

Json = Any
MARK = "echopilot_effect"
PAGES = 5
PAGE = 200
REFUSED = frozenset(
    {"invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "org_login_required"}
)
MISSING = frozenset({"missing_scope", "not_in_channel", "restricted_action", "no_permission", "ekm_access_denied", "access_denied",
                     "not_allowed_token_type", "channel_is_limited_access"})  # fmt: skip
GONE = frozenset(
    {"channel_not_found", "user_not_found", "users_not_found", "message_not_found", "thread_not_found", "is_archived"}
)
DOWN = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"})


def explain(answer: Answer) -> PlatformError | None:
    """Read Slack's ``ok`` and ``error``; an answer without them is not Slack's."""
    if answer.status != 200:
        return explain_status(answer, reason=answer.field("error"))
    body = answer.json()
    if not isinstance(body, dict) or "ok" not in body:
        return RemoteUnavailable(detail="not an answer of Slack's")
    if body["ok"]:
        return None
    return _coded(str(body.get("error", ""))[:80], str(body.get("needed", ""))[:200], answer)


def _coded(code: str, needed: str, answer: Answer) -> PlatformError:
    if code in ("ratelimited", "rate_limited"):
        return RateLimited(detail=code, retry_after=retry_after(answer.headers))
    if code in REFUSED:
        return CredentialsRefused(detail=code)
    if code in MISSING:
        return AccessMissing(_("Slack does not allow this yet: %(reason)s. Invite the app to the channel or add the scope."),
                             detail=code, reason=f"{code} {needed}".strip())  # fmt: skip
    if code in GONE:
        return RemoteNotFound(detail=code)
    if code in DOWN:
        return RemoteUnavailable(detail=code)
    return RemoteRefused(detail=code, reason=code)


def check(call: ActionCall) -> Mapping[str, str]:
    """Who the token is."""
    me = _client(call).auth_test()
    return {"account_id": f"{me['team_id']}:{me['user_id']}", "account_name": f"{me['team']} · {me['user']}",
            "scopes": str(me.headers.get("x-oauth-scopes") or "").replace(",", " ")}  # fmt: skip


def post_message(call: ActionCall) -> Mapping[str, Json]:
    """A message that carries our key in its metadata, where people do not see it."""
    inputs = call.inputs
    answer = _client(call).chat_postMessage(
        channel=inputs["channel"], text=inputs["text"], thread_ts=inputs.get("thread_ts"),
        unfurl_links=inputs.get("unfurl_links", False), metadata={"event_type": MARK, "event_payload": {"key": call.key}},
    )  # fmt: skip
    return {"channel": answer["channel"], "ts": answer["ts"]}


def send_card(call: ActionCall) -> str:
    """A message to one person with buttons under it; where it stands. Its text is plain: nothing in it is markup."""
    inputs = call.inputs
    answer = _client(call).chat_postMessage(
        channel=inputs["chat_id"], text=_plain(inputs["text"]), blocks=_blocks(inputs["text"], inputs["buttons"]),
        unfurl_links=False,
    )  # fmt: skip
    return f"{answer['channel']}:{answer['ts']}"


def revise_card(call: ActionCall) -> None:
    """Another text for a card, whose buttons go."""
    channel, _colon, ts = call.inputs["remote_id"].partition(":")
    text = call.inputs["text"]
    _client(call).chat_update(channel=channel, ts=ts, text=_plain(text), blocks=_blocks(text, ()))


def find_message(call: ActionCall) -> Mapping[str, Json] | None:
    """The message that carries our key, among the latest thousand; beyond them nothing is claimed."""
    client, inputs, cursor = _client(call), call.inputs, None
    for _page in range(PAGES):
        options = {"channel": inputs["channel"], "limit": PAGE, "include_all_metadata": True, "cursor": cursor}
        if inputs.get("thread_ts"):
            answer = client.conversations_replies(ts=inputs["thread_ts"], **options)
        else:
            answer = client.conversations_history(**options)
        for message in answer["messages"]:
            payload = (message.get("metadata") or {}).get("event_payload") or {}
            if payload.get("key") == call.key:
                return {"channel": inputs["channel"], "ts": message["ts"]}
        cursor = (answer.get("response_metadata") or {}).get("next_cursor")
        if not cursor:
            return None
    raise OutcomeUnknown(detail=f"slack: more than {PAGES * PAGE} newer messages")


def update_message(call: ActionCall) -> Mapping[str, Json]:
    """Write another text over a message of ours; again is the same."""
    inputs = call.inputs
    answer = _client(call).chat_update(channel=inputs["channel"], ts=inputs["ts"], text=inputs["text"])
    return {"channel": answer["channel"], "ts": answer["ts"]}


def add_reaction(call: ActionCall) -> Mapping[str, Json]:
    """An emoji below a message; one that is there already is fine."""
    inputs = call.inputs
    try:
        _client(call).reactions_add(channel=inputs["channel"], timestamp=inputs["ts"], name=inputs["emoji"])
    except RemoteRefused as error:
        if error.params.get("reason") != "already_reacted":
            raise
    return {"channel": inputs["channel"], "ts": inputs["ts"]}


def find_channel(call: ActionCall) -> Mapping[str, Json]:
    """A channel by its name, in as many pages as Slack needs (at most 25)."""
    name, cursor = call.inputs["name"].removeprefix("#").lower(), None
    client = _client(call)
    for _page in range(25):
        answer = client.conversations_list(
            types="public_channel,private_channel", exclude_archived=True, limit=PAGE, cursor=cursor
        )
        for channel in answer["channels"]:
            if channel["name"] == name:
                return {
                    "found": True,
                    "id": channel["id"],
                    "name": channel["name"],
                    "is_private": bool(channel.get("is_private")),
                }
        cursor = (answer.get("response_metadata") or {}).get("next_cursor")
        if not cursor:
            break
    return {"found": False}


def find_person(call: ActionCall) -> Mapping[str, Json]:
    """A member by e-mail address."""
    try:
        user = _client(call).users_lookupByEmail(email=call.inputs["email"])["user"]
    except RemoteNotFound:
        return {"found": False}
    return {"found": True, "id": user["id"], "name": user.get("real_name") or user["name"]}


def read_messages(call: ActionCall) -> Mapping[str, Json]:
    """The latest messages of a channel, newest first."""
    answer = _client(call).conversations_history(channel=call.inputs["channel"], limit=call.inputs.get("limit", 20))
    return {
        "messages": [
            {"ts": one["ts"], "text": one.get("text", ""), "user": one.get("user", "")} for one in answer["messages"]
        ]
    }


def reach(inputs: Mapping[str, Json]) -> Reach:
    """People in a channel or one person read it; shared channels may hold strangers, so it counts as outside."""
    return Reach(
        writes=True, audience=Audience.OUTSIDE, recipients=(str(inputs.get("channel", "")),), destination="slack.com"
    )


def reach_of_reaction(inputs: Mapping[str, Json]) -> Reach:
    """An emoji says little and can be taken away."""
    return Reach(
        writes=True, audience=Audience.WORKSPACE, recipients=(str(inputs.get("channel", "")),), destination="slack.com"
    )


def _blocks(text: str, buttons: Sequence[Mapping[str, str]]) -> list[Json]:
    """Block Kit: a section of plain text and, if any, a row of buttons."""

    def made(one: Mapping[str, str]) -> Json:
        button = {"type": "button", "text": {"type": "plain_text", "text": one["label"][:75]}}
        if one.get("url"):
            return {**button, "url": one["url"], "action_id": "open"}
        style = {"style": one["tone"]} if one.get("tone") in ("primary", "danger") else {}
        return {**button, **style, "action_id": one["choice"], "value": one["card"]}

    section = {"type": "section", "text": {"type": "plain_text", "text": text[:3000]}}
    return [section, *([{"type": "actions", "elements": [made(one) for one in buttons]}] if buttons else [])]


def _plain(text: str) -> str:
    """Text that Slack's markup does not read: it may come from anywhere and must call nobody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _client(call: ActionCall) -> Any:
    return _class()(call)


@cache
def _class() -> Any:
    from slack_sdk import WebClient

    class Guarded(WebClient):
        """Opens its requests through the wire."""

        def __init__(self, call: ActionCall) -> None:
            super().__init__(token=call.secret, base_url=f"{call.base_url}/api/", retry_handlers=[], logger=_quiet())
            self._wire = call.wire

        def _perform_urllib_http_request_internal(self, url: str, req: Any) -> dict[str, Any]:
            answer = self._wire.send(req.method, url, headers=dict(req.header_items()), content=req.data)
            return {"status": answer.status, "headers": answer.headers, "body": answer.content.decode("utf-8")}

    return Guarded


def _quiet() -> Any:
    """The SDK logs whole requests; ours go through the wire's log."""
    import logging

    logger = logging.getLogger("apps.connectors.slack.sdk")
    logger.setLevel(logging.CRITICAL)
    return logger
