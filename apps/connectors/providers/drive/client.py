"""Google Drive through Google's client."""

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from apps.connectors.contracts import ActionCall, NewEvents
from apps.connectors.providers.google import service
from apps.core.errors import InvalidInput
from apps.core.reach import Audience, Reach

Json = Any
MARK = "echopilot"
FOLDER = "application/vnd.google-apps.folder"
KINDS = {"folder": FOLDER, "document": "application/vnd.google-apps.document",
         "spreadsheet": "application/vnd.google-apps.spreadsheet", "pdf": "application/pdf"}  # fmt: skip
EXPORTS = {"application/vnd.google-apps.spreadsheet": "text/csv"}
FIELDS = "id,name,webViewLink,mimeType,modifiedTime"
OVERLAP_S = 300


def check(call: ActionCall) -> Mapping[str, str]:
    """Whose Drive it is."""
    user = _drive(call).about().get(fields="user(permissionId,emailAddress,displayName)").execute()["user"]
    return {"account_id": user["permissionId"], "account_name": user.get("emailAddress") or user.get("displayName", "")}


def upload_file(call: ActionCall) -> Mapping[str, Json]:
    """A new file that carries our key among its hidden properties."""
    from googleapiclient.http import MediaInMemoryUpload

    media = MediaInMemoryUpload(
        _bytes(call.inputs), mimetype=call.inputs.get("content_type", "text/plain"), resumable=False
    )
    return _file(
        _drive(call).files().create(body=_new(call), media_body=media, fields=FIELDS, supportsAllDrives=True).execute()
    )


def create_folder(call: ActionCall) -> Mapping[str, Json]:
    """A new folder that carries our key."""
    body = {**_new(call), "mimeType": FOLDER}
    return _file(_drive(call).files().create(body=body, fields=FIELDS, supportsAllDrives=True).execute())


def find_made(call: ActionCall) -> Mapping[str, Json] | None:
    """The file or folder that carries our key."""
    query = f"appProperties has {{ key='{MARK}' and value='{_quoted(call.key)}' }} and trashed = false"
    found = _listed(call, query, 1)
    return _file(found[0]) if found else None


def find_files(call: ActionCall) -> Mapping[str, Json]:
    """Files by name, folder and sort, latest first."""
    inputs, terms = call.inputs, ["trashed = false"]
    if inputs.get("name"):
        terms.append(f"name contains '{_quoted(inputs['name'])}'")
    if inputs.get("folder_id"):
        terms.append(f"'{_quoted(inputs['folder_id'])}' in parents")
    if inputs.get("kind", "any") != "any":
        terms.append(f"mimeType = '{KINDS[inputs['kind']]}'")
    return {"files": [_file(one) for one in _listed(call, " and ".join(terms), inputs.get("limit", 30))]}


def download_text(call: ActionCall) -> Mapping[str, Json]:
    """The text of a file; Google's own documents are exported."""
    files = _drive(call).files()
    about = files.get(fileId=call.inputs["file_id"], fields="name,mimeType", supportsAllDrives=True).execute()
    kind = about["mimeType"]
    if kind.startswith("application/vnd.google-apps."):
        content = files.export(fileId=call.inputs["file_id"], mimeType=EXPORTS.get(kind, "text/plain")).execute()
    else:
        content = files.get_media(fileId=call.inputs["file_id"], supportsAllDrives=True).execute()
    return {
        "name": about["name"],
        "text": content.decode("utf-8", "replace") if isinstance(content, bytes) else str(content),
    }


def share_file(call: ActionCall) -> Mapping[str, Json]:
    """Let one person in; the same again is the same. Google sends no mail about it."""
    body = {"type": "user", "role": call.inputs.get("role", "reader"), "emailAddress": call.inputs["email"]}
    made = _drive(call).permissions().create(
        fileId=call.inputs["file_id"], body=body, sendNotificationEmail=False, fields="id,role", supportsAllDrives=True
    ).execute()  # fmt: skip
    return {"id": made["id"], "role": made["role"]}


def poll_files(call: ActionCall, cursor: str) -> NewEvents:
    """Files that came into a folder since the cursor, with an overlap; the file's id tells repeats apart."""
    now = datetime.now(tz=UTC)
    if not cursor:
        return NewEvents(events=(), cursor=now.isoformat())
    since = (datetime.fromisoformat(cursor) - timedelta(seconds=OVERLAP_S)).strftime("%Y-%m-%dT%H:%M:%S")
    query = f"'{_quoted(call.inputs['folder_id'])}' in parents and createdTime > '{since}' and trashed = false"
    return NewEvents(events=tuple(_file(one) for one in reversed(_listed(call, query, 100))), cursor=now.isoformat())


def reach(inputs: Mapping[str, Json]) -> Reach:
    """People who share the folder see it, which the request does not tell."""
    return Reach(writes=True, audience=Audience.WORKSPACE, destination=f"drive:{inputs.get('folder_id', '')}")


def reach_of_share(inputs: Mapping[str, Json]) -> Reach:
    """Somebody may see or change the file from now on."""
    return Reach(writes=True, grants=True, audience=Audience.OUTSIDE, recipients=(str(inputs.get("email", "")),),
                 destination=f"drive:{inputs.get('file_id', '')}")  # fmt: skip


def _listed(call: ActionCall, query: str, limit: int) -> list[dict[str, Json]]:
    answer = _drive(call).files().list(
        q=query, pageSize=limit, orderBy="createdTime desc", fields=f"files({FIELDS})", supportsAllDrives=True,
        includeItemsFromAllDrives=True,
    ).execute()  # fmt: skip
    return list(answer["files"])


def _new(call: ActionCall) -> dict[str, Json]:
    body: dict[str, Json] = {"name": call.inputs["name"], "appProperties": {MARK: call.key}}
    if call.inputs.get("folder_id"):
        body["parents"] = [call.inputs["folder_id"]]
    return body


def _bytes(inputs: Mapping[str, Json]) -> bytes:
    if inputs.get("encoding") != "base64":
        return str(inputs["content"]).encode()
    try:
        return base64.b64decode(inputs["content"], validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput(fields={"content": _("This is not valid base64.")}) from None


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")


def _file(file: Mapping[str, Json]) -> dict[str, Json]:
    return {"id": file["id"], "name": file["name"], "url": file.get("webViewLink", ""), "kind": file.get("mimeType", ""),
            "changed_at": file.get("modifiedTime", "")}  # fmt: skip


def _drive(call: ActionCall) -> Any:
    return service(call, "drive", "v3")
