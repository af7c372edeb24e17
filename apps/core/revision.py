"""Which code answers: every run records the commit, and whether the checkout differed from it.

Uncommitted work that answers real tasks cannot be reproduced, so workers refuse a dirty checkout unless ALLOW_DIRTY says
otherwise. Dirty means staged, unstaged and untracked (not ignored) changes; what git cannot tell counts as unknown, not clean.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from apps.core.errors import Misconfigured

FRESH_SECONDS = 15.0
GIT_SECONDS = 20
UNKNOWN = "unknown"


class DirtyRevision(Misconfigured):
    """The checkout differs from its commit, so answers could not be reproduced."""

    code = "dirty_revision"
    message = _("The checkout has uncommitted changes (%(files)s). Commit or remove them, or set ALLOW_DIRTY=true.")


class UnknownRevision(Misconfigured):
    """There is neither a readable git checkout nor GIT_COMMIT."""

    code = "unknown_revision"
    message = _(
        "The code revision is unknown. Run from a git checkout, or set GIT_COMMIT to the commit that was built."
    )


@dataclass(frozen=True, kw_only=True)
class Revision:
    """``commit`` is the full hash or ``unknown``; ``diff_hash`` identifies the uncommitted changes, empty when clean."""

    commit: str
    dirty: bool
    diff_hash: str = ""
    files: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """What is recorded with a run: ``<commit>``, or ``<commit>+<diff hash>`` when dirty."""
        return f"{self.commit}+{self.diff_hash}" if self.dirty else self.commit

    @property
    def short(self) -> str:
        """For people: ten characters of the commit, ``+`` when dirty."""
        return self.commit[:10] + ("+" if self.dirty else "")


class _Cache:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.value: Revision | None = None
        self.read_at = 0.0


_cache = _Cache()


def current_revision(*, max_age_s: float = FRESH_SECONDS) -> Revision:
    """The revision as of at most ``max_age_s`` seconds ago; asking git costs some 20 ms, a fresh answer nothing."""
    with _cache.lock:
        if _cache.value is None or time.monotonic() - _cache.read_at > max_age_s:
            _cache.value = read_revision(Path(settings.BASE_DIR), fallback=settings.GIT_COMMIT)
            _cache.read_at = time.monotonic()
        return _cache.value


def require_clean_revision(*, allow_dirty: bool | None = None, max_age_s: float = FRESH_SECONDS) -> Revision:
    """The revision, if work may be done with it. Raises ``DirtyRevision`` or ``UnknownRevision``.

    ``allow_dirty`` defaults to the setting; the revision is recorded as dirty all the same.
    """
    revision = current_revision(max_age_s=max_age_s)
    allowed = settings.ALLOW_DIRTY if allow_dirty is None else allow_dirty
    if allowed:
        return revision
    if revision.commit == UNKNOWN:
        raise UnknownRevision
    if revision.dirty:
        raise DirtyRevision(files=", ".join(revision.files[:3]) + (" ..." if len(revision.files) > 3 else ""))
    return revision


def read_revision(folder: Path, *, fallback: str | None = None) -> Revision:
    """Ask git about the checkout at ``folder``; where there is none, ``fallback`` (GIT_COMMIT of the image) is the answer."""
    root = _git(folder, "rev-parse", "--show-toplevel")
    commit = _git(folder, "rev-parse", "--verify", "HEAD")
    if root is None or commit is None or Path(root.decode().strip()) != folder.resolve():
        return Revision(commit=fallback or UNKNOWN, dirty=False)
    status = _git(folder, "status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames")
    head = commit.decode().strip()
    if status is None:
        return Revision(commit=head, dirty=True, diff_hash=UNKNOWN, files=("git status failed",))
    entries = [entry.decode("utf-8", "replace") for entry in status.split(b"\0") if entry]
    if not entries:
        return Revision(commit=head, dirty=False)
    return Revision(
        commit=head, dirty=True, diff_hash=_diff_hash(folder, status), files=tuple(entry[3:] for entry in entries)
    )


def _diff_hash(folder: Path, status: bytes) -> str:
    """16 hexadecimal digits over the status, the diff to HEAD and the content of untracked files."""
    digest = hashlib.sha256(status)
    digest.update(_git(folder, "diff", "HEAD", "--binary", "--no-ext-diff") or b"")
    for entry in sorted(status.split(b"\0")):
        path = folder / entry[3:].decode("utf-8", "surrogateescape")
        if entry.startswith(b"??") and path.is_file():
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _git(folder: Path, *arguments: str) -> bytes | None:
    git = shutil.which("git")
    if git is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603 - fixed program, fixed arguments, no shell
            [git, "-C", str(folder), *arguments], capture_output=True, check=False, timeout=GIT_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
