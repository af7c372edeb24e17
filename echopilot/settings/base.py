"""Settings shared by every environment. Where a value comes from outside, ``environment.py`` names and explains it."""

from datetime import timedelta

import dj_database_url
from kombu import Exchange, Queue
from kombu.common import Broadcast

from apps.core.content_policy import BACK_OFFICE_POLICY, portal_policy
from apps.core.logging import logging_config
from apps.i18n.codes import LANGUAGES  # noqa: F401 - a setting of Django
from echopilot.settings.environment import (
    ROOT,
    email_settings,
    endpoints_of,
    given_names,
    load_environment,
    misspelt_names,
    social_providers,
)

ENV = load_environment()
BASE_DIR = ROOT
VAR_DIR = ENV.echopilot_var

SECRET_KEY = ENV.secret_key.get_secret_value() if ENV.secret_key else ""
DEBUG = False
BASE_DOMAIN = ENV.base_domain
PUBLIC_PORT = ENV.public_port or None
EVENTS_PORT = ENV.events_port or None
ALLOWED_HOSTS = [BASE_DOMAIN, f".{BASE_DOMAIN}", *filter(None, ENV.allowed_hosts.split(","))]

# --- Apps by plane: the two lists stay disjoint, a table in both would silently fall through to public ---------------
SHARED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "apps.core",
    "apps.tenants",  # before django_tenants: its `migrate` command wins
    "django_tenants",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "apps.accounts",
    "apps.i18n",
    "apps.dispatch",
    "apps.live",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.admin",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "rest_framework",
    "drf_spectacular",
    "django_celery_beat",
    "djstripe",
    "django_htmx",
    "django_prometheus",
    "csp",
    "apps.portal",
]
TENANT_APPS = [
    "apps.ai",
    "apps.connectors",
    "apps.workflows",
    "apps.tasks",
]
INSTALLED_APPS = [*SHARED_APPS, *TENANT_APPS, "echopilot"]

TENANT_MODEL = "tenants.Tenant"
TENANT_DOMAIN_MODEL = "tenants.Domain"
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]
TENANT_LIMIT_SET_CALLS = True
PUBLIC_SCHEMA_URLCONF = "echopilot.urls_public"
ROOT_URLCONF = "echopilot.urls_tenant"
AUTH_USER_MODEL = "accounts.User"

DATABASES = {
    "default": {
        **dj_database_url.parse(ENV.database_url, engine="django_tenants.postgresql_backend"),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"application_name": "echopilot", "connect_timeout": 5},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# A cache or a rate limit whose server is away answers "nothing there" and is logged: PostgreSQL is the truth, pages go on.
DJANGO_REDIS_LOG_IGNORED_EXCEPTIONS = True
CACHE_OPTIONS = {"IGNORE_EXCEPTIONS": True, "SOCKET_CONNECT_TIMEOUT": 1, "SOCKET_TIMEOUT": 2}
CACHES = {
    "default": {
        "BACKEND": "apps.core.cache.ForgetfulCache",
        "LOCATION": ENV.broker_url,
        "KEY_PREFIX": "global",
        "OPTIONS": CACHE_OPTIONS,
    },
    "tenant": {
        "BACKEND": "apps.core.cache.ForgetfulCache",
        "LOCATION": ENV.broker_url,
        "KEY_FUNCTION": "apps.tenants.cache.make_key",
        "OPTIONS": CACHE_OPTIONS,
    },
}

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "apps.core.middleware.RequestContextMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "apps.core.headers.SecurityHeadersMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "apps.core.health.HealthMiddleware",
    "apps.core.maintenance.MaintenanceMiddleware",
    "apps.tenants.middleware.TenantMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "apps.i18n.middleware.BrowserLanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "apps.accounts.middleware.MembershipMiddleware",
    "apps.accounts.staff_middleware.StaffAccessMiddleware",
    "apps.accounts.middleware.PreferencesMiddleware",
    "apps.i18n.middleware.PersonLanguageMiddleware",
    "apps.portal.pwa.middleware.ClearAtSignOutMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "apps.core.middleware.ErrorPageMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "apps.portal.context.shell",
            ]
        },
    }
]
WSGI_APPLICATION = "echopilot.wsgi.application"

AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]

# --- Sign-in: one identity over all tenants, so rate limits and replay guards live in the `default` (global) cache -------
# The session cookie belongs to the parent domain; a name without a dot (localhost) cannot carry one and uses tickets.
SESSION_COOKIE_DOMAIN = BASE_DOMAIN if "." in BASE_DOMAIN and not BASE_DOMAIN.replace(".", "").isdigit() else None
SESSION_COOKIE_NAME = "echopilot_session"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_SAMESITE = "Lax"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "apps.accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {"signup": "apps.accounts.forms.SignupForm"}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 300
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "http" if PUBLIC_PORT else "https"
# Limits on sign-in, sign-up, codes and resets are allauth's own: per address, per account and per person.
ALLAUTH_TRUSTED_PROXY_COUNT = ENV.trusted_proxies
MFA_ADAPTER = "apps.accounts.adapter.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "EchoPilot"
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_LOGIN_ON_GET = False
SOCIALACCOUNT_ADAPTER = "apps.accounts.social.SocialAdapter"
SOCIALACCOUNT_FORMS = {"signup": "apps.accounts.forms.SocialSignupForm"}
SOCIALACCOUNT_PROVIDERS = social_providers(ENV)
STAFF_SECOND_FACTOR_REQUIRED = False
FLAGS_STRICT = True  # an unknown feature flag is an error; in production it is off and logged
SIMPLE_JWT = {
    "ALGORITHM": "HS256",
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=15),
    "REFRESH_TOKEN_LIFETIME": timedelta(hours=24),
    "ISSUER": "echopilot",
    "LEEWAY": 5,
    "USER_ID_CLAIM": "sub",
}

# --- Back office: staff only, on the platform's own host ----------------------------------------------------------------
UNFOLD = {
    "SITE_TITLE": "EchoPilot back office",
    "SITE_HEADER": "EchoPilot",
    "SITE_SUBHEADER": "Back office",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SIDEBAR": {"show_search": True, "show_all_applications": True},
    "COLORS": {  # lagoon, as in the portal
        "primary": {
            "50": "oklch(0.975 0.015 205)",
            "100": "oklch(0.945 0.03 205)",
            "200": "oklch(0.89 0.05 205)",
            "300": "oklch(0.82 0.08 205)",
            "400": "oklch(0.72 0.1 205)",
            "500": "oklch(0.6 0.1 205)",
            "600": "oklch(0.5 0.085 205)",
            "700": "oklch(0.44 0.075 205)",
            "800": "oklch(0.37 0.06 205)",
            "900": "oklch(0.31 0.05 205)",
            "950": "oklch(0.22 0.04 205)",
        }
    },
}

LANGUAGE_CODE = "en"
FORMAT_MODULE_PATH = ["apps.i18n.formats"]
LOCALE_PATHS = [ROOT / "locale", ROOT / "locale" / "packages"]
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = ENV.static_root or VAR_DIR / "static"
STATICFILES_DIRS = [ROOT / "templates" / "static"]
MEDIA_ROOT = VAR_DIR / "media"
FIXTURE_DIRS = [ROOT / "fixtures"]

# --- dj-stripe: the subscriber model is set before the first migration, its column follows it ------------------------
DJSTRIPE_SUBSCRIBER_MODEL = "tenants.Tenant"
DJSTRIPE_FOREIGN_KEY_TO_FIELD = "id"
STRIPE_LIVE_MODE = False

# --- Secrets at rest, calls to the outside, code revision ------------------------------------------------------------
ENCRYPTION_KEYS = ENV.encryption_keys.get_secret_value() if ENV.encryption_keys else ""
OUTBOUND_PORTS = frozenset({80, 443})
OUTBOUND_ALLOW = [entry.strip() for entry in ENV.outbound_allow.split(",") if entry.strip()]
# Where connectors find their services when it is not the services' own address: slug -> address.
CONNECTOR_ADDRESSES = dict(entry.strip().split("=", 1) for entry in ENV.connector_addresses.split(",") if "=" in entry)
# Addresses the operator configured may be private; only calls that no user's input steers may use this list.
OUTBOUND_ALLOW_OPERATOR = endpoints_of(
    [ENV.openai_base_url, ENV.openai_fallback_base_url, ENV.local_model_url, ENV.notion_base_url, ENV.oidc_server_url,
     *CONNECTOR_ADDRESSES.values()]
)  # fmt: skip
BROKER_URL = ENV.broker_url
ALLOW_DIRTY = ENV.allow_dirty
GIT_COMMIT = ENV.git_commit
MISSPELT_VARIABLES = misspelt_names(given_names())

# --- Celery: processes and wake-ups only; nothing safe may rest on it ------------------------------------------------
CELERY_BROKER_URL = ENV.broker_url
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_STORE_ERRORS_EVEN_IF_IGNORED = False
CELERY_TASK_DEFAULT_QUEUE = "dispatch"
CELERY_TASK_QUEUES = [Broadcast("dispatch.wake"), Queue("dispatch")]
# The sender declares the exchange itself: unknown to its connection, a fan-out would be dropped without an error.
CELERY_TASK_ROUTES = {"dispatch.*": {"queue": "dispatch.wake", "declare": [Exchange("dispatch.wake", type="fanout")]}}
CELERY_WORKER_POOL = "solo"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 2, "socket_timeout": 5, "socket_keepalive": True}
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_TIMEZONE = "UTC"

# --- Logs, health, metrics -------------------------------------------------------------------------------------------
LOGGING = logging_config(level=ENV.log_level, style=ENV.log_format)
METRICS_TOKEN = ENV.metrics_token.get_secret_value() if ENV.metrics_token else ""
METRICS_NETWORKS = ["127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]
PROMETHEUS_EXPORT_MIGRATIONS = False

# --- Mail ------------------------------------------------------------------------------------------------------------
globals().update(email_settings(ENV.email_url, folder=VAR_DIR / "mail"))
DEFAULT_FROM_EMAIL = SERVER_EMAIL = ENV.default_from_email

# --- Browsers: headers, cookies, limits on what a request may carry --------------------------------------------------
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
X_FRAME_OPTIONS = "DENY"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "apps.core.pages.csrf_failure"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
DATA_UPLOAD_MAX_NUMBER_FILES = 20
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
CONTENT_SECURITY_POLICY = {"DIRECTIVES": portal_policy(base_domain=BASE_DOMAIN, events_port=EVENTS_PORT)}
CONTENT_SECURITY_POLICY_PATHS = {"/admin/": BACK_OFFICE_POLICY}

# --- HTTP API: nothing is allowed, read or written unless a view says so ---------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_PERMISSION_CLASSES": ["apps.core.api.DenyAll"],
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "apps.accounts.api.authentication.TenantTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_THROTTLE_CLASSES": ["apps.accounts.api.throttles.ByCaller"],
    "NUM_PROXIES": ENV.trusted_proxies,
    "DEFAULT_PARSER_CLASSES": ["apps.core.api.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "apps.core.api.CappedCursorPagination",
    "PAGE_SIZE": 50,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "apps.core.problems.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "EchoPilot API",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": r"/api/v[0-9]+",
}

SILENCED_SYSTEM_CHECKS: list[str] = []
