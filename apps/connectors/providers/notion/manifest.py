"""Notion in the catalogue: how to connect, what it can do."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.connectors.contracts import Action, ActionCall, ConnectField, Connector, RateRule, Trigger
from apps.connectors.enums import ActionEffect, AuthKind, Category
from apps.connectors.errors import PayloadInvalid
from apps.connectors.providers.notion.client import BASE_URL, Access, NotionClient
from apps.connectors.providers.notion.session import is_operator_address
from apps.core.reach import Audience, Reach

Json = Any
RULE = RateRule(calls=180, window_s=60)
ID = {"type": "string", "pattern": "^[0-9a-fA-F-]{32,36}$"}
CELLS = {"type": "object", "description": "Property values in the shapes of Notion's API, by name or id."}
PAGE = {
    "type": "object",
    "properties": {"id": ID, "url": {"type": "string"}, "properties": {"type": "object"}},
    "required": ["id"],
}


def check(call: ActionCall) -> Mapping[str, str]:
    """Who the token is: the workspace it belongs to."""
    client = NotionClient(Access(base_url=call.base_url, token=call.secret, budget_key=f"notion:{call.base_url}:check", rule=RULE,
                                 operator=is_operator_address(call.base_url)))  # fmt: skip
    try:
        me = client.me()
    finally:
        client.close()
    bot = me.get("bot")
    if not isinstance(me.get("id"), str) or not isinstance(bot, dict):
        raise PayloadInvalid(detail="users/me is not a bot")
    return {
        "account_id": str(bot.get("workspace_id") or me["id"]),
        "account_name": str(bot.get("workspace_name") or me.get("name") or "Notion"),
    }


def create_row(call: ActionCall) -> Mapping[str, Json]:
    """A row in a data source, carrying the call's key in the reference column."""
    with_key = {
        **call.inputs.get("properties", {}),
        call.inputs["reference"]: {"rich_text": [{"text": {"content": call.key}}]},
    }
    return _page(_client(call).create_page(source_id=call.inputs["data_source_id"], properties=with_key))


def find_row(call: ActionCall) -> Mapping[str, Json] | None:
    """The row that carries the call's key."""
    where = {"property": call.inputs["reference"], "rich_text": {"equals": call.key}}
    found = _client(call).query(call.inputs["data_source_id"], where=where)["results"]
    return _page(found[0]) if found else None


def update_row(call: ActionCall) -> Mapping[str, Json]:
    """Set cells of a page; setting them again is the same."""
    return _page(_client(call).update_page(call.inputs["page_id"], properties=call.inputs["properties"]))


def query_rows(call: ActionCall) -> Mapping[str, Json]:
    """Up to 100 rows of a data source."""
    answer = _client(call).query(
        call.inputs["data_source_id"], where=call.inputs.get("filter"), sorts=call.inputs.get("sorts")
    )
    return {"rows": [_page(row) for row in answer["results"]], "has_more": bool(answer.get("has_more"))}


def reach(inputs: Mapping[str, Json]) -> Reach:
    """People of the Notion workspace see it; pages can be shared with others, which the request does not tell."""
    target = str(inputs.get("data_source_id") or inputs.get("page_id") or "")
    return Reach(writes=True, audience=Audience.WORKSPACE, destination=f"notion:{target}")


def _client(call: ActionCall) -> NotionClient:
    return NotionClient(Access(base_url=call.base_url, token=call.secret, budget_key="", rule=RULE,
                               operator=is_operator_address(call.base_url)))  # fmt: skip


def _page(page: Mapping[str, Json]) -> dict[str, Json]:
    return {"id": page["id"], "url": page.get("url", ""), "properties": page.get("properties", {})}


NOTION = Connector(
    slug="notion",
    title="Notion",
    description=_("Rows ticked in Notion become tasks; answers, scores and logs go back to the same rows."),
    icon="database",
    fields=(
        ConnectField(name="token", label=_("Integration token"), secret=True,
                     help=_("The internal integration secret. It is stored encrypted and never shown again.")),
        ConnectField(name="parent_page_id", label=_("Page for the databases"),
                     help=_("Paste the address of the page under which the databases shall live.")),
    ),
    help=(
        _("In Notion, open Settings, Connections, “Develop or manage integrations” and create an internal integration."),
        _("Copy its secret into the first field."),
        _("Open the page that shall hold the databases, choose Connections in its menu and add the integration."),
        _("Paste that page's address into the second field."),
    ),
    auth=AuthKind.TOKEN,
    category=Category.DATA,
    base_url=BASE_URL,
    rate=RULE,
    check=check,
    actions=(
        Action(slug="create_row", title=_("Add a row"), reach=reach, sensitive={"data_source_id": "object"},
               description=_("Carries a reference, so that after a lost answer the row is looked for before it is added again."),
               effect=ActionEffect.LOOKUP, perform=create_row, find=find_row,
               output_schema=PAGE,
               input_schema={"type": "object", "required": ["data_source_id", "reference"],
                             "additionalProperties": False, "properties": {
                   "data_source_id": ID, "properties": CELLS,
                   "reference": {"type": "string", "minLength": 1, "description": "Text column that carries our key."}}}),
        Action(slug="update_row", title=_("Change a row"), reach=reach, sensitive={"page_id": "object"},
               description=_("Sets cells of a row; setting them again is the same."),
               effect=ActionEffect.KEYED, perform=update_row, output_schema=PAGE,
               input_schema={"type": "object", "required": ["page_id", "properties"], "additionalProperties": False,
                             "properties": {"page_id": ID, "properties": CELLS}}),
        Action(slug="query_rows", title=_("Find rows"), description=_("Up to 100 rows by Notion's filters."),
               effect=ActionEffect.PURE, perform=query_rows,
               output_schema={"type": "object", "required": ["rows", "has_more"],
                              "properties": {"rows": {"type": "array", "items": PAGE}, "has_more": {"type": "boolean"}}},
               input_schema={"type": "object", "required": ["data_source_id"], "additionalProperties": False, "properties": {
                   "data_source_id": ID, "filter": {"type": "object"}, "sorts": {"type": "array"}}}),
    ),
    triggers=(
        Trigger(slug="row_changed", title=_("A person changed a row"),
                output_schema={"type": "object", "required": ["page_id", "changed", "values"], "properties": {
                    "page_id": ID, "changed": {"type": "array", "items": {"type": "string"}}, "values": {"type": "object"}}}),
    ),
)  # fmt: skip
