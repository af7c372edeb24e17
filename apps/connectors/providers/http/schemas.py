"""What a call to any address takes and gives. Words are marked here and translated where they are shown."""

from django.utils.translation import gettext_noop as _

from apps.connectors.shapes import choice, long_text, mapping, number, plain, record, result, text

URL = text(
    _("Address"),
    _("A public http or https address; private networks cannot be reached."),
    most=2048,
    least=1,
    format="uri",
)
QUERY = mapping(_("Query parameters"), values={"type": ["string", "number", "boolean"]})
HEADERS = mapping(
    _("Headers"),
    _("Credentials do not belong here: store them as a connection."),
    values={"type": "string", "maxLength": 4000, "secret": True},
)
MOST = number(_("Largest answer in bytes"), least=1, most=5_000_000, default=1_000_000)
BODY = {
    "json": {"title": _("Body as JSON"), "description": _("Any JSON value.")},
    "form": mapping(_("Body as a form"), values={"type": ["string", "number", "boolean"]}),
    "text": long_text(_("Body as text"), most=1_000_000),
    "content_type": text(_("Type of the text body"), most=200, default="text/plain; charset=utf-8"),
}
READ = record("url", url=URL, query=QUERY, headers=HEADERS, max_bytes=MOST)
METHOD = choice(_("Method"), ("POST", "PUT", "PATCH", "DELETE", "GET", "HEAD", "OPTIONS"), default="POST")
SEND = {
    **record("url", url=URL, method=METHOD, query=QUERY, headers=HEADERS, max_bytes=MOST, **BODY),
    "allOf": [{"not": {"required": list(pair)}} for pair in (("json", "form"), ("json", "text"), ("form", "text"))],
}
SEND_KEYED = {
    **record(
        "url",
        url=URL,
        method=choice(_("Method"), ("POST", "PUT", "PATCH", "DELETE"), default="POST"),
        query=QUERY,
        headers=HEADERS,
        max_bytes=MOST,
        key_header=text(
            _("Header for the key"),
            _("The service promises to carry out one key only once."),
            most=100,
            default="Idempotency-Key",
            pattern="^[A-Za-z0-9-]+$",
        ),
        **BODY,
    ),
    "allOf": SEND["allOf"],
}
ANSWER = result(
    "status",
    "headers",
    status=plain(_("Status"), "integer"),
    headers={"type": "object", "title": _("Headers")},
    json={"title": _("Answer as JSON")},
    text=plain(_("Answer as text")),
)
