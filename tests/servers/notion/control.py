"""Controls of the sandbox under ``/_sandbox/``: state, reset, clock, faults, habits, webhooks, and a person's edits."""

import json
import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.servers.notion import api_databases
from tests.servers.notion.problems import Problem
from tests.servers.notion.store import PERSON_ID, Record

if TYPE_CHECKING:
    from tests.servers.notion.server import NotionServer

Json = Any


def answer(
    notion: "NotionServer", method: str, path: str, query: dict[str, list[str]], raw: bytes
) -> tuple[int, dict[str, str], bytes]:
    """Run one control."""
    name = path.removeprefix("/_sandbox/").strip("/")
    control = CONTROLS.get((method, name))
    headers = {"Content-Type": "application/json"}
    if control is None:
        known = sorted(f"{verb} /_sandbox/{key}" for verb, key in CONTROLS)
        return 404, headers, json.dumps({"message": "No such control.", "known": known}).encode()
    try:
        body = json.loads(raw or b"{}")
        with notion.store.lock:
            result = control(notion, body)
    except Problem as problem:
        return problem.status, headers, json.dumps(problem.body(request_id="sandbox")).encode()
    except (KeyError, TypeError, ValueError) as error:
        return 400, headers, json.dumps({"message": f"{type(error).__name__}: {error}"}).encode()
    return 200, headers, json.dumps(result, default=str).encode()


def state(notion: "NotionServer", _body: Record) -> Record:
    """Databases with their rows as a person sees them, counters and the last requests."""
    store = notion.store
    databases = [
        {
            "id": source["database"],
            "data_source_id": source["id"],
            "title": "".join(part["plain_text"] for part in source["title"]),
            "rows": [store.show_page(page) for page in store.pages.values() if page["source"] == source["id"]],
        }
        for source in store.sources.values()
        if not source["in_trash"]
    ]
    return {
        "now": notion.clock.now(),
        "databases": databases,
        "edits": store.edits,
        "calls": notion.budget.total,
        "calls_over_budget": notion.budget.over,
        "peak_per_minute": notion.budget.peak,
        "faults": notion.faults.show(),
        "webhooks": notion.webhooks.sent[-50:],
        "log": [{**entry, "body": None} for entry in list(notion.log)[-50:]],
    }


def reset(notion: "NotionServer", body: Record) -> Record:
    """Forget everything; ``{"seed": "demo"}`` fills it again."""
    from tests.servers.notion.seed import plant

    notion.store.reset()
    notion.faults.replace([])
    notion.budget.calls.clear()
    notion.budget.over = notion.budget.total = notion.budget.peak = 0
    if body.get("seed") == "demo":
        plant(notion.store)
    return {"ok": True}


def clock(notion: "NotionServer", body: Record) -> Record:
    """``{"set": seconds}``, ``{"advance": seconds}`` or ``{"release": true}``."""
    if "set" in body:
        notion.clock.set(float(body["set"]))
    if "advance" in body:
        notion.clock.advance(float(body["advance"]))
    if body.get("release"):
        notion.clock.release()
    return {"now": notion.clock.now(), "virtual": notion.clock.virtual}


def faults(notion: "NotionServer", body: Record) -> Record:
    """``{"rules": [...]}`` replaces all rules; see ``faults.py`` for their form."""
    notion.faults.replace(body.get("rules", []))
    return {"rules": notion.faults.show()}


def config(notion: "NotionServer", body: Record) -> Record:
    """``visibility`` {share, min, max} seconds until edits show in queries; budgets; ``moves_touch``; ``tokens``."""
    if "visibility" in body:
        late = body["visibility"]
        rng = random.Random(5)
        share, low, high = float(late.get("share", 1)), float(late.get("min", 0)), float(late["max"])
        notion.store.lag = lambda: rng.uniform(low, high) if rng.random() < share else 0.0
    for key in ("per_connection", "per_workspace"):
        if key in body:
            reason = {
                "per_connection": "public_api_request_rate_limit",
                "per_workspace": "public_api_space_request_rate_limit",
            }
            notion.budget.limits[reason[key]] = int(body[key])
    if "moves_touch" in body:
        notion.store.moves_touch = bool(body["moves_touch"])
    if "tokens" in body:
        notion.tokens = set(body["tokens"])
    return {"ok": True}


def webhook(notion: "NotionServer", body: Record) -> Record:
    """``{"url": ..., "delay_s": 0, "doubled": 0.2, "reordered": 0.2, "lost": 0}`` subscribes."""
    for key in ("delay_s", "doubled", "reordered", "lost"):
        if key in body:
            setattr(notion.webhooks.habits, key, float(body[key]))
    status = notion.webhooks.subscribe(body["url"]) if body.get("url") else None
    return {"verification_token": notion.webhooks.token, "receiver_answered": status}


def row(notion: "NotionServer", body: Record) -> Record:
    """A person adds a row: ``{"data_source_id": ..., "properties": {...}}`` in the API's shapes."""
    store = notion.store
    page = store.create_page(store.source(body["data_source_id"]), body.get("properties") or {}, by=PERSON_ID)
    return store.show_page(page)


def edit(notion: "NotionServer", body: Record) -> Record:
    """A person edits a row: ``{"page_id": ..., "properties": {...}, "in_trash": bool, "move_to": {...}}``."""
    store = notion.store
    page = store.page(body["page_id"])
    if body.get("properties"):
        store.update_page(page, body["properties"], by=PERSON_ID)
    if "in_trash" in body:
        store.trash_page(page, in_trash=bool(body["in_trash"]), by=PERSON_ID)
    if body.get("move_to"):
        store.move_page(page, body["move_to"], by=PERSON_ID)
    return store.show_page(page)


def column(notion: "NotionServer", body: Record) -> Record:
    """A person changes a column: ``{"data_source_id": ..., "column": "Name", "config": {...} or null}``."""
    found = notion.store.source(body["data_source_id"])
    api_databases.update_column(notion.store, found, body["column"], body["config"])
    return notion.store.show_source(found)


CONTROLS: dict[tuple[str, str], Callable[["NotionServer", Record], Record]] = {
    ("GET", "state"): state,
    ("POST", "reset"): reset,
    ("GET", "clock"): clock,
    ("POST", "clock"): clock,
    ("GET", "faults"): faults,
    ("POST", "faults"): faults,
    ("POST", "config"): config,
    ("POST", "webhook"): webhook,
    ("POST", "row"): row,
    ("POST", "edit"): edit,
    ("POST", "column"): column,
}
