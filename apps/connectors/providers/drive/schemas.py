"""What Drive's actions take and give."""

from django.utils.translation import gettext_noop as _

from apps.connectors.shapes import choice, long_text, many, number, plain, record, result, text

FILE_ID = text(_("File"), _("Its id, as in its address."), most=200, least=5, pattern="^[A-Za-z0-9_-]+$")
FOLDER = {**FILE_ID, "title": _("Folder")}
NAME = text(_("Name"), most=300, least=1)
UPLOAD = record(
    "name",
    "content",
    name=NAME,
    content=long_text(_("Content"), most=5_000_000),
    encoding=choice(_("The content is"), ("text", "base64"), default="text"),
    content_type=text(_("Type"), most=200, default="text/plain"),
    folder_id=FOLDER,
)
CREATE_FOLDER = record("name", name=NAME, folder_id={**FOLDER, "title": _("In the folder")})
FIND = record(
    name=text(_("Name contains"), most=200),
    folder_id=FOLDER,
    kind=choice(_("Sort"), ("any", "folder", "document", "spreadsheet", "pdf"), default="any"),
    limit=number(_("At most"), least=1, most=100, default=30),
)
DOWNLOAD = record("file_id", file_id=FILE_ID)
SHARE = record(
    "file_id",
    "email",
    file_id=FILE_ID,
    email=text(_("E-mail"), most=320, least=3, pattern="^[^@\\s]+@[^@\\s]+$"),
    role=choice(_("May"), ("reader", "commenter", "writer"), default="reader"),
)
WATCH = record("folder_id", folder_id=FOLDER)
FILE = result(
    "id",
    "name",
    "url",
    id=plain(_("File")),
    name=plain(_("Name")),
    url=plain(_("Address")),
    kind=plain(_("Type")),
    changed_at=plain(_("Changed")),
)
FILES = result(files=many(_("Files"), FILE))
TEXT = result(name=plain(_("Name")), text=plain(_("Content")))
SHARED = result(id=plain(_("Permission")), role=plain(_("May")))
