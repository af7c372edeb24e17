"""Settings of tenancy, read once."""

from django.conf import settings

OPERATOR_SLUG = "hq"
POOL_SIZE: int = getattr(settings, "TENANTS_POOL_SIZE", 3)
GRACE_DAYS: int = getattr(settings, "TENANTS_GRACE_DAYS", 30)
EXPORT_DAYS: int = getattr(settings, "TENANTS_EXPORT_DAYS", 7)
RESERVED_SLUGS = frozenset(
    ("www", "api", "admin", "app", "accounts", "auth", "login", "mail", "static", "media", "status", "docs", "help", "support",
     "billing", "events", "metrics", "public", "hooks", "webhooks", "cdn", "assets", "ns1", "ns2", "smtp", "imap", "ftp",
     "localhost", "security", "abuse", "postmaster", "hostmaster", "webmaster")
)  # fmt: skip
OWNED_WORKSPACES: int = getattr(settings, "TENANTS_OWNED_WORKSPACES", 10)
