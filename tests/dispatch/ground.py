"""Committed queue rows and extra connections for tests of real SQL."""

from typing import Any
from uuid import UUID, uuid4

import psycopg2
from django.db import connections

from apps.dispatch import facade
from apps.dispatch.conf import dispatch_conf
from apps.dispatch.contracts import NewWork

FIRST_TENANT = 900_001
MINE = "tenant_id >= 900000"


class Ground:
    """Opens connections, makes tenants, workers and items, reads rows, and removes everything again."""

    def __init__(self) -> None:
        self._connections: list[Any] = []
        self._tenants = 0
        self.sql = self.connect()
        self.conf = dispatch_conf()

    def connect(self, *, autocommit: bool = True) -> Any:
        """A fresh connection to the test database."""
        given = connections["default"].get_connection_params()
        fresh = psycopg2.connect(
            **{key: given[key] for key in ("dbname", "user", "password", "host", "port") if key in given}
        )
        fresh.autocommit = autocommit
        self._connections.append(fresh)
        return fresh

    def run(self, sql: str, params: Any = None) -> list[tuple]:
        """Execute and commit."""
        with self.sql.cursor() as cursor:
            cursor.execute(sql, params)
            return cursor.fetchall() if cursor.description else []

    def one(self, sql: str, params: Any = None) -> Any:
        """First column of the first row."""
        return self.run(sql, params)[0][0]

    def tenant(self, *, weight: float = 1.0, max_in_flight: int = 500, epoch: int = 1) -> int:
        """A registered tenant."""
        tenant_id = FIRST_TENANT + self._tenants
        self._tenants += 1
        facade.register_tenant(
            tenant_id=tenant_id,
            schema_name=f"t_{tenant_id:012d}",
            epoch=epoch,
            weight=weight,
            max_in_flight=max_in_flight,
        )
        return tenant_id

    def worker(self, *, lease_s: float = 60) -> UUID:
        """A worker's row without a process."""
        incarnation = uuid4()
        self.run(
            "INSERT INTO dispatch_worker (incarnation, host, place, pid, pid_started, revision, kinds, slots, in_flight, "
            "started_at, beat_at, lease_until, draining) VALUES (%s, 'test', 'test', 0, 0, '', '[]', 10, 0, clock_timestamp(), "
            "clock_timestamp(), clock_timestamp() + %s * interval '1 second', false)",
            [str(incarnation), lease_s],
        )
        return incarnation

    def item(self, tenant_id: int, **fields: Any) -> int:
        """A ready item."""
        fields.setdefault("kind", "test.noop")
        fields.setdefault("ref", "r1")
        return facade.enqueue(tenant_id=tenant_id, work=NewWork(**fields))

    def set(self, work_id: int, **columns: Any) -> None:
        """Force columns of an item, past the trigger."""
        assignments = ", ".join(f"{name} = %({name})s" for name in columns)
        self.run(
            f"SET session_replication_role = replica; UPDATE dispatch_workitem SET {assignments} WHERE id = %(id)s; "
            "SET session_replication_role = origin",
            {**columns, "id": work_id},
        )

    def row(self, work_id: int, *names: str) -> Any:
        """Columns of an item; one name gives the bare value."""
        rows = self.run(f"SELECT {', '.join(names)} FROM dispatch_workitem WHERE id = %s", [work_id])
        return (rows[0][0] if len(names) == 1 else rows[0]) if rows else None

    def clean(self) -> None:
        """Remove what tests of dispatch leave behind."""
        self.run(
            f"SET session_replication_role = replica; DELETE FROM dispatch_workitem WHERE {MINE}; "
            f"DELETE FROM dispatch_firing WHERE {MINE} OR schedule_id LIKE 'test.%%'; "
            "DELETE FROM dispatch_scheduleentry WHERE name LIKE 'test.%%'; "
            f"DELETE FROM dispatch_tenantqueue WHERE {MINE}; DELETE FROM dispatch_worker; "
            "SET session_replication_role = origin".replace("%%", "%")
        )

    def close(self) -> None:
        """Clean up and disconnect."""
        for one in self._connections[1:]:
            one.close()
        self.clean()
        self.sql.close()
