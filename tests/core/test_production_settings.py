"""Production starts only with its secrets, and Django's own deployment checks find nothing."""

import base64
import json
import os
import secrets
import subprocess
import sys

import pytest

PROGRAM = """
import django, json
django.setup()
from django.conf import settings
from django.core import checks
found = [f"{one.id} {one.msg}" for one in checks.run_checks(include_deployment_checks=True) if one.level >= checks.WARNING]
names = ("SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_HSTS_SECONDS", "DEBUG")
print(json.dumps({"found": found, **{name: getattr(settings, name) for name in names}}))
"""


def start(**variables):
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "echopilot.settings.prod",
        "SECRET_KEY": secrets.token_urlsafe(60),
        "ENCRYPTION_KEYS": "k1:" + base64.b64encode(secrets.token_bytes(32)).decode(),
        "BASE_DOMAIN": "app.example.com",
        "TRUSTED_PROXIES": "1",
        **variables,
    }
    return subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False)


def test_the_deployment_checks_find_nothing():
    done = start()
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout.splitlines()[-1])
    own = [line for line in facts["found"] if line.startswith(("security.", "core.", "?"))]
    assert own == []
    assert facts["CSRF_COOKIE_NAME"].startswith("__Host-")
    assert facts["SESSION_COOKIE_NAME"].startswith(("__Host-", "__Secure-"))
    assert facts["SESSION_COOKIE_SECURE"] is facts["CSRF_COOKIE_SECURE"] is True
    assert facts["DEBUG"] is False


@pytest.mark.parametrize("name", ["SECRET_KEY", "ENCRYPTION_KEYS"])
def test_a_missing_secret_stops_the_start_and_says_how_to_make_one(name):
    done = start(**{name: ""})
    assert done.returncode == 1
    assert name in done.stderr
    assert "Traceback" not in done.stderr
