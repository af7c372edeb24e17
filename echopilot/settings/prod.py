"""Production: every secret comes from the environment, everything travels over TLS."""

from echopilot.settings.base import *  # noqa: F403
from echopilot.settings.base import SECRET_KEY

if not SECRET_KEY:
    raise SystemExit("SECRET_KEY is not set. Set it to at least 50 random characters before starting.")

SECURE_SSL_REDIRECT = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 31536000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
STAFF_SECOND_FACTOR_REQUIRED = True
