"""Small parts of the local installation and of the house: mail at the terminal, lock, settings, dumps, images, reports."""

import json
import os
import re
import subprocess
import sys

import pytest
import yaml
from django.core.mail import EmailMessage
from django.core.mail.backends.filebased import EmailBackend

from apps.core.embedded import places, product
from apps.core.embedded.lockfile import AlreadyRunning, LauncherLock
from apps.core.embedded.mailbox import Mailbox
from apps.core.embedded.places import ROOT
from echopilot.settings.environment import Environment
from tests.bench.report import Target, record


def send(folder, *, subject, body):
    backend = EmailBackend(file_path=folder)
    backend.send_messages([EmailMessage(subject=subject, body=body, to=["demo@example.com"])])


def test_terminal_shows_the_code_of_a_sign_in_mail(tmp_path):
    told = []
    send(tmp_path, subject="Old mail", body="AB12-CD34")
    mailbox = Mailbox(tmp_path, told.append)
    send(tmp_path, subject="Sign-in code", body="Hello,\n\nYour code is below.\n\nKXM4-PLQR\n\nBye")
    mailbox.look()
    mailbox.look()
    assert len(told) == 1
    assert "demo@example.com" in told[0]
    assert "KXM4-PLQR" in told[0]


def test_terminal_points_at_mail_without_a_code(tmp_path):
    told = []
    mailbox = Mailbox(tmp_path, told.append)
    send(tmp_path, subject="Welcome", body="Nothing to type here.")
    mailbox.look()
    assert str(tmp_path) in told[0]


def test_second_launcher_learns_who_holds_the_lock(tmp_path):
    lock = LauncherLock(tmp_path / "lock")
    lock.take()
    with pytest.raises(AlreadyRunning) as refused:
        LauncherLock(tmp_path / "lock").take()
    assert refused.value.pid == os.getpid()
    lock.release()
    assert LauncherLock(tmp_path / "lock").holder() is None


def test_lock_of_a_killed_launcher_is_free(tmp_path):
    script = (
        "import os, sys; from pathlib import Path; from apps.core.embedded.lockfile import LauncherLock\n"
        "LauncherLock(Path(sys.argv[1])).take(); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "lock")], cwd=ROOT, check=False)
    lock = LauncherLock(tmp_path / "lock")
    assert lock.holder() is None
    lock.take()
    lock.release()


def test_secrets_are_made_once_and_given_ones_win(tmp_path):
    first = product.kept_secrets(tmp_path / "secrets.env", given={})
    assert product.kept_secrets(tmp_path / "secrets.env", given={}) == first
    assert product.kept_secrets(tmp_path / "secrets.env", given={"SECRET_KEY": "mine"})["SECRET_KEY"] == "mine"
    assert (tmp_path / "secrets.env").stat().st_mode & 0o077 == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to give the server to another account")
def test_folder_the_server_account_cannot_enter_gets_a_shelter(tmp_path):
    closed = tmp_path / "home"
    closed.mkdir(mode=0o700)
    account = places.server_account()
    shelter = places.reachable(closed / "checkout" / "var" / "postgres", account=account)
    try:
        assert not shelter.is_relative_to(closed)
        assert shelter == places.reachable(closed / "checkout" / "var" / "postgres", account=account)
        probe = subprocess.run(["test", "-x", str(shelter.parent)], **places.as_account(account), check=False)
        assert probe.returncode == 0
    finally:
        removed = places.remove_shelters(under=closed)
    assert removed == [shelter.parent]
    assert not shelter.parent.exists()


def test_folder_without_obstacles_stays_where_it_is(tmp_path):
    assert places.reachable(tmp_path / "postgres", account=None) == tmp_path / "postgres"


def test_compose_gives_every_service_health_limits_and_no_secret():
    compose = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text())
    assert set(compose["services"]) == {"postgres", "valkey", "migrate", "web", "events", "worker", "beat"}
    known = {name.upper() for name in Environment.model_fields}
    for name, service in compose["services"].items():
        assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory"}, name
        assert name == "web" or "healthcheck" in service, name
        for key, value in (service.get("environment") or {}).items():
            assert key in known or key.startswith(("POSTGRES_", "VALKEY_")), key
            if re.search("KEY|PASSWORD|TOKEN", key):
                assert str(value).startswith("${"), key


def test_image_runs_as_nobody_in_particular_and_installs_by_hash():
    text = (ROOT / "docker" / "Dockerfile").read_text()
    product_stage = text.split("AS product")[1]
    assert "USER echopilot" in product_stage
    assert text.count("--require-hashes") == 2
    for source in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE):
        for path in source.split():
            assert (ROOT / path).exists(), path


def test_report_says_what_was_missed(tmp_path, capsys):
    met = record(
        goal="X1", figures={"runs_per_s": 900.0, "lost": 0}, folder=tmp_path,
        targets={"runs_per_s": Target(at_least=1000), "lost": Target(at_most=0)}, note="one core",
    )  # fmt: skip
    entry = json.loads((tmp_path / "X1.jsonl").read_text())
    assert not met
    assert entry["missed"] == ["runs_per_s"]
    assert entry["machine"]["cores"] >= 1
    assert "MISSED" in capsys.readouterr().out


def test_report_refuses_a_target_without_a_figure(tmp_path):
    with pytest.raises(ValueError, match="p95_ms"):
        record(goal="X1", figures={}, targets={"p95_ms": Target(at_most=1)}, folder=tmp_path)
