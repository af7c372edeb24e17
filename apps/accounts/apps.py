"""Registers the app with the platform."""

from apps.core.apps import PlatformApp


class AccountsConfig(PlatformApp):
    name = "apps.accounts"
    label = "accounts"
