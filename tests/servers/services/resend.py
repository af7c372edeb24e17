"""Resend's API: mails with idempotency keys, and domains."""

from typing import Any

from tests.servers.services.base import Refusal, Request, Service


class Resend(Service):
    """One account with one verified domain."""

    token = "re_of_the_test_000000"

    def reset(self) -> None:
        self.mails: dict[str, dict[str, Any]] = {}
        self.keys: dict[str, tuple[bytes, str]] = {}

    def admit(self, request: Request) -> None:
        if request.bearer not in self.tokens:
            raise Refusal(400, {"statusCode": 400, "name": "invalid_api_key", "message": "API key is invalid"})

    def answer(self, request: Request) -> Any:
        if request.path == "/domains":
            return {"data": [{"id": "d1", "name": "acme.example", "status": "verified"}]}
        if request.path == "/emails" and request.method == "POST":
            return self._send(request)
        parts = request.path.strip("/").split("/")
        mail = self.mails.get(parts[1]) if parts[0] == "emails" and len(parts) > 1 else None
        if mail is None:
            raise Refusal(404, {"statusCode": 404, "name": "not_found", "message": "Email not found"})
        if parts[2:] == ["cancel"]:
            mail["last_event"] = "canceled"
            return {"object": "email", "id": mail["id"]}
        return mail

    def _send(self, request: Request) -> Any:
        wanted, key = request.json(), str(request.headers.get("Idempotency-Key", ""))
        if not wanted.get("to"):
            raise Refusal(422, {"statusCode": 422, "name": "missing_required_field", "message": "Missing `to` field."})
        if key in self.keys:
            body, known = self.keys[key]
            if body != request.raw:
                raise Refusal(
                    409,
                    {"statusCode": 409, "name": "invalid_idempotent_request", "message": "Key used with another body"},
                )
            return {"id": known}
        number = f"mail-{self.next_id()}"
        self.mails[number] = {
            "id": number,
            "object": "email",
            "last_event": "delivered",
            "created_at": "2026-11-22 09:00:00+00",
            **wanted,
        }
        if key:
            self.keys[key] = (request.raw, number)
        return {"id": number}
