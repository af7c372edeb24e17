"""The revision tells staged, unstaged and untracked changes apart from a clean commit, and workers refuse the former."""

import io
import json
import subprocess

import pytest
from django.core.management import call_command

from apps.core import revision
from apps.core.revision import (
    UNKNOWN,
    DirtyRevision,
    UnknownRevision,
    current_revision,
    read_revision,
    require_clean_revision,
)


def git(folder, *arguments):
    subprocess.run(
        ["git", "-C", str(folder), "-c", "user.name=x", "-c", "user.email=x@x", *arguments],
        check=True,
        capture_output=True,
    )


@pytest.fixture
def checkout(tmp_path, settings):
    git(tmp_path, "init", "-q")
    (tmp_path / "code.py").write_text("one = 1\n")
    (tmp_path / ".gitignore").write_text("ignored/\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    settings.BASE_DIR, settings.ALLOW_DIRTY, settings.GIT_COMMIT = tmp_path, False, None
    revision._cache.value = None
    yield tmp_path
    revision._cache.value = None


def change_unstaged(folder):
    (folder / "code.py").write_text("one = 2\n")


def change_staged(folder):
    change_unstaged(folder)
    git(folder, "add", "code.py")


def add_untracked(folder):
    (folder / "new file.py").write_text("two = 2\n")


def remove(folder):
    (folder / "code.py").unlink()


def test_a_clean_checkout_is_its_commit(checkout):
    found = read_revision(checkout)
    assert (len(found.commit), found.dirty, found.diff_hash) == (40, False, "")
    assert found.label == found.commit
    assert require_clean_revision() == found


def test_ignored_files_do_not_make_it_dirty(checkout):
    (checkout / "ignored").mkdir()
    (checkout / "ignored" / "x").write_text("x")
    assert not read_revision(checkout).dirty


@pytest.mark.parametrize("change", [change_unstaged, change_staged, add_untracked, remove])
def test_every_kind_of_change_makes_it_dirty_and_is_refused(checkout, change):
    change(checkout)
    found = read_revision(checkout)
    assert found.dirty
    assert len(found.diff_hash) == 16
    assert found.label.endswith("+" + found.diff_hash)
    with pytest.raises(DirtyRevision) as caught:
        require_clean_revision(max_age_s=0)
    assert found.files[0] in caught.value.text
    assert require_clean_revision(allow_dirty=True, max_age_s=0).label == found.label


def test_the_hash_follows_the_content_of_tracked_and_untracked_files(checkout):
    seen = set()
    for number in range(3):
        (checkout / "code.py").write_text(f"one = {number + 5}\n")
        seen.add(read_revision(checkout).diff_hash)
    for number in range(3):
        (checkout / "other.py").write_text(f"{number}\n")
        seen.add(read_revision(checkout).diff_hash)
    assert len(seen) == 6
    assert read_revision(checkout).diff_hash in seen


def test_a_change_is_noticed_when_the_answer_is_old_enough(checkout):
    assert not current_revision().dirty
    change_unstaged(checkout)
    assert not current_revision(max_age_s=60).dirty
    assert current_revision(max_age_s=0).dirty


def test_without_checkout_the_images_commit_counts_and_without_both_nothing_works(tmp_path, settings):
    revision._cache.value = None
    settings.BASE_DIR, settings.GIT_COMMIT, settings.ALLOW_DIRTY = tmp_path, "f" * 40, False
    assert require_clean_revision(max_age_s=0).commit == "f" * 40
    settings.GIT_COMMIT = None
    assert current_revision(max_age_s=0).commit == UNKNOWN
    with pytest.raises(UnknownRevision):
        require_clean_revision(max_age_s=0)


def test_a_folder_inside_another_checkout_is_not_that_checkout(checkout):
    (checkout / "ignored").mkdir()
    assert read_revision(checkout / "ignored", fallback="image").commit == "image"


def test_git_that_does_not_work_is_never_taken_for_clean(checkout, monkeypatch):
    real = revision._git
    monkeypatch.setattr(
        revision, "_git", lambda folder, *arguments: None if arguments[0] == "status" else real(folder, *arguments)
    )
    assert read_revision(checkout).dirty


@pytest.mark.parametrize(
    ("change", "options", "code"), [(None, [], 0), (add_untracked, [], 3), (add_untracked, ["--allow-dirty"], 0)]
)
def test_the_command_answers_with_an_exit_code(checkout, change, options, code):
    if change:
        change(checkout)
    out = io.StringIO()
    try:
        call_command("verify_revision", "--json", *options, stdout=out)
        exit_code = 0
    except SystemExit as stop:
        exit_code = stop.code
    assert exit_code == code
    assert json.loads(out.getvalue())["dirty"] is (change is not None)


def test_the_command_says_so_when_nothing_is_known(tmp_path, settings):
    settings.BASE_DIR, settings.GIT_COMMIT, settings.ALLOW_DIRTY = tmp_path, None, False
    with pytest.raises(SystemExit) as stop:
        call_command("verify_revision", stdout=io.StringIO())
    assert stop.value.code == 4
