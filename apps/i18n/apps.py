"""Registers the app with the platform."""

from apps.core.apps import PlatformApp


class I18nConfig(PlatformApp):
    """Languages."""

    name = "apps.i18n"
    label = "i18n"
