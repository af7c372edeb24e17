"""Airtable in the catalogue."""

from django.utils.translation import gettext_lazy as _

from apps.connectors.contracts import Action, ConnectField, Connector, OAuth, RateRule, Trigger
from apps.connectors.enums import ActionEffect, AuthKind, Category
from apps.connectors.providers.airtable import client, schemas

PLACE = {"base": "object", "table": "object"}
AIRTABLE = Connector(
    slug="airtable",
    title="Airtable",
    description=_("Add, change and find rows of your bases; start work when a row is added."),
    icon="rows-3",
    category=Category.DATA,
    auth=AuthKind.TOKEN,
    base_url="https://api.airtable.com",
    rate=RateRule(calls=5, window_s=1),
    check=client.check,
    explain=client.explain,
    fields=(ConnectField(name="token", label=_("Personal access token"), secret=True, help=_("It begins with pat.")),),
    oauth=OAuth(client="airtable", authorize_url="https://airtable.com/oauth2/v1/authorize",
                token_url="https://airtable.com/oauth2/v1/token", auth="client_secret_basic",  # noqa: S106
                scopes=("data.records:read", "data.records:write", "schema.bases:read", "user.email:read"),
                register_at="https://airtable.com/create/oauth"),
    help=(
        _("At airtable.com/create/tokens create a personal access token."),
        _("Add the scopes data.records:read, data.records:write and user.email:read, and the bases it may use."),
    ),
    actions=(
        Action(slug="create_record", title=_("Add a row"), effect=ActionEffect.LOOKUP, perform=client.create_record,
               find=client.find_created, input_schema=schemas.CREATE, output_schema=schemas.ROW, reach=client.reach,
               sensitive=PLACE,
               description=_("Carries a reference, so that after a lost answer the row is looked for before it is added again.")),
        Action(slug="upsert_records", title=_("Add or change rows"), effect=ActionEffect.KEYED, perform=client.upsert_records,
               input_schema=schemas.UPSERT, output_schema=schemas.ROWS, reach=client.reach, sensitive=PLACE,
               description=_("Up to ten rows, told apart by columns you name.")),
        Action(slug="update_record", title=_("Change a row"), effect=ActionEffect.KEYED, perform=client.update_record,
               input_schema=schemas.UPDATE, output_schema=schemas.ROW, reach=client.reach,
               sensitive={**PLACE, "record_id": "object"}, description=_("Sets cells of a row; others stay.")),
        Action(slug="delete_record", title=_("Delete a row"), effect=ActionEffect.KEYED, perform=client.delete_record,
               input_schema=schemas.DELETE, output_schema=schemas.DELETED, reach=client.reach_of_delete,
               sensitive={**PLACE, "record_id": "object"}, description=_("A row that is gone already is fine.")),
        Action(slug="find_records", title=_("Find rows"), effect=ActionEffect.PURE, perform=client.find_records, calls=3,
               input_schema=schemas.FIND, output_schema=schemas.ROWS, description=_("By a formula of Airtable's.")),
    ),
    triggers=(
        Trigger(slug="record_created", title=_("A row is added"), input_schema=schemas.WATCH, output_schema=schemas.ROW,
                poll=client.poll_created, every_s=120, description=_("For every new row of a table.")),
    ),
)  # fmt: skip
