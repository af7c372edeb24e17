"""What HubSpot's actions take and give."""

from django.utils.translation import gettext_noop as _

from apps.connectors.shapes import choice, many, mapping, number, plain, record, result, text

EMAIL = text(_("E-mail"), most=320, least=3, pattern="^[^@\\s]+@[^@\\s]+$")
MORE = mapping(
    _("Further properties"), _("By HubSpot's internal names."), values={"type": ["string", "number", "boolean"]}
)
ID = text(_("Record"), _("HubSpot's number of it."), most=40, least=1, pattern="^[0-9]+$")
UPSERT = record(
    "email",
    email=EMAIL,
    firstname=text(_("First name"), most=200),
    lastname=text(_("Last name"), most=200),
    phone=text(_("Phone"), most=60),
    company=text(_("Company"), most=300),
    properties=MORE,
)
DEAL = record(
    "dealname",
    dealname=text(_("Name"), most=300, least=1),
    amount=number(_("Amount"), _("In the portal's currency, whole units."), least=0),
    pipeline=text(_("Pipeline"), most=100),
    dealstage=text(_("Stage"), most=100),
    properties=MORE,
    contact_id={**ID, "title": _("Contact")},
)
UPDATE_DEAL = record("id", "properties", id=ID, properties={**MORE, "minProperties": 1})
FIND = record(
    "kind",
    "property",
    "value",
    kind=choice(_("Sort"), ("contacts", "deals", "companies")),
    property=text(_("Property"), _("Its internal name, for example email."), most=100, least=1),
    value=text(_("Equals"), most=500, least=1),
    limit=number(_("At most"), least=1, most=100, default=10),
)
RECORD = result(id=plain(_("Record")), properties={"type": "object", "title": _("Properties")})
UPSERTED = {**RECORD, "properties": {**RECORD["properties"], "created": plain(_("New"), "boolean")}}
FOUND = result(total=plain(_("Found"), "integer"), records=many(_("Records"), RECORD))
