"""`manage.py migrate_schemas`: the name django-tenants users know, for the same thing as `migrate`."""

from apps.tenants.management.commands.migrate import Command

__all__ = ["Command"]
