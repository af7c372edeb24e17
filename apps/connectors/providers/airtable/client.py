"""Airtable through pyairtable, without its repeating. Five calls a second for one base; a breach costs thirty seconds."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from apps.connectors.adapters import mount
from apps.connectors.contracts import ActionCall, NewEvents
from apps.connectors.errors import RateLimited, RemoteNotFound
from apps.connectors.wire import Answer, explain_status, retry_after
from apps.core.errors import PlatformError
from apps.core.reach import Audience, Reach

Json = Any
PENALTY_S = 30.0
OVERLAP_S = 120


def explain(answer: Answer) -> PlatformError | None:
    """Airtable's ``error`` is a text or an object."""
    if answer.status < 300:
        return None
    if answer.status == 429:
        return RateLimited(detail="airtable", retry_after=retry_after(answer.headers, default=PENALTY_S))
    body = answer.json()
    error = body.get("error") if isinstance(body, dict) else None
    words = str(error.get("message") or error.get("type") or "") if isinstance(error, dict) else str(error or "")
    return explain_status(answer, reason=words)


def check(call: ActionCall) -> Mapping[str, str]:
    """Whose token it is."""
    me = _api(call).whoami()
    return {
        "account_id": me["id"],
        "account_name": str(me.get("email") or me["id"]),
        "scopes": " ".join(me.get("scopes") or ()),
    }


def create_record(call: ActionCall) -> Mapping[str, Json]:
    """A row that carries our key in the reference column."""
    fields = {**call.inputs["fields"], call.inputs["reference_field"]: call.key}
    return _row(_table(call).create(fields))


def find_created(call: ActionCall) -> Mapping[str, Json] | None:
    """The row that carries our key."""
    from pyairtable.formulas import match

    found = _table(call).first(formula=match({call.inputs["reference_field"]: call.key}))
    return _row(found) if found else None


def upsert_records(call: ActionCall) -> Mapping[str, Json]:
    """Rows that match are changed, others added; again is the same."""
    wanted = [{"fields": fields} for fields in call.inputs["records"]]
    answer = _table(call).batch_upsert(wanted, key_fields=call.inputs["match_on"])
    return {"records": [_row(one) for one in answer["records"]]}


def update_record(call: ActionCall) -> Mapping[str, Json]:
    """Set cells of a row; others stay."""
    return _row(_table(call).update(call.inputs["record_id"], call.inputs["fields"]))


def delete_record(call: ActionCall) -> Mapping[str, Json]:
    """Take a row away; one that is gone is fine."""
    try:
        _table(call).delete(call.inputs["record_id"])
    except RemoteNotFound:
        return {"id": call.inputs["record_id"], "deleted": False}
    return {"id": call.inputs["record_id"], "deleted": True}


def find_records(call: ActionCall) -> Mapping[str, Json]:
    """Rows by Airtable's own formula."""
    options: dict[str, Json] = {"max_records": call.inputs.get("limit", 100)}
    if call.inputs.get("formula"):
        options["formula"] = call.inputs["formula"]
    return {"records": [_row(one) for one in _table(call).all(**options)]}


def poll_created(call: ActionCall, cursor: str) -> NewEvents:
    """Rows created since the cursor, with an overlap; the row's id tells repeats apart."""
    now = datetime.now(tz=UTC)
    if not cursor:
        return NewEvents(events=(), cursor=now.isoformat())
    since = (datetime.fromisoformat(cursor) - timedelta(seconds=OVERLAP_S)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    column = call.inputs["created_field"].replace("}", "\\}")
    found = _table(call).all(formula=f"IS_AFTER({{{column}}}, '{since}')", max_records=300)
    rows = sorted((_row(one) for one in found), key=lambda row: row["created_at"])
    return NewEvents(events=tuple(rows), cursor=now.isoformat())


def reach(inputs: Mapping[str, Json]) -> Reach:
    """People of the base see it."""
    return Reach(writes=True, audience=Audience.WORKSPACE, objects=len(inputs.get("records") or [1]),
                 destination=f"airtable:{inputs.get('base', '')}")  # fmt: skip


def reach_of_delete(inputs: Mapping[str, Json]) -> Reach:
    """A row is gone."""
    return Reach(
        writes=True, deletes=True, audience=Audience.WORKSPACE, destination=f"airtable:{inputs.get('base', '')}"
    )


def _row(row: Mapping[str, Json]) -> dict[str, Json]:
    return {"id": row["id"], "fields": row["fields"], "created_at": row.get("createdTime", "")}


def _table(call: ActionCall) -> Any:
    return _api(call).table(call.inputs["base"], call.inputs["table"])


def _api(call: ActionCall) -> Any:
    from pyairtable import Api

    api = Api(call.secret, endpoint_url=call.base_url, retry_strategy=None)
    mount(api.session, call.wire)
    return api
