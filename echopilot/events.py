"""Entry point of the events process: ``uvicorn echopilot.events:application``. Settings only, no apps are loaded."""

import logging.config
import os

from django.conf import settings

from apps.live.streams import Streams

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "echopilot.settings.prod")
logging.config.dictConfig(settings.LOGGING)

_database = settings.DATABASES["default"]
application = Streams(
    dsn={
        "dbname": _database["NAME"],
        "user": _database["USER"] or None,
        "password": _database["PASSWORD"] or None,
        "host": _database["HOST"] or None,
        "port": _database["PORT"] or None,
        "application_name": "echopilot events",
        "connect_timeout": 5,
        "keepalives_idle": 30,
    }
)
