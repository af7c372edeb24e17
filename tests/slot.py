"""This process's place among the test processes, taken before anything reads Django's settings.

Loaded by ``-p tests.slot`` (pyproject.toml), so before pytest-django: a worker of xdist inherits the environment of the process
that started it, and must not connect to that one's database.
"""

import os

from tests import ground

OUTSIDE = (
    "OPENAI_",
    "NOTION_",
    "STRIPE_",
    "AI_",
    "EMAIL_URL",
    "DATABASE_URL",
    "BROKER_URL",
    "LOCAL_MODEL_URL",
    "SECRET_KEY",
    "ENCRYPTION_KEYS",
    "BASE_DOMAIN",
    "PUBLIC_PORT",
    "ALLOWED_HOSTS",
    "LAUNCH_STAGE",
    "OUTBOUND_ALLOW",
    "ALLOW_DIRTY",
    "GIT_COMMIT",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
)


def _settings_of_this_process(slot: ground.Slot) -> dict[str, str]:
    """The environment of the suite and of every process it starts; a developer's own keys never reach a test."""
    for name in [name for name in os.environ if name.upper().startswith(OUTSIDE)]:
        del os.environ[name]
    return {
        **slot.environment(),
        "DJANGO_SETTINGS_MODULE": "echopilot.settings.test",
        "ECHOPILOT_ENV_FILES": "none",
        "ECHOPILOT_VAR": str(ground.FOLDER / "files" / str(slot.number)),
        "ALLOW_DIRTY": "true",
        "PYTEST_GROUND": str(ground.FOLDER),
    }


SLOT = ground.enter()
os.environ.update(_settings_of_this_process(SLOT))
