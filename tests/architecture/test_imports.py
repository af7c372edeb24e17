"""Imports go down the layers, and other apps are entered by their doors."""

import ast
from pathlib import Path

import pytest
from importlinter import cli

ROOT = Path(__file__).resolve().parents[2]
APPS = ROOT / "apps"
DOORS = {"facade", "contracts", "enums", "errors", "signals", "registry", "registries", "guards"}


def imports_of(source: str) -> list[tuple[int, str]]:
    """Every imported dotted name of a module with its line; ``from apps.x import facade`` counts as ``apps.x.facade``."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found += [(node.lineno, f"{node.module}.{alias.name}") for alias in node.names]
    return found


def trespasses(app: str, source: str) -> list[tuple[int, str]]:
    """Imports of another app that do not go through one of its doors."""
    wrong = []
    for line, name in imports_of(source):
        parts = name.split(".")
        foreign = parts[0] == "apps" and len(parts) > 2 and parts[1] not in {app, "core"}
        if (foreign and parts[2] not in DOORS) or parts[0] == "echopilot":
            wrong.append((line, name))
    return wrong


def modules() -> list[Path]:
    return sorted(path for path in APPS.rglob("*.py") if "migrations" not in path.parts)


def test_the_contracts_of_pyproject_are_kept(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    status = cli.lint_imports(no_cache=True)
    assert status == 0, capsys.readouterr().out


def test_other_apps_are_entered_by_their_doors_only():
    wrong = {
        f"{path.relative_to(ROOT)}:{line} {name}"
        for path in modules()
        for line, name in trespasses(path.relative_to(APPS).parts[0], path.read_text())
    }
    assert wrong == set()


@pytest.mark.parametrize(
    ("source", "caught"),
    [
        ("from apps.tenants.models import Tenant", True),
        ("from apps.tenants import models", True),
        ("import apps.tenants.services.provisioning", True),
        ("def f():\n    from apps.accounts.selectors import get_membership", True),
        ("from echopilot.settings import base", True),
        ("from apps.tenants.facade import get_tenant", False),
        ("from apps.tenants import facade", False),
        ("from apps.core.money import Money", False),
        ("from apps.tasks.models import Task", False),
    ],
)
def test_the_rule_catches_what_it_should(source, caught):
    assert bool(trespasses("tasks", source)) is caught
