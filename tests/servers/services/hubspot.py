"""HubSpot's CRM API for contacts and deals."""

from typing import Any

from tests.servers.services.base import Refusal, Request, Service


class HubSpot(Service):
    """One portal."""

    token = "pat-of-the-test-000000"

    def reset(self) -> None:
        self.oauth.paths = {"/oauth/authorize": "authorize", "/oauth/v1/token": "token"}
        self.records: dict[str, list[dict[str, Any]]] = {"contacts": [], "deals": [], "companies": []}

    def admit(self, request: Request) -> None:
        if request.bearer not in self.tokens:
            raise Refusal(
                401,
                {
                    "status": "error",
                    "message": "Authentication credentials not found",
                    "category": "INVALID_AUTHENTICATION",
                },
            )

    def answer(self, request: Request) -> Any:
        if request.path == "/account-info/v3/details":
            return {"portalId": 42, "uiDomain": "app.hubspot.com", "accountType": "STANDARD"}
        parts = request.path.strip("/").split("/")
        if parts[:3] != ["crm", "v3", "objects"] or parts[3] not in self.records:
            raise Refusal(404, {"status": "error", "message": "resource not found"})
        kind, rest = parts[3], parts[4:]
        if rest == ["batch", "upsert"]:
            return {"status": "COMPLETE", "results": [self._upsert(kind, one) for one in request.json()["inputs"]],
                    "startedAt": _AT, "completedAt": _AT}  # fmt: skip
        if rest == ["search"]:
            wanted = request.json()["filterGroups"][0]["filters"][0]
            found = [
                one for one in self.records[kind] if one["properties"].get(wanted["propertyName"]) == wanted["value"]
            ]
            return {"total": len(found), "results": found}
        if request.method == "POST":
            return 201, {}, self._add(kind, request.json()["properties"])
        record = next((one for one in self.records[kind] if rest == [one["id"]]), None)
        if record is None:
            raise Refusal(404, {"status": "error", "message": "Object not found"})
        record["properties"] |= request.json()["properties"]
        return record

    def _add(self, kind: str, properties: dict[str, Any]) -> dict[str, Any]:
        record = {
            "id": str(100 + self.next_id()),
            "properties": properties,
            "createdAt": _AT,
            "updatedAt": _AT,
            "archived": False,
        }
        self.records[kind].append(record)
        return record

    def _upsert(self, kind: str, wanted: dict[str, Any]) -> dict[str, Any]:
        known = next(
            (one for one in self.records[kind] if one["properties"].get(wanted["idProperty"]) == wanted["id"]), None
        )
        if known is None:
            return {**self._add(kind, wanted["properties"]), "new": True}
        known["properties"] |= wanted["properties"]
        return {**known, "new": False}


_AT = "2026-11-22T09:00:00.000Z"
