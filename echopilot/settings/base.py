"""Settings shared by every environment. Where a value comes from outside, ``environment.py`` names and explains it."""

import dj_database_url
from django.utils.translation import gettext_lazy as _

from echopilot.settings.environment import ROOT, Environment, endpoints_of

ENV = Environment()
BASE_DIR = ROOT
VAR_DIR = ENV.echopilot_var

SECRET_KEY = ENV.secret_key.get_secret_value() if ENV.secret_key else ""
DEBUG = False
BASE_DOMAIN = ENV.base_domain
ALLOWED_HOSTS = [BASE_DOMAIN, f".{BASE_DOMAIN}", *filter(None, ENV.allowed_hosts.split(","))]

# --- Apps by plane: the two lists stay disjoint, a table in both would silently fall through to public ---------------
SHARED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "apps.core",
    "django_tenants",
    "apps.tenants",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "apps.accounts",
    "apps.i18n",
    "apps.dispatch",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.admin",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.google",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",
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

CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": ENV.broker_url, "KEY_PREFIX": "global"},
    "tenant": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": ENV.broker_url,
        "KEY_FUNCTION": "apps.tenants.cache.make_key",
    },
}

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "apps.core.middleware.RequestContextMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "apps.core.health.HealthMiddleware",
    "apps.tenants.middleware.TenantMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "apps.accounts.middleware.MembershipMiddleware",
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

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("es", _("Spanish")), ("ur", _("Urdu"))]
LOCALE_PATHS = [ROOT / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [ROOT / "templates" / "static"]
MEDIA_ROOT = VAR_DIR / "media"
FIXTURE_DIRS = [ROOT / "fixtures"]

# --- dj-stripe: the subscriber model is set before the first migration, its column follows it ------------------------
DJSTRIPE_SUBSCRIBER_MODEL = "tenants.Tenant"
DJSTRIPE_FOREIGN_KEY_TO_FIELD = "id"
STRIPE_LIVE_MODE = False

# --- Secrets at rest and calls to the outside ------------------------------------------------------------------------
ENCRYPTION_KEYS = ENV.encryption_keys.get_secret_value() if ENV.encryption_keys else ""
OUTBOUND_PORTS = frozenset({80, 443})
OUTBOUND_ALLOW = [entry.strip() for entry in ENV.outbound_allow.split(",") if entry.strip()]
# Addresses the operator configured may be private; only calls that no user's input steers may use this list.
OUTBOUND_ALLOW_OPERATOR = endpoints_of([ENV.openai_base_url, ENV.local_model_url, ENV.notion_base_url])

SILENCED_SYSTEM_CHECKS: list[str] = []
