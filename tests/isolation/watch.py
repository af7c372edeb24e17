"""Watches statements, querysets, rows, cache keys and files of the whole suite.

``expected_schema`` says where a statement ought to run; the connection's own ``search_path`` says where it does. A
difference raises ``Breach`` at the spot and is remembered, so that code which swallows exceptions does not hide it.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import psycopg2.extensions
from django.apps import apps
from django.conf import settings
from django.core.cache.backends.base import BaseCache
from django.core.files.storage import FileSystemStorage
from django.db import connections
from django.db.backends.signals import connection_created
from django.db.models import Model
from django.db.models.query import QuerySet
from django_redis.client import DefaultClient

SCHEMA_IN_SQL = re.compile(r"\bt_[a-z0-9]{12}\b")
GLOBAL_KEYS = re.compile(r"^(allauth[.:]|throttle|django\.contrib\.sessions|[a-z_]*rl[:.]|platform:)")
TENANT_FILES = "tenants"

breaches: list[str] = []
checked = {"statements": 0}


class Breach(AssertionError):
    """A tenant's boundary was crossed, or nearly."""


def _breach(text: str) -> None:
    breaches.append(text)
    raise Breach(text)


@contextmanager
def watch() -> Iterator[None]:
    """Install the watch in this process, for every connection of every thread."""
    connection_created.connect(_watch_connection, dispatch_uid="isolation watch")
    for connection in connections.all(initialized_only=True):
        _watch_connection(sender=None, connection=connection)
    with ExitStack() as stack:
        for patch in (*_queryset_patches(), *_row_patches(), *_cache_patches(), *_file_patches()):
            stack.enter_context(patch)
        yield
    connection_created.disconnect(dispatch_uid="isolation watch")


def _watch_connection(sender: Any, connection: Any, **kwargs: Any) -> None:
    if _check_statement not in connection.execute_wrappers:
        connection.execute_wrappers.append(_check_statement)


def _check_statement(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    from apps.tenants.context import active_tenant, expected_schema

    connection = context["connection"]
    if connection._setting_search_path:  # the backend is about to put the path right
        return execute(sql, params, many, context)
    expected = expected_schema()
    real = _search_path(connection)
    checked["statements"] += 1
    if real is not None and real not in ([expected], [expected, "public"]):
        _breach(f"expected to be in {expected}, the connection is in {real}: {sql[:200]}")
    if active_tenant() is not None:
        foreign = set(SCHEMA_IN_SQL.findall(sql)) - {expected}
        if foreign:
            _breach(f"inside {expected} a statement names {sorted(foreign)}: {sql[:200]}")
    return execute(sql, params, many, context)


def _search_path(connection: Any) -> list[str] | None:
    """The path in force, as the server reports it with every change; None when the transaction is broken and nothing can run."""
    driver = connection.connection
    if (
        driver is None
        or driver.closed
        or driver.info.transaction_status == psycopg2.extensions.TRANSACTION_STATUS_INERROR
    ):
        return None
    reported = driver.info.parameter_status("search_path")
    if reported is None:  # PostgreSQL before 18 has to be asked
        with driver.cursor() as cursor:
            cursor.execute("SHOW search_path")
            reported = cursor.fetchone()[0]
    return [part.strip().strip('"') for part in reported.split(",")]


def _is_tenant_model(model: type[Model]) -> bool:
    config = apps.app_configs.get(model._meta.app_label)
    return config is not None and config.name in settings.TENANT_APPS


def _queryset_patches() -> Iterator[Any]:
    """A queryset built in one tenant and touched in another place is a leak waiting for its data."""
    from apps.tenants.context import expected_schema

    original_init, original_clone, original_query = QuerySet.__init__, QuerySet._clone, QuerySet.query

    def init(self: Any, model: Any = None, *args: Any, **kwargs: Any) -> None:
        original_init(self, model, *args, **kwargs)
        self._born = expected_schema() if model is not None and _is_tenant_model(model) else "public"

    def clone(self: Any) -> Any:
        copy = original_clone(self)
        if self.__dict__.get("_born", "public") != "public":
            copy._born = self._born
        return copy

    def query(self: Any) -> Any:
        born = self.__dict__.get("_born", "public")
        if born != "public" and born != expected_schema():
            _breach(f"a queryset of {self.model.__name__} built in {born} is used in {expected_schema()}")
        return original_query.fget(self)

    yield mock.patch.object(QuerySet, "__init__", init)
    yield mock.patch.object(QuerySet, "_clone", clone)
    yield mock.patch.object(QuerySet, "query", property(query, original_query.fset))


def _row_patches() -> Iterator[Any]:
    """A row read in one tenant must not be saved or deleted in another."""
    from apps.tenants.context import expected_schema

    original_from_db, original_save, original_delete = Model.from_db.__func__, Model.save_base, Model.delete

    def from_db(cls: Any, *args: Any) -> Any:
        row = original_from_db(cls, *args)
        if _is_tenant_model(cls):
            row._state.schema = expected_schema()
        return row

    def check(row: Any) -> None:
        born = getattr(row._state, "schema", None)
        if born is not None and born != expected_schema():
            _breach(f"a {type(row).__name__} read in {born} is written in {expected_schema()}")

    def save_base(self: Any, *args: Any, **kwargs: Any) -> Any:
        check(self)
        return original_save(self, *args, **kwargs)

    def delete(self: Any, *args: Any, **kwargs: Any) -> Any:
        check(self)
        return original_delete(self, *args, **kwargs)

    yield mock.patch.object(Model, "from_db", classmethod(from_db))
    yield mock.patch.object(Model, "save_base", save_base)
    yield mock.patch.object(Model, "delete", delete)


def _cache_patches() -> Iterator[Any]:
    """Inside a tenant the global cache is for what is global by name; everything else belongs into the tenant's cache."""
    from apps.tenants.context import active_tenant

    def watched(original: Callable[..., str]) -> Callable[..., str]:
        def make_key(self: Any, key: str, *args: Any, **kwargs: Any) -> str:
            made = original(self, key, *args, **kwargs)
            tenant = active_tenant()
            if tenant is not None and tenant.schema_name not in made and not GLOBAL_KEYS.search(str(key)):
                _breach(f"inside {tenant.schema_name} the key {key!r} goes to a cache that all tenants share")
            return made

        return make_key

    for owner, name in ((BaseCache, "make_and_validate_key"), (DefaultClient, "make_key")):
        yield mock.patch.object(owner, name, watched(getattr(owner, name)))


def _file_patches() -> Iterator[Any]:
    """Inside a tenant files lie below its folder; outside, nothing is read from or written to any tenant's folder."""
    from apps.tenants.context import active_tenant

    original_open, original_save = FileSystemStorage._open, FileSystemStorage._save

    def check(self: Any, name: str) -> None:
        tenant = active_tenant()
        place = Path(self.path(name)).resolve()
        media = Path(settings.MEDIA_ROOT).resolve()
        if (
            tenant is not None
            and media in place.parents
            and media / TENANT_FILES / tenant.schema_name not in place.parents
        ):
            _breach(f"inside {tenant.schema_name} a file lies at {place.relative_to(media)}")
        if tenant is None and media / TENANT_FILES in place.parents:
            _breach(f"outside any tenant a file lies at {place.relative_to(media)}")

    def opened(self: Any, name: str, mode: str = "rb") -> Any:
        check(self, name)
        return original_open(self, name, mode)

    def saved(self: Any, name: str, content: Any) -> Any:
        check(self, name)
        return original_save(self, name, content)

    yield mock.patch.object(FileSystemStorage, "_open", opened)
    yield mock.patch.object(FileSystemStorage, "_save", saved)
