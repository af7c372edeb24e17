"""GitHub through PyGithub over real HTTP."""

import time
from collections.abc import Iterator

import pytest

from apps.connectors import facade
from apps.connectors.calling import call_for
from apps.connectors.errors import CredentialsRefused, OutcomeUnknown, RateLimited, RemoteRefused
from apps.connectors.registries import connectors
from apps.core.errors import InvalidInput, PlatformError
from tests.connectors.failures import READS, WRITES, patience
from tests.connectors.kit import Connected, connected
from tests.servers.services.github import GitHub

REPO = "octo/hello"


@pytest.fixture
def github(tenant: object) -> Iterator[Connected]:
    with connected("github", GitHub()) as ready:
        yield ready


def test_the_end_of_the_token_is_known_and_announced(github: Connected) -> None:
    view = facade.get_connection(github.view.id)
    assert view.account_name == "octo"
    assert view.expires_at is not None and view.expires_at.isoformat() == "2026-12-01T09:00:00+00:00"


def test_an_issue_is_opened_labelled_commented_closed_and_found(github: Connected) -> None:
    made = github.act("create_issue", repository=REPO, title="Broken link", body="On the home page", labels=["bug"])
    assert made["body"] == "On the home page"
    assert "echopilot:key-1" in github.service.issues[0]["body"]
    labels = github.act("add_label", repository=REPO, number=made["number"], labels=["bug", "urgent"])
    assert labels == {"labels": ["bug", "urgent"]}
    github.act("comment", repository=REPO, number=made["number"], body="Looking into it")
    assert github.act("set_state", repository=REPO, number=made["number"], state="closed")["state"] == "closed"
    found = github.act("find_issues", repository=REPO, state="closed", labels=["urgent"], contains="LINK")
    assert [one["number"] for one in found["issues"]] == [made["number"]]
    assert github.act("find_issues", repository=REPO)["issues"] == []


def test_calls_are_not_slowed_down_by_the_library(github: Connected) -> None:
    begun = time.monotonic()
    for number in range(5):
        github.act("create_issue", repository=REPO, title=f"Issue {number}", key=f"k{number}")
    assert time.monotonic() - begun < 3


@pytest.mark.parametrize(("fault", "kind"), READS)
def test_a_failed_read_is_a_coded_error(github: Connected, fault: dict[str, object], kind: type[PlatformError]) -> None:
    github.service.faults.append({**fault, "match": "GET /repos"})
    with pytest.raises(kind) as caught:
        github.act("find_issues", repository=REPO, timeout_s=patience(fault))
    assert not isinstance(caught.value, OutcomeUnknown)
    assert GitHub.token not in repr(caught.value) + str(caught.value)
    assert len([call for call in github.service.calls if "/repos" in call]) == 1


@pytest.mark.parametrize(("fault", "kind"), WRITES)
@pytest.mark.parametrize("action", ["create_issue", "comment"])
def test_a_lost_answer_leaves_a_write_in_doubt_and_it_is_looked_up(
    github: Connected, action: str, fault: dict[str, object], kind: type[PlatformError]
) -> None:
    github.act("create_issue", repository=REPO, title="First", key="other")
    github.service.faults.append({**fault, "match": "POST /repos"})
    inputs = {"number": 1, "body": "Once"} if action == "comment" else {"title": "Once"}
    with pytest.raises(kind):
        github.act(action, repository=REPO, timeout_s=patience(fault), **inputs)
    happened = bool(github.service.comments[1]) if action == "comment" else len(github.service.issues) == 2
    assert (github.find() is not None) == happened


def test_both_ways_of_saying_too_many_calls_are_understood(github: Connected) -> None:
    reset = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) + 90)}
    github.service.faults.append(
        {"kind": "status", "status": 403, "headers": reset, "body": {"message": "API rate limit exceeded"}}
    )
    with pytest.raises(RateLimited) as caught:
        github.act("find_issues", repository=REPO)
    assert 80 < (caught.value.retry_after or 0) <= 91
    github.service.faults.append(
        {"kind": "status", "status": 403, "body": {"message": "You have exceeded a secondary rate limit"}}
    )
    with pytest.raises(RateLimited):
        github.act("find_issues", repository=REPO)


def test_a_wrong_token_is_not_kept(github: Connected) -> None:
    with pytest.raises(CredentialsRefused):
        facade.connect(connector="github", values={"token": "github_pat_wrong_000"})
    assert len(facade.list_connections()) == 1


def test_the_words_of_a_refusal_reach_people(github: Connected) -> None:
    body = {"message": "Validation Failed: label does not exist"}
    github.service.faults.append({"kind": "status", "status": 422, "body": body})
    with pytest.raises(RemoteRefused) as caught:
        github.act("create_issue", repository=REPO, title="x")
    assert "label does not exist" in caught.value.text


def test_inputs_are_checked_before_anything_is_sent(github: Connected) -> None:
    before = len(github.service.log)
    with pytest.raises(InvalidInput) as caught:
        github.act("create_issue", repository="not a repository", title="")
    assert set(caught.value.fields) == {"repository", "title"}
    assert len(github.service.log) == before


def test_new_issues_are_told_once_each(github: Connected) -> None:
    poll = connectors.get("github").trigger("issue_opened").poll
    github.act("create_issue", repository=REPO, title="Before")

    def ask(cursor: str):
        call = call_for(
            connectors.get("github"), base_url=github.service.url, secret=GitHub.token, inputs={"repository": REPO}
        )
        with call.wire.translated():
            return poll(call, cursor)

    first = ask("")
    assert first.events == ()
    github.act("create_issue", repository=REPO, title="After", key="k2")
    second = ask(first.cursor)
    assert [one["title"] for one in second.events] == ["After"]
    assert ask(second.cursor).events == ()
