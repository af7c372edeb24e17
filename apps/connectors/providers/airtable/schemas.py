"""What Airtable's actions take and give."""

from django.utils.translation import gettext_noop as _

from apps.connectors.shapes import long_text, many, mapping, number, plain, record, result, text

BASE = text(
    _("Base"), _("Its id in the address, such as appXXXXXXXXXXXXXX."), most=40, least=4, pattern="^app[A-Za-z0-9]+$"
)
TABLE = text(_("Table"), _("Its name or id."), most=200, least=1)
RECORD_ID = text(_("Record"), _("Its id, such as recXXXXXXXXXXXXXX."), most=40, least=4, pattern="^rec[A-Za-z0-9]+$")
FIELDS = mapping(_("Cells"), _("By the names of the columns."))
FIELD = text(
    _("Column for the reference"),
    _("A text column that carries our key, so that a row is never added twice."),
    most=200,
    least=1,
)
CREATE = record(
    "base", "table", "fields", "reference_field", base=BASE, table=TABLE, fields=FIELDS, reference_field=FIELD
)
UPSERT = record(
    "base",
    "table",
    "records",
    "match_on",
    base=BASE,
    table=TABLE,
    records=many(_("Rows"), FIELDS, most=10, minItems=1),
    match_on=many(_("Columns that tell rows apart"), {"type": "string", "minLength": 1}, most=3, minItems=1),
)
UPDATE = record("base", "table", "record_id", "fields", base=BASE, table=TABLE, record_id=RECORD_ID, fields=FIELDS)
DELETE = record("base", "table", "record_id", base=BASE, table=TABLE, record_id=RECORD_ID)
FIND = record(
    "base",
    "table",
    base=BASE,
    table=TABLE,
    formula=long_text(_("Formula"), _("For example {Status}='Open'."), most=4000),
    limit=number(_("At most"), least=1, most=300, default=100),
)
WATCH = record(
    "base",
    "table",
    "created_field",
    base=BASE,
    table=TABLE,
    created_field=text(
        _("Column with the time of creation"), _("A column of the type “Created time”."), most=200, least=1
    ),
)
ROW = result(
    "id",
    "fields",
    id=plain(_("Record")),
    fields={"type": "object", "title": _("Cells")},
    created_at=plain(_("Created")),
)
ROWS = result(records=many(_("Rows"), ROW, most=300))
DELETED = result(id=plain(_("Record")), deleted=plain(_("Deleted"), "boolean"))
