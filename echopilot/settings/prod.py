"""Production: every secret comes from the environment, everything travels over TLS."""

from echopilot.settings.base import *
from echopilot.settings.base import ENCRYPTION_KEYS, ENV, SECRET_KEY, SESSION_COOKIE_DOMAIN

if not SECRET_KEY:
    raise SystemExit("SECRET_KEY is not set. Set it to at least 50 random characters before starting.")
if not ENCRYPTION_KEYS:
    raise SystemExit(
        "ENCRYPTION_KEYS is not set. Stored credentials need their own key: `id:key` pairs, newest first; make a key with "
        'python -c "import secrets,base64; print(base64.b64encode(secrets.token_bytes(32)).decode())"'
    )

SECURE_SSL_REDIRECT = True
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]  # asked from inside, past the proxy
# Anyone could claim to have come by TLS; only a declared proxy is believed.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ENV.trusted_proxies else None
SECURE_HSTS_SECONDS = 31536000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
# A `__Host-` cookie cannot be set or shadowed from another host name; one that spans tenants' hosts can only be `__Secure-`.
SESSION_COOKIE_NAME = "__Secure-session" if SESSION_COOKIE_DOMAIN else "__Host-session"
CSRF_COOKIE_NAME = "__Host-csrf"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
STAFF_SECOND_FACTOR_REQUIRED = True
FLAGS_STRICT = False
