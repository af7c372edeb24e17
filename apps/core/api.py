"""Building blocks of the HTTP API: strict input, capped pages, nothing allowed unless a view says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.pagination import CursorPagination
from rest_framework.parsers import BaseParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from apps.core.json_input import MAX_BYTES, parse_json
from apps.core.problems import TooLarge


class DenyAll(BasePermission):
    """The default of every view: refuses. A view names its own permission, so forgetting one closes it."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Never."""
        return False


class StrictJSONParser(BaseParser):
    """``application/json`` up to 1 MB and 32 levels, without duplicate names or NaN; errors are coded."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        """Read the body. Raises ``TooLarge``, ``TooDeep``, ``MalformedBody``."""
        request = (parser_context or {}).get("request")
        declared = request.META.get("CONTENT_LENGTH") if request is not None else None
        if str(declared or "").isdigit() and int(str(declared)) > MAX_BYTES:
            raise TooLarge(detail=f"{declared} bytes declared, allowed {MAX_BYTES}")
        return parse_json(stream.read(MAX_BYTES + 1))


class StrictFields:
    """Serializer mixin: a field nobody declared, or one that only goes out, is an error rather than ignored."""

    def to_internal_value(self, data: Any) -> Any:
        """Refuse unknown names before anything else is looked at."""
        if isinstance(data, Mapping):
            writable = {name for name, field in self.fields.items() if not field.read_only}  # type: ignore[attr-defined]
            unknown = [str(name) for name in data if name not in writable]
            if unknown:
                text = _("Unknown field. Remove it, or check its spelling against the API description.")
                raise serializers.ValidationError({name: [text] for name in unknown[:20]}, code="unknown_field")
        return super().to_internal_value(data)  # type: ignore[misc]


class StrictSerializer(StrictFields, serializers.Serializer):  # type: ignore[type-arg]
    """Base of every serializer that takes input."""


class StrictModelSerializer(StrictFields, serializers.ModelSerializer):  # type: ignore[type-arg]
    """The same for serializers bound to a model; they list their fields explicitly."""


class CappedCursorPagination(CursorPagination):
    """Pages by an opaque cursor: ``?limit=`` 1-200 (default 50), ``?cursor=`` from the previous answer."""

    page_size = 50
    max_page_size = 200
    page_size_query_param = "limit"
    ordering = "-created_at"

    def get_page_size(self, request: Request) -> int:
        """Refuse a limit that is no number from 1 to 200 instead of quietly using another one."""
        asked = request.query_params.get("limit")
        if asked is None:
            return int(self.page_size)
        if not (asked.isascii() and asked.isdigit() and 1 <= int(asked) <= self.max_page_size):
            raise serializers.ValidationError({"limit": [_("Use a whole number from 1 to 200.")]}, code="invalid_limit")
        return int(asked)
