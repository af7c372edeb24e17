"""Cache keys that carry the tenant."""

from apps.tenants.context import current_tenant


def make_key(key: str, key_prefix: str, version: int) -> str:
    """``schema:epoch:prefix:version:key``: no entry can be read under another tenant, or from before a restore.

    Raises ``NoTenant`` outside a tenant's context: global values belong into the ``default`` cache.
    """
    tenant = current_tenant()
    return f"{tenant.schema_name}:{tenant.epoch}:{key_prefix}:{version}:{key}"
