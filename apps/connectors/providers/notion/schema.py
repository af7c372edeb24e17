"""Declared databases against the ones in Notion: created, checked, repaired; never anything of the user's destroyed.

Everything found is decided from Notion's present state, so a run that was killed, repeated or doubled ends in the same place.
Our databases are known by a marker in their description; the listing of the parent page, unlike search, is always up to date.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Self
from uuid import UUID, uuid4

from django.db.models import Q

from apps.connectors.clock import SYSTEM, Clock
from apps.connectors.conf import timing
from apps.connectors.contracts import SchemaChange, SchemaDiff
from apps.connectors.enums import SchemaAction
from apps.connectors.errors import RemoteNotFound, SetupRunning
from apps.connectors.models import Connection, NotionDatabase, NotionPage
from apps.connectors.providers.notion import columns as compare
from apps.connectors.providers.notion import outbox
from apps.connectors.providers.notion.client import NotionClient
from apps.connectors.providers.notion.session import open_connection, talking
from apps.connectors.providers.notion.specs import DatabaseSpec
from apps.connectors.registries import notion_databases
from apps.core.errors import InvalidInput
from apps.tenants import facade as tenants

Json = Any
logger = logging.getLogger(__name__)


def sync(*, connection_id: UUID, dry_run: bool, shadow_columns: bool = False, database_ids: Mapping[str, str] | None = None,
         clock: Clock = SYSTEM) -> SchemaDiff:  # fmt: skip
    """See ``facade.notion_apply``. ``database_ids`` points keys at databases that exist already."""
    connection = open_connection(connection_id)
    specs = sorted(notion_databases, key=lambda spec: (spec.position, spec.key))
    if not connection.parent_page_id:
        raise InvalidInput(
            fields={"parent_page_id": "connect again with the page under which the databases shall live"}
        )
    with SetupLease(connection, clock, needed=not dry_run) as lease, talking(connection, clock=clock) as client:
        run = _Run(
            connection=connection, client=client, clock=clock, lease=lease, dry_run=dry_run, shadow=shadow_columns
        )
        run.listed = {block["id"]: str((block.get("child_database") or {}).get("title", "")) for block in
                      client.child_databases(connection.parent_page_id)}  # fmt: skip
        for spec in specs:
            lease.extend()
            run.database(spec, (database_ids or {}).get(spec.key))
        for spec in specs:
            lease.extend()
            run.columns(spec)
    if not dry_run:
        outbox.revive(connection_id=connection_id)
        outbox.requeue_due(connection_id=connection_id, clock=clock)
    return SchemaDiff(changes=tuple(run.changes), checked=len(specs), dry_run=dry_run)


class _Run:
    """One pass over all declared databases."""

    def __init__(
        self,
        *,
        connection: Connection,
        client: NotionClient,
        clock: Clock,
        lease: "SetupLease",
        dry_run: bool,
        shadow: bool,
    ) -> None:
        self.connection, self.client, self.clock, self.lease = connection, client, clock, lease
        self.dry_run, self.shadow = dry_run, shadow
        self.listed: dict[str, str] = {}
        self.remote: dict[str, dict[str, Json]] = {}
        self.changes: list[SchemaChange] = []
        self.records = {row.key: row for row in connection.databases.all()}

    def note(self, spec: DatabaseSpec, action: SchemaAction, subject: str = "", detail: str = "", *, blocked: bool = False,
             done: bool = True) -> None:  # fmt: skip
        """Report one difference."""
        self.changes.append(SchemaChange(database_key=spec.key, action=str(action), subject=subject, detail=detail, blocked=blocked,
                                         applied=done and not self.dry_run and not blocked))  # fmt: skip

    def database(self, spec: DatabaseSpec, wanted_id: str | None) -> None:
        """Find the database or create it."""
        record = self.records.get(spec.key)
        if record is not None and wanted_id in (None, record.database_id) and self._present(record):
            return
        found = self._find(spec, wanted_id, gone=record.database_id if record else "")
        if found is not None:
            self.note(spec, SchemaAction.ADOPT_DATABASE, spec.title, str(found["id"]))
            if not self.dry_run:
                self._record(spec, found)
            return
        self.note(spec, SchemaAction.CREATE_DATABASE, spec.title, f"{len(spec.columns)} columns")
        if not self.dry_run:
            self._create(spec)

    def _present(self, record: NotionDatabase) -> bool:
        """Whether the database we know is still there; its columns are kept for the comparison."""
        try:
            source = self.client.source(record.data_source_id)
        except RemoteNotFound:
            return False
        self.remote[record.key] = source["properties"]
        return not source.get("in_trash")

    def _alive(self, database_id: str) -> dict[str, Json] | None:
        try:
            found = self.client.database(database_id)
        except RemoteNotFound:
            return None
        return None if found.get("in_trash") or not found.get("data_sources") else found

    def _find(self, spec: DatabaseSpec, wanted_id: str | None, *, gone: str) -> dict[str, Json] | None:
        """By the id given, else ours under the parent page: by marker, or by title when it has all our column names."""
        if wanted_id:
            found = self._alive(wanted_id)
            if found is None:
                raise InvalidInput(fields={spec.env_name: f"no database {wanted_id} is shared with the integration"})
            return found
        taken = {row.database_id for row in self.records.values()}
        ours = []
        for database_id, title in self.listed.items():
            if title == spec.title and database_id not in taken and database_id != gone:
                candidate = self._alive(database_id)
                if candidate and marker(spec) in _plain(candidate.get("description")):
                    ours.append(candidate)
        ours.sort(key=lambda candidate: (str(candidate.get("created_time")), str(candidate["id"])))
        return ours[0] if ours else None

    def _create(self, spec: DatabaseSpec) -> None:
        """Create, and settle a race: of several of ours the oldest stays, an empty one just made by us goes to the bin."""
        self.lease.insist()
        properties = {
            name: compare.definition(column)
            for name, column in spec.columns.items()
            if column.type not in ("relation", "status")
        }
        made = self.client.create_database(parent_page_id=self.connection.parent_page_id, title=spec.title, properties=properties,
                                           description=f"{spec.description}\n{marker(spec)}".strip())  # fmt: skip
        if not self.lease.held():
            self.listed = {block["id"]: str((block.get("child_database") or {}).get("title", "")) for block in
                           self.client.child_databases(self.connection.parent_page_id)}  # fmt: skip
            first = self._find(spec, None, gone="")
            if first is not None and first["id"] != made["id"]:
                self.client.trash_database(made["id"])
            raise SetupRunning
        self._record(spec, made)

    def _record(self, spec: DatabaseSpec, found: dict[str, Json]) -> None:
        """Remember the ids. Another database than before starts with an empty memory of rows."""
        source_id = str(found["data_sources"][0]["id"])
        known = self.records.get(spec.key)
        if known is not None and known.data_source_id != source_id:
            NotionPage.objects.filter(database=known).delete()
        fields: dict[str, Json] = {
            "database_id": str(found["id"]),
            "data_source_id": source_id,
            "title": spec.title,
            "url": str(found.get("url") or "")[:500],
        }
        if known is None or known.data_source_id != source_id:
            fields |= {"columns": {}, "polled_from": None, "polled_at": None, "swept_at": None}
        record, _made = NotionDatabase.objects.update_or_create(
            connection=self.connection, key=spec.key, defaults=fields
        )
        self.records[spec.key] = record
        self.remote.pop(spec.key, None)

    def columns(self, spec: DatabaseSpec) -> None:
        """Compare and repair the columns, then remember which of ours is which of theirs."""
        record = self.records.get(spec.key)
        if record is None:
            return
        if spec.key not in self.remote and not self._present(record):
            return
        remote = self.remote[spec.key]
        sources = {key: row.data_source_id for key, row in self.records.items()}
        plan = compare.plan(spec, remote, known=record.columns, sources=sources, shadow=self.shadow)
        for change in plan.changes:
            self.changes.append(
                replace(
                    change, applied=not self.dry_run and not change.blocked and change.action != SchemaAction.RENAMED
                )
            )
        if self.dry_run:
            return
        if plan.updates:
            remote = self.client.update_source(record.data_source_id, properties=plan.updates)["properties"]
        mapping = compare.mapping(spec, remote, known=record.columns)
        problem = "; ".join(f"{change.subject}: {change.detail}" for change in plan.changes if change.blocked)
        NotionDatabase.objects.filter(pk=record.pk).update(
            columns=mapping,
            checked_at=self.clock.now(),
            problem=problem,
            error_code="notion_schema_drift" if problem else "",
        )


class SetupLease:
    """One set-up of a connection at a time. Raises ``SetupRunning`` when another holds it."""

    def __init__(self, connection: Connection, clock: Clock, *, needed: bool) -> None:
        self._connection, self._clock, self._needed = connection, clock, needed
        self._owner = uuid4()

    def __enter__(self) -> Self:
        if self._needed and not self._take():
            raise SetupRunning(retry_after=timing().setup_lease_s)
        return self

    def __exit__(self, *_error: object) -> None:
        mine = Connection.objects.filter(pk=self._connection.pk, setup_owner=self._owner)
        mine.update(setup_owner=None, setup_until=None)

    def _take(self) -> bool:
        now = self._clock.now()
        free = Q(setup_until__isnull=True) | Q(setup_until__lte=now) | Q(setup_owner=self._owner)
        until = now + timedelta(seconds=timing().setup_lease_s)
        return (
            Connection.objects.filter(free, pk=self._connection.pk).update(setup_owner=self._owner, setup_until=until)
            == 1
        )

    def extend(self) -> None:
        """Keep it. Raises ``SetupRunning`` when it was lost."""
        if self._needed:
            self.insist()

    def insist(self) -> None:
        """Make sure it is ours for its whole length from now."""
        if not self._take():
            raise SetupRunning

    def held(self) -> bool:
        """Whether it is still ours."""
        return Connection.objects.filter(
            pk=self._connection.pk, setup_owner=self._owner, setup_until__gt=self._clock.now()
        ).exists()


def marker(spec: DatabaseSpec) -> str:
    """The text by which a database of ours is known; two workspaces under one page have databases of their own."""
    return f"[echopilot:{spec.key}:{tenants.current_tenant().slug}]"


def _plain(parts: Json) -> str:
    return "".join(str(part.get("plain_text", "")) for part in parts or [] if isinstance(part, dict))
