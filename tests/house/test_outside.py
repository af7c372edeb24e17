"""Real services are asked before anything starts; every refusal says which variable and what to do."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from apps.core.embedded.outside import OutsideError, chosen_services
from tests import ground
from tests.conftest import SLOT

NOBODY = "127.0.0.1:9"


@contextmanager
def answering(**paths):
    """A server that answers each path (slashes written as __) with a status."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(paths.get(self.path.strip("/").replace("/", "__"), 500))
            self.end_headers()
            self.wfile.write(json.dumps({}).encode())

        def log_message(self, *args):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def check(**given):
    return [service.check(given) for service in chosen_services(given)]


def test_nothing_given_means_nothing_to_ask():
    assert check(DATABASE_URL="", OPENAI_API_KEY="") == []


def test_working_services_describe_themselves_without_secrets(db):
    with answering(v1__models=200, v1__users__me=200, v1__pages__p1=200) as base:
        told = " ".join(check(
            DATABASE_URL=ground.postgres.url(SLOT.database).replace("@", ":hidden-secret@"),
            BROKER_URL=ground.valkey.url(SLOT.number),
            OPENAI_API_KEY="hidden-secret", OPENAI_BASE_URL=f"{base}/v1",
            NOTION_TOKEN="hidden-secret", NOTION_BASE_URL=base, NOTION_PARENT_PAGE_ID="p1",
        ))  # fmt: skip
    assert "PostgreSQL 18" in told
    assert "hidden-secret" not in told


@pytest.mark.parametrize(
    ("given", "advice"),
    [
        ({"DATABASE_URL": f"postgresql://me:hidden-secret@{NOBODY}/x"}, "unset DATABASE_URL"),
        ({"BROKER_URL": f"redis://:hidden-secret@{NOBODY}/0"}, "unset BROKER_URL"),
        ({"BROKER_URL": "nonsense"}, "BROKER_URL"),
        ({"OPENAI_API_KEY": "hidden-secret", "OPENAI_BASE_URL": f"http://{NOBODY}/v1"}, "OPENAI_BASE_URL"),
        ({"NOTION_TOKEN": "hidden-secret"}, "NOTION_PARENT_PAGE_ID"),
        (
            {"NOTION_TOKEN": "hidden-secret", "NOTION_PARENT_PAGE_ID": "p1", "NOTION_BASE_URL": f"http://{NOBODY}"},
            "NOTION_BASE_URL",
        ),
    ],
)
def test_unreachable_service_is_named_with_what_to_do(given, advice):
    with pytest.raises(OutsideError, match=advice) as refused:
        check(**given)
    assert "hidden-secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("paths", "advice"),
    [
        ({"v1__models": 401}, "OPENAI_API_KEY was refused"),
        ({"v1__models": 404}, "end in /v1"),
    ],
)
def test_refusing_model_provider_is_told_apart(paths, advice):
    with answering(**paths) as base, pytest.raises(OutsideError, match=advice):
        check(OPENAI_API_KEY="k", OPENAI_BASE_URL=f"{base}/v1")


@pytest.mark.parametrize(
    ("paths", "advice"),
    [
        ({"v1__users__me": 401, "v1__pages__p1": 401}, "NOTION_TOKEN was refused"),
        ({"v1__users__me": 200, "v1__pages__p1": 404}, "add the integration"),
        ({"v1__users__me": 200, "v1__pages__p1": 503}, "answered 503"),
    ],
)
def test_refusing_notion_is_told_apart(paths, advice):
    with answering(**paths) as base, pytest.raises(OutsideError, match=advice):
        check(NOTION_TOKEN="t", NOTION_PARENT_PAGE_ID="p1", NOTION_BASE_URL=base)
