"""Airtable's API for the records of one table."""

import re
from datetime import UTC, datetime
from typing import Any

from tests.servers.services.base import Refusal, Request, Service


class Airtable(Service):
    """The table Tasks of the base appTest1. Formulas: ``{A}='b'``, ``AND(...)`` around one, and ``IS_AFTER({A}, 'time')``."""

    token = "pat-of-the-test.0000000"

    def reset(self) -> None:
        self.oauth.paths = {"/oauth2/v1/authorize": "authorize", "/oauth2/v1/token": "token"}
        self.records: list[dict[str, Any]] = []

    def admit(self, request: Request) -> None:
        if request.bearer not in self.tokens:
            raise Refusal(401, {"error": {"type": "AUTHENTICATION_REQUIRED", "message": "Authentication required"}})

    def answer(self, request: Request) -> Any:
        if request.path == "/v0/meta/whoami":
            return {"id": "usr1", "email": "ana@acme.example", "scopes": ["data.records:read"]}
        found = re.fullmatch(r"/v0/appTest1/Tasks(?:/(rec\w+))?", request.path)
        if found is None:
            raise Refusal(404, {"error": "NOT_FOUND"})
        if found[1]:
            return self._one(request, found[1])
        if request.method == "GET":
            return {
                "records": self._match(request.query.get("filterByFormula", ""))[
                    : int(request.query.get("maxRecords", 100))
                ]
            }
        wanted = request.json()
        if request.method == "POST":
            return self._add(wanted["fields"])
        keys = wanted["performUpsert"]["fieldsToMergeOn"]
        return {
            "records": [self._upsert(one["fields"], keys) for one in wanted["records"]],
            "createdRecords": [],
            "updatedRecords": [],
        }

    def _one(self, request: Request, number: str) -> Any:
        record = next((one for one in self.records if one["id"] == number), None)
        if record is None:
            raise Refusal(404, {"error": {"type": "MODEL_ID_NOT_FOUND", "message": "Record not found"}})
        if request.method == "DELETE":
            self.records.remove(record)
            return {"id": number, "deleted": True}
        record["fields"] |= request.json()["fields"]
        return record

    def _add(self, fields: dict[str, Any]) -> dict[str, Any]:
        if "Unknown" in fields:
            raise Refusal(422, {"error": {"type": "UNKNOWN_FIELD_NAME", "message": 'Unknown field name: "Unknown"'}})
        at = datetime.now(tz=UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        record = {"id": f"rec{self.next_id():08d}", "createdTime": at, "fields": dict(fields)}
        self.records.append(record)
        return record

    def _upsert(self, fields: dict[str, Any], keys: list[str]) -> dict[str, Any]:
        for record in self.records:
            if all(record["fields"].get(key) == fields.get(key) for key in keys):
                record["fields"] |= fields
                return record
        return self._add(fields)

    def _match(self, formula: str) -> list[dict[str, Any]]:
        after = re.search(r"IS_AFTER\(\{(.+?)\}, '(.+?)'\)", formula)
        if after:
            return [one for one in self.records if one["createdTime"] > after[2]]
        equal = re.search(r"\{(.+?)\}\s*=\s*['\"](.*?)['\"]", formula)
        return [one for one in self.records if equal is None or str(one["fields"].get(equal[1])) == equal[2]]
