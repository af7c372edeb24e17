"""Preflight finds what would break in production, one line each, and its exit code says so."""

import io
import json
import threading

import pytest
from django.core.management import CommandError, call_command

from apps.core import preflight_checks as own
from apps.core.preflight import Outcome, PreflightCheck, failed, ok, preflight_checks, run_checks, warning


def outcome(check):
    return check().outcome


def run(*arguments):
    out = io.StringIO()
    try:
        call_command("preflight", *arguments, stdout=out)
        return 0, out.getvalue()
    except SystemExit as stop:
        return stop.code, out.getvalue()


def test_a_sound_installation_passes(db, settings):
    settings.ALLOW_DIRTY = settings.DEBUG = True
    code, text = run()
    assert code == 0, text
    assert "PostgreSQL" in text


def test_any_failure_gives_exit_code_one_and_the_next_step(db):
    with preflight_checks.temporarily(
        PreflightCheck(name="extra", check=lambda: failed("broken", next_step="Mend it."))
    ):
        code, text = run("--only", "extra")
    assert code == 1
    assert "broken" in text
    assert "Mend it." in text


def test_warnings_do_not_fail(db):
    with preflight_checks.temporarily(PreflightCheck(name="extra", check=lambda: warning("hm", next_step="Look."))):
        assert run("--only", "extra")[0] == 0


def test_json_carries_every_finding(db):
    with preflight_checks.temporarily(PreflightCheck(name="extra", check=lambda: ok("fine"))):
        code, text = run("--only", "extra", "--json")
    assert json.loads(text) == {
        "passed": True,
        "checks": [{"name": "extra", "outcome": "ok", "message": "fine", "next_step": ""}],
    }
    assert code == 0


def test_an_unknown_check_is_refused():
    with pytest.raises(CommandError):
        call_command("preflight", "--only", "nonsense")


def test_a_check_that_raises_is_a_failure_without_secrets():
    def explode():
        raise RuntimeError("could not reach postgresql://me:hunter2@host/db\nmore")

    with preflight_checks.temporarily(PreflightCheck(name="extra", check=explode)):
        ((_name, finding),) = run_checks(names=("extra",))
    assert finding.outcome is Outcome.FAILED
    assert "hunter2" not in finding.message
    assert "more" not in finding.message


def test_the_database_is_new_enough_and_its_sessions_stay_put(db, monkeypatch):
    assert outcome(own.database) is Outcome.OK
    assert outcome(own.pooler_mode) is Outcome.OK
    monkeypatch.setattr(own, "OLDEST_DATABASE", 999999)
    assert outcome(own.database) is Outcome.FAILED


class _Pool:
    """Two server processes behind a pooler: by transaction, the idle one goes to whoever asks next."""

    def __init__(self, *, by_transaction, size=2):
        self.by_transaction, self.size, self.taken = by_transaction, size, {}
        self.settings = dict.fromkeys(range(size))
        self.free = threading.Condition()

    def connect(self, _parameters):
        return _Session(self)

    def acquire(self, session):
        with self.free:
            while session not in self.taken:
                idle = [number for number in range(self.size) if number not in self.taken.values()]
                if idle:
                    self.taken[session] = idle[0]
                else:
                    self.free.wait()
            return self.taken[session]

    def release(self, session):
        with self.free:
            self.taken.pop(session, None)
            self.free.notify_all()


class _Session:
    autocommit = True

    def __init__(self, pool):
        self.pool = pool

    def cursor(self):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        return None

    def execute(self, statement):
        server = self.pool.acquire(self)
        if "set_config" in statement:
            self.pool.settings[server] = "set"
        self.answer = (server, self.pool.settings[server])
        if self.autocommit and self.pool.by_transaction:
            self.pool.release(self)

    def fetchone(self):
        return self.answer

    def rollback(self):
        self.pool.release(self)

    def close(self):
        self.pool.release(self)


@pytest.mark.parametrize("size", [1, 2])
def test_pooling_by_transaction_is_refused_even_when_only_one_client_is_there(size, monkeypatch):
    monkeypatch.setattr(own, "SECONDS", 0.2)
    assert own.session_moves(_Pool(by_transaction=True, size=size).connect, {})


def test_pooling_by_session_passes():
    assert not own.session_moves(_Pool(by_transaction=False).connect, {})


def test_a_broker_that_is_away_fails(settings):
    settings.BROKER_URL = "redis://127.0.0.1:1/0"
    ((_name, finding),) = run_checks(names=("broker",))
    assert finding.outcome is Outcome.FAILED


def test_the_broker_answers(settings):
    assert outcome(own.broker) in {Outcome.OK, Outcome.WARNING}


@pytest.mark.parametrize(
    ("key", "debug", "expected"),
    [
        ("development-only-key", True, Outcome.WARNING),
        ("development-only-key", False, Outcome.FAILED),
        ("short", False, Outcome.FAILED),
        ("a" * 80, False, Outcome.FAILED),
        ("Zq8vR2mK5tY7wB1nXcJ4-Zq8vR2mK5tY7wB1nXcJ4-Zq8vR2mK5tY7", False, Outcome.OK),
    ],
)
def test_weak_secret_keys_are_found(settings, key, debug, expected):
    settings.SECRET_KEY, settings.DEBUG = key, debug
    assert outcome(own.secret_key) is expected


def test_a_derived_encryption_key_is_fine_in_development_only(settings):
    settings.ENCRYPTION_KEYS, settings.DEBUG = "", True
    assert outcome(own.encryption_keys) is Outcome.WARNING
    settings.DEBUG = False
    assert outcome(own.encryption_keys) is Outcome.FAILED


def test_misspelt_variables_are_a_warning(settings):
    settings.MISSPELT_VARIABLES = {"DATABASE_URI": "DATABASE_URL"}
    finding = own.environment()
    assert finding.outcome is Outcome.WARNING
    assert "DATABASE_URL" in finding.message


def test_an_undeclared_proxy_is_pointed_out(settings):
    settings.DEBUG, settings.SECURE_SSL_REDIRECT, settings.SECURE_PROXY_SSL_HEADER = False, True, None
    assert outcome(own.https) is Outcome.WARNING
