"""What the actions of S3 storage take and give."""

from django.utils.translation import gettext_noop as _

from apps.connectors.shapes import choice, long_text, many, number, plain, record, result, text

KEY = text(_("Key"), _("The path of the object in the bucket."), most=1024, least=1)
PUT = record(
    "key",
    "content",
    key=KEY,
    content=long_text(_("Content"), most=5_000_000),
    encoding=choice(_("The content is"), ("text", "base64"), default="text"),
    content_type=text(_("Type"), most=200, default="text/plain; charset=utf-8"),
)
GET = record("key", key=KEY, max_bytes=number(_("Largest answer in bytes"), least=1, most=5_000_000, default=1_000_000))
LIST = record(prefix=text(_("Begins with"), most=1024), limit=number(_("At most"), least=1, most=1000, default=100))
DELETE = record("key", key=KEY)
PRESIGN = record("key", key=KEY, expires_s=number(_("Valid for seconds"), least=60, most=604_800, default=3600))
PLACED = result(key=plain(_("Key")), etag=plain(_("Fingerprint")), bytes=plain(_("Bytes"), "integer"))
TEXT = result(
    "key",
    "text",
    key=plain(_("Key")),
    text=plain(_("Content")),
    content_type=plain(_("Type")),
    bytes=plain(_("Bytes"), "integer"),
)
OBJECTS = result(
    objects=many(
        _("Objects"),
        result(key=plain(_("Key")), bytes=plain(_("Bytes"), "integer"), changed_at=plain(_("Changed"))),
        most=1000,
    ),
    more=plain(_("There are more"), "boolean"),
)
DELETED = result(key=plain(_("Key")))
LINK = result(key=plain(_("Key")), url=plain(_("Address")), expires_s=plain(_("Valid for seconds"), "integer"))
