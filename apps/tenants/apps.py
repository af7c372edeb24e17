"""Registers the app with the platform."""

from apps.core.apps import PlatformApp


class TenantsConfig(PlatformApp):
    name = "apps.tenants"
    label = "tenants"
