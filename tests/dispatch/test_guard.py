"""The engine's safety never rests on Celery: no message may carry work, wait, repeat itself or return anything."""

import ast
import re
from pathlib import Path

import pytest
from django.conf import settings

ENGINE = sorted(
    [*Path("apps/dispatch").rglob("*.py"), *Path("apps/workflows").rglob("*.py"), Path("echopilot/celery.py")]
)
FORBIDDEN_KEYWORDS = {
    "countdown",
    "eta",
    "acks_late",
    "task_acks_late",
    "reject_on_worker_lost",
    "autoretry_for",
    "link",
    "link_error",
    "chord",
}
FORBIDDEN_CALLS = {"apply_async", "delay", "chord", "chain", "group", "AsyncResult", "self_retry"}


def offences(source: str) -> list[str]:
    found = []
    imports_celery = re.search(r"^\s*(from|import) celery", source, re.MULTILINE) is not None
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if imports_celery and (name in FORBIDDEN_CALLS or name == "retry"):
                found.append(f"{node.lineno}: {name}()")
            if imports_celery:
                found += [f"{node.lineno}: {word.arg}=" for word in node.keywords if word.arg in FORBIDDEN_KEYWORDS]
    return found


@pytest.mark.parametrize("path", ENGINE, ids=str)
def test_engine_code_does_not_lean_on_celery(path: Path) -> None:
    assert offences(path.read_text()) == []


def test_the_guard_finds_what_it_looks_for() -> None:
    assert len(offences("from celery import shared_task\nwake.apply_async(countdown=3)\nself.retry()\n")) == 3


def test_only_the_two_hints_are_celery_tasks(db: None) -> None:
    from echopilot.celery import app

    app.loader.import_default_modules()
    assert {name for name in app.tasks if not name.startswith("celery.")} == {"dispatch.wake", "dispatch.tick"}


def test_settings_keep_no_results_and_acknowledge_early() -> None:
    from echopilot.celery import app

    assert app.conf.task_ignore_result
    assert app.conf.result_backend is None
    assert not app.conf.task_acks_late
    assert settings.CELERY_TASK_ROUTES["dispatch.*"]["queue"] == "dispatch.wake"


def test_a_message_for_a_schema_that_cannot_be_entered_is_dropped_not_run_in_public() -> None:
    from celery.exceptions import Ignore

    from echopilot.celery import SafeTenantTask

    class Probe(SafeTenantTask):
        name = "probe"
        request = type("Request", (dict,), {"headers": {"_schema_name": "t_gone00000000"}})()

        def run(self) -> str:
            return "ran"

    with pytest.raises(Ignore):
        Probe()()
