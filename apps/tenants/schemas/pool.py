"""A few empty schemas kept ready, so that a sign-up does not wait for one to be built."""

import logging

from django.db import connection, transaction

from apps.core.ids import new_schema_name
from apps.tenants.conf import POOL_SIZE
from apps.tenants.context import public_context
from apps.tenants.migrating.graph import fingerprint
from apps.tenants.models import ReadySchema
from apps.tenants.schemas.drop import drop_schema
from apps.tenants.schemas.template import create_schema, template_sql

logger = logging.getLogger(__name__)

_TAKE = """
    DELETE FROM public.tenants_readyschema WHERE id = (
        SELECT id FROM public.tenants_readyschema WHERE fingerprint = %s ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING schema_name
"""


def take_schema() -> str:
    """Name of an empty schema of the present migrations, from the pool or built now. Runs in the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [fingerprint()])
        row = cursor.fetchone()
    if row is not None:
        return str(row[0])
    schema_name = new_schema_name()
    create_schema(schema_name)
    return schema_name


def refill_pool(*, size: int = POOL_SIZE) -> int:
    """Bring the pool to ``size`` schemas of the present migrations and drop outdated ones; returns how many were made."""
    with public_context():
        _drop_outdated()
        template_sql()
        made = 0
        while ReadySchema.objects.filter(fingerprint=fingerprint()).count() < size:
            _make_one()
            made += 1
    if made:
        logger.info("schema pool refilled", extra={"made": made, "size": size})
    return made


def _make_one() -> None:
    schema_name = new_schema_name()
    with transaction.atomic():
        create_schema(schema_name)
        ReadySchema.objects.create(schema_name=schema_name, fingerprint=fingerprint())


def _drop_outdated() -> None:
    while True:
        with transaction.atomic():
            outdated = (
                ReadySchema.objects.select_for_update(skip_locked=True)
                .exclude(fingerprint=fingerprint())
                .order_by("id")
                .first()
            )
            if outdated is None:
                return
            outdated.delete()
        drop_schema(outdated.schema_name)
