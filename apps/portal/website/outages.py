"""The history of outages on the status page: recorded by the workers' look at the probes, once a minute."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models.functions import Now
from django.utils.functional import Promise

from apps.core.health import recent
from apps.dispatch.contracts import JobContext
from apps.portal.models import Outage, StandingWatch
from apps.portal.website.standing import PARTS
from apps.tenants.facade import public_context

KIND = "portal.watch_standing"
EVERY_S = 60
GAP = timedelta(minutes=5)
KEPT = timedelta(days=90)
SHOWN = 30
NAMES: dict[str, str | Promise] = {key: name for key, name, _note in PARTS}
WORKERS = "workers"


@dataclass(frozen=True, kw_only=True)
class PastOutage:
    """One outage as visitors see it; ``ended_at`` None means it lasts."""

    name: str | Promise
    began_at: datetime
    ended_at: datetime | None

    @property
    def lasted(self) -> timedelta | None:
        """How long, once it is over."""
        return self.ended_at - self.began_at if self.ended_at else None


@dataclass(frozen=True, kw_only=True)
class History:
    """What was recorded; ``since`` is None before the first look."""

    since: datetime | None
    outages: list[PastOutage]


def watch_standing(_job: JobContext) -> None:
    """Look once: what fails now and did not is an outage from now on, what works again ends one."""
    with public_context():
        answer = recent.get()
        record(frozenset(name for name, result in answer["probes"].items() if result["state"] == "failed"))


def record(failed: frozenset[str]) -> None:
    """Write down what a look has seen. The same look twice changes nothing.

    Nobody having looked for ``GAP`` means that no worker ran: tasks stood still for that time.
    """
    with transaction.atomic():
        StandingWatch.objects.get_or_create(pk=1)
        watch = StandingWatch.objects.select_for_update().get(pk=1)
        still = Outage.objects.filter(part=WORKERS, ended_at=None).exists()
        if not still and StandingWatch.objects.filter(pk=1, looked_at__lt=Now() - GAP).exists():
            Outage.objects.create(part=WORKERS, began_at=watch.looked_at, ended_at=Now())
        seen = failed & NAMES.keys()
        Outage.objects.filter(ended_at=None).exclude(part__in=seen).update(ended_at=Now())
        Outage.objects.bulk_create([Outage(part=part) for part in sorted(seen)], ignore_conflicts=True)
        StandingWatch.objects.filter(pk=1).update(looked_at=Now())


def history() -> History:
    """The outages of the last ninety days, newest first, and since when they are recorded. Two queries."""
    since = StandingWatch.objects.values_list("began_at", flat=True).first()
    rows = Outage.objects.filter(began_at__gte=Now() - KEPT).order_by("-began_at")[:SHOWN]
    return History(
        since=since,
        outages=[
            PastOutage(name=NAMES.get(row.part, row.part), began_at=row.began_at, ended_at=row.ended_at) for row in rows
        ],
    )
