"""Webhook deliveries: signed, late, doubled and out of order on request; retried up to eight times."""

import hashlib
import hmac
import json
import random
import threading
import time
import uuid
from dataclasses import dataclass
from typing import Any

import httpx

from tests.servers.notion.clock import iso
from tests.servers.notion.store import BOT_ID, WORKSPACE_ID, Record, Store

SUBSCRIPTION_ID = "00000000-0000-4000-8000-0000000000dd"
INTEGRATION_ID = "00000000-0000-4000-8000-0000000000ee"
ATTEMPTS = 8


@dataclass
class Habits:
    """How deliveries misbehave: seconds of delay, share delivered twice, share held back behind later ones."""

    delay_s: float = 0.0
    doubled: float = 0.0
    reordered: float = 0.0
    lost: float = 0.0


class Webhooks:
    """One subscription. Events queue up; ``deliver_due`` (or the background thread) sends what is due."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.url = ""
        self.token = "secret_webhook_sandbox"
        self.habits = Habits()
        self.sent: list[dict[str, Any]] = []
        self._due: list[tuple[float, dict[str, Any]]] = []
        self._lock = threading.Lock()
        self._rng = random.Random(23)
        self._stop = threading.Event()

    def subscribe(self, url: str) -> int:
        """Start sending to ``url``; the first request carries the verification token. Returns the receiver's status."""
        self.url = url
        return self._post(json.dumps({"verification_token": self.token}).encode(), signed=False)

    def announce(self, event: str, record: Record, by: str, cells: list[str]) -> None:
        """Queue the event of a change."""
        if not self.url or self._rng.random() < self.habits.lost:
            return
        due = self.store.clock.now() + self.habits.delay_s
        if self._rng.random() < self.habits.reordered:
            due += self._rng.uniform(1, 120)
        body = self._event(event, record, by, cells)
        with self._lock:
            self._due.append((due, body))
            if self._rng.random() < self.habits.doubled:
                self._due.append((due + self._rng.uniform(0, 30), body))

    def deliver_due(self) -> int:
        """Send what is due by the sandbox's clock; a refused delivery comes again later. Returns how many were sent."""
        now = self.store.clock.now()
        with self._lock:
            ready = sorted((entry for entry in self._due if entry[0] <= now), key=lambda entry: entry[0])
            self._due = [entry for entry in self._due if entry[0] > now]
        for _due, body in ready:
            status = self._post(json.dumps(body).encode(), signed=True)
            self.sent.append({"id": body["id"], "type": body["type"], "status": status})
            if not 200 <= status < 300 and body["attempt_number"] < ATTEMPTS:
                retry = {**body, "attempt_number": body["attempt_number"] + 1}
                with self._lock:
                    self._due.append((now + 60 * 2 ** body["attempt_number"], retry))
        return len(ready)

    def run(self) -> None:
        """Background delivery until ``stop``."""
        while not self._stop.wait(0.2):
            if self.url and self._due:
                self.deliver_due()

    def stop(self) -> None:
        """End the background thread."""
        self._stop.set()

    def sign(self, body: bytes) -> str:
        """Value of X-Notion-Signature."""
        return "sha256=" + hmac.new(self.token.encode(), body, hashlib.sha256).hexdigest()

    def _event(self, event: str, record: Record, by: str, cells: list[str]) -> dict[str, Any]:
        kind = event.split(".", maxsplit=1)[0]
        parent = record.get("parent") or {}
        data: dict[str, Any] = {
            "parent": {
                "id": parent.get("database_id") or parent.get("page_id") or WORKSPACE_ID,
                "type": "database" if "database_id" in parent else "page",
            }
        }
        if "data_source_id" in parent:
            data["parent"]["data_source_id"] = parent["data_source_id"]
        if event == "page.properties_updated":
            data["updated_properties"] = cells
        return {
            "id": str(uuid.UUID(int=self._rng.getrandbits(128), version=4)),
            "timestamp": iso(self.store.clock.now()),
            "workspace_id": WORKSPACE_ID,
            "workspace_name": "Sandbox",
            "subscription_id": SUBSCRIPTION_ID,
            "integration_id": INTEGRATION_ID,
            "type": event,
            "authors": [{"id": by, "type": "bot" if by == BOT_ID else "person"}],
            "attempt_number": 1,
            "api_version": "2025-09-03",
            "entity": {"id": record["id"], "type": kind},
            "data": data,
        }

    def _post(self, body: bytes, *, signed: bool) -> int:
        headers = {"Content-Type": "application/json", "User-Agent": "notion-api"}
        if signed:
            headers["X-Notion-Signature"] = self.sign(body)
        for _pause in (0.0, 0.05):
            time.sleep(_pause)
            try:
                return httpx.post(self.url, content=body, headers=headers, timeout=10).status_code
            except httpx.HTTPError:
                continue
        return 0
