"""Google Drive in the catalogue."""

from django.utils.translation import gettext_lazy as _

from apps.connectors.contracts import Action, Connector, RateRule, Trigger
from apps.connectors.enums import ActionEffect, AuthKind, Category
from apps.connectors.providers import google
from apps.connectors.providers.drive import client, schemas

DRIVE = Connector(
    slug="drive",
    title="Google Drive",
    description=_("Store files, read documents, make folders and share them; start work when a file arrives."),
    icon="file-text",
    category=Category.FILES,
    auth=AuthKind.OAUTH,
    base_url="https://www.googleapis.com",
    rate=RateRule(calls=600),
    check=client.check,
    explain=google.explain,
    oauth=google.oauth("drive"),
    help=(
        _("You are led to Google and choose the account; EchoPilot never sees your password."),
        _("You can take the access back at any time at myaccount.google.com, Security, “Third-party access”."),
    ),
    actions=(
        Action(slug="upload_file", title=_("Store a file"), effect=ActionEffect.LOOKUP, perform=client.upload_file,
               find=client.find_made, input_schema=schemas.UPLOAD, output_schema=schemas.FILE, reach=client.reach,
               sensitive={"folder_id": "object"},
               description=_("After a lost answer the file is looked for before it is stored again.")),
        Action(slug="create_folder", title=_("Make a folder"), effect=ActionEffect.LOOKUP, perform=client.create_folder,
               find=client.find_made, input_schema=schemas.CREATE_FOLDER, output_schema=schemas.FILE, reach=client.reach,
               sensitive={"folder_id": "object"}, description=_("In your Drive or inside another folder.")),
        Action(slug="find_files", title=_("Find files"), effect=ActionEffect.PURE, perform=client.find_files,
               input_schema=schemas.FIND, output_schema=schemas.FILES, description=_("By name, folder and sort, latest first.")),
        Action(slug="download_text", title=_("Read a file as text"), effect=ActionEffect.PURE, perform=client.download_text,
               calls=2, input_schema=schemas.DOWNLOAD, output_schema=schemas.TEXT,
               description=_("Documents come as plain text, spreadsheets as CSV.")),
        Action(slug="share_file", title=_("Share a file with a person"), effect=ActionEffect.KEYED, perform=client.share_file,
               input_schema=schemas.SHARE, output_schema=schemas.SHARED, reach=client.reach_of_share,
               sensitive={"file_id": "object", "email": "recipient"},
               description=_("Lets one person read, comment or change a file.")),
    ),
    triggers=(
        Trigger(slug="file_added", title=_("A file arrives in a folder"), input_schema=schemas.WATCH, output_schema=schemas.FILE,
                poll=client.poll_files, every_s=120, description=_("For every file that is created in the folder.")),
    ),
)  # fmt: skip
