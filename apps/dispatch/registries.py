"""What other apps offer to dispatch."""

from contextlib import AbstractContextManager
from typing import Any

from apps.core.errors import Misconfigured
from apps.core.registry import Registry
from apps.dispatch.contracts import EngineKind, JobKind, Schedule, TenantGate


class KindRegistry(Registry[Any]):
    """Engine and job kinds by name."""

    def _add(self, entry: Any) -> None:
        if not isinstance(entry, EngineKind | JobKind):
            raise Misconfigured(f"Registry {self.name!r} takes EngineKind or JobKind, not {type(entry).__name__}.")
        super()._add(entry)


work_kinds: Registry[EngineKind | JobKind] = KindRegistry(
    name="work kinds", entry_type=object, key=lambda kind: kind.name
)
schedules: Registry[Schedule] = Registry(name="schedules", entry_type=Schedule, key=lambda schedule: schedule.name)
tenant_gate: Registry[TenantGate] = Registry(name="tenant gate", entry_type=TenantGate, key=lambda gate: gate.name)


def enter_tenant(*, tenant_id: int, epoch: int) -> AbstractContextManager[Any]:
    """The registered gate's context for one tenant. Raises ``Misconfigured`` unless exactly one gate is registered."""
    gates = list(tenant_gate)
    if len(gates) != 1:
        raise Misconfigured(f"Exactly one tenant gate must be registered, found {len(gates)}.")
    return gates[0].enter(tenant_id, epoch)
