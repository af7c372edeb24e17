"""Every management command of the product: says what it is for, refuses what it does not know, names what is wrong."""

import io

import pytest
from django.core.management import call_command, get_commands, load_command_class
from django.core.management.base import CommandError

OURS = sorted(name for name, app in get_commands().items() if str(app).startswith("apps."))
# What each needs to be asked about a workspace that does not exist.
ABOUT_A_WORKSPACE = {
    "poll_notion": ["--tenant", "nobody"],
    "notion_setup": ["--tenant", "nobody"],
    "replay": ["nobody", "0197a3c4-0000-7000-8000-000000000000"],
    "tasks": ["dead", "--tenant", "nobody"],
    "tenant": ["restore", "nobody"],
}
BAD_VALUES = {
    "poll_notion": (["--every", "1"], "--every"),
    "replay": (["acme", "not-a-run"], "not-a-run"),
    "provision_tenant": (["Not A Slug", "--owner", "owner@acme.example"], "slug"),
    "tasks": (["replay", "--tenant", "acme"], "replay"),
}


def shown(name: str, *arguments: str) -> tuple[int, str, str]:
    """Exit code and what was printed, as from a shell."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command(name, *arguments, stdout=out, stderr=err)
    except CommandError as error:
        return error.returncode, out.getvalue(), err.getvalue() + str(error)
    except SystemExit as ended:
        return int(ended.code or 0), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def test_the_named_commands_are_there() -> None:
    wanted = {"provision_tenant", "poll_notion", "sync_schedules", "worker", "replay", "verify_revision", "preflight", "demo"}  # fmt: skip
    assert wanted <= set(OURS)


@pytest.mark.parametrize("name", OURS)
def test_help_says_what_the_command_is_for_and_describes_each_option(name: str) -> None:
    command = load_command_class(get_commands()[name], name)
    assert len(str(command.help)) > 20
    parser = command.create_parser("manage.py", name)
    silent = [action.option_strings or action.dest for action in parser._actions if action.help is None]
    assert silent in ([], ["step"])  # a step's own parser says what it does


@pytest.mark.parametrize("name", OURS)
def test_an_unknown_option_is_refused_before_anything_happens(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    command = load_command_class(get_commands()[name], name)
    command._called_from_command_line = True
    with pytest.raises(SystemExit) as ended:
        command.create_parser("manage.py", name).parse_args(["--no-such-option"])
    assert ended.value.code == 2
    assert "usage" in capsys.readouterr().err


@pytest.mark.django_db
@pytest.mark.parametrize("name", ABOUT_A_WORKSPACE)
def test_an_unknown_workspace_is_named_with_a_code(name: str) -> None:
    code, _out, err = shown(name, *ABOUT_A_WORKSPACE[name])
    assert code != 0
    assert "unknown_tenant" in err or "nobody" in err, err


@pytest.mark.django_db
@pytest.mark.parametrize("name", BAD_VALUES)
def test_a_bad_value_is_named_and_changes_nothing(name: str) -> None:
    arguments, named = BAD_VALUES[name]
    code, _out, err = shown(name, *arguments)
    assert code != 0
    assert named in err.lower(), err
