"""Google's desk, Drive v3 and Gmail v1 of one account."""

import base64
import email
import email.policy
import json
import re
import time
from typing import Any

from tests.servers.services.base import Refusal, Request, Service

NOW = "2026-11-22T09:00:00.000Z"


class Google(Service):
    """``arrive(...)`` puts a mail into the inbox; uploads are multipart, as Google's client sends them."""

    token = "ya29.of-the-test-0000000"

    def reset(self) -> None:
        self.oauth.paths = {"/o/oauth2/v2/auth": "authorize", "/token": "token", "/revoke": "revoke"}
        self.files: list[dict[str, Any]] = []
        self.contents: dict[str, bytes] = {}
        self.permissions: dict[tuple[str, str], str] = {}
        self.mails: list[dict[str, Any]] = []
        self.drafts: list[dict[str, Any]] = []

    def admit(self, request: Request) -> None:
        if request.bearer not in self.tokens:
            raise Refusal(
                401, {"error": {"code": 401, "message": "Invalid Credentials", "errors": [{"reason": "authError"}]}}
            )

    def answer(self, request: Request) -> Any:
        if request.path.startswith("/gmail/v1/users/me/"):
            return self._gmail(request, request.path.removeprefix("/gmail/v1/users/me/"))
        if request.path == "/upload/drive/v3/files":
            return self._upload(request)
        if request.path.startswith("/drive/v3/"):
            return self._drive(request, request.path.removeprefix("/drive/v3/").split("/"))
        raise Refusal(404, {"error": {"code": 404, "message": "Not Found", "errors": [{"reason": "notFound"}]}})

    def _drive(self, request: Request, parts: list[str]) -> Any:
        if parts == ["about"]:
            return {"user": {"permissionId": "p1", "emailAddress": "ana@acme.example", "displayName": "Ana"}}
        if parts == ["files"]:
            return (
                self._make(request.json()) if request.method == "POST" else {"files": self._search(request.query["q"])}
            )
        file = next((one for one in self.files if one["id"] == parts[1]), None)
        if file is None:
            raise Refusal(
                404, {"error": {"code": 404, "message": "File not found", "errors": [{"reason": "notFound"}]}}
            )
        if parts[2:] == ["permissions"]:
            body = request.json()
            self.permissions[(file["id"], body["emailAddress"])] = body["role"]
            return {"id": f"perm-{body['emailAddress']}", "role": body["role"]}
        if parts[2:] == ["export"] or request.query.get("alt") == "media":
            return 200, {"Content-Type": "text/plain"}, self.contents.get(file["id"], b"")
        return file

    def _make(self, body: dict[str, Any], content: bytes = b"") -> dict[str, Any]:
        number = f"file-{self.next_id():06d}"
        file = {"id": number, "webViewLink": f"https://drive.google.com/file/d/{number}", "modifiedTime": NOW,
                "mimeType": body.get("mimeType", "text/plain"), **body}  # fmt: skip
        self.files.insert(0, file)
        self.contents[number] = content
        return file

    def _upload(self, request: Request) -> Any:
        if request.query.get("uploadType") != "multipart":
            raise Refusal(400, {"error": {"code": 400, "message": "Bad upload type", "errors": []}})
        head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
        about, media = email.message_from_bytes(head + request.raw, policy=email.policy.HTTP).iter_parts()  # type: ignore[attr-defined]
        meta = json.loads(about.get_payload(decode=True))
        return self._make({"mimeType": media.get_content_type(), **meta}, media.get_payload(decode=True))

    def _search(self, query: str) -> list[dict[str, Any]]:
        found = self.files
        if mark := re.search(r"appProperties has \{ key='(\w+)' and value='(.*?)' \}", query):
            found = [one for one in found if (one.get("appProperties") or {}).get(mark[1]) == mark[2]]
        if name := re.search(r"name contains '((?:[^'\\]|\\.)*)'", query):
            found = [one for one in found if name[1].replace("\\'", "'").lower() in one["name"].lower()]
        if parent := re.search(r"'([^']*?)' in parents", query):
            found = [one for one in found if parent[1] in one.get("parents", [])]
        if kind := re.search(r"mimeType = '(.*?)'", query):
            found = [one for one in found if one["mimeType"] == kind[1]]
        return found

    def arrive(self, subject: str, text: str, *, sender: str = "customer@example.com") -> str:
        """A mail for the account."""
        raw = f"From: {sender}\r\nTo: ana@acme.example\r\nSubject: {subject}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}"
        return str(self._keep(raw.encode(), ["INBOX", "UNREAD"])["id"])

    def _keep(self, raw: bytes, labels: list[str]) -> dict[str, Any]:
        number = f"{0x18C0DE0000 + self.next_id():x}"
        mail = {
            "id": number,
            "threadId": number,
            "raw": raw,
            "labelIds": labels,
            "internalDate": str(int(time.time() * 1000)),
        }
        self.mails.insert(0, mail)
        return mail

    def _gmail(self, request: Request, path: str) -> Any:
        if path == "profile":
            return {"emailAddress": "ana@acme.example", "messagesTotal": len(self.mails)}
        if path in ("messages/send", "drafts"):
            body = request.json()
            raw = base64.urlsafe_b64decode((body.get("message") or body)["raw"])
            mail = self._keep(raw, ["SENT"] if path == "messages/send" else ["DRAFT"])
            return (
                {"id": mail["id"], "threadId": mail["id"]}
                if path == "messages/send"
                else {"id": f"r{mail['id']}", "message": _thin(mail)}
            )
        if path == "messages":
            return {
                "messages": [_thin(one) for one in self._found(request.query["q"])][: int(request.query["maxResults"])]
            }
        mail = next((one for one in self.mails if path.split("/")[1] == one["id"]), None)
        if mail is None:
            raise Refusal(
                404,
                {
                    "error": {
                        "code": 404,
                        "message": "Requested entity was not found.",
                        "errors": [{"reason": "notFound"}],
                    }
                },
            )
        if path.endswith("/modify"):
            body = request.json()
            mail["labelIds"] = sorted((set(mail["labelIds"]) | set(body["addLabelIds"])) - set(body["removeLabelIds"]))
            return _thin(mail) | {"labelIds": mail["labelIds"]}
        return _full(mail)

    def _found(self, query: str) -> list[dict[str, Any]]:
        words = [word for word in query.split() if ":" not in word]
        found = [one for one in self.mails if all(word.encode() in one["raw"] for word in words)]
        if "in:inbox" in query:
            found = [one for one in found if "INBOX" in one["labelIds"]]
        if after := re.search(r"after:(\d+)", query):
            found = [one for one in found if int(one["internalDate"]) >= int(after[1]) * 1000]
        return found


def _thin(mail: dict[str, Any]) -> dict[str, Any]:
    return {"id": mail["id"], "threadId": mail["threadId"]}


def _full(mail: dict[str, Any]) -> dict[str, Any]:
    parsed = email.message_from_bytes(mail["raw"], policy=email.policy.default)
    body = parsed.get_body(("plain",))  # type: ignore[attr-defined]
    text = body.get_content() if body else ""
    return {**_thin(mail), "labelIds": mail["labelIds"], "internalDate": mail["internalDate"], "snippet": text[:80], "payload": {
        "mimeType": "multipart/mixed", "headers": [{"name": name, "value": str(value)} for name, value in parsed.items()],
        "parts": [{"mimeType": "text/plain", "body": {"data": base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")}}]}}  # fmt: skip
