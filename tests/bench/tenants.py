"""T1: tenants in seconds. Sign-up to usable, a deploy that changes nothing, one column everywhere, a deploy that is killed."""

import argparse
import logging
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory

from tests.bench.report import ROOT, Target, record
from tests.bench.setting import Place, setting

TENANTS = 300
SIGN_UPS = 40
PACKAGE = "measured_migrations"
MIGRATION = """
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tasks", "{last}")]
    operations = [migrations.AddField("task", "{field}", models.CharField(max_length=40, default=""))]
"""
TARGETS = {
    "sign_up_p95_s": Target(at_most=2),
    "no_op_deploy_s": Target(at_most=10),
    "one_column_s": Target(at_most=60),
    "killed_lost_or_doubled": Target(at_most=0),
}


def main() -> int:
    """Measure and record; exit code 1 when a goal is missed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--tenants", type=int, default=TENANTS)
    arguments.add_argument("--deploy", metavar="FOLDER", help="Only run the deploy step with the migrations in FOLDER.")
    given = arguments.parse_args()
    if given.deploy:
        return _deploy(Path(given.deploy))
    with setting() as place, TemporaryDirectory() as folder:
        figures = _measure(place, Path(folder), given.tenants)
    met = record(
        goal="T1", figures=figures, targets=TARGETS,
        note="2 cores shared with other work; PostgreSQL on the same machine, fsync on. Creating is bound by catalogue writes, "
             "deploying by one transaction per workspace on 4 connections, the no-op by starting Python and Django's own check "
             "of the shared tables.",
    )  # fmt: skip
    return 0 if met else 1


def _measure(place: Place, folder: Path, tenants: int) -> dict[str, float]:
    from apps.tenants.facade import list_active_tenants

    logging.disable(logging.WARNING)
    figures: dict[str, float] = _sign_ups() | _create(tenants)
    tenants = len(list_active_tenants())
    figures["tenants"] = tenants
    figures["no_op_deploy_s"], figures["no_op_deploy_cpu_s"] = _timed(["migrate", "-v", "0"])
    figures["no_op_tenants_s"], figures["no_op_tenants_cpu_s"] = _timed(["migrate_tenants", "-v", "0"])
    figures["start_of_django_s"], figures["start_of_django_cpu_s"] = _timed(["help", "migrate"])
    _add_migration(folder, "one", "measured_one")
    started = time.monotonic()
    _run_deploy(folder)
    figures["one_column_s"] = round(time.monotonic() - started, 2)
    assert _with_column("measured_one") == tenants
    _add_migration(folder, "two", "measured_two")
    figures |= _killed(folder, tenants)
    return figures


def _sign_ups() -> dict[str, float]:
    """From pressing the button to the first page of the workspace, with and without a schema in the pool."""
    from apps.tenants.schemas.pool import refill_pool

    refill_pool(size=SIGN_UPS)
    pooled = [_sign_up(number) for number in range(SIGN_UPS)]
    built = [_sign_up(SIGN_UPS + number) for number in range(SIGN_UPS)]
    return {
        "sign_up_p50_s": _percentile(pooled, 50),
        "sign_up_p95_s": _percentile(pooled, 95),
        "sign_up_empty_pool_p50_s": _percentile(built, 50),
        "sign_up_empty_pool_p95_s": _percentile(built, 95),
    }


def _sign_up(number: int) -> float:
    from django.test import Client

    from apps.accounts.models import User

    person = User.objects.create_user(f"person{number}@signup.example")
    platform, workspace = Client(SERVER_NAME="localhost"), Client(SERVER_NAME=f"signup-{number}.localhost")
    for client in (platform, workspace):
        client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    started = time.monotonic()
    answer = platform.post("/workspaces/", {"name": f"Sign-up {number}", "slug": f"signup-{number}"})
    assert answer.status_code == 302, answer.text
    assert workspace.get("/").status_code == 200
    return time.monotonic() - started


def _create(tenants: int) -> dict[str, float]:
    from django.db import connections

    from apps.tenants.facade import list_active_tenants, provision_tenant

    missing = tenants - len(list_active_tenants())

    def create(number: int) -> None:
        provision_tenant(slug=f"bench-{number}", name=f"Bench {number}", email="bench@bench.example")
        if number >= missing - 2:
            connections.close_all()

    started = time.monotonic()
    with ThreadPoolExecutor(max_workers=2) as pool:
        list(pool.map(create, range(missing)))
    seconds = time.monotonic() - started
    return {"created": missing, "create_each_s": round(seconds / max(1, missing), 3)}


def _killed(folder: Path, tenants: int) -> dict[str, float]:
    """SIGKILL after roughly half; the next run finishes, and nobody is migrated twice."""
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.tenants", "--deploy", str(folder)], cwd=ROOT,
                               stdout=subprocess.DEVNULL, start_new_session=True)  # fmt: skip
    while process.poll() is None and _with_column("measured_two") < tenants // 2:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    time.sleep(1)
    half = _with_column("measured_two")
    started = time.monotonic()
    _run_deploy(folder)
    seconds = time.monotonic() - started
    done, recorded = _with_column("measured_two"), _recorded("9002_measured")
    return {
        "killed_at": half,
        "resume_s": round(seconds, 2),
        "killed_lost_or_doubled": (tenants - done) + abs(tenants - recorded),
    }


def _run_deploy(folder: Path) -> None:
    subprocess.run([sys.executable, "-m", "tests.bench.tenants", "--deploy", str(folder)], cwd=ROOT, check=True,
                   stdout=subprocess.DEVNULL)  # fmt: skip


def _deploy(folder: Path) -> int:
    """What a deploy runs, with one more migration in the tasks app."""
    import django
    from django.conf import settings

    sys.path.insert(0, str(folder))
    settings.MIGRATION_MODULES = {"tasks": PACKAGE}
    django.setup()
    from django.core.management import call_command

    call_command("migrate_tenants")
    return 0


def _add_migration(folder: Path, name: str, field: str) -> None:
    package = folder / PACKAGE
    if not package.exists():
        shutil.copytree(ROOT / "apps" / "tasks" / "migrations", package)
    last = max(path.stem for path in package.glob("[0-9]*.py"))
    number = {"one": "9001", "two": "9002"}[name]
    (package / f"{number}_measured.py").write_text(MIGRATION.format(last=last, field=field))


def _timed(command: list[str]) -> tuple[float, float]:
    """Wall and CPU seconds of a management command in a process of its own."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run([sys.executable, str(ROOT / "manage.py"), *command], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return round(time.monotonic() - started, 2), round(
        after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 2
    )


def _with_column(name: str) -> int:
    return _count(
        "SELECT count(*) FROM information_schema.columns WHERE table_name = 'tasks_task' AND column_name = %s", name
    )


def _recorded(name: str) -> int:
    """Rows in all ``django_migrations`` tables together: as many as workspaces when nobody was migrated twice."""
    from apps.tenants.facade import list_active_tenants

    return sum(
        _count(f'SELECT count(*) FROM "{tenant.schema_name}".django_migrations WHERE name = %s', name)
        for tenant in list_active_tenants()
    )


def _count(sql: str, value: str) -> int:
    with _cursor() as cursor:
        cursor.execute(sql, [value])
        return int(cursor.fetchone()[0])


@contextmanager
def _cursor() -> Iterator[object]:
    from django.db import connection

    with connection.cursor() as cursor:
        yield cursor


def _percentile(values: list[float], percent: int) -> float:
    return round(quantiles(values, n=100)[percent - 1], 3)


if __name__ == "__main__":
    sys.exit(main())
