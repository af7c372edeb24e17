"""What the kernel itself offers."""

from apps.core.health import HealthProbe, health_probes
from apps.core.preflight import preflight_checks
from apps.core.preflight_checks import CHECKS
from apps.core.probes import check_broker, check_database, check_migrations

health_probes.register(HealthProbe(name="database", check=check_database))
health_probes.register(HealthProbe(name="migrations", check=check_migrations))
health_probes.register(HealthProbe(name="broker", check=check_broker, critical=False))

for check in CHECKS:
    preflight_checks.register(check)
