"""All endpoints: importing this module registers them."""

from typing import Any

from tests.servers.notion import api_databases, api_pages, rich_text
from tests.servers.notion.problems import invalid, missing
from tests.servers.notion.routing import allow, answer, first, offset, page_of, page_size, route
from tests.servers.notion.store import BOT_ID, Record, Store, normal

Json = Any
__all__ = ["answer", "api_databases", "api_pages"]


@route("GET", "users/me")
def me(store: Store, *, query: Json, body: Record) -> Record:
    return store.users[BOT_ID]


@route("GET", "users")
def users(store: Store, *, query: Json, body: Record) -> Record:
    found = page_of(
        list(store.users.values()),
        start=offset(first(query, "start_cursor")),
        size=page_size(first(query, "page_size")),
    )
    return {**found, "type": "user", "user": {}}


@route("GET", "users/{user_id}")
def user(store: Store, *, user_id: str, query: Json, body: Record) -> Record:
    found = store.users.get(normal(user_id))
    if found is None:
        raise missing("user", user_id)
    return found


@route("POST", "search")
def search(store: Store, *, query: Json, body: Record) -> Record:
    allow(body, "query", "filter", "sort", "start_cursor", "page_size")
    kind = (body.get("filter") or {}).get("value")
    if kind not in (None, "page", "data_source"):
        raise invalid(f'body.filter.value should be `"page"` or `"data_source"`, instead was `{kind!r}`.')
    words = str(body.get("query") or "").casefold()
    found: list[Record] = []
    if kind != "page":
        found += [
            store.show_source(source)
            for source in store.sources.values()
            if not source["in_trash"] and words in rich_text.plain(source["title"]).casefold()
        ]
    if kind != "data_source":
        seen = [store.visible(page) if page["shown"] else page for page in store.pages.values()]
        found += [
            store.show_page(page)
            for page in seen
            if page and not page["in_trash"] and words in store.title_of(page).casefold()
        ]
    found.sort(key=lambda record: record["last_edited_time"], reverse=True)
    listed = page_of(found, start=offset(body.get("start_cursor")), size=page_size(body.get("page_size")))
    return {**listed, "type": "page_or_data_source", "page_or_data_source": {}}
