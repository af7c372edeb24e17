"""What a migrated database is made from, as digests: a stage is rebuilt only when its own ingredients change."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
FIRST_MIGRATIONS = (
    "apps/accounts/migrations/0001_*.py",
    "apps/tenants/migrations/0001_*.py",
    "apps/tenants/migrating/first_install.py",
)
MIGRATIONS = ("apps/*/migrations/*.py",)
PROVISIONING = (
    "apps/tenants/**/*.py",
    "apps/*/plug.py",
    "apps/*/receivers.py",
    "apps/*/seeds*.py",
    "apps/*/seeds/**/*",
    "fixtures/**/*",
)
BUILDERS = ("tests/build_template.py",)


@dataclass(frozen=True)
class Stage:
    """One layer of the template: its name, what to tell the person who waits, and its digest (of all below, too)."""

    name: str
    title: str
    digest: str


@cache
def stages() -> tuple[Stage, ...]:
    """Bottom to top, for the code as this process found it first.

    Ordinary work on our own migrations leaves the expensive first stage alone.
    """
    digest = _packages() + _planes()
    result = []
    for name, title, patterns in (
        ("packages", "migrating third-party apps (once per set of package versions, about a minute)", FIRST_MIGRATIONS),
        ("apps", "migrating our apps", (*MIGRATIONS, *BUILDERS)),
        ("tenants", "provisioning the tenants acme and globex", PROVISIONING),
    ):
        digest = _digest(digest, patterns)
        result.append(Stage(name=name, title=title, digest=digest))
    return tuple(result)


def _packages() -> str:
    """Versions of all installed distributions that carry migrations."""
    carriers = sorted(
        f"{found.metadata['Name']}=={found.version}"
        for found in distributions()
        if any("migrations/0001_" in str(file) for file in found.files or ())
    )
    return hashlib.sha256("\n".join(carriers).encode()).hexdigest()


def _planes() -> str:
    """Which app's tables belong to which plane."""
    settings = (ROOT / "echopilot" / "settings" / "base.py").read_text()
    return settings.partition("SHARED_APPS = [")[2].partition("INSTALLED_APPS =")[0]


def _digest(below: str, patterns: Iterable[str]) -> str:
    total = hashlib.sha256(below.encode())
    for pattern in patterns:
        for path in sorted(ROOT.glob(pattern)):
            if path.is_file() and "__pycache__" not in path.parts:
                total.update(str(path.relative_to(ROOT)).encode())
                total.update(path.read_bytes())
    return total.hexdigest()[:16]
