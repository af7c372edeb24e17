"""A developer's machine and `make run`: embedded servers, sandboxes, mail in files."""

from echopilot.settings.base import *
from echopilot.settings.base import SECRET_KEY as _KEY

DEBUG = True
SECRET_KEY = _KEY or "development-only-key-never-used-in-production-0000000000"
SECURE_CROSS_ORIGIN_OPENER_POLICY = None
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True
# Static files straight from the apps, without collecting them first.
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = True
