"""What dispatch offers to the platform."""

from prometheus_client import REGISTRY

from apps.core.health import HealthProbe, health_probes
from apps.dispatch.collector import QueueCollector
from apps.dispatch.probes import check_workers

health_probes.register(HealthProbe(name="workers", check=check_workers, critical=False))
REGISTRY.register(QueueCollector())
