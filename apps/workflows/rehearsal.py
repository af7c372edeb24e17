"""Whether outside effects are dry runs: the stricter of the platform's and the tenant's launch stage."""

from django.conf import settings

from apps.tenants import facade as tenants
from apps.tenants.contracts import TenantRef
from apps.tenants.enums import LaunchStage


def is_rehearsal(tenant: TenantRef) -> bool:
    """True before launch: steps that touch the world (metered ones excepted) then send nothing unless they know better."""
    stage = getattr(tenants, "effective_launch_stage", None)
    if stage is not None:
        return bool(stage() == LaunchStage.PRE)
    return LaunchStage.PRE in (tenant.launch_stage, settings.ENV.launch_stage)
