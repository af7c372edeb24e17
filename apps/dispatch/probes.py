"""Is work being done?"""

from apps.core.errors import Unavailable
from apps.dispatch.selectors import count_live_workers, oldest_ready_age

LATE_S = 300


def check_workers() -> None:
    """Raise ``Unavailable`` when no worker has a lease, or when claimable work has waited for five minutes."""
    if not count_live_workers():
        raise Unavailable(detail="no worker has a lease: start `manage.py worker` or `celery -A echopilot worker`")
    age = oldest_ready_age()
    if age > LATE_S:
        raise Unavailable(detail=f"claimable work has waited for {age:.0f} s")
