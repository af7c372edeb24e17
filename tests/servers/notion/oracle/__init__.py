"""Checks requests and answers against the types of Notion's official JavaScript client."""

import gzip
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

Json = Any
UUID = r"[0-9a-f-]{32,36}"
SHAPES: tuple[tuple[str, str, str, str], ...] = (
    ("GET", "/v1/users/me", "", "GetSelfResponse"),
    ("GET", "/v1/users", "", "ListUsersResponse"),
    ("POST", "/v1/search", "SearchParameters", "SearchResponse"),
    ("POST", "/v1/databases", "CreateDatabaseParameters", "DatabaseObjectResponse"),
    ("GET", f"/v1/databases/(?P<database_id>{UUID})", "", "DatabaseObjectResponse"),
    ("PATCH", f"/v1/databases/(?P<database_id>{UUID})", "UpdateDatabaseParameters", "DatabaseObjectResponse"),
    ("POST", "/v1/data_sources", "CreateDataSourceParameters", "DataSourceObjectResponse"),
    ("GET", f"/v1/data_sources/(?P<data_source_id>{UUID})", "", "DataSourceObjectResponse"),
    ("PATCH", f"/v1/data_sources/(?P<data_source_id>{UUID})", "UpdateDataSourceParameters", "DataSourceObjectResponse"),
    (
        "POST",
        f"/v1/data_sources/(?P<data_source_id>{UUID})/query",
        "QueryDataSourceParameters",
        "QueryDataSourceResponse",
    ),
    ("POST", "/v1/pages", "CreatePageParameters", "PageObjectResponse"),
    ("GET", f"/v1/pages/(?P<page_id>{UUID})", "", "PageObjectResponse"),
    ("PATCH", f"/v1/pages/(?P<page_id>{UUID})", "UpdatePageParameters", "PageObjectResponse"),
    ("POST", f"/v1/pages/(?P<page_id>{UUID})/move", "MovePageParameters", "PageObjectResponse"),
    ("GET", f"/v1/pages/(?P<page_id>{UUID})/properties/.+", "", "GetPagePropertyResponse"),
    ("GET", f"/v1/blocks/(?P<block_id>{UUID})/children", "", "ListBlockChildrenResponse"),
    (
        "PATCH",
        f"/v1/blocks/(?P<block_id>{UUID})/children",
        "AppendBlockChildrenParameters",
        "AppendBlockChildrenResponse",
    ),
)
# Listings accept partial objects; ours are always whole.
FULL = {"page": "PageObjectResponse", "data_source": "DataSourceObjectResponse"}


@cache
def _bundle() -> dict[str, Json]:
    bundle: dict[str, Json] = json.loads(gzip.decompress(Path(__file__).with_name("schema.json.gz").read_bytes()))
    bundle.pop("$ref", None)
    return bundle


@cache
def validator(name: str) -> Any:
    """A compiled validator of one type."""
    return jsonschema_rs.validator_for({**_bundle(), "$ref": f"#/definitions/Bundle/properties/{name}"})


def problems(name: str, value: Json) -> list[str]:
    """What is wrong with a value of the named type; empty when it fits."""
    return [
        f"{name} at {'/'.join(map(str, error.instance_path)) or '.'}: {error.message[:300]}"
        for error in validator(name).iter_errors(value)
    ]


def check_exchange(method: str, path: str, body: Json, status: int, answer: Json) -> list[str]:
    """What is wrong with one request (when it succeeded) and its answer. An endpoint without a type is wrong too."""
    if status != 200:
        wanted = {"object": str, "status": int, "code": str, "message": str, "request_id": str}
        return [f"error answer: {key}" for key, kind in wanted.items() if not isinstance(answer.get(key), kind)]
    for verb, pattern, request, response in SHAPES:
        match = re.fullmatch(pattern, path) if verb == method else None
        if match:
            wrong = problems(response, answer)
            for entry in answer.get("results", ()):
                wrong += problems(FULL[entry["object"]], entry) if entry.get("object") in FULL else []
            if request:
                wrong += problems(request, {**match.groupdict(), **(body or {})})
            return wrong
    return [f"no type known for {method} {path}"]
