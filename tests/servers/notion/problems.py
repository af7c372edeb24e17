"""Errors as Notion words them."""

from collections.abc import Mapping
from typing import Any


class Problem(Exception):
    """An error answer: HTTP status, Notion's code, a message, extra headers and ``additional_data``."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: Mapping[str, str] | None = None,
        additional_data: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = dict(headers or {})
        self.additional_data = dict(additional_data or {})

    def body(self, *, request_id: str) -> dict[str, Any]:
        """The JSON document."""
        body: dict[str, Any] = {
            "object": "error",
            "status": self.status,
            "code": self.code,
            "message": str(self),
            "request_id": request_id,
        }
        if self.additional_data:
            body["additional_data"] = self.additional_data
        return body


def invalid(message: str) -> Problem:
    """400 validation_error with the words Notion puts before the reason."""
    return Problem(400, "validation_error", f"body failed validation: {message}")


def validation(message: str) -> Problem:
    """400 validation_error without the prefix."""
    return Problem(400, "validation_error", message)


def missing(kind: str, object_id: str) -> Problem:
    """404 for what is not there or not shared."""
    return Problem(
        404,
        "object_not_found",
        f"Could not find {kind} with ID: {object_id}. Make sure the relevant pages and databases are shared with your integration.",
    )
