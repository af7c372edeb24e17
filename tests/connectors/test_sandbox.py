"""The sandbox itself: against the types of the official client, the official Python SDK, and a person with a browser."""

import logging

import httpx
import pytest
from notion_client import APIResponseError, Client
from notion_client.helpers import iterate_paginated_api

from tests.servers.notion import PARENT_PAGE_ID, TOKEN, NotionServer
from tests.servers.notion.oracle import check_exchange, problems

COLUMNS = {
    "Name": {"title": {}},
    "Done": {"checkbox": {}},
    "Kind": {"select": {"options": [{"name": "A", "color": "red"}]}},
    "Tags": {"multi_select": {"options": []}},
    "N": {"number": {"format": "dollar"}},
    "D": {"date": {}},
    "U": {"url": {}},
    "E": {"email": {}},
    "P": {"phone_number": {}},
    "Who": {"people": {}},
    "F": {"files": {}},
    "Made": {"created_time": {}},
    "Edited": {"last_edited_time": {}},
    "No": {"unique_id": {"prefix": "T"}},
    "Text": {"rich_text": {}},
    "S": {"status": {}},
}


def text(content):
    return [{"type": "text", "text": {"content": content}}]


@pytest.fixture
def sandbox():
    wrong = []
    with NotionServer(per_connection=10_000, per_workspace=10_000) as server:
        server.on_answer = lambda *exchange: wrong.extend(check_exchange(*exchange))
        yield server
    assert not wrong


@pytest.fixture
def sdk(sandbox):
    with httpx.Client() as http:
        yield Client(
            auth=TOKEN,
            base_url=sandbox.url,
            logger=logging.getLogger("sdk"),
            log_level=logging.ERROR,
            retry=False,
            client=http,
        )


@pytest.fixture
def source(sdk):
    database = sdk.databases.create(
        parent={"type": "page_id", "page_id": PARENT_PAGE_ID},
        title=text("List"),
        initial_data_source={"properties": COLUMNS},
    )
    source_id = database["data_sources"][0]["id"]
    relation = {"relation": {"data_source_id": source_id, "type": "single_property", "single_property": {}}}
    sdk.data_sources.update(source_id, properties={"Linked": relation})
    return source_id


def test_every_answer_fits_the_official_types(sdk, source):
    """The fixture checks each exchange; here they are provoked."""
    sdk.users.me()
    sdk.users.list()
    pages = [
        sdk.pages.create(
            parent={"data_source_id": source},
            properties={
                "Name": {"title": text(f"row {number}")},
                "Done": {"checkbox": number % 2 == 0},
                "Kind": {"select": {"name": "A"}},
                "Tags": {"multi_select": [{"name": "new"}]},
                "N": {"number": 1.5},
                "D": {"date": {"start": "2026-01-01T10:00:00Z"}},
                "U": {"url": "https://x.y"},
                "E": {"email": "a@b.c"},
                "P": {"phone_number": "1"},
                "Text": {"rich_text": text("t")},
                "F": {"files": [{"name": "f", "external": {"url": "https://x.y/f"}}]},
            },
        )["id"]
        for number in range(30)
    ]
    sdk.pages.update(pages[0], properties={"Linked": {"relation": [{"id": page} for page in pages]}})
    page = sdk.pages.retrieve(pages[0])
    assert page["properties"]["Linked"]["has_more"]
    for column in page["properties"].values():
        sdk.pages.properties.retrieve(pages[0], column["id"])
    sdk.search(query="list", filter={"property": "object", "value": "data_source"})
    sdk.search()
    sdk.blocks.children.list(PARENT_PAGE_ID)
    sdk.blocks.children.append(pages[0], children=[{"paragraph": {"rich_text": text("hello")}}])
    sdk.blocks.children.list(pages[0])
    sdk.pages.move(pages[1], parent={"page_id": PARENT_PAGE_ID})
    sdk.pages.update(pages[2], in_trash=True)
    sdk.data_sources.retrieve(source)
    ticked = {"property": "Done", "checkbox": {"equals": True}}
    rows = list(iterate_paginated_api(sdk.data_sources.query, data_source_id=source, filter=ticked, page_size=7))
    assert len(rows) == 14


def test_the_oracle_notices_wrong_answers(sandbox, sdk, source):
    page = sdk.pages.create(parent={"data_source_id": source}, properties={"N": {"number": 2}})
    assert not problems("PageObjectResponse", page)
    for column, value in (("N", "2.5"), ("Done", "yes"), ("Text", "plain")):
        kind = page["properties"][column]["type"]
        broken = {**page, "properties": {**page["properties"], column: {**page["properties"][column], kind: value}}}
        assert problems("PageObjectResponse", broken)
    assert problems("PageObjectResponse", {key: value for key, value in page.items() if key != "last_edited_time"})
    parent = {"type": "page_id", "page_id": PARENT_PAGE_ID}
    properties = {"Name": {"title": {}}, "K": {"select": {"options": [{"name": "a", "color": "teal"}]}}}
    assert problems("CreateDatabaseParameters", {"parent": parent, "initial_data_source": {"properties": properties}})


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Authorization": f"Bearer {TOKEN}"}, 400, "missing_version"),
        ({"Notion-Version": "2025-09-03"}, 401, "unauthorized"),
        ({"Authorization": "Bearer wrong", "Notion-Version": "2025-09-03"}, 401, "unauthorized"),
    ],
)
def test_requests_without_token_or_version_are_refused(sandbox, headers, status, code):
    answer = httpx.get(f"{sandbox.url}/v1/users/me", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_limits_are_worded_as_notion_words_them(sdk, source):
    for arguments, message in (
        ({"properties": {"Text": {"rich_text": text("x" * 2001)}}}, "length should be ≤ `2000`, instead was `2001`"),
        ({"properties": {"Text": {"rich_text": text("x") * 101}}}, "length should be ≤ `100`, instead was `101`"),
        ({"properties": {"Nope": {"checkbox": True}}}, "Nope is not a property that exists"),
        ({"properties": {"Edited": {"last_edited_time": "x"}}}, "computed"),
    ):
        with pytest.raises(APIResponseError, match=message.replace("`", ".")):
            sdk.pages.create(parent={"data_source_id": source}, **arguments)
    with pytest.raises(APIResponseError, match="Could not find"):
        sdk.pages.retrieve("00000000-0000-4000-8000-00000000ffff")
    with pytest.raises(APIResponseError, match="page_size"):
        sdk.data_sources.query(data_source_id=source, page_size=101)


def test_the_budget_refuses_and_names_itself(sdk, sandbox):
    sandbox.budget.limits["public_api_request_rate_limit"] = 3
    with pytest.raises(APIResponseError) as caught:
        for _call in range(4):
            sdk.users.me()
    assert caught.value.additional_data["rate_limit_reason"] == "public_api_request_rate_limit"
    assert 0 < int(caught.value.headers["retry-after"]) <= 60
    assert sandbox.budget.over == 1


def test_stamps_are_minutes_and_edits_show_late_in_queries_only(sdk, sandbox, source):
    sandbox.clock.set(1_800_000_037)
    page = sdk.pages.create(parent={"data_source_id": source}, properties={"Name": {"title": text("before")}})
    assert page["last_edited_time"].endswith(":00.000Z")
    sandbox.store.lag = lambda: 90.0
    sdk.pages.update(page["id"], properties={"Name": {"title": text("after")}})

    def queried():
        return sdk.data_sources.query(data_source_id=source)["results"][0]["properties"]["Name"]["title"][0][
            "plain_text"
        ]

    assert sdk.pages.retrieve(page["id"])["properties"]["Name"]["title"][0]["plain_text"] == "after"
    assert queried() == "before"
    sandbox.clock.advance(91)
    assert queried() == "after"


def test_a_person_ticks_edits_adds_and_bins_on_the_page(sdk, sandbox, source):
    page = sdk.pages.create(
        parent={"data_source_id": source}, properties={"Name": {"title": text("<b>One</b>")}, "N": {"number": 3}}
    )
    with httpx.Client(base_url=sandbox.url, follow_redirects=True) as browser:
        assert "&lt;b&gt;One&lt;/b&gt;" in browser.get("/").text
        done = sandbox.store.column(sandbox.store.source(source), "Done")["id"]
        assert browser.post(f"/tick/{page['id']}/{done}", data={"on": "1"}).status_code == 200
        assert sdk.pages.retrieve(page["id"])["properties"]["Done"]["checkbox"] is True
        form = browser.get(f"/row/{page['id']}").text
        assert 'name="Text"' in form
        browser.post(f"/row/{page['id']}", data={"Name": "Two", "Text": "typed", "N": "3", "Done": "on"})
        seen = sdk.pages.retrieve(page["id"])
        assert seen["properties"]["Text"]["rich_text"][0]["plain_text"] == "typed"
        assert seen["last_edited_by"]["id"].endswith("aa")
        browser.post(f"/add/{source}", data={"Name": "Three", "Kind": "A"})
        assert len(sdk.data_sources.query(data_source_id=source)["results"]) == 2
        browser.post(f"/trash/{page['id']}")
        assert sdk.pages.retrieve(page["id"])["in_trash"] is True
        assert browser.get("/row/00000000-0000-4000-8000-00000000ffff").status_code == 404
        assert browser.get("/nothing").status_code == 404
        assert "Three" in browser.get("/fragment").text


def test_the_page_shows_token_and_page_id_and_makes_pages_with_tokens_of_their_own(sdk, sandbox, source):
    with httpx.Client(base_url=sandbox.url, follow_redirects=True) as browser:
        front = browser.get("/").text
        assert TOKEN in front
        assert PARENT_PAGE_ID in front
        assert "List" in front
        own = browser.post("/page", data={"title": "<Zara>"})
        assert "&lt;Zara&gt;" in own.text
        assert "No databases under this page" in own.text
        page = next(page for page in sandbox.store.pages.values() if page.get("token"))
        assert page["token"] in own.text
        me = {"Authorization": f"Bearer {page['token']}", "Notion-Version": "2025-09-03"}
        assert browser.get("/v1/users/me", headers=me).status_code == 200
        assert browser.get("/v1/users/me", headers={**me, "Authorization": "Bearer nobody"}).status_code == 401
        assert browser.get("/favicon.ico").headers["content-type"] == "image/svg+xml"


def test_the_controls_explain_themselves_and_refuse_nonsense(sandbox):
    assert "POST /_sandbox/faults" in httpx.get(f"{sandbox.url}/_sandbox/nothing").json()["known"]
    assert httpx.post(f"{sandbox.url}/_sandbox/faults", json={"rules": [{"kind": "melt"}]}).status_code == 400
    assert httpx.post(f"{sandbox.url}/_sandbox/clock", json={"set": 1000, "advance": 5}).json() == {
        "now": 1005.0,
        "virtual": True,
    }
    assert httpx.get(f"{sandbox.url}/_sandbox/state").json()["calls_over_budget"] == 0


def test_the_state_survives_a_restart(tmp_path):
    path = tmp_path / "state.json"
    with NotionServer(state_file=path) as server, httpx.Client() as http:
        client = Client(auth=TOKEN, base_url=server.url, logger=logging.getLogger("sdk"), retry=False, client=http)
        client.databases.create(parent={"type": "page_id", "page_id": PARENT_PAGE_ID}, title=text("Kept"))
    with NotionServer(state_file=path) as server:
        assert [base["title"][0]["plain_text"] for base in server.store.databases.values()] == ["Kept"]
