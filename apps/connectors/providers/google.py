"""What Drive and Gmail share: Google's discovery documents led to our address, and Google's errors."""

import json
from functools import cache
from typing import Any

from apps.connectors.adapters import Httplib2Shape
from apps.connectors.contracts import ActionCall, OAuth
from apps.connectors.errors import RateLimited
from apps.connectors.wire import Answer, explain_status, retry_after
from apps.core.errors import PlatformError

BUSY = frozenset(
    {"userRateLimitExceeded", "rateLimitExceeded", "quotaExceeded", "dailyLimitExceeded", "sharingRateLimitExceeded"}
)


def explain(answer: Answer) -> PlatformError | None:
    """Google's ``error.errors[].reason``; its rate limits come with 403 as well as 429."""
    body = answer.json() if answer.status >= 300 else None
    found = body.get("error") if isinstance(body, dict) else None
    error: dict[str, Any] = found if isinstance(found, dict) else {}
    reasons = {str(one.get("reason")) for one in error.get("errors") or () if isinstance(one, dict)}
    words = str(error.get("message", ""))[:300]
    if answer.status == 429 or (answer.status == 403 and reasons & BUSY):
        return RateLimited(detail=words, retry_after=retry_after(answer.headers, default=10.0))
    return explain_status(answer, reason=words)


def oauth(*scopes: str) -> OAuth:
    """Sign-in with Google; a refresh token is given only when offline access is asked for and consent is shown."""
    return OAuth(
        client="google", authorize_url="https://accounts.google.com/o/oauth2/v2/auth",
        token_url="https://oauth2.googleapis.com/token", revoke_url="https://oauth2.googleapis.com/revoke",  # noqa: S106
        scopes=tuple(f"https://www.googleapis.com/auth/{scope}" for scope in scopes),
        extra={"access_type": "offline", "prompt": "consent", "include_granted_scopes": "false"},
        register_at="https://console.cloud.google.com/apis/credentials",
    )  # fmt: skip


def service(call: ActionCall, name: str, version: str) -> Any:
    """The API's client. Uploads go to the document's ``rootUrl`` whatever address is set, so the document itself is
    led elsewhere."""
    from googleapiclient.discovery import build_from_document

    document = json.loads(_document(name, version))
    document["rootUrl"] = f"{call.base_url}/"
    document["baseUrl"] = f"{call.base_url}/{document['servicePath']}"
    document.pop("mtlsRootUrl", None)
    return build_from_document(document, http=Httplib2Shape(call.wire, call.secret))


@cache
def _document(name: str, version: str) -> str:
    from googleapiclient.discovery_cache import get_static_doc

    return str(get_static_doc(name, version))
