"""The test suite: real PostgreSQL and Valkey, fast password hashing, nothing leaves the machine."""

from echopilot.settings.base import *

SECRET_KEY = "test-only-key-000000000000000000000000000000000000000000"  # noqa: S105
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Notices of changes are written when a test asks for it, not by a thread.
LIVE_SENDING = "asked"
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
# Static files straight from the apps, without collecting them first.
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = True
