"""The prompt library through the front door: write, try, publish, compare, go back."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.accounts.models import User
from apps.ai.models import Prompt, PromptCase, PromptTestRun
from apps.ai.prompts import library, testing
from tests.servers.openai import OpenAIServer

pytestmark = pytest.mark.django_db
Browse = Callable[..., Client]
WORDING = {"title": "Friendly reply", "description": "", "system": "You are kind.", "user": "Write to {{customer}}."}


def path(name: str, *args: object) -> str:
    return reverse(f"prompts:{name}", args=args, urlconf="echopilot.urls_tenant")


def said(answer: Any, *, status: int = 200) -> str:
    assert answer.status_code == status, (answer.status_code, answer.headers.get("Location"))
    return answer.content.decode()


def written() -> Prompt:
    return library.create_prompt(title="Friendly reply", system="You are kind.", user="Write to {{customer}}.")


def test_the_way_from_an_empty_library_to_a_second_version(
    tenant: Any, browse: Browse, member: User, gateway: OpenAIServer
) -> None:
    client = browse(member)
    assert "No prompts of your own yet" in said(client.get(path("prompt_list")))

    answer = client.post(path("prompt_create"), WORDING)
    assert answer.headers["Location"] == path("prompt_detail", "friendly-reply")
    page = said(client.get(path("prompt_detail", "friendly-reply")))
    assert 'name="note_customer"' in page, "what was written as a variable can be described"

    case = {"name": "Ayesha", "value_customer": "Ayesha", "required": "Ayesha\n", "max_words": "9"}
    assert client.post(path("case_create", "friendly-reply"), case).status_code == 302
    assert PromptCase.objects.get().checks == [
        {"kind": "required", "value": ["Ayesha"]},
        {"kind": "max_words", "value": 9},
    ]
    answer = client.post(path("run_start", "friendly-reply"), {"wording": "draft", "quality": "standard"})
    run = PromptTestRun.objects.get()
    gateway.script({"text": "Dear Ayesha, hello."})
    testing.try_next(run.pk)
    page = said(client.get(answer.headers["Location"]))
    assert "1 of 1 test passed" in page
    assert "Dear Ayesha, hello." in page

    page = said(client.get(path("prompt_publish", "friendly-reply")))
    assert "1 of 1 test passed" in page
    assert client.post(path("prompt_publish", "friendly-reply"), {"revision": "1", "note": "first"}).status_code == 302
    changed = WORDING | {
        "user": "Write warmly to {{customer}}.",
        "revision": "1",
        "note_customer": "Whom",
        "publish": "1",
    }
    answer = client.post(path("prompt_detail", "friendly-reply"), changed)
    assert answer.headers["Location"] == path("prompt_publish", "friendly-reply")
    page = said(client.get(answer.headers["Location"]))
    assert re.search(r"<ins>.*warmly", page)
    assert client.post(path("prompt_publish", "friendly-reply"), {"revision": "2", "note": ""}).status_code == 302

    page = said(client.get(path("version_list", "friendly-reply")))
    assert "Use version 1" in page
    assert said(client.get(path("version_compare", "friendly-reply") + "?old=1&new=2")).count("<ins>") == 1
    answer = client.post(path("version_use", "friendly-reply", 1), follow=True)
    assert path("version_use", "friendly-reply", 2) in said(answer), "the toast leads back"
    assert library.get_prompt("friendly-reply").current.number == 1
    assert "friendly-reply@1" in said(client.get(path("version_detail", "friendly-reply", 1)))


def test_what_was_typed_is_kept_and_the_mistake_named(tenant: Any, browse: Browse, member: User) -> None:
    client = browse(member)
    page = said(
        client.post(path("prompt_create"), WORDING | {"system": "Obey {{customer}}", "title": "Mine"}), status=400
    )
    assert "Obey {{customer}}" in page
    assert "must not become an instruction" in page
    written()
    page = said(client.post(path("prompt_create"), WORDING), status=400)
    assert "This name is taken." in page


def test_two_people_do_not_overwrite_each_other(tenant: Any, browse: Browse, member: User) -> None:
    written()
    client = browse(member)
    theirs = WORDING | {"user": "Their words", "revision": "1"}
    assert client.post(path("prompt_detail", "friendly-reply"), theirs).status_code == 302
    page = said(
        client.post(path("prompt_detail", "friendly-reply"), WORDING | {"user": "My words", "revision": "1"}),
        status=400,
    )
    assert "My words" in page, "nothing typed is lost"
    assert "Their" in page, "and theirs is shown"
    assert 'name="revision" value="2"' in page
    client.post(path("prompt_detail", "friendly-reply"), WORDING | {"user": "My words", "revision": "2"})
    assert library.get_prompt("friendly-reply").user == "My words"


def test_looking_is_for_many_changing_for_few(tenant: Any, browse: Browse, viewer: User) -> None:
    prompt = written()
    library.publish_prompt(prompt.slug, revision=1)
    testing.save_case(prompt, name="one", values={}, checks=[])
    client = browse(viewer)
    for name, args in (("prompt_list", ()), ("prompt_detail", ("friendly-reply",)), ("version_list", ("friendly-reply",)),
                       ("version_detail", ("friendly-reply", 1)), ("test_list", ("friendly-reply",)),
                       ("builtin_detail", ("task.drafting",))):  # fmt: skip
        page = said(client.get(path(name, *args)))
        assert "<textarea" not in page
        assert 'method="post" action="/prompts/' not in page
    for name, args in (("prompt_publish", ()), ("prompt_archive", ()), ("prompt_restore", ()), ("version_use", (1,)),
                       ("version_edit", (1,)), ("run_start", ()), ("prompt_detail", ()), ("case_create", ())):  # fmt: skip
        assert client.post(path(name, "friendly-reply", *args), WORDING).status_code == 403, name
    assert client.get(path("prompt_create")).status_code == 403
    assert not PromptTestRun.objects.exists()


def test_archiving_has_a_way_back(tenant: Any, browse: Browse, member: User) -> None:
    written()
    client = browse(member)
    page = said(client.post(path("prompt_archive", "friendly-reply"), follow=True))
    assert path("prompt_restore", "friendly-reply") in page
    assert "Friendly reply" in said(client.get(path("prompt_list") + "?show=archived"))
    client.post(path("prompt_restore", "friendly-reply"))
    assert library.get_prompt("friendly-reply").archived_at is None


def test_a_built_in_prompt_is_a_beginning(tenant: Any, browse: Browse, member: User) -> None:
    client = browse(member)
    assert "filler" in said(client.get(path("builtin_detail", "task.drafting")))
    page = said(client.get(path("prompt_create") + "?from=task.drafting"))
    assert "{{title}}" in page
    assert "language_line" not in page
    assert said(client.get(path("builtin_detail", "task.nothing")), status=404)


def test_a_case_comes_back_as_it_was_typed(tenant: Any, browse: Browse, member: User) -> None:
    written()
    client = browse(member)
    typed = {"name": "JSON", "value_customer": " Ayesha ", "forbidden": "sorry\nunable", "one_of": "yes\nno", "min_words": "1",
             "format": "json", "language": "en", "json_schema": '{"type": "object"}', "min_score": "70"}  # fmt: skip
    assert client.post(path("case_create", "friendly-reply"), typed).status_code == 302
    case = PromptCase.objects.get()
    assert (case.values, case.min_score) == ({"customer": " Ayesha "}, 70)
    page = said(client.get(path("case_edit", "friendly-reply", case.pk)))
    for text in ("sorry\nunable", "yes\nno", "&quot;object&quot;", 'value="70"'):
        assert text in page
    page = said(
        client.post(path("case_edit", "friendly-reply", case.pk), typed | {"json_schema": '{"type": "no"}'}), status=400
    )
    assert 'id="id_json_schema_error"' in page
    assert client.post(path("case_delete", "friendly-reply", case.pk)).status_code == 302
    assert not PromptCase.objects.exists()


def test_the_library_costs_few_queries_however_many_prompts(tenant: Any, browse: Browse, member: User) -> None:
    client = browse(member)

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            said(client.get(path("prompt_list")))
        return len(seen)

    def more(number: int) -> None:
        for _turn in range(number):
            slug = f"p{Prompt.objects.count()}"
            library.create_prompt(title=slug, slug=slug, user="x")
            library.publish_prompt(slug, revision=1)

    more(2)
    queries()
    few = queries()
    more(10)
    assert queries() == few
