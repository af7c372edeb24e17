"""GitHub's REST API for the issues of one repository."""

import re
from typing import Any

from tests.servers.services.base import Refusal, Request, Service

ISSUE = re.compile(r"^/repos/octo/hello/issues/(\d+)(?:/(comments|labels))?$")


class GitHub(Service):
    """The repository octo/hello."""

    token = "github_pat_of_the_test_0000"

    def reset(self) -> None:
        self.oauth.paths = {"/login/oauth/authorize": "authorize", "/login/oauth/access_token": "token"}
        self.issues: list[dict[str, Any]] = []
        self.comments: dict[int, list[dict[str, Any]]] = {}

    def answer(self, request: Request) -> Any:
        if request.path == "/user":
            return 200, {"github-authentication-token-expiration": "2026-12-01 09:00:00 UTC", "x-oauth-scopes": "repo"}, {
                "id": 7, "login": "octo", "url": f"{self.url}/users/octo"}  # fmt: skip
        if request.path == "/repos/octo/hello/issues":
            return self._create(request.json()) if request.method == "POST" else self._list(request)
        match = ISSUE.match(request.path)
        if match is None:
            raise Refusal(404, {"message": "Not Found"})
        issue = next((one for one in self.issues if one["number"] == int(match[1])), None)
        if issue is None:
            raise Refusal(404, {"message": "Not Found"})
        return self._part(request, issue, match[2] or "")

    def _create(self, wanted: dict[str, Any]) -> Any:
        if not wanted.get("title"):
            raise Refusal(
                422, {"message": "Validation Failed", "errors": [{"field": "title", "code": "missing_field"}]}
            )
        issue = self._issue(wanted["title"], wanted.get("body") or "", wanted.get("labels") or [])
        return 201, {}, issue

    def _issue(self, title: str, body: str, labels: list[str]) -> dict[str, Any]:
        number = len(self.issues) + 1
        issue = {"id": 1000 + number, "number": number, "title": title, "body": body, "state": "open",
                 "url": f"{self.url}/repos/octo/hello/issues/{number}", "html_url": f"https://github.com/octo/hello/issues/{number}",
                 "user": {"id": 7, "login": "octo", "url": f"{self.url}/users/octo"}, "labels": [self._label(name) for name in labels],
                 "comments": 0, "created_at": "2026-11-22T09:00:00Z"}  # fmt: skip
        self.issues.append(issue)
        self.comments[number] = []
        return issue

    def _list(self, request: Request) -> Any:
        state = request.query.get("state", "open")
        wanted = {name for name in request.query.get("labels", "").split(",") if name}
        found = [one for one in reversed(self.issues) if state in ("all", one["state"])
                 and wanted <= {label["name"] for label in one["labels"]}]  # fmt: skip
        size, page = int(request.query.get("per_page", 30)), int(request.query.get("page", 1))
        headers = {}
        if page * size < len(found):
            headers["Link"] = (
                f'<{self.url}/repos/octo/hello/issues?state={state}&per_page={size}&page={page + 1}>; rel="next"'
            )
        return 200, headers, found[(page - 1) * size : page * size]

    def _part(self, request: Request, issue: dict[str, Any], part: str) -> Any:
        if part == "comments":
            kept = self.comments[issue["number"]]
            if request.method == "GET":
                return kept
            number = self.next_id()
            kept.append({"id": number, "body": request.json()["body"], "url": f"{issue['url']}/comments/{number}",
                         "html_url": f"{issue['html_url']}#issuecomment-{number}"})  # fmt: skip
            return 201, {}, kept[-1]
        if part == "labels":
            if request.method == "POST":
                body = request.json()
                names = body["labels"] if isinstance(body, dict) else body
                known = {label["name"] for label in issue["labels"]}
                issue["labels"] += [self._label(name) for name in names if name not in known]
            return issue["labels"]
        if request.method == "PATCH":
            issue |= {name: value for name, value in request.json().items() if name in ("state", "title", "body")}
        return issue

    def _label(self, name: str) -> dict[str, Any]:
        return {"name": name, "color": "ffffff", "url": f"{self.url}/repos/octo/hello/labels/{name}"}
