"""Days as people mean them: until the end of a day where they live."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from apps.accounts import facade as accounts
from apps.tenants.facade import current_tenant


def zone_of(user_id: int) -> ZoneInfo:
    """The time zone a member chose; UTC for whoever is none."""
    for member in accounts.list_members(tenant_id=current_tenant().id):
        if member.user_id == user_id:
            return zone_named(member.user.time_zone)
    return zone_named("")


def zone_named(name: str) -> ZoneInfo:
    """A zone by its IANA name; UTC when there is none by that name."""
    try:
        return ZoneInfo(name or "UTC")
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


def end_of_day(day: date, *, zone: ZoneInfo) -> datetime:
    """The last moment of a day there; also on days whose clocks are changed."""
    return datetime.combine(day, time.max, tzinfo=zone)
