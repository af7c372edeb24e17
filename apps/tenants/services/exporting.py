"""Writes everything a tenant would call theirs into one zip: JSON lines per table, a manifest with checksums.

All rows are read in one transaction at one moment. Encrypted columns are left out and listed in the manifest: they could
not be read elsewhere, and a stolen export must not carry credentials.
"""

import hashlib
import json
import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from django.db import connection, transaction
from django.utils import timezone

from apps.accounts.facade import list_members
from apps.core.errors import NotFound
from apps.core.ids import new_id
from apps.tenants.conf import EXPORT_DAYS
from apps.tenants.context import current_tenant, tenant_context
from apps.tenants.contracts import TenantRef
from apps.tenants.enums import ExportState, TenantEventKind
from apps.tenants.models import Domain, Tenant, TenantExport
from apps.tenants.schemas.tables import Table, list_tables
from apps.tenants.services.records import record_event
from apps.tenants.storage import tenant_folder

FORMAT = "echopilot-export/1"
FOLDER = "exports"
PAGE = 2000
README = """Each file under data/ holds one table, one JSON object per line, in the order of its primary key.
manifest.json lists every file with its number of rows and its SHA-256; columns under "withheld" are credentials
stored encrypted, which are not exported. people.jsonl and workspace.json describe the workspace itself.
"""


def export_tenant(*, tenant_id: int, requested_by: int | None = None, path: Path | None = None) -> TenantExport:
    """Write the export and return its row; the file lies in the tenant's folder, or at ``path``.

    A suspended or leaving tenant can be exported. Raises ``UnknownTenant``. On an error the row says ``failed`` and the half
    file is removed.
    """
    with tenant_context(tenant_id, allow_inactive=True) as tenant:
        row = TenantExport.objects.create(tenant_id=tenant.id, requested_by=requested_by)
        target = path or tenant_folder(tenant.schema_name) / FOLDER / f"{tenant.slug}-{new_id().hex}.zip"
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            rows = _write(target, tenant)
        except Exception as error:
            target.unlink(missing_ok=True)
            TenantExport.objects.filter(pk=row.pk).update(
                state=ExportState.FAILED, error=f"{type(error).__name__}: {error}"[:300]
            )
            raise
        row.state, row.path, row.size_bytes = ExportState.READY, str(target), target.stat().st_size
        row.sha256 = _sha256(target)
        row.expires_at = timezone.now() + timedelta(days=EXPORT_DAYS)
        row.save()
        record_event(
            tenant_id=tenant.id, kind=TenantEventKind.EXPORTED, actor_id=requested_by, rows=rows, sha256=row.sha256
        )
    return row


def open_export(*, export_id: int) -> Path:
    """Path of a finished export of the current tenant. Raises ``NotFound`` for foreign, unknown and expired ones alike."""
    row = TenantExport.objects.filter(pk=export_id, tenant_id=current_tenant().id, state=ExportState.READY).first()
    if row is None or not Path(row.path).exists():
        raise NotFound
    return Path(row.path)


def remove_expired_exports(*, now: datetime | None = None) -> int:
    """Delete export files past their date; returns how many."""
    due = TenantExport.objects.filter(state=ExportState.READY, expires_at__lte=now or timezone.now())
    for row in due:
        Path(row.path).unlink(missing_ok=True)
        TenantExport.objects.filter(pk=row.pk).update(state=ExportState.EXPIRED)
    return len(due)


def _write(target: Path, tenant: TenantRef) -> int:
    files: list[dict[str, object]] = []
    with zipfile.ZipFile(target, "x", zipfile.ZIP_DEFLATED) as archive, transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        archive.writestr("README.txt", README)
        files.append(_add(archive, "workspace.json", iter([_workspace(tenant)])))
        files.append(_add(archive, "people.jsonl", _people(tenant)))
        withheld = {}
        for table in list_tables(tenant.schema_name):
            files.append(_add(archive, f"data/{table.name}.jsonl", _rows(table)))
            hidden = [column.name for column in table.columns if column.is_secret]
            if hidden:
                withheld[table.name] = hidden
        manifest = {
            "format": FORMAT,
            "workspace": tenant.slug,
            "taken_at": timezone.now().isoformat(),
            "epoch": tenant.epoch,
            "files": files,
            "withheld": withheld,
        }
        archive.writestr("manifest.json", json.dumps(manifest, indent=2))
    return sum(int(str(file["rows"])) for file in files)


def _add(archive: zipfile.ZipFile, name: str, lines: Iterator[str]) -> dict[str, object]:
    digest, count = hashlib.sha256(), 0
    with archive.open(name, "w", force_zip64=True) as file:
        for line in lines:
            data = line.encode() + b"\n"
            digest.update(data)
            file.write(data)
            count += 1
    return {"name": name, "rows": count, "sha256": digest.hexdigest()}


def _rows(table: Table) -> Iterator[str]:
    columns = ", ".join(connection.ops.quote_name(column.name) for column in table.plain)
    query = (
        f"SELECT to_jsonb(t)::text FROM (SELECT {columns} FROM {connection.ops.quote_name(table.name)} ORDER BY 1) t"  # noqa: S608
    )
    with connection.chunked_cursor() as cursor:
        cursor.execute(query)
        while page := cursor.fetchmany(PAGE):
            yield from (row[0] for row in page)


def _workspace(tenant: TenantRef) -> str:
    row = Tenant.objects.values("slug", "name", "email", "plan_id", "launch_stage", "language", "time_zone").get(
        pk=tenant.id
    )
    domains = list(Domain.objects.filter(tenant_id=tenant.id).order_by("id").values_list("domain", flat=True))
    return json.dumps({**row, "domains": domains})


def _people(tenant: TenantRef) -> Iterator[str]:
    for membership in list_members(tenant_id=tenant.id):
        yield json.dumps({"email": membership.user.email, "name": membership.user.name, "role": membership.role})


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
