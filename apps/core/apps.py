"""How an app joins the platform."""

from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig

PLUGIN_MODULES = ("checks", "receivers", "plug")


class PlatformApp(AppConfig):
    """Loads ``checks``, ``receivers`` and ``plug`` of the app by name.

    A missing module is fine; an error inside one is not swallowed.
    """

    default_auto_field = "django.db.models.BigAutoField"

    def __init_subclass__(cls, **options: object) -> None:
        super().__init_subclass__(**options)
        # Django chooses this class of an app's ``apps.py``, in which the imported base stands as well.
        cls.default = True

    def ready(self) -> None:
        for module in PLUGIN_MODULES:
            if find_spec(f"{self.name}.{module}") is not None:
                import_module(f"{self.name}.{module}")


class CoreConfig(PlatformApp):
    """The kernel: no tables."""

    name = "apps.core"
    label = "core"
