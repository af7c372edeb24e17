"""The world of ``doors``: the attacker who answers, a workspace with a neighbour, and what was seen at the pages and in the tables."""

import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.hostile import census
from tests.servers.openai import OpenAIServer

CANARY = "canary-77d0-payroll-of-globex"
FOREIGN_WORD = "heron"
OWN_SECRET = "sk-live-canary-own-91be"
FOREIGN_SECRET = "sk-live-canary-theirs-0c55"
PERSON = "owner@acme.example"
SLOWEST_CPU_S = 5.0
GIVEN_UP_S = 60
# Requests one question may lead to: three rounds with a repair each; or choosing and telling with repairs and other models.
MOST_CALLS = {"design": 6, "chat": 6, "mend": 6}
LEDGER = ("ai_", "django_session", "live_", "operations_")
MEND = {
    "first": {"type": "set", "with": {"to": PERSON}, "next": "count"},
    "count": {"type": "set", "with": {"n": {"$expr": "1 / inputs.zero"}}, "next": "check"},
    "check": {"type": "condition", "when": {"op": "eq", "left": {"$ref": "steps.count.output.n"}, "right": 5}, "then": "ask", "else": None},
    "ask": {"type": "approval", "with": {"title": "Send it?", "quorum": 2}, "next": "mail"},
    "mail": {"type": "email.send", "approval": {"require": "always", "quorum": 2}, "next": "post",
             "with": {"to": [{"$ref": "steps.first.output.to"}], "subject": "Fixed", "body": "Fixed"}},
    "post": {"type": "http.request", "with": {"inputs": {"url": "https://shop.example/orders", "json": {"a": 1}}}},
}  # fmt: skip
GUARDED = {"settings": {"approvals": {"quorum": 2, "allow_self": False}}}


class Speaker(OpenAIServer):
    """Says what the case says: ``answers`` to questions that want JSON (the last one again and again), ``words`` to the others."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: tuple[str, ...] = ("{}",)
        self.words = ""
        self.usage: Any = True
        self.served = 0
        self.told: list[str] = []
        self._said = 0

    def begin(self, answers: tuple[str, ...], words: str = "") -> None:
        """The next case."""
        self.answers, self.words, self._said = answers, words, 0
        self.told.clear()

    def next_item(self, body: dict[str, Any]) -> dict[str, Any]:
        """What is said to a request."""
        self.served += 1
        self.told.append(str(body["messages"]))
        if "response_format" in body:
            text = self.answers[min(self._said, len(self.answers) - 1)]
            self._said += 1
        else:
            text = self.words
        return {"text": text, "usage": self.usage}


@dataclass
class Tally:
    """What was seen."""

    speaker: Speaker
    books: census.Books
    client: Any
    foreign: dict[str, str]
    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    slowest_cpu_s: float = 0.0
    most_calls: dict[str, int] = field(default_factory=dict)
    before: census.Census = field(default_factory=dict)

    def note(self, kind: str, case: str, what: object) -> None:
        """Something is wrong."""
        self.counts[kind] += 1
        self.wrong.append(f"{case}: {kind}: {str(what)[:220]}")

    def look(self, case: str, path: str) -> str:
        """Open a page and read it; returns its HTML."""
        with self._timed(case):
            answer = self.client.get(path)
            html = answer.content.decode()
            if answer.status_code >= 500:
                self.note("broken_pages", case, f"{path} answered {answer.status_code}")
            for hole in census.holes_in(html):
                self.note("markup", case, f"{path}: {hole}")
            self.leaks(case, html)
            return html
        return ""

    def post(self, case: str, path: str, **typed: str) -> Any:
        """Send a form as a person would; None when the view broke."""
        streams = typed.pop("streams", "")
        with self._timed(case):
            answer = self.client.post(
                path, typed, **({"headers": {"Accept": "application/x-ndjson"}} if streams else {})
            )
            if getattr(answer, "streaming", False):
                answer.lines = b"".join(answer.streaming_content).decode()
                self.leaks(case, answer.lines)
            if answer.status_code >= 500:
                self.note("broken_pages", case, f"{path} answered {answer.status_code}")
            return answer
        return None

    def leaks(self, case: str, text: str) -> None:
        """Nothing of the neighbour and no secret may stand in what a person or the model reads."""
        for one in (CANARY, OWN_SECRET, FOREIGN_SECRET):
            if one in text:
                self.note("leaks", case, f"{one} in {text[max(0, text.index(one) - 60) :][:160]!r}")

    @contextmanager
    def _timed(self, case: str) -> Iterator[None]:
        """An error becomes a note; what takes too much of the processor is given up and noted."""
        began = time.thread_time()
        signal.signal(signal.SIGALRM, _give_up)
        signal.alarm(GIVEN_UP_S)
        try:
            yield
        except Exception as error:
            self.note("broken_pages", case, f"{type(error).__name__} {error}")
        finally:
            signal.alarm(0)
            spent = time.thread_time() - began
            self.slowest_cpu_s = max(self.slowest_cpu_s, spent)
            if spent > SLOWEST_CPU_S:
                self.note("slow", case, f"{spent:.1f} s of the processor")

    @contextmanager
    def case(
        self,
        kind: str,
        name: str,
        answers: tuple[str, ...],
        words: str = "",
        *,
        free: tuple[str, ...] = (),
        **grows: int,
    ) -> Iterator[None]:
        """One answer of the attacker: what it may change is counted afterwards."""
        from django.core.cache import cache

        cache.clear()
        self.before = self.before or self.books.taken()
        self.speaker.begin(answers, words)
        asked = self.speaker.served
        yield
        after = self.books.taken()
        for change in census.changes(self.before, after, free=(*LEDGER, *free), grows=grows):
            self.note("forbidden", f"{kind} {name}", change)
        self.before = after
        calls = self.speaker.served - asked
        self.most_calls[kind] = max(calls, self.most_calls.get(kind, 0))
        if calls > MOST_CALLS[kind]:
            self.note("forbidden", f"{kind} {name}", f"{calls} calls")
        for text in self.speaker.told:
            self.leaks(f"{kind} {name} (told)", text)
        self.counts[f"{kind}s"] += 1


def _give_up(*_signal: object) -> None:
    raise TimeoutError(f"given up after {GIVEN_UP_S} s")


@contextmanager
def world() -> Iterator[Tally]:
    """The attacker, a workspace with a workflow that keeps failing, a neighbour with a canary, and a person at the pages."""
    from django.test import Client, override_settings

    from apps.accounts.models import User
    from apps.tenants.facade import get_tenant
    from apps.workflows import facade
    from apps.workflows.services.secrets import add_secret
    from apps.workflows.whatif.proposals import set_healing_policy
    from tests.connectors.kit import Connected
    from tests.servers.services.slack import Slack
    from tests.workflows import driving

    with ExitStack() as stack:
        speaker, chat = stack.enter_context(Speaker()), stack.enter_context(Slack())
        stack.enter_context(override_settings(
            OPENAI_API_KEY="test-key", OPENAI_BASE_URL=speaker.url, OPENAI_PRICES="openai", LOCAL_MODEL_URL=None, ALLOWED_HOSTS=["*"],
            OUTBOUND_ALLOW_OPERATOR=[f"127.0.0.1:{speaker.port}", chat.address], CONNECTOR_ADDRESSES={"slack": chat.url},
            EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend",
        ))  # fmt: skip
        with driving.inside("globex") as globex:
            driving.workflow({"a": {"type": "set", "with": {"v": CANARY}}}, slug="theirs")
            add_secret(name="their_key", value=FOREIGN_SECRET)
            theirs = Connected("slack", chat, {"token": chat.token})
        with driving.inside() as acme:
            add_secret(name="shop_key", value=OWN_SECRET)
            driving.workflow({"a": {"type": "set", "with": {"v": 1}}}, slug="child")
            driving.workflow(MEND, start="first", slug="victim", **GUARDED)
            facade.start_run(workflow="victim", inputs={"zero": 0})
            set_healing_policy(accepts_class_a=True, actor=1)
        driving.drain()
        foreign = {
            "connection": str(theirs.view.id),
            "workflow": "theirs",
            "secret": "their_key",
            "word": FOREIGN_WORD,
            "number": "900",
        }
        client = Client(SERVER_NAME="acme.localhost")
        client.force_login(
            User.objects.get(email="member@acme.example"), backend="django.contrib.auth.backends.ModelBackend"
        )
        schemas = [get_tenant(slug=one.slug).schema_name for one in (acme, globex)]
        yield Tally(speaker=speaker, books=census.Books(*schemas, "public"), client=client, foreign=foreign)
