"""Gmail through Google's client. Gmail gives sent mails a Message-ID of its own, so a lost one cannot be found for certain."""

import base64
from collections.abc import Mapping
from typing import Any

from apps.connectors.contracts import ActionCall, NewEvents
from apps.connectors.providers.google import service
from apps.connectors.providers.mail import message
from apps.connectors.providers.mail.message import compose
from apps.core.reach import Audience, Reach

Json = Any
POLLED = 50
HEADERS = ("From", "To", "Subject", "Date")


def check(call: ActionCall) -> Mapping[str, str]:
    """Whose mailbox it is."""
    profile = _users(call).getProfile(userId="me").execute()
    return {"account_id": profile["emailAddress"], "account_name": profile["emailAddress"]}


def send(call: ActionCall) -> Mapping[str, Json]:
    """One mail from the connected mailbox."""
    sent = _users(call).messages().send(userId="me", body=_body(call)).execute()
    return {"id": sent["id"], "thread_id": sent["threadId"]}


def create_draft(call: ActionCall) -> Mapping[str, Json]:
    """A draft for a person to look at and send."""
    made = _users(call).drafts().create(userId="me", body={"message": _body(call)}).execute()
    return {"id": made["id"], "thread_id": made["message"]["threadId"]}


def search(call: ActionCall) -> Mapping[str, Json]:
    """The latest mails that match, with their heads."""
    return {
        "messages": [_head(call, one["id"]) for one in _found(call, call.inputs["query"], call.inputs.get("limit", 10))]
    }


def get_message(call: ActionCall) -> Mapping[str, Json]:
    """One mail with its text."""
    found = _users(call).messages().get(userId="me", id=call.inputs["id"], format="full").execute()
    return {**_mail(found), "text": _text(found.get("payload") or {})}


def add_labels(call: ActionCall) -> Mapping[str, Json]:
    """Set and take labels; again is the same."""
    body = {"addLabelIds": call.inputs.get("add") or [], "removeLabelIds": call.inputs.get("remove") or []}
    done = _users(call).messages().modify(userId="me", id=call.inputs["id"], body=body).execute()
    return {"id": done["id"], "labels": list(done.get("labelIds") or [])}


def poll_mails(call: ActionCall, cursor: str) -> NewEvents:
    """Mails that arrived since the cursor, which is the time of the latest one seen and the ids of that time."""
    if not cursor:
        latest = _found(call, _inbox(call), 1)
        at = _stamp(call, latest[0]["id"]) if latest else 0
        return NewEvents(events=(), cursor=str(at))
    since = int(cursor)
    found = [
        _head(call, one["id"]) for one in _found(call, f"{_inbox(call)} after:{max(0, since // 1000 - 1)}", POLLED)
    ]
    new = sorted((one for one in found if one["at"] > since), key=lambda one: one["at"])
    events = tuple({name: value for name, value in one.items() if name != "at"} for one in new)
    return NewEvents(events=events, cursor=str(max([since, *(one["at"] for one in new)])))


def reach_of_draft(inputs: Mapping[str, Json]) -> Reach:
    """Nobody sees a draft but the owner of the mailbox."""
    return Reach(writes=True, audience=Audience.WORKSPACE)


def reach_of_labels(inputs: Mapping[str, Json]) -> Reach:
    """Order in the mailbox; the bin can be emptied by Gmail later."""
    return Reach(writes=True, audience=Audience.NOBODY, deletes="TRASH" in (inputs.get("add") or []))


reach = message.reach


def _inbox(call: ActionCall) -> str:
    return f"in:inbox {call.inputs.get('query', '')}".strip()


def _found(call: ActionCall, query: str, limit: int) -> list[dict[str, Json]]:
    return list(_users(call).messages().list(userId="me", q=query, maxResults=limit).execute().get("messages") or [])


def _head(call: ActionCall, number: str) -> dict[str, Json]:
    found = (
        _users(call).messages().get(userId="me", id=number, format="metadata", metadataHeaders=list(HEADERS)).execute()
    )
    return {**_mail(found), "at": int(found.get("internalDate", 0))}


def _stamp(call: ActionCall, number: str) -> int:
    return int(_head(call, number)["at"])


def _mail(found: Mapping[str, Json]) -> dict[str, Json]:
    heads = {one["name"].lower(): one["value"] for one in (found.get("payload") or {}).get("headers") or ()}
    return {"id": found["id"], "thread_id": found.get("threadId", ""), "from": heads.get("from", ""), "to": heads.get("to", ""),
            "subject": heads.get("subject", ""), "date": heads.get("date", ""), "snippet": found.get("snippet", ""),
            "labels": list(found.get("labelIds") or [])}  # fmt: skip


def _text(part: Mapping[str, Json]) -> str:
    """The first plain text of a mail, looking into its parts."""
    data = (part.get("body") or {}).get("data")
    if part.get("mimeType") == "text/plain" and data:
        return base64.urlsafe_b64decode(data + "=" * (-len(data) % 4)).decode("utf-8", "replace")
    return next((found for inner in part.get("parts") or () if (found := _text(inner))), "")


def _body(call: ActionCall) -> dict[str, Json]:
    mail = compose(call.inputs, sender="me", key=call.key)
    del mail["From"]
    if call.inputs.get("bcc"):
        mail["Bcc"] = ", ".join(call.inputs["bcc"])
    body = {"raw": base64.urlsafe_b64encode(mail.as_bytes()).decode()}
    if call.inputs.get("thread_id"):
        body["threadId"] = call.inputs["thread_id"]
    return body


def _users(call: ActionCall) -> Any:
    return service(call, "gmail", "v1").users()
