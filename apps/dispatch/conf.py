"""Constants of dispatch in one place; ``settings.DISPATCH`` overrides them by name. Seconds unless said otherwise."""

from dataclasses import dataclass, fields, replace

from django.conf import settings

from apps.core.errors import Misconfigured
from apps.dispatch.enums import Queue


@dataclass(frozen=True, kw_only=True)
class DispatchConf:
    """See ``README.md`` for how the values hang together; ``check`` holds the relations that safety rests on."""

    heartbeat_s: float = 5
    lease_s: float = 30
    self_fence_s: float = 20
    suicide_s: float = 30
    stall_s: float = 60
    """The main thread may be busy this long before its worker stops renewing the lease."""
    sweep_s: float = 5
    sweep_page: int = 200
    max_losses: int = 3
    deadline_grace_s: float = 15
    slots: int = 320
    tenant_share: float = 0.9
    """Largest part of a queue's slots in one worker that one tenant may hold, so that another tenant finds a slot at once."""
    job_threads: int = 4
    claim_batch: int = 100
    poll_busy_s: float = 0.2
    poll_idle_s: float = 2.0
    promote_page: int = 500
    firing_page: int = 200
    backoff_base_s: float = 2
    backoff_cap_s: float = 900
    retry_after_cap_s: float = 3600
    shutdown_grace_s: float = 25
    keep_done_s: float = 7 * 86400
    keep_dead_s: float = 90 * 86400
    keep_workers_s: float = 86400
    prune_page: int = 500
    wake_by_broker: bool = True
    wake_expires_s: float = 30
    wake_gap_s: float = 0.025
    """Wake-ups that follow each other closer are sent as one: each costs the sender and every worker half a millisecond or more."""
    wake_breaker_s: float = 5
    wake_breaker_cap_s: float = 60
    burst: float = 25.0
    """Credit, in cost units, a tenant may bring along when it returns from idling."""
    queue_shares: tuple[tuple[str, float], ...] = ((Queue.INTERACTIVE, 0.95), (Queue.DEFAULT, 0.8), (Queue.BULK, 0.5))
    """Largest part of a worker's slots each queue (with the slower ones behind it) may fill."""

    def check(self) -> None:
        """Raise ``Misconfigured`` where values would let two workers act for the same item."""
        if not self.heartbeat_s < self.self_fence_s < self.lease_s:
            raise Misconfigured("DISPATCH: heartbeat_s < self_fence_s < lease_s must hold.")
        if self.suicide_s > self.lease_s:
            raise Misconfigured("DISPATCH: suicide_s must not exceed lease_s.")


def dispatch_conf() -> DispatchConf:
    """The constants with the installation's overrides. Raises ``Misconfigured`` for unknown names or unsafe values."""
    overrides = dict(getattr(settings, "DISPATCH", {}))
    unknown = set(overrides) - {field.name for field in fields(DispatchConf)}
    if unknown:
        raise Misconfigured(f"DISPATCH: unknown settings {sorted(unknown)}.")
    conf = replace(DispatchConf(), **overrides)
    conf.check()
    return conf
