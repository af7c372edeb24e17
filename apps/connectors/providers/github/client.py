"""GitHub through PyGithub: its waiting and repeating are switched off, the engine does both."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from typing import Any

from apps.connectors.adapters import mount
from apps.connectors.contracts import ActionCall, NewEvents
from apps.connectors.errors import OutcomeUnknown, RateLimited
from apps.connectors.wire import Answer, current, explain_status, retry_after
from apps.core.errors import PlatformError
from apps.core.reach import Audience, Reach

Json = Any
SEARCHED = 300
POLLED = 100
SECONDARY = re.compile(r"rate limit|abuse detection", re.IGNORECASE)


def explain(answer: Answer) -> PlatformError | None:
    """GitHub says its rate limits with 403 as well as 429, and when they end in a header of its own."""
    words = answer.field("message")
    used_up = answer.headers.get("x-ratelimit-remaining") == "0"
    if answer.status in (403, 429) and (used_up or "retry-after" in answer.headers or SECONDARY.search(words)):
        wait = retry_after(answer.headers, default=60.0)
        reset = answer.headers.get("x-ratelimit-reset", "")
        if used_up and "retry-after" not in answer.headers and reset.isdigit():
            wait = max(1.0, int(reset) - datetime.now(tz=UTC).timestamp())
        return RateLimited(detail=words[:200], retry_after=wait)
    return explain_status(answer, reason=words)


def check(call: ActionCall) -> Mapping[str, str]:
    """Whose token it is, what it may do and until when, as far as GitHub says so."""
    client = _client(call)
    user = client.get_user()
    found = {"account_id": str(user.id), "account_name": user.login, "scopes": " ".join(client.oauth_scopes or ())}
    ends = user.raw_headers.get("github-authentication-token-expiration", "")
    if ends:
        found["expires_at"] = datetime.fromisoformat(ends.replace(" UTC", "+00:00")).isoformat()
    return found


def create_issue(call: ActionCall) -> Mapping[str, Json]:
    """An issue that carries our key in a comment of its text, which GitHub does not show."""
    inputs = call.inputs
    issue = _repository(call).create_issue(
        inputs["title"], body=_marked(call, inputs.get("body", "")), labels=inputs.get("labels") or [],
        assignees=inputs.get("assignees") or [],
    )  # fmt: skip
    return _issue(issue)


def find_created(call: ActionCall) -> Mapping[str, Json] | None:
    """The issue that carries our key, among the latest three hundred."""
    issues = _repository(call).get_issues(state="all", sort="created", direction="desc")
    return _search(call, issues, _issue)


def comment(call: ActionCall) -> Mapping[str, Json]:
    """A comment that carries our key."""
    made = _repository(call).get_issue(call.inputs["number"]).create_comment(_marked(call, call.inputs["body"]))
    return {"id": made.id, "url": made.html_url}


def find_comment(call: ActionCall) -> Mapping[str, Json] | None:
    """The comment that carries our key."""
    comments = _repository(call).get_issue(call.inputs["number"]).get_comments()
    return next(({"id": one.id, "url": one.html_url} for one in comments if _mark(call) in (one.body or "")), None)


def add_labels(call: ActionCall) -> Mapping[str, Json]:
    """Labels that are there already stay."""
    issue = _repository(call).get_issue(call.inputs["number"])
    issue.add_to_labels(*call.inputs["labels"])
    return {"labels": [label.name for label in issue.get_labels()]}


def set_state(call: ActionCall) -> Mapping[str, Json]:
    """Close or open; doing it again is the same."""
    issue = _repository(call).get_issue(call.inputs["number"])
    issue.edit(state=call.inputs["state"])
    return _issue(issue)


def find_issues(call: ActionCall) -> Mapping[str, Json]:
    """Issues of a repository, latest first; pull requests are left out."""
    inputs = call.inputs
    options = {"state": inputs.get("state", "open"), "sort": "created", "direction": "desc"}
    if inputs.get("labels"):
        options["labels"] = inputs["labels"]
    contains = inputs.get("contains", "").casefold()
    listed = islice(_repository(call).get_issues(**options), SEARCHED)
    chosen = (one for one in listed if one.pull_request is None and contains in one.title.casefold())
    return {"issues": [_issue(one) for one in islice(chosen, inputs.get("limit", 30))]}


def poll_issues(call: ActionCall, cursor: str) -> NewEvents:
    """Issues opened since the cursor (the highest number seen)."""
    listed = list(islice(_repository(call).get_issues(state="all", sort="created", direction="desc"), POLLED))
    highest = max((one.number for one in listed), default=0)
    if not cursor:
        return NewEvents(events=(), cursor=str(highest))
    new = [one for one in reversed(listed) if one.number > int(cursor) and one.pull_request is None]
    return NewEvents(
        events=tuple({"id": str(one.number), **_issue(one)} for one in new), cursor=str(max(highest, int(cursor)))
    )


def reach(inputs: Mapping[str, Json]) -> Reach:
    """Whoever may see the repository reads it: anybody, when it is public."""
    return Reach(writes=True, audience=Audience.PUBLIC, recipients=tuple(inputs.get("assignees") or ()),
                 destination=str(inputs.get("repository", "")))  # fmt: skip


def reach_of_order(inputs: Mapping[str, Json]) -> Reach:
    """Labels and states say nothing new and can be set back."""
    return Reach(writes=True, audience=Audience.PUBLIC, destination=str(inputs.get("repository", "")))


def _search(call: ActionCall, listed: Any, shape: Any) -> Mapping[str, Json] | None:
    seen = 0
    for one in islice(listed, SEARCHED):
        seen += 1
        if _mark(call) in (one.body or ""):
            found: Mapping[str, Json] = shape(one)
            return found
    if seen == SEARCHED:
        raise OutcomeUnknown(detail=f"github: not among the latest {SEARCHED}")
    return None


def _repository(call: ActionCall) -> Any:
    return _client(call).get_repo(call.inputs["repository"])


def _issue(issue: Any) -> dict[str, Json]:
    return {"number": issue.number, "url": issue.html_url, "title": issue.title, "state": issue.state,
            "labels": [label.name for label in issue.labels], "author": issue.user.login if issue.user else "",
            "body": re.sub(r"\n*<!-- echopilot:[^>]* -->", "", issue.body or "")}  # fmt: skip


def _mark(call: ActionCall) -> str:
    return f"<!-- echopilot:{call.key} -->"


def _marked(call: ActionCall, body: str) -> str:
    return f"{body}\n\n{_mark(call)}".lstrip()


def _client(call: ActionCall) -> Any:
    module = _module()
    return module.Github(auth=module.Auth.Token(call.secret), base_url=call.base_url, retry=None, seconds_between_requests=None,
                         seconds_between_writes=None, timeout=max(1, int(call.timeout_s)), per_page=100, lazy=True)  # fmt: skip


@cache
def _module() -> Any:
    """PyGithub, whose connections are made through the wire of the action under way."""
    import github
    from github.Requester import HTTPRequestsConnectionClass, HTTPSRequestsConnectionClass, Requester

    class Http(HTTPRequestsConnectionClass):
        """Leads plain http through the wire."""

        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            mount(self.session, current())

    class Https(HTTPSRequestsConnectionClass):
        """Leads https through the wire."""

        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            mount(self.session, current())

    Requester.injectConnectionClasses(Http, Https)
    return github
