"""Registers the app with the platform."""

from django.conf.locale import LANG_INFO

from apps.core.apps import PlatformApp
from apps.i18n.codes import UNKNOWN_TO_DJANGO


class I18nConfig(PlatformApp):
    """Languages."""

    name = "apps.i18n"
    label = "i18n"

    def ready(self) -> None:
        """Teach Django the languages it does not know, then load what the app offers."""
        LANG_INFO.update({code: facts for code, facts in UNKNOWN_TO_DJANGO.items() if code not in LANG_INFO})
        super().ready()
