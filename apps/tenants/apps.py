"""Registers the app with the platform."""

from apps.core.apps import PlatformApp


class TenantsConfig(PlatformApp):
    """Customers of the platform."""

    name = "apps.tenants"
    label = "tenants"

    def ready(self) -> None:
        """Also put our back office in place of Unfold's default site, before anything is registered with it."""
        from django.contrib import admin
        from django.contrib.admin import sites

        from apps.core.back_office import BackOfficeSite

        admin.site = sites.site = BackOfficeSite()
        super().ready()
