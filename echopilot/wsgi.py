"""WSGI entry point."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "echopilot.settings.prod")
application = get_wsgi_application()

from apps.core.heap import freeze_loaded  # noqa: E402 - settings come first

freeze_loaded()
