"""Local servers for every service the packages use, connected in acme, and everything that can be seen at their far side."""

import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.test import Client, override_settings

from apps.accounts.models import User
from apps.connectors import connections, credentials
from apps.connectors import facade as connectors
from apps.connectors.enums import AuthKind
from apps.connectors.models import Connection
from apps.connectors.registries import connectors as registry
from apps.tasks.models import Task
from apps.tenants.enums import LaunchStage
from apps.tenants.facade import change_platform_launch_stage, forget_cached_tenants
from apps.tenants.models import Tenant
from apps.tenants.services.limits import override_limit
from apps.workflows.models import Announcement
from tests.servers.notion import PARENT_PAGE_ID, TOKEN, NotionServer
from tests.servers.openai import OpenAIServer
from tests.servers.services.airtable import Airtable
from tests.servers.services.base import Request, Service
from tests.servers.services.github import GitHub
from tests.servers.services.google import Google
from tests.servers.services.hubspot import HubSpot
from tests.servers.services.slack import Slack
from tests.servers.services.stripe import Stripe
from tests.servers.smtp import MailServer
from tests.workflows.driving import inside

Json = Any
PLENTY = 600_000
HOST = "acme.localhost"
MARK = re.compile(r"\s*<!--.*?-->\s*", re.DOTALL)
SERVICES: Mapping[str, type[Service]] = {
    "slack": Slack, "github": GitHub, "drive": Google, "hubspot": HubSpot, "airtable": Airtable, "stripe": Stripe,
}  # fmt: skip
COLUMNS = {"Name": {"title": {}}, "Reference": {"rich_text": {}}}


class Pages(Service):
    """Web pages anybody may read: ``put("/feed", "text")``; everything else is not there."""

    def reset(self) -> None:
        self.pages: dict[str, str] = {}

    def admit(self, request: Request) -> None:
        """Anybody."""

    def put(self, path: str, text: str) -> str:
        """Publish a page; returns its address."""
        self.pages[path] = text
        return self.url + path

    def answer(self, request: Request) -> Json:
        if request.path not in self.pages:
            return 404, {"Content-Type": "text/plain"}, b"not here"
        return 200, {"Content-Type": "text/html; charset=utf-8"}, self.pages[request.path].encode()


class Model(OpenAIServer):
    """Answers by what is asked: the first rule whose words stand in the request, each rule in turn through its answers."""

    def __init__(self) -> None:
        super().__init__(judge_score=88)
        self.rules: dict[str, list[Json]] = {}
        self.asked: list[str] = []

    def next_item(self, body: dict[str, Json]) -> dict[str, Json]:
        text = json.dumps(body, ensure_ascii=False)
        for words, answers in self.rules.items():
            if words in text:
                self.asked.append(words)
                said = answers.pop(0) if len(answers) > 1 else answers[0]
                return {"text": said} if isinstance(said, str) else {"json": said}
        return super().next_item(body)


class World:
    """Everything together, for one module of tests."""

    def __init__(
        self, services: Mapping[str, Json], notion: NotionServer, model: Model, pages: Pages, post: MailServer
    ) -> None:
        self.services, self.notion, self.model, self.pages, self.post = services, notion, model, pages, post
        self.connections: dict[str, str] = {}
        self.people = {name: User.objects.get(email=f"{name}@acme.example") for name in ("owner", "member", "viewer")}
        launch()
        with inside() as tenant:
            for limit in ("workspaces", "tasks_per_month"):
                override_limit(tenant_id=tenant.id, key=limit, amount=10_000, reason="every service is connected")
            for slug, service in services.items():
                self._connect(slug, {"token": service.token})
            self._connect("mail", post.values())
            view = connectors.connect_notion(token=TOKEN, parent_page_id=PARENT_PAGE_ID, base_url=notion.url)
            self.connections["notion"] = str(view.id)
            Connection.objects.update(calls_per_minute=PLENTY)
        self.forget()

    def _connect(self, slug: str, values: Mapping[str, str]) -> None:
        if slug == "drive":  # connected by sign-in only; the code flow has tests of its own
            manifest, secret = registry.get(slug), credentials.pack(values)
            view = connections.keep(manifest, address=self.services[slug].url, secret=secret, auth=AuthKind.OAUTH)
        else:
            view = connectors.connect(connector=slug, values=values)
        self.connections[slug] = str(view.id)

    def browser(self, name: str | None) -> Client:
        """A browser of one of acme's people, or of a stranger."""
        client = Client(SERVER_NAME=HOST)
        if name is not None:
            client.force_login(self.people[name], backend="django.contrib.auth.backends.ModelBackend")
        return client

    def forget(self) -> None:
        """The far sides are empty again; their accounts and connections stay."""
        for service in (*self.services.values(), self.pages):
            service.log, service.faults = [], []
            service.reset()
        self.notion.store.reset()
        self.notion.log.clear()
        self.post.kept.clear()
        self.model.reset()
        self.model.rules, self.model.asked = {}, []
        with inside():
            self._tasks = set(Task.objects.values_list("pk", flat=True))
            self._told = set(Announcement.objects.values_list("pk", flat=True))

    def notion_source(self) -> str:
        """A data source with the columns the packages write to."""
        title = [{"type": "text", "text": {"content": "Invoices"}}]
        with self.notion.store.lock:
            parent = {"type": "page_id", "page_id": PARENT_PAGE_ID}
            made = self.notion.store.create_database(parent=parent, title=title, description=[], properties=COLUMNS)
            return str(made["sources"][0])

    def reached(self) -> set[str]:
        """Connectors (and "web") whose servers got a request, mail included."""
        called = {slug for slug, service in self.services.items() if service.log}
        called |= {"web"} if self.pages.log else set()
        called |= {"notion"} if self.notion.log else set()
        return called | ({"mail"} if any(self._outside(mail) for mail in self.post.kept) else set())

    @staticmethod
    def _outside(mail: Json) -> bool:
        return str(mail[1]["From"]) == "hello@acme.example"

    def seen(self) -> dict[str, list[Json]]:
        """What is at the far sides now, by place; places where nothing is are left out."""
        found = {
            "slack": [(name, one["text"]) for name, kept in self.services["slack"].messages.items() for one in kept],
            "github": [(one["title"], MARK.sub("", one["body"]), [label["name"] for label in one["labels"]])
                       for one in self.services["github"].issues],
            "hubspot": [one["properties"] for one in self.services["hubspot"].records["contacts"]],
            "airtable": [{k: v for k, v in one["fields"].items() if k != "Reference"}
                         for one in self.services["airtable"].records],
            "drive": [(one["name"], self.services["drive"].contents[one["id"]].decode())
                      for one in self.services["drive"].files],
            "stripe": [(one["amount"], one["status"]) for one in self.services["stripe"].refunds],
            "notion": [self._name(page) for page in self.notion.store.pages.values() if page.get("source")],
            "sent": [_mail(mail) for mail in self.post.kept if self._outside(mail)],
            "mailed": sorted(_mail(mail)[:2] for mail in self.post.kept if not self._outside(mail)),
        }  # fmt: skip
        with inside():
            tasks = Task.objects.exclude(pk__in=self._tasks).order_by("number")
            found["tasks"] = [(one.title, one.body, one.priority) for one in tasks]
            told = Announcement.objects.exclude(pk__in=self._told).order_by("created_at")
            found["told"] = [(one.title, one.text) for one in told]
        return {place: things for place, things in found.items() if things}

    def _name(self, page: Json) -> str:
        shown = self.notion.store.show_page(page)["properties"]["Name"]["title"]
        return "".join(part["plain_text"] for part in shown)


def _mail(kept: Json) -> tuple[Json, str, str]:
    people, message = kept
    from email.header import decode_header, make_header

    body = next(part for part in message.walk() if part.get_content_type() == "text/plain")
    text = body.get_payload(decode=True).decode().strip()
    return tuple(people), str(make_header(decode_header(message["Subject"]))), text


def launch() -> None:
    """The platform and acme are launched: before that, effects are dry runs."""
    chief = User.objects.create_superuser("chief@platform.example")
    change_platform_launch_stage(stage=LaunchStage.POST, user=chief, reason="templates are carried out")
    Tenant.objects.filter(slug="acme").update(launch_stage=LaunchStage.POST)
    forget_cached_tenants()


@contextlib.contextmanager
def opened() -> Iterator[World]:
    """The servers, the settings that lead to them, and the connections; database access must be allowed."""
    with contextlib.ExitStack() as stack:
        services = {slug: stack.enter_context(made()) for slug, made in SERVICES.items()}
        notion = stack.enter_context(NotionServer(per_connection=PLENTY, per_workspace=PLENTY))
        model, pages = stack.enter_context(Model()), stack.enter_context(Pages())
        post = stack.enter_context(MailServer())
        settings = override_settings(
            CONNECTOR_ADDRESSES={slug: one.url for slug, one in services.items()}, NOTION_BASE_URL=notion.url,
            OUTBOUND_ALLOW_OPERATOR=[*(one.address for one in services.values()), f"127.0.0.1:{model.port}",
                                     notion.url.removeprefix("http://")],
            OUTBOUND_ALLOW=[pages.address, f"127.0.0.1:{post.port}"], WORKFLOWS={"quiescence_s": 0},
            OPENAI_API_KEY="test-key", OPENAI_BASE_URL=model.url, OPENAI_PRICES="openai", LOCAL_MODEL_URL=None,
            EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend", EMAIL_HOST="127.0.0.1", EMAIL_PORT=post.port,
            EMAIL_HOST_USER="", EMAIL_HOST_PASSWORD="", EMAIL_USE_TLS=False, EMAIL_USE_SSL=False,
        )  # fmt: skip
        stack.enter_context(settings)
        yield World(services, notion, model, pages, post)
