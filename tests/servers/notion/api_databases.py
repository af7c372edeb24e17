"""Endpoints of databases and data sources, queries included."""

from typing import Any

from tests.servers.notion import columns, rich_text
from tests.servers.notion.filters import compile_filter, sort_rows
from tests.servers.notion.problems import invalid, missing, validation
from tests.servers.notion.routing import allow, page_of, page_size, route
from tests.servers.notion.store import Record, Store

Json = Any
QUERY_CAP = 10_000


@route("POST", "databases")
def create_database(store: Store, *, query: Json, body: Record) -> Record:
    allow(body, "parent", "title", "description", "is_inline", "initial_data_source", "icon", "cover")
    parent = body.get("parent")
    if not isinstance(parent, dict) or parent.get("type") != "page_id":
        raise invalid("body.parent.page_id should be defined, instead was `undefined`.")
    page = store.page(parent["page_id"])
    source = body.get("initial_data_source") or {}
    database = store.create_database(
        parent={"type": "page_id", "page_id": page["id"]},
        properties=source.get("properties") or {},
        title=rich_text.accept(body.get("title", []), "body.title"),
        description=rich_text.accept(body.get("description", []), "body.description"),
    )
    return store.show_database(database)


@route("GET", "databases/{database_id}")
def database(store: Store, *, database_id: str, query: Json, body: Record) -> Record:
    return store.show_database(store.database(database_id))


@route("PATCH", "databases/{database_id}")
def update_database(store: Store, *, database_id: str, query: Json, body: Record) -> Record:
    allow(body, "parent", "title", "description", "is_inline", "icon", "cover", "in_trash", "is_locked")
    found = store.database(database_id)
    for key in ("title", "description"):
        if key in body:
            found[key] = rich_text.accept(body[key], f"body.{key}")
            if key == "title" and len(found["sources"]) == 1:
                store.sources[found["sources"][0]]["title"] = found[key]
    if "in_trash" in body:
        found["in_trash"] = bool(body["in_trash"])
        for source_id in found["sources"]:
            store.sources[source_id]["in_trash"] = found["in_trash"]
    return store.show_database(found)


@route("POST", "data_sources")
def create_source(store: Store, *, query: Json, body: Record) -> Record:
    allow(body, "parent", "properties", "title", "icon")
    found = store.database(str((body.get("parent") or {}).get("database_id")))
    title = rich_text.accept(body.get("title", []), "body.title")
    return store.show_source(store.create_source(found, title=title, properties=body.get("properties") or {}))


@route("GET", "data_sources/{source_id}")
def source(store: Store, *, source_id: str, query: Json, body: Record) -> Record:
    return store.show_source(store.source(source_id))


@route("PATCH", "data_sources/{source_id}")
def update_source(store: Store, *, source_id: str, query: Json, body: Record) -> Record:
    allow(body, "properties", "title", "icon", "in_trash", "parent")
    found = store.source(source_id)
    if "title" in body:
        found["title"] = rich_text.accept(body["title"], "body.title")
    for key, config in (body.get("properties") or {}).items():
        update_column(store, found, key, config)
    if "in_trash" in body:
        found["in_trash"] = bool(body["in_trash"])
    return store.show_source(found)


def update_column(store: Store, found: Record, key: str, config: Json) -> None:
    """Add, rename, change or (null) delete one column."""
    column = store.column(found, key)
    if column is None:
        if config is None or not isinstance(config, dict):
            raise validation(f"{key} is not a property that exists.")
        store.add_column(found, key, config)
        return
    if config is None:
        if column["type"] == "title":
            raise validation("Cannot delete title property.")
        found["columns"].remove(column)
        return
    if config.get("name"):
        taken = store.column(found, config["name"])
        if taken is not None and taken is not column:
            raise validation(f"Cannot rename property to {config['name']}: a property by that name exists.")
        column["name"] = config["name"]
    kinds = [word for word in config if word not in ("name", "description", "type", "id")]
    if kinds and kinds[0] != column["type"]:
        _convert(store, found, column, kinds[0], config)
    elif kinds and column["type"] in ("select", "multi_select", "status") and "options" in config[kinds[0]]:
        column[kinds[0]]["options"] = columns.merge_options(
            column[kinds[0]]["options"], config[kinds[0]]["options"], rng=store.rng, path=f"body.properties.{key}"
        )
    elif kinds and column["type"] == "number" and "format" in config["number"]:
        column["number"]["format"] = columns.number_format(config["number"]["format"], f"body.properties.{key}")


def _convert(store: Store, found: Record, column: Record, kind: str, config: Record) -> None:
    if "title" in (kind, column["type"]):
        raise validation("Cannot change the type of the title property.")
    fresh = columns.define(
        column["name"], {kind: config[kind]}, column_id=column["id"], rng=store.rng, path="body.properties"
    )
    found["columns"][found["columns"].index(column)] = fresh
    for page in store.pages.values():
        if page["source"] == found["id"]:
            page["cells"].pop(column["id"], None)
            for _at, shown in page["shown"]:
                shown["cells"].pop(column["id"], None)


@route("POST", "data_sources/{source_id}/query")
def query_source(store: Store, *, source_id: str, query: Json, body: Record) -> Record:
    allow(body, "filter", "sorts", "start_cursor", "page_size", "in_trash", "archived", "result_type")
    found = store.source(source_id)
    if store.databases[found["database"]]["in_trash"] or found["in_trash"]:
        raise missing("data_source", source_id)
    size = page_size(body.get("page_size"))
    test = compile_filter(store, found, body.get("filter"))
    rows = [page for page in store.rows(found, in_trash=bool(body.get("in_trash"))) if test(page)]
    rows = sort_rows(store, found, rows, body.get("sorts"))
    start = 0
    if body.get("start_cursor") is not None:
        places = {page["id"]: place for place, page in enumerate(rows)}
        start = places.get(str(body["start_cursor"]), -1)
        if start < 0:
            raise validation("The start_cursor provided is invalid: " + str(body["start_cursor"])[:60])
    capped = len(rows) > QUERY_CAP
    listed = page_of(rows[:QUERY_CAP], start=start, size=size, cursor=lambda page: page["id"])
    only = set(query["filter_properties"]) if query.get("filter_properties") else None
    listed["results"] = [store.show_page(page, only) for page in listed["results"]]
    status: Record = {"type": "complete"}
    if capped and not listed["has_more"]:
        status = {"type": "incomplete", "incomplete_reason": "query_result_limit_reached"}
    return {**listed, "type": "page_or_data_source", "page_or_data_source": {}, "request_status": status}
