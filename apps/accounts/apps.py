"""Registers the app with the platform."""

from apps.core.apps import PlatformApp


class AccountsConfig(PlatformApp):
    """People, roles, sign-in."""

    name = "apps.accounts"
    label = "accounts"
