"""What a product needs to connect: the token and the page, ready to copy; and a page of one's own, with a token of its own."""

from html import escape

from tests.servers.notion.store import PARENT_PAGE_ID, Record, Store

TITLE = "A page of my own"


def pages(store: Store) -> list[Record]:
    """Pages that are not rows: databases live under them."""
    return [page for page in store.pages.values() if page["source"] is None and not page["in_trash"]]


def page_of(store: Store, *, page_id: str, database_id: str) -> Record:
    """The page asked for, else the one a database stands under, else the first."""
    if database_id in store.databases:
        page_id = page_id or str(store.databases[database_id]["parent"].get("page_id", ""))
    return next((page for page in pages(store) if page["id"] == page_id), store.page(PARENT_PAGE_ID))


def sources_under(store: Store, page: Record) -> list[Record]:
    """The tables below a page."""
    return [
        source
        for source in store.sources.values()
        if not source["in_trash"] and store.databases[source["database"]]["parent"].get("page_id") == page["id"]
    ]


def card(store: Store, page: Record, *, token: str) -> str:
    """Token and page id in fields one can copy from, the other pages, and a form for a new one."""
    others = "".join(
        f'<a href="/?page={one["id"]}"{" aria-current=page" if one is page else ""}>{escape(one["title"])}</a>'
        for one in pages(store)
    )
    return (
        f'<section class="access" aria-label="Connect"><nav aria-label="Pages">{others}</nav>'
        f"{_copy('Token', token)}{_copy('Page id', page['id'])}"
        '<form method="post" action="/page"><label><span>New page</span>'
        f'<input name="title" maxlength="80" placeholder="{TITLE}"></label><button>Make it</button></form></section>'
    )


def _copy(label: str, value: str) -> str:
    return (
        f'<label><span>{label}</span><input readonly value="{escape(value, quote=True)}" size="{len(value)}"></label>'
    )
