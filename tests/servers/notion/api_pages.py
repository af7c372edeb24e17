"""Endpoints of pages, their properties and their blocks."""

from typing import Any

from tests.servers.notion import rich_text, values
from tests.servers.notion.problems import invalid, missing, validation
from tests.servers.notion.routing import allow, first, offset, page_of, page_size, route
from tests.servers.notion.store import BOT_ID, Record, Store

Json = Any


@route("POST", "pages")
def create_page(store: Store, *, query: Json, body: Record) -> Record:
    allow(body, "parent", "properties", "children", "icon", "cover", "content", "template", "position")
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
    allow(
        body,
        "properties",
        "icon",
        "cover",
        "in_trash",
        "archived",
        "is_locked",
        "is_archived",
        "template",
        "erase_content",
    )
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
    allow(body, "parent")
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
        return {"object": "property_item", **values.show(column, stored, found)}
    wrap = {"relation": lambda entry: {"id": entry}, "people": lambda entry: {"object": "user", "id": entry}}
    items = [
        {"object": "property_item", "id": column["id"], "type": kind, kind: wrap.get(kind, lambda entry: entry)(entry)}
        for entry in stored or []
    ]
    listed = page_of(items, start=offset(first(query, "start_cursor")), size=page_size(first(query, "page_size")))
    following = listed["next_cursor"]
    next_url = following and f"/v1/pages/{found['id']}/properties/{column['id']}?start_cursor={following}"
    return {
        **listed,
        "type": "property_item",
        "property_item": {"id": column["id"], "type": kind, kind: {}, "next_url": next_url},
    }


@route("GET", "blocks/{block_id}/children")
def children(store: Store, *, block_id: str, query: Json, body: Record) -> Record:
    found = store.page(block_id)
    listed = [
        _child_database(base, found)
        for base in store.databases.values()
        if base["parent"].get("page_id") == found["id"] and not base["in_trash"]
    ]
    listed += store.blocks.get(found["id"], [])
    answer_page = page_of(listed, start=offset(first(query, "start_cursor")), size=page_size(first(query, "page_size")))
    return {**answer_page, "type": "block", "block": {}}


@route("PATCH", "blocks/{block_id}/children")
def append_children(store: Store, *, block_id: str, query: Json, body: Record) -> Record:
    allow(body, "children", "after", "position")
    found = store.page(block_id)
    blocks = _blocks(store, body.get("children"), parent_id=found["id"], path="body.children")
    store.blocks.setdefault(found["id"], []).extend(blocks)
    return {"object": "list", "results": blocks, "has_more": False, "next_cursor": None, "type": "block", "block": {}}


def _child_database(base: Record, parent: Record) -> Record:
    return {
        "object": "block",
        "id": base["id"],
        "type": "child_database",
        "has_children": False,
        "child_database": {"title": rich_text.plain(base["title"])},
        "parent": {"type": "page_id", "page_id": parent["id"]},
        "created_time": base["created_time"],
        "last_edited_time": base["last_edited_time"],
        "archived": False,
        "created_by": base["created_by"],
        "last_edited_by": base["last_edited_by"],
        "in_trash": False,
    }


def _blocks(store: Store, sent: Json, *, parent_id: str, path: str) -> list[Record]:
    if not isinstance(sent, list):
        raise invalid(f"{path} should be an array.")
    if len(sent) > rich_text.ELEMENTS:
        raise invalid(f"{path}.length should be ≤ `100`, instead was `{len(sent)}`.")
    made = []
    for index, block in enumerate(sent):
        kind = block.get("type") or next((key for key in block if key not in ("object", "type")), "")
        if kind not in (
            "paragraph",
            "heading_1",
            "heading_2",
            "heading_3",
            "bulleted_list_item",
            "numbered_list_item",
            "quote",
        ):
            raise invalid(f"{path}[{index}].{kind or 'type'} is not supported by this sandbox.")
        text = rich_text.accept((block.get(kind) or {}).get("rich_text", []), f"{path}[{index}].{kind}.rich_text")
        content = {"rich_text": text, "color": "default"}
        if kind.startswith("heading"):
            content["is_toggleable"] = False
        if kind == "paragraph":
            content["icon"] = None
        stamp = store.new_id()
        record = store._new(stamp, by=BOT_ID)
        made.append(
            {
                "object": "block",
                "id": stamp,
                "type": kind,
                kind: content,
                "has_children": False,
                "archived": False,
                "in_trash": False,
                "parent": {"type": "page_id", "page_id": parent_id},
                **{key: record[key] for key in ("created_time", "created_by", "last_edited_time", "last_edited_by")},
            }
        )
    return made
