"""What GitHub's actions take and give."""

from django.utils.translation import gettext_noop as _

from apps.connectors.shapes import choice, long_text, many, number, plain, record, result, text

REPOSITORY = text(
    _("Repository"),
    _("Owner and name, for example octo/hello."),
    most=200,
    least=3,
    pattern=r"^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$",
)
NUMBER = number(_("Issue number"), least=1)
LABELS = many(_("Labels"), {"type": "string", "minLength": 1, "maxLength": 50}, most=20)
CREATE = record(
    "repository",
    "title",
    repository=REPOSITORY,
    title=text(_("Title"), most=256, least=1),
    body=long_text(_("Description"), _("Markdown."), most=60_000),
    labels=LABELS,
    assignees=many(_("Assigned to"), {"type": "string", "minLength": 1, "maxLength": 39}, most=10),
)
COMMENT = record(
    "repository",
    "number",
    "body",
    repository=REPOSITORY,
    number=NUMBER,
    body=long_text(_("Comment"), _("Markdown."), most=60_000),
)
ADD_LABELS = record(
    "repository", "number", "labels", repository=REPOSITORY, number=NUMBER, labels={**LABELS, "minItems": 1}
)
STATE = record(
    "repository", "number", "state", repository=REPOSITORY, number=NUMBER, state=choice(_("State"), ("open", "closed"))
)
FIND = record(
    "repository",
    repository=REPOSITORY,
    state=choice(_("State"), ("open", "closed", "all"), default="open"),
    labels=LABELS,
    contains=text(_("Title contains"), most=200),
    limit=number(_("At most"), least=1, most=100, default=30),
)
WATCH = record("repository", repository=REPOSITORY)
ISSUE = result(
    "number",
    "url",
    "title",
    "state",
    number=plain(_("Issue number"), "integer"),
    url=plain(_("Address")),
    title=plain(_("Title")),
    state=plain(_("State")),
    labels=many(_("Labels"), {"type": "string"}),
    author=plain(_("Author")),
    body=plain(_("Description")),
)
ISSUES = result(issues=many(_("Issues"), ISSUE))
COMMENTED = result(id=plain(_("Comment"), "integer"), url=plain(_("Address")))
LABELLED = result(labels=many(_("Labels"), {"type": "string"}))
OPENED = {**ISSUE, "properties": {**ISSUE["properties"], "id": plain(_("Issue"))}}
