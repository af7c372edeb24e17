"""Variables: wrong types stop the start in plain words, misspelt names are pointed out."""

import os
import subprocess
import sys

import pytest

from echopilot.settings.environment import (
    ROOT,
    Environment,
    email_settings,
    endpoints_of,
    known_names,
    load_environment,
    misspelt_names,
)


@pytest.mark.parametrize(
    ("name", "value", "advice"),
    [
        ("PUBLIC_PORT", "eighty", "whole number"),
        ("ALLOW_DIRTY", "perhaps", "true or false"),
        ("LAUNCH_STAGE", "live", "'pre' or 'post'"),
        ("LOG_FORMAT", "xml", "'json' or 'console'"),
        ("LOG_LEVEL", "LOUD", "'DEBUG'"),
        ("TRUSTED_PROXIES", "1.5", "whole number"),
    ],
)
def test_a_wrong_value_is_named_with_what_to_set_and_not_repeated(monkeypatch, name, value, advice):
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as stop:
        load_environment()
    assert name in str(stop.value)
    assert advice in str(stop.value)
    assert value not in str(stop.value)
    assert "pydantic" not in str(stop.value)


def test_every_wrong_value_is_named_at_once(monkeypatch):
    monkeypatch.setenv("PUBLIC_PORT", "x")
    monkeypatch.setenv("ALLOW_DIRTY", "x")
    with pytest.raises(SystemExit) as stop:
        load_environment()
    assert "PUBLIC_PORT" in str(stop.value)
    assert "ALLOW_DIRTY" in str(stop.value)


def test_the_command_line_shows_one_plain_message():
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        env={**os.environ, "PUBLIC_PORT": "eighty"},
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 1
    assert "PUBLIC_PORT" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("DATABASE_URI", "DATABASE_URL"),
        ("OPENAI_APIKEY", "OPENAI_API_KEY"),
        ("OPEN_AI_API_KEY", "OPENAI_API_KEY"),
        ("NOTION_TOKENS", "NOTION_TOKEN"),
        ("ENCRYPTION_KEY", "ENCRYPTION_KEYS"),
        ("ECHOPILOT_DATABASE_URL", "DATABASE_URL"),
        ("ECHOPILOT_VARS", "ECHOPILOT_VAR"),
        ("ECHOPILOT_SOMETHING_ELSE", ""),
    ],
)
def test_misspelt_names_are_found_with_the_right_one(given, meant):
    assert misspelt_names([given]) == {given: meant}


@pytest.mark.parametrize(
    "name", ["PATH", "HOME", "LANG", "PYTHONPATH", "VIRTUAL_ENV", "TERM", "CI", "PGPASSWORD", "EDITOR"]
)
def test_names_of_others_are_left_alone(name):
    assert misspelt_names([name]) == {}


def test_known_names_are_never_suspects():
    assert misspelt_names(known_names()) == {}
    assert {"DATABASE_URL", "OPENAI_API_KEY", "ECHOPILOT_VAR"} <= known_names()


def test_every_variable_says_what_it_is_for():
    assert [name for name, field in Environment.model_fields.items() if not field.description] == []


def test_secrets_do_not_print_themselves(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-hunter2hunter2")
    assert "hunter2" not in repr(load_environment())


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("http://127.0.0.1:9000/v1", "127.0.0.1:9000"),
        ("https://api.example.com", "api.example.com:443"),
        ("http://[::1]:8080/", "[::1]:8080"),
        ("http://host", "host:80"),
    ],
)
def test_configured_addresses_become_allow_list_entries(url, endpoint):
    assert endpoints_of([None, "", url]) == [endpoint]


def test_mail_goes_to_files_unless_a_server_is_named(tmp_path):
    assert "filebased" in email_settings("", folder=tmp_path)["EMAIL_BACKEND"]
    smtp = email_settings("smtp://me%40x:p%2Fw@mail.example:587", folder=tmp_path)
    assert (smtp["EMAIL_HOST_USER"], smtp["EMAIL_HOST_PASSWORD"], smtp["EMAIL_USE_TLS"]) == ("me@x", "p/w", True)
    assert email_settings("smtps://mail.example", folder=tmp_path)["EMAIL_PORT"] == 465
    with pytest.raises(SystemExit, match="EMAIL_URL"):
        email_settings("http://mail.example", folder=tmp_path)
