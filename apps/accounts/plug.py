"""What accounts offers to the platform."""

from django.contrib.admin import AdminSite

from apps.accounts.api import schema  # noqa: F401 - registers itself with the API description
from apps.core.back_office import late_registrations


def _register_third_party(site: AdminSite) -> None:
    from apps.accounts.admin import register_third_party

    register_third_party(site)


late_registrations.append(_register_third_party)
