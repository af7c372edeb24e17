"""Templates: every package is a valid definition, comes through its rehearsal, says what it touches, and installs as a draft."""

import json
from pathlib import Path

import pytest

from apps.accounts.models import User
from apps.core.errors import Misconfigured
from apps.workflows.builder.models import WorkflowDraft
from apps.workflows.facade import validate_definition
from apps.workflows.library import installing, packages
from apps.workflows.library.package_texts import TEXTS
from apps.workflows.library.packages import fill, get_package, list_packages, read_package
from apps.workflows.library.rehearsing import NO_CONNECTION, rehearse
from apps.workflows.library.risk import report_on
from apps.workflows.models import Workflow
from tests.workflows.driving import inside

pytestmark = pytest.mark.django_db
ALL = [package.slug for package in list_packages()]


def test_every_text_of_a_package_stands_in_the_catalogues_list() -> None:
    texts: set[str] = set()
    for package in list_packages():
        texts |= {package.name, package.summary}
        for one in package.parameters:
            texts |= {one.label, one.help, *one.choices}
        texts |= {step["title"] for step in package.definition["steps"].values()}
    assert texts - {""} == set(TEXTS)


def test_there_are_at_least_thirty_in_every_category_one() -> None:
    assert len(ALL) >= 30
    assert {package.category for package in list_packages()} == set(packages.CATEGORIES)


@pytest.mark.parametrize("slug", ALL)
def test_every_template_is_valid_once_it_is_filled_in(slug: str) -> None:
    package = get_package(slug)
    with inside():
        definition = installing.definition_of(
            package, parameters=package.sample.parameters, connections=dict.fromkeys(package.connectors, NO_CONNECTION)
        )
        wrong = [one for one in validate_definition(definition) if one.severity == "error"]
    assert wrong == []


@pytest.mark.parametrize("slug", ALL)
def test_every_template_comes_through_its_rehearsal_on_the_way_it_states(slug: str) -> None:
    package = get_package(slug)
    with inside():
        rehearsal = rehearse(package)
        assert rehearsal.problem == ""
        assert rehearsal.state == "succeeded"
        assert rehearsal.path == package.sample.path
        assert not Workflow.objects.filter(slug__startswith="rehearsal-").exists()


@pytest.mark.parametrize(
    ("slug", "risk"),
    [("refund-request", "C"), ("newsletter-from-feed", "C"), ("minutes-to-tasks", "A"), ("translate-and-check", "A")],
)
def test_the_report_names_the_riskiest_act(slug: str, risk: str) -> None:
    package = get_package(slug)
    with inside():
        report = report_on(package, rehearse(package))
    assert report.risk == risk
    assert all(act.reasons for act in report.acts)


def test_installing_makes_a_draft_with_the_given_values_and_publishes_nothing() -> None:
    package = get_package("watch-a-page")
    user = User.objects.get(email="member@acme.example")
    with inside():
        slug = installing.install(
            package, name="Tender watch", connections={}, user_id=user.pk,
            parameters={"url": "https://example.com/t", "question": "Is it open?", "at": "07:15", "zone": "Asia/Karachi"},
        )  # fmt: skip
        workflow = Workflow.objects.get(slug=slug)
        document = WorkflowDraft.objects.get(workflow=workflow).document
        assert workflow.current is None
        assert document["steps"]["read"]["with"]["inputs"]["url"] == "https://example.com/t"
        assert document["triggers"]["clock"]["with"] == {"daily": {"at": "07:15"}, "zone": "Asia/Karachi"}
        assert installing.count_installations([package]) == {"watch-a-page": 1}


def test_a_place_without_a_value_stays_away_and_nothing_else_changes() -> None:
    filled = fill(
        {"a": {"$param": "x"}, "b": {"$connection": "slack"}, "c": [{"$param": "y"}], "d": {"$ref": "inputs.x"}},
        parameters={"y": 5}, connections={},
    )  # fmt: skip
    assert filled == {"c": [5], "d": {"$ref": "inputs.x"}}


def test_a_package_that_names_an_unknown_parameter_is_refused() -> None:
    raw = json.loads((Path(packages.FOLDER) / "watch-a-page.json").read_text())
    raw["definition"]["steps"]["read"]["title"] = {"$param": "nowhere"}
    with pytest.raises(Misconfigured, match="nowhere"):
        read_package(raw)
