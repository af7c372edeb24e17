"""The endpoints: method and path to answer. Bodies are checked the way Notion checks them, limits included."""

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any

from tests.servers.notion import columns, rich_text
from tests.servers.notion.filters import compile_filter, sort_rows
from tests.servers.notion.problems import Problem, invalid, missing, validation
from tests.servers.notion.store import BOT_ID, Record, Store, normal

Json = Any
PAGE_SIZE = 100
QUERY_CAP = 10_000
BLOCKS = 1000
ROUTES: list[tuple[str, re.Pattern[str], Callable[..., Record]]] = []


def route(method: str, pattern: str) -> Callable[[Callable[..., Record]], Callable[..., Record]]:
    """Register an endpoint; ``{name}`` stands for one path segment."""
    regex = re.compile("^/v1/" + re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", pattern) + "$")

    def add(function: Callable[..., Record]) -> Callable[..., Record]:
        ROUTES.append((method, regex, function))
        return function

    return add


def answer(store: Store, method: str, path: str, query: dict[str, list[str]], body: Record) -> Record:
    """Run the endpoint. Raises Problem."""
    known = False
    for verb, regex, function in ROUTES:
        if match := regex.match(path):
            known = True
            if verb == method:
                return function(store, query=query, body=body, **match.groupdict())
    if known:
        raise Problem(400, "invalid_request_url", "Invalid request URL.")
    raise Problem(400, "invalid_request_url", "Invalid request URL.")


def _allow(body: Record, *keys: str) -> None:
    for key in body:
        if key not in keys:
            raise invalid(f"body.{key} should be not present, instead was `{str(body[key])[:40]}`.")


def _size(value: Json, path: str = "page_size") -> int:
    if value is None:
        return PAGE_SIZE
    try:
        size = int(value)
    except (TypeError, ValueError):
        raise invalid(f"{path} should be a number, instead was `{value!r}`.") from None
    if isinstance(value, bool) or not 1 <= size <= PAGE_SIZE:
        raise invalid(f"body.{path} should be ≤ `100`, instead was `{size}`.")
    return size


def _page(records: list[Json], *, start: int, size: int, cursor: Callable[[Json], str] | None = None) -> Record:
    part, rest = records[start : start + size], records[start + size :]
    following = None
    if rest:
        following = cursor(rest[0]) if cursor else base64.urlsafe_b64encode(str(start + size).encode()).decode()
    return {"object": "list", "results": part, "has_more": bool(rest), "next_cursor": following}


def _offset(cursor: Json) -> int:
    if cursor is None:
        return 0
    try:
        return int(base64.urlsafe_b64decode(str(cursor)))
    except (ValueError, binascii.Error):
        raise validation("The start_cursor provided is invalid: " + str(cursor)[:60]) from None


def _first(query: dict[str, list[str]], key: str) -> str | None:
    return query[key][0] if query.get(key) else None


@route("GET", "users/me")
def me(store: Store, *, query: Json, body: Record) -> Record:
    return store.users[BOT_ID]


@route("GET", "users")
def users(store: Store, *, query: Json, body: Record) -> Record:
    found = _page(list(store.users.values()), start=_offset(_first(query, "start_cursor")), size=_size(_first(query, "page_size")))
    return {**found, "type": "user", "user": {}}


@route("GET", "users/{user_id}")
def user(store: Store, *, user_id: str, query: Json, body: Record) -> Record:
    found = store.users.get(normal(user_id))
    if found is None:
        raise missing("user", user_id)
    return found


@route("POST", "search")
def search(store: Store, *, query: Json, body: Record) -> Record:
    _allow(body, "query", "filter", "sort", "start_cursor", "page_size")
    kind = (body.get("filter") or {}).get("value")
    if kind not in (None, "page", "data_source"):
        raise invalid(f"body.filter.value should be `\"page\"` or `\"data_source\"`, instead was `{kind!r}`.")
    words = str(body.get("query") or "").casefold()
    found: list[Record] = []
    if kind != "page":
        found += [store.show_source(source) for source in store.sources.values()
                  if not source["in_trash"] and words in rich_text.plain(source["title"]).casefold()]
    if kind != "data_source":
        seen = [store.visible(page) if page["shown"] else page for page in store.pages.values()]
        found += [store.show_page(page) for page in seen
                  if page and not page["in_trash"] and words in store.title_of(page).casefold()]
    found.sort(key=lambda record: record["last_edited_time"], reverse=True)
    listed = _page(found, start=_offset(body.get("start_cursor")), size=_size(body.get("page_size")))
    return {**listed, "type": "page_or_data_source", "page_or_data_source": {}}


@route("POST", "databases")
def create_database(store: Store, *, query: Json, body: Record) -> Record:
    _allow(body, "parent", "title", "description", "is_inline", "initial_data_source", "icon", "cover")
    parent = body.get("parent")
    if not isinstance(parent, dict) or parent.get("type") != "page_id":
        raise invalid("body.parent.page_id should be defined, instead was `undefined`.")
    page = store.page(parent["page_id"])
    source = body.get("initial_data_source") or {}
    database = store.create_database(
        parent={"type": "page_id", "page_id": page["id"]}, properties=source.get("properties") or {},
        title=rich_text.accept(body.get("title", []), "body.title"),
        description=rich_text.accept(body.get("description", []), "body.description"),
    )
    return store.show_database(database)


@route("GET", "databases/{database_id}")
def database(store: Store, *, database_id: str, query: Json, body: Record) -> Record:
    return store.show_database(store.database(database_id))


@route("PATCH", "databases/{database_id}")
def update_database(store: Store, *, database_id: str, query: Json, body: Record) -> Record:
    _allow(body, "parent", "title", "description", "is_inline", "icon", "cover", "in_trash", "is_locked")
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
    _allow(body, "parent", "properties", "title", "icon")
    found = store.database(str((body.get("parent") or {}).get("database_id")))
    title = rich_text.accept(body.get("title", []), "body.title")
    return store.show_source(store.create_source(found, title=title, properties=body.get("properties") or {}))


@route("GET", "data_sources/{source_id}")
def source(store: Store, *, source_id: str, query: Json, body: Record) -> Record:
    return store.show_source(store.source(source_id))


@route("PATCH", "data_sources/{source_id}")
def update_source(store: Store, *, source_id: str, query: Json, body: Record) -> Record:
    _allow(body, "properties", "title", "icon", "in_trash", "parent")
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
            column[kinds[0]]["options"], config[kinds[0]]["options"], rng=store.rng, path=f"body.properties.{key}")
    elif kinds and column["type"] == "number" and "format" in config["number"]:
        column["number"]["format"] = columns.number_format(config["number"]["format"], f"body.properties.{key}")


def _convert(store: Store, found: Record, column: Record, kind: str, config: Record) -> None:
    if "title" in (kind, column["type"]):
        raise validation("Cannot change the type of the title property.")
    fresh = columns.define(column["name"], {kind: config[kind]}, column_id=column["id"], rng=store.rng, path="body.properties")
    found["columns"][found["columns"].index(column)] = fresh
    for page in store.pages.values():
        if page["source"] == found["id"]:
            page["cells"].pop(column["id"], None)
            for _at, shown in page["shown"]:
                shown["cells"].pop(column["id"], None)


@route("POST", "data_sources/{source_id}/query")
def query_source(store: Store, *, source_id: str, query: Json, body: Record) -> Record:
    _allow(body, "filter", "sorts", "start_cursor", "page_size", "in_trash", "archived", "result_type")
    found = store.source(source_id)
    if store.databases[found["database"]]["in_trash"] or found["in_trash"]:
        raise missing("data_source", source_id)
    size = _size(body.get("page_size"))
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
    listed = _page(rows[:QUERY_CAP], start=start, size=size, cursor=lambda page: page["id"])
    only = set(query["filter_properties"]) if query.get("filter_properties") else None
    listed["results"] = [store.show_page(page, only) for page in listed["results"]]
    status: Record = {"type": "complete"}
    if capped and not listed["has_more"]:
        status = {"type": "incomplete", "incomplete_reason": "query_result_limit_reached"}
    return {**listed, "type": "page_or_data_source", "page_or_data_source": {}, "request_status": status}


@route("POST", "pages")
def create_page(store: Store, *, query: Json, body: Record) -> Record:
    _allow(body, "parent", "properties", "children", "icon", "cover", "content", "template", "position")
    parent = body.get("parent") or {}
    if "data_source_id" in parent:
        found = store.source(parent["data_source_id"])
    elif "database_id" in parent:
        holder = store.database(parent["database_id"])
        if len(holder["sources"]) != 1:
            raise validation("Databases with multiple data sources are not supported in this API version.")
        found = store.source(holder["sources"][0])
    else:
        raise invalid("body.parent.data_source_id should be defined, instead was `undefined`.")
    if found["in_trash"] or store.databases[found["database"]]["in_trash"]:
        raise missing("data_source", found["id"])
    blocks = _blocks(store, body.get("children") or [], parent_id="", path="body.children")
    page = store.create_page(found, body.get("properties") or {}, by=BOT_ID)
    store.blocks[page["id"]] = [{**block, "parent": {"type": "page_id", "page_id": page["id"]}} for block in blocks]
    return store.show_page(page)


@route("GET", "pages/{page_id}")
def page(store: Store, *, page_id: str, query: Json, body: Record) -> Record:
    only = set(query["filter_properties"]) if query.get("filter_properties") else None
    return store.show_page(store.page(page_id), only)


@route("PATCH", "pages/{page_id}")
def update_page(store: Store, *, page_id: str, query: Json, body: Record) -> Record:
    _allow(body, "properties", "icon", "cover", "in_trash", "archived", "is_locked", "is_archived", "template", "erase_content")
    found = store.page(page_id)
    for key in ("archived", "in_trash"):
        if key in body and not body[key]:
            store.trash_page(found, in_trash=False, by=BOT_ID)
    if body.get("properties"):
        store.update_page(found, body["properties"], by=BOT_ID)
    for key in ("archived", "in_trash"):
        if body.get(key):
            store.trash_page(found, in_trash=True, by=BOT_ID)
    return store.show_page(found)


@route("POST", "pages/{page_id}/move")
def move_page(store: Store, *, page_id: str, query: Json, body: Record) -> Record:
    _allow(body, "parent")
    found = store.page(page_id)
    store.move_page(found, body.get("parent") or {}, by=BOT_ID)
    return store.show_page(found)


@route("GET", "pages/{page_id}/properties/{property_id}")
def page_property(store: Store, *, page_id: str, property_id: str, query: Json, body: Record) -> Record:
    found = store.page(page_id)
    column = store.column(store.source(found["source"]), property_id) if found["source"] else None
    if column is None:
        raise missing("property", property_id)
    kind, stored = column["type"], found["cells"].get(column["id"])
    if kind not in ("title", "rich_text", "relation", "people"):
        from tests.servers.notion.values import show

        return {"object": "property_item", **show(column, stored, found)}
    wrap = {"relation": lambda entry: {"id": entry}, "people": lambda entry: {"object": "user", "id": entry}}
    items = [{"object": "property_item", "id": column["id"], "type": kind, kind: wrap.get(kind, lambda entry: entry)(entry)}
             for entry in stored or []]
    listed = _page(items, start=_offset(_first(query, "start_cursor")), size=_size(_first(query, "page_size")))
    following = listed["next_cursor"]
    next_url = following and f"/v1/pages/{found['id']}/properties/{column['id']}?start_cursor={following}"
    return {**listed, "type": "property_item",
            "property_item": {"id": column["id"], "type": kind, kind: {}, "next_url": next_url}}


@route("GET", "blocks/{block_id}/children")
def children(store: Store, *, block_id: str, query: Json, body: Record) -> Record:
    found = store.page(block_id)
    listed = [_child_database(base, found) for base in store.databases.values()
              if base["parent"].get("page_id") == found["id"] and not base["in_trash"]]
    listed += store.blocks.get(found["id"], [])
    answer_page = _page(listed, start=_offset(_first(query, "start_cursor")), size=_size(_first(query, "page_size")))
    return {**answer_page, "type": "block", "block": {}}


@route("PATCH", "blocks/{block_id}/children")
def append_children(store: Store, *, block_id: str, query: Json, body: Record) -> Record:
    _allow(body, "children", "after", "position")
    found = store.page(block_id)
    blocks = _blocks(store, body.get("children"), parent_id=found["id"], path="body.children")
    store.blocks.setdefault(found["id"], []).extend(blocks)
    return {"object": "list", "results": blocks, "has_more": False, "next_cursor": None, "type": "block", "block": {}}


def _child_database(base: Record, parent: Record) -> Record:
    return {"object": "block", "id": base["id"], "type": "child_database", "has_children": False,
            "child_database": {"title": rich_text.plain(base["title"])}, "parent": {"type": "page_id", "page_id": parent["id"]},
            "created_time": base["created_time"], "last_edited_time": base["last_edited_time"], "archived": False,
            "created_by": base["created_by"], "last_edited_by": base["last_edited_by"], "in_trash": False}


def _blocks(store: Store, sent: Json, *, parent_id: str, path: str) -> list[Record]:
    if not isinstance(sent, list):
        raise invalid(f"{path} should be an array.")
    if len(sent) > rich_text.ELEMENTS:
        raise invalid(f"{path}.length should be ≤ `100`, instead was `{len(sent)}`.")
    made = []
    for index, block in enumerate(sent):
        kind = block.get("type") or next((key for key in block if key not in ("object", "type")), "")
        if kind not in ("paragraph", "heading_1", "heading_2", "heading_3", "bulleted_list_item", "numbered_list_item", "quote"):
            raise invalid(f"{path}[{index}].{kind or 'type'} is not supported by this sandbox.")
        text = rich_text.accept((block.get(kind) or {}).get("rich_text", []), f"{path}[{index}].{kind}.rich_text")
        content = {"rich_text": text, "color": "default"}
        if kind.startswith("heading"):
            content["is_toggleable"] = False
        if kind == "paragraph":
            content["icon"] = None
        stamp = store.new_id()
        record = store._new(stamp, by=BOT_ID)
        made.append({"object": "block", "id": stamp, "type": kind, kind: content, "has_children": False, "archived": False,
                     "in_trash": False, "parent": {"type": "page_id", "page_id": parent_id},
                     **{key: record[key] for key in ("created_time", "created_by", "last_edited_time", "last_edited_by")}})
    return made
