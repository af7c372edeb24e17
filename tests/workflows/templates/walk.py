"""One package on its way: installed and published on the portal's pages, fired through its own trigger, decided by people."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.test import Client

from apps.dispatch.loop import Loop
from apps.workflows.announcing.telling import KIND as MAIL_KIND
from apps.workflows.approvals.conf import TALLY_KIND
from apps.workflows.approvals.models import Approval
from apps.workflows.builder import drafts
from apps.workflows.conf import RUN_KIND
from apps.workflows.library.packages import Package, get_package
from apps.workflows.models import Effect, Firing, Run, Trigger, Workflow
from apps.workflows.triggers.firing import BEGIN, FIRE, plan, rule_of
from tests.workflows.driving import FAST, inside, wake_sleepers
from tests.workflows.templates.world import World

Json = Any
KINDS = [RUN_KIND, BEGIN, FIRE, MAIL_KIND, TALLY_KIND]
DOORS = {"webhook": "/hooks/w/{}/", "email": "/hooks/mail/{}/"}


def drain() -> None:
    """Work until nothing is claimable any more."""
    Loop(conf=FAST, kinds=KINDS, until_empty=True).run()


class Walk:
    """A package in acme. ``occasion`` names what happens: the same occasion again is the same delivery, instant or form."""

    def __init__(self, world: World, slug: str) -> None:
        self.world, self.package = world, get_package(slug)
        self.page = f"/workflows/templates/{slug}/"
        self.workflow = ""
        self.occasion = str(uuid4())

    @property
    def kind(self) -> str:
        """What starts it."""
        triggers: Mapping[str, Json] = self.package.definition.get("triggers", {})
        return next((one["type"] for one in triggers.values()), "manual")

    def install(self, given: Mapping[str, Json], *, name: str = "") -> Any:
        """Send the gallery's form as an editor; the draft's slug is kept."""
        sent = {"name": name or f"{self.package.name} {self.occasion[:8]}"}
        sent |= {f"connection_{one}": self.world.connections[one] for one in self.package.connectors}
        defaults = {one.name: one.default for one in self.package.parameters if one.default is not None}
        for key, value in (defaults | dict(given)).items():
            sent[f"p_{key}"] = "\n".join(value) if isinstance(value, list) else str(value)
        answer = self.world.browser("member").post(self.page, sent)
        if answer.status_code == 302:
            self.workflow = answer["Location"].split("/")[2]
        return answer

    def publish(self) -> None:
        """Make the draft a version, as the editor does after reading what would change."""
        with inside():
            user = self.world.people["member"].pk
            revision = drafts.get_draft(slug=self.workflow, actor_id=user).revision
        answer = self.world.browser("member").post(f"/workflows/{self.workflow}/publish/", {"revision": str(revision)})
        assert answer["Location"] == f"/workflows/{self.workflow}/", self._said(answer)
        with inside():
            assert Workflow.objects.get(slug=self.workflow).current is not None

    @staticmethod
    def _said(answer: Any) -> list[str]:
        return [str(one) for one in answer.wsgi_request._messages]

    def fire(self, brings: Json) -> Any:
        """What starts it happens once (again, for the same occasion) and everything it leads to is worked off."""
        answer = {"manual": self._by_hand, "schedule": self._when_due}.get(self.kind, self._delivered)(brings)
        drain()
        return answer

    def _by_hand(self, brings: Mapping[str, Json]) -> Any:
        sent = {"key": self.occasion} | dict(_fields("inputs", brings))
        return self.world.browser("member").post(f"/workflows/{self.workflow}/run/", sent)

    def _when_due(self, _brings: Json) -> None:
        with inside():
            trigger, now = self._trigger(), datetime.now(UTC)
            trigger.next_at = list(rule_of(trigger).between(now - timedelta(days=8), now))[-1]
            with transaction.atomic():
                Trigger.objects.filter(pk=trigger.pk).update(next_at=trigger.next_at)
                plan(trigger)

    def _delivered(self, brings: Json) -> Any:
        with inside():
            trigger = self._trigger()
        raw, headers = json.dumps(brings).encode(), {}
        if trigger.config.get("verify") == "hmac":
            digest = hmac.new(trigger.secret.encode(), raw, hashlib.sha256).hexdigest()
            headers = {trigger.config["header"]: trigger.config.get("prefix", "") + digest}
        address = DOORS[self.kind].format(trigger.address_key)
        return Client(SERVER_NAME="acme.localhost").post(address, raw, content_type="application/json", headers=headers)

    def _trigger(self) -> Trigger:
        return Trigger.objects.select_related("workflow").get(workflow__slug=self.workflow)

    def runs(self) -> list[Run]:
        """Every run of the installed workflow, the oldest first."""
        with inside():
            return list(Run.objects.filter(version__workflow__slug=self.workflow).order_by("pk"))

    def firings(self) -> list[Firing]:
        """What its trigger noted."""
        with inside():
            return list(Firing.objects.filter(trigger__workflow__slug=self.workflow).order_by("pk"))

    def effects(self) -> list[Effect]:
        """What its runs wanted outside."""
        with inside():
            return list(Effect.objects.filter(run__version__workflow__slug=self.workflow).order_by("pk"))

    def time_passes(self) -> None:
        """Whatever rests is due now, however long it had to."""
        for run in self.runs():
            for token in run.cursor.get("tokens", ()):
                token[:] = [1 if isinstance(one, int | float) and one > time.time() else one for one in token]
            with inside():
                Run.objects.filter(pk=run.pk).update(cursor=run.cursor)
        wake_sleepers()
        drain()

    def question(self) -> Approval | None:
        """What waits for a person now."""
        with inside():
            rows = Approval.objects.filter(run__version__workflow__slug=self.workflow, state="pending")
            return rows.order_by("pk").first()

    def decide(self, name: str, choice: str = "approve") -> Any:
        """One person decides on the question's page; it counts at once here."""
        row = self.question()
        assert row is not None, [(run.state, run.error) for run in self.runs()]
        sent = {"choice": choice, "payload_hash": row.payload_hash}
        answer = self.world.browser(name).post(f"/approvals/{row.pk}/decide/", sent)
        drain()
        return answer


def _fields(name: str, value: Json) -> Iterator[tuple[str, str]]:
    """A value as the run's form sends it."""
    if isinstance(value, Mapping):
        for key, child in value.items():
            yield from _fields(f"{name}.{key}", child)
    elif isinstance(value, list):
        yield f"{name}:n", str(len(value))
        for index, child in enumerate(value):
            yield from _fields(f"{name}.{index}", child)
    else:
        yield name, str(value)


def sample_of(package: Package) -> Json:
    """What the package's sample brings, in the form of its trigger."""
    return dict(package.sample.inputs)
