"""Files under a folder of their tenant: a name alone never reaches another tenant's file."""

import shutil
from pathlib import Path

from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import FileSystemStorage
from django.utils.deconstruct import deconstructible

from apps.tenants.context import current_tenant

FOLDER = "tenants"


@deconstructible
class TenantStorage(FileSystemStorage):
    """Every path is resolved below the active tenant's folder at the moment of use; ``NoTenant`` outside a context.

    Files have no public address: views of the tenant's host send them after checking permission.
    """

    def __init__(self) -> None:
        super().__init__(allow_overwrite=False)

    @property
    def base_location(self) -> str:
        """The active tenant's folder."""
        return str(tenant_folder(current_tenant().schema_name))

    @property
    def location(self) -> str:
        """The same, absolute; read afresh each time, because one storage object serves all tenants."""
        return str(Path(self.base_location).absolute())

    def url(self, name: str | None) -> str:
        """Refused: there is no public address."""
        raise SuspiciousFileOperation("Tenant files are sent by views, they have no address of their own.")


def tenant_folder(schema_name: str) -> Path:
    """Folder of one tenant's files."""
    return Path(settings.MEDIA_ROOT) / FOLDER / schema_name


def delete_files(*, schema_name: str) -> None:
    """Remove everything below the tenant's folder; a missing folder is fine."""
    shutil.rmtree(tenant_folder(schema_name), ignore_errors=True)
