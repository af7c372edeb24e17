"""HubSpot through its SDK, whose answers are typed by status code: a create must answer 201."""

from collections.abc import Mapping
from typing import Any

from apps.connectors.adapters import Urllib3Shape
from apps.connectors.contracts import ActionCall
from apps.connectors.errors import RateLimited
from apps.connectors.wire import Answer, explain_status, retry_after
from apps.core.errors import PlatformError
from apps.core.reach import Audience, Reach

Json = Any
DAILY_PAUSE_S = 3600.0
WINDOW_PAUSE_S = 10.0


def explain(answer: Answer) -> PlatformError | None:
    """HubSpot names the limit that was reached; the daily one does not come back in ten seconds."""
    body = answer.json()
    if answer.status == 429 and isinstance(body, dict):
        pause = DAILY_PAUSE_S if body.get("policyName") == "DAILY" else WINDOW_PAUSE_S
        return RateLimited(
            detail=str(body.get("policyName", "")), retry_after=retry_after(answer.headers, default=pause)
        )
    return explain_status(answer, reason=answer.field("message"))


def check(call: ActionCall) -> Mapping[str, str]:
    """Which portal the token belongs to."""
    body = call.wire.send(
        "GET", f"{call.base_url}/account-info/v3/details", headers={"Authorization": f"Bearer {call.secret}"}
    ).json()
    return {
        "account_id": str(body["portalId"]),
        "account_name": str(body.get("uiDomain") or f"HubSpot {body['portalId']}"),
    }


def upsert_contact(call: ActionCall) -> Mapping[str, Json]:
    """Create or change the contact with that address; again is the same."""
    from hubspot.crm.contacts import BatchInputSimplePublicObjectBatchInputUpsert as Batch
    from hubspot.crm.contacts import SimplePublicObjectBatchInputUpsert as One

    inputs = call.inputs
    values = _values(inputs, "email", "firstname", "lastname", "phone", "company")
    batch = Batch(inputs=[One(id=inputs["email"], id_property="email", properties=values)])
    made = _client(call).crm.contacts.batch_api.upsert(batch).results[0]
    return {**_record(made), "created": bool(made.new)}


def create_deal(call: ActionCall) -> Mapping[str, Json]:
    """A deal, with its contact. HubSpot's search lags, so a lost one cannot be found for certain."""
    from hubspot.crm.deals import SimplePublicObjectInputForCreate as New

    inputs = call.inputs
    links = []
    if inputs.get("contact_id"):
        kind = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3}
        links = [{"to": {"id": inputs["contact_id"]}, "types": [kind]}]
    values = _values(inputs, "dealname", "amount", "pipeline", "dealstage")
    return _record(_client(call).crm.deals.basic_api.create(New(properties=values, associations=links)))


def update_deal(call: ActionCall) -> Mapping[str, Json]:
    """Set properties of a deal; again is the same."""
    from hubspot.crm.deals import SimplePublicObjectInput as Change

    values = _values(call.inputs)
    return _record(_client(call).crm.deals.basic_api.update(call.inputs["id"], Change(properties=values)))


def find(call: ActionCall) -> Mapping[str, Json]:
    """Records whose property equals a value."""
    inputs = call.inputs
    wanted = {"filterGroups": [{"filters": [{"propertyName": inputs["property"], "operator": "EQ", "value": inputs["value"]}]}],
              "limit": inputs.get("limit", 10)}  # fmt: skip
    answer = getattr(_client(call).crm, inputs["kind"]).search_api.do_search(wanted)
    return {"total": answer.total, "records": [_record(one) for one in answer.results]}


def reach_of_contact(inputs: Mapping[str, Json]) -> Reach:
    """Data about a person goes into the CRM."""
    return Reach(writes=True, audience=Audience.WORKSPACE, personal=True, destination="hubspot.com")


def reach_of_deal(inputs: Mapping[str, Json]) -> Reach:
    """A line in the CRM; its amount is a note, not a payment."""
    return Reach(writes=True, audience=Audience.WORKSPACE, destination="hubspot.com")


def _values(inputs: Mapping[str, Json], *names: str) -> dict[str, str]:
    found = {
        **{name: inputs[name] for name in names if inputs.get(name) not in (None, "")},
        **(inputs.get("properties") or {}),
    }
    return {
        name: ("true" if value is True else "false" if value is False else str(value)) for name, value in found.items()
    }


def _record(found: Any) -> dict[str, Json]:
    return {
        "id": str(found.id),
        "properties": {name: value for name, value in (found.properties or {}).items() if value is not None},
    }


def _client(call: ActionCall) -> Any:
    from hubspot import HubSpot
    from hubspot.discovery.discovery_base import DiscoveryBase

    def guarded(package: Any, name: str, config: Any) -> Any:
        api = DiscoveryBase._default_api_factory(package, name, config)
        api.api_client.rest_client.pool_manager = Urllib3Shape(call.wire)
        return api

    return HubSpot(access_token=call.secret, host=call.base_url, api_factory=guarded)
