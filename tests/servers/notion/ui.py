"""The page for people: databases as tables, a tick starts a row, cells can be edited, rows added; refreshed every two seconds."""

from html import escape
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote

from tests.servers.notion import rich_text, ui_access, values
from tests.servers.notion.problems import Problem
from tests.servers.notion.seed import cells_of
from tests.servers.notion.store import PERSON_ID, Record
from tests.servers.notion.ui_page import ICON, PAGE

if TYPE_CHECKING:
    from tests.servers.notion.server import NotionServer

Json = Any
Answer = tuple[int, dict[str, str], bytes]
HTML = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store"}
EMPTY = (
    '<p class="empty">No databases under this page yet. Connect with the token and the page id above, then have them '
    "created: they appear here.</p>"
)
EDITABLE = (
    "title",
    "rich_text",
    "number",
    "select",
    "status",
    "multi_select",
    "date",
    "checkbox",
    "url",
    "email",
    "phone_number",
)


def answer(notion: "NotionServer", method: str, path: str, query: dict[str, list[str]], raw: bytes) -> Answer:
    """Serve a page or take a form."""
    parts = [part for part in path.split("/") if part]
    form = {key: entry[0] for key, entry in parse_qs(raw.decode(errors="replace"), keep_blank_values=True).items()}
    try:
        with notion.store.lock:
            return _serve(notion, method, parts, query, form)
    except Problem as problem:
        return _html(
            notion, f'<p class="error">{escape(str(problem))}</p><p><a href="/">Back</a></p>', status=problem.status
        )
    except (ValueError, KeyError) as error:
        return _html(notion, f'<p class="error">{escape(str(error))}</p><p><a href="/">Back</a></p>', status=400)


def _serve(
    notion: "NotionServer", method: str, parts: list[str], query: dict[str, list[str]], form: dict[str, str]
) -> Answer:
    store = notion.store
    chosen = (query.get("db") or [""])[0]
    under = ui_access.page_of(store, page_id=(query.get("page") or [""])[0], database_id=chosen)
    if method == "GET" and not parts:
        return _html(notion, _tables(notion, chosen, under), live=True, above=_access(notion, under))
    if method == "GET" and parts == ["fragment"]:
        return HTTPStatus.OK, HTML, _tables(notion, chosen, under).encode()
    if method == "GET" and parts == ["favicon.ico"]:
        return HTTPStatus.OK, {"Content-Type": "image/svg+xml"}, ICON.encode()
    if method == "POST" and parts == ["page"]:
        made = store.page_with_token(form.get("title", "").strip()[:80] or ui_access.TITLE)
        return HTTPStatus.SEE_OTHER, {"Location": f"/?page={made['id']}", "Content-Type": "text/plain"}, b""
    if method == "GET" and parts[0] == "row":
        return _html(notion, _row_form(notion, store.page(parts[1])))
    if method == "POST" and parts[0] in ("row", "tick", "trash", "add"):
        if parts[0] == "add":
            source = store.source(parts[1])
            store.create_page(source, cells_of(store, source, form), by=PERSON_ID)
            return _back(source["database"])
        page = store.page(parts[1])
        source = store.source(page["source"])
        if parts[0] == "tick":
            store.update_page(page, {parts[2]: {"checkbox": form.get("on") == "1"}}, by=PERSON_ID)
        elif parts[0] == "trash":
            store.trash_page(page, in_trash=not page["in_trash"], by=PERSON_ID)
        else:
            store.update_page(page, _changes(notion, source, page, form), by=PERSON_ID)
        return _back(source["database"])
    return _html(notion, '<p class="error">There is no such page.</p><p><a href="/">Back</a></p>', status=404)


def _changes(notion: "NotionServer", source: Record, page: Record, form: dict[str, str]) -> Record:
    """Only the cells whose text differs from what the form was filled with."""
    wanted: Record = {}
    for column in source["columns"]:
        name = column["name"]
        if column["type"] == "checkbox":
            form = {**form, name: form.get(name, "")}
        if name in form and column["type"] in EDITABLE and form[name].replace("\r\n", "\n") != _plain(column, page):
            wanted[name] = form[name].replace("\r\n", "\n")
    return cells_of(notion.store, source, wanted)


def _back(database_id: str) -> Answer:
    return HTTPStatus.SEE_OTHER, {"Location": f"/?db={database_id}", "Content-Type": "text/plain"}, b""


def _access(notion: "NotionServer", under: Record) -> str:
    return ui_access.card(notion.store, under, token=under.get("token") or min(notion.tokens, default=""))


def _html(notion: "NotionServer", body: str, *, live: bool = False, status: int = 200, above: str = "") -> Answer:
    page = PAGE.replace("{{body}}", f'{above}<main id="live">{body}</main>' if live else f"<main>{body}</main>")
    return status, HTML, page.replace("{{live}}", "1" if live else "").encode()


def _tables(notion: "NotionServer", chosen: str, under: Record) -> str:
    store = notion.store
    shown = ui_access.sources_under(store, under)
    if not shown:
        return EMPTY
    picked = next((source for source in shown if source["database"] == chosen), shown[0])
    tabs = "".join(_tab(notion, source, current=source is picked) for source in shown)
    rows = [page for page in store.pages.values() if page["source"] == picked["id"] and not page["in_trash"]]
    rows.sort(key=lambda page: page["number"], reverse=True)
    columns = _ordered(picked)
    head = "".join(f"<th>{escape(column['name'])}</th>" for column in columns)
    body = (
        "".join(_table_row(columns, page) for page in rows[:200])
        or f'<tr><td colspan="{len(columns)}" class="empty">No rows.</td></tr>'
    )
    return (
        f'<nav>{tabs}</nav><details class="add"><summary>Add a row</summary>{_form(picked, None)}</details>'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _tab(notion: "NotionServer", source: Record, *, current: bool) -> str:
    count = sum(page["source"] == source["id"] and not page["in_trash"] for page in notion.store.pages.values())
    mark = " aria-current=page" if current else ""
    title = escape(rich_text.plain(source["title"]))
    return f'<a href="/?db={source["database"]}"{mark}>{title} <small>{count}</small></a>'


def _ordered(source: Record) -> list[Record]:
    """What a person watches first: title, tick, state, answer and figures; then what they typed, then the rest."""
    first = ("Trigger", "Status", "QA Score", "Result Summary", "Cost", "Description", "Task Type", "Priority")
    rank = {name: place for place, name in enumerate(first, start=1)}
    return sorted(
        source["columns"],
        key=lambda column: 0 if column["type"] == "title" else rank.get(column["name"], len(first) + 1),
    )


def _table_row(columns: list[Record], page: Record) -> str:
    cells = []
    for column in columns:
        label = escape(column["name"], quote=True)
        if column["type"] == "checkbox":
            on = bool(page["cells"].get(column["id"]))
            inner = (
                f'<form method="post" action="/tick/{page["id"]}/{quote(column["id"], safe="")}">'
                f'<input type="hidden" name="on" value="{0 if on else 1}">'
                f'<button class="tick" aria-pressed="{str(on).lower()}" aria-label="{label}">{"☑" if on else "☐"}</button></form>'
            )
        else:
            text = _plain(column, page)
            inner = escape(text[:240] + ("…" if len(text) > 240 else ""))
            if column["type"] in ("select", "status") and text:
                inner = f'<span class="pill">{inner}</span>'
            if column["type"] == "title":
                inner = f'<a href="/row/{page["id"]}">{inner or "Untitled"}</a>'
        cells.append(f'<td data-label="{label}" class="{column["type"]}">{inner}</td>')
    return f"<tr>{''.join(cells)}</tr>"


def _row_form(notion: "NotionServer", page: Record) -> str:
    source = notion.store.source(page["source"])
    back = f'<p><a href="/?db={source["database"]}">← {escape(rich_text.plain(source["title"]))}</a></p>'
    return (
        back
        + _form(source, page)
        + f'<form method="post" action="/trash/{page["id"]}"><button class="quiet">Move to bin</button></form>'
    )


def _form(source: Record, page: Record | None) -> str:
    fields = "".join(_field(column, page) for column in source["columns"] if column["type"] in EDITABLE)
    action = f"/row/{page['id']}" if page else f"/add/{source['id']}"
    return f'<form method="post" action="{action}" class="fields">{fields}<button>{"Save" if page else "Add"}</button></form>'


def _field(column: Record, page: Record | None) -> str:
    name, kind = escape(column["name"], quote=True), column["type"]
    text = escape(_plain(column, page), quote=True) if page else ""
    if kind == "checkbox":
        field = f'<input type="checkbox" name="{name}"{" checked" if text == "on" else ""}>'
    elif kind in ("select", "status"):
        options = "".join(
            f"<option{' selected' if escape(option['name'], quote=True) == text else ''}>{escape(option['name'])}</option>"
            for option in column[kind]["options"]
        )
        field = f'<select name="{name}"><option value=""></option>{options}</select>'
    elif kind == "rich_text":
        field = f'<textarea name="{name}" rows="3">{text}</textarea>'
    else:
        types = {
            "number": 'type="number" step="any"',
            "date": 'type="text" placeholder="2026-11-21"',
            "email": 'type="email"',
        }
        field = f'<input {types.get(kind, "type=text")} name="{name}" value="{text}">'
    return f"<label><span>{name}</span>{field}</label>"


def _plain(column: Record, page: Record) -> str:
    shown = values.show(column, page["cells"].get(column["id"]), page)[column["type"]]
    kind = column["type"]
    if shown is None:
        return ""
    if kind in ("title", "rich_text"):
        return rich_text.plain(shown)
    if kind in ("select", "status"):
        return str(shown["name"])
    if kind == "multi_select":
        return ", ".join(option["name"] for option in shown)
    if kind == "date":
        return str(shown["start"]) + (f" – {shown['end']}" if shown["end"] else "")
    if kind in ("checkbox", "unique_id"):
        return f"{shown['prefix'] or ''}-{shown['number']}" if kind == "unique_id" else "on" if shown else ""
    linked = f"{len(shown)} linked" if isinstance(shown, list) and shown else ""
    return linked if isinstance(shown, list) else str(shown)
