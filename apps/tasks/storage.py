"""Where attachments lie: in the tenant's folder, under random names."""

from apps.tenants.facade import TenantStorage

FOLDER = "tasks"
files = TenantStorage()
