"""`make run` in order: look for leftovers, start servers, migrate, create the demo, start processes, watch, stop.

Nothing here needs Django; what does runs in processes of its own.
"""

import os
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType

from dotenv import dotenv_values

from apps.core.embedded import product
from apps.core.embedded.console import Console
from apps.core.embedded.dump import is_empty, restore, save
from apps.core.embedded.fingerprint import stages
from apps.core.embedded.lockfile import LauncherLock
from apps.core.embedded.mailbox import Mailbox
from apps.core.embedded.outside import chosen_services
from apps.core.embedded.places import ROOT, Places
from apps.core.embedded.ports import free_port
from apps.core.embedded.postgres import EmbeddedPostgres
from apps.core.embedded.processes import ProcessRecord
from apps.core.embedded.supervisor import Service, Supervisor
from apps.core.embedded.valkey import EmbeddedValkey

WATCH_EVERY_S = 0.5


class StopAsked(BaseException):
    """Ctrl-C or SIGTERM arrived. Not an error: it ends waiting wherever that happens."""


class Launcher:
    """One local installation, from nothing to serving and back.

    ``parts`` chooses which processes run, ``given`` are the settings a person made, ``fresh`` forgets the data of last time.
    """

    def __init__(self, *, places: Places, console: Console, parts: frozenset[str], given: Mapping[str, str],
                 web_port: int = product.WEB_PORT, fresh: bool = False) -> None:  # fmt: skip
        self._places, self._console, self._parts, self._web_port = places, console, parts, web_port
        self._given, self._fresh = given, fresh
        self._lock = LauncherLock(places.run / "launcher.lock")
        self._record = ProcessRecord(places.run / "processes.json")
        self._postgres = None if self._given.get("DATABASE_URL") else EmbeddedPostgres(places.var / "postgres")
        self._valkey = None if self._given.get("BROKER_URL") else EmbeddedValkey(places.var / "valkey")
        self.settings: dict[str, str] = {}
        self._supervisor = Supervisor(
            environment=self.settings, folder=ROOT, logs=places.logs, record=self._record,
            tell=lambda text: console.say(f"  note    {text}"),
        )  # fmt: skip

    # --- start -------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Bring everything up. Raises the first problem met; call ``stop`` in any case."""
        self._lock.take()
        signal.signal(signal.SIGINT, self._on_signal)
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGHUP, self._on_signal)
        for name in self._record.end_leftovers():
            self._console.say(f"  note    stopped what an earlier run had left behind: {name}")
        self._check_outside()
        self._start_servers()
        self._choose_settings()
        helpers = self._start_helpers()
        self._wait(helpers)
        self._prepare_data()
        self._wait(self._start_product())

    def _check_outside(self) -> None:
        for service in chosen_services(self._given):
            with self._console.step(f"{service.title}: asking") as step:
                step.done(service.check(self._given))

    def _start_servers(self) -> None:
        if self._postgres:
            with self._console.step("PostgreSQL") as step:
                self._postgres.port = self._port_of_last_time("postgres")
                self._postgres.start()
                if self._fresh:
                    self._postgres.drop_database()
                self._postgres.create_database()
                elsewhere = (
                    ""
                    if self._postgres.data.is_relative_to(self._places.var)
                    else (f" (data in {self._postgres.data}: its account cannot enter {self._places.var})")
                )
                step.done(f"PostgreSQL at 127.0.0.1:{self._postgres.port}{elsewhere}")
        if self._valkey:
            with self._console.step("Valkey") as step:
                self._valkey.start()
                step.done(f"Valkey at 127.0.0.1:{self._valkey.port}")

    def _choose_settings(self) -> None:
        settings = {
            "ECHOPILOT_VAR": str(self._places.var),
            "DATABASE_URL": self._postgres.url() if self._postgres else self._given["DATABASE_URL"],
            "BROKER_URL": self._valkey.url() if self._valkey else self._given["BROKER_URL"],
            "PUBLIC_PORT": str(self._port("web", self._web_port)),
            "EVENTS_PORT": str(self._port("live updates", product.EVENTS_PORT)),
            "PYTHONUNBUFFERED": "1",
            **product.kept_secrets(self._places.var / "secrets.env", given=self._given),
        }
        private = []
        if not self._given.get("NOTION_TOKEN"):
            port = self._port("Notion sandbox", product.NOTION_PORT)
            settings |= product.sandbox_settings(port=port)
            private.append(f"127.0.0.1:{port}")
        if not self._given.get("OPENAI_API_KEY") and not self._given.get("OPENAI_BASE_URL"):
            port = self._port("local model", product.MODEL_PORT)
            settings["LOCAL_MODEL_URL"] = f"http://127.0.0.1:{port}/v1"
            private.append(f"127.0.0.1:{port}")
        settings["OUTBOUND_ALLOW"] = ",".join(filter(None, [self._given.get("OUTBOUND_ALLOW", ""), *private]))
        settings["ALLOW_DIRTY"] = self._given.get("ALLOW_DIRTY") or "true"
        self.settings.update(settings)
        product.write_settings(self._places.run / "embedded.env", settings)

    def _start_helpers(self) -> list[Service]:
        """Sandbox and model load while the database is being prepared."""
        helpers = []
        if "NOTION_BASE_URL" in self.settings:
            port, state = _port_in(self.settings["NOTION_BASE_URL"]), self._places.var / "notion-sandbox.json"
            if self._fresh:
                state.unlink(missing_ok=True)
            helpers.append(product.notion_sandbox(port=port, state=state))
        if "LOCAL_MODEL_URL" in self.settings:
            helpers.append(product.local_model(port=_port_in(self.settings["LOCAL_MODEL_URL"])))
        for helper in helpers:
            self._supervisor.start(helper)
        return helpers

    def _prepare_data(self) -> None:
        """Migrations and demo, in as few Django processes as possible; none when nothing has changed since the last start."""
        marker, state = self._places.run / "prepared", self._state_of_data()
        server = self._postgres
        empty = server is not None and is_empty(server)
        if server is not None and not empty and marker.exists() and marker.read_text() == state:
            with self._console.step("Database, tenants and demo are as the last start left them"):
                return
        marker.unlink(missing_ok=True)
        if server is not None and empty and not restore(server, folder=self._places.cache):
            with self._console.step("Database: migrating, the first time takes half a minute") as step:
                self.run_manage("migrate", "-v", "2", progress=step.news)
                save(server, folder=self._places.cache)
                step.done("Database migrated")
        with self._console.step("Migrations, tenants hq and demo, Notion databases") as step:
            self.run_manage("demo", "--migrate", progress=step.news)
        marker.write_text(state)

    def _state_of_data(self) -> str:
        """What the data depend on: code that shapes and seeds them, and where Notion is."""
        notion = [
            self.settings.get(name) or self._given.get(name, "")
            for name in ("NOTION_BASE_URL", "NOTION_PARENT_PAGE_ID")
        ]
        return " ".join([stages()[-1].digest, *notion])

    def run_manage(self, *arguments: str, progress: Callable[[str], None] = lambda line: None) -> None:
        """Run a management command of this installation to its end. Raises ``ServiceFailed``."""
        self._supervisor.run(name=arguments[0], command=product.manage(*arguments), progress=progress)

    def _start_product(self) -> list[Service]:
        chosen = {
            "web": lambda: product.web(port=int(self.settings["PUBLIC_PORT"])),
            "events": lambda: product.events(port=int(self.settings["EVENTS_PORT"])),
            "worker": product.worker,
            "celery": product.celery,
        }
        services = [make() for name, make in chosen.items() if name in self._parts]
        for service in services:
            self._supervisor.start(service)
        return services

    def _wait(self, services: list[Service]) -> None:
        for service in services:
            with self._console.step(service.title):
                self._supervisor.wait(service)

    # --- watch -------------------------------------------------------------------------------------------------------

    def watch(self) -> None:
        """Keep everything alive until ``StopAsked``."""
        mailbox = Mailbox(self._places.mail, self._console.say)
        while True:
            self.watch_once()
            mailbox.look()
            time.sleep(WATCH_EVERY_S)

    def watch_once(self) -> None:
        """One look at every process and server; the dead ones are started again, servers on their old ports."""
        for name, server in (("PostgreSQL", self._postgres), ("Valkey", self._valkey)):
            if server is not None and server.running_port() is None:
                self._console.say(f"  note    {name} ended; starting it again")
                server.start()
        self._supervisor.watch_once()

    # --- stop --------------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Stop processes, then helpers, then servers. Safe in any state, also half started."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        with self._console.step("Stopping web, workers, helpers") as step:
            killed = self._supervisor.stop()
            step.done("Processes stopped" + (f" ({', '.join(killed)} had to be killed)" if killed else ""))
        for server in (self._valkey, self._postgres):
            if server is not None:
                server.stop()
        (self._places.run / "embedded.env").unlink(missing_ok=True)
        self._lock.release()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        raise StopAsked

    # --- ports -------------------------------------------------------------------------------------------------------

    def _port(self, what: str, preferred: int) -> int:
        """The usual port; any other when that is in use, or when any was asked for, as several installations may start at once."""
        if not self._web_port:
            return free_port()
        port = free_port(preferred)
        if preferred and port != preferred:
            self._console.say(f"  note    port {preferred} is in use; {what} takes {port}")
        return port

    def _port_of_last_time(self, name: str) -> int:
        """The same port as at the last start when it is free, so that open tools find the server again."""
        memory = self._places.run / f"{name}.port"
        remembered = int(memory.read_text()) if memory.exists() and memory.read_text().isdigit() else 0
        port = free_port(remembered)
        memory.write_text(str(port))
        return port


def given_settings() -> Mapping[str, str]:
    """What the person has set: the process environment, then ``.env``. Not what an earlier run wrote."""
    given = {name: value for name, value in dotenv_values(ROOT / ".env").items() if value}
    return {**given, **{name: value for name, value in os.environ.items() if value}}


def _port_in(url: str) -> int:
    return int(url.split("//", 1)[1].split("/", 1)[0].rsplit(":", 1)[1])


def stop_installation(places: Places, *, patience_s: float = 60) -> str:
    """End whatever runs in ``places``: the launcher, or what a killed one left. Returns a sentence for the person."""
    lock = LauncherLock(places.run / "launcher.lock")
    holder = lock.holder()
    if holder is not None:
        os.kill(holder, signal.SIGTERM)
        until = time.monotonic() + patience_s
        while lock.holder() == holder:
            if time.monotonic() > until:
                return f"Process {holder} does not stop. End it by hand: kill -9 {holder}, then `make down` again."
            time.sleep(0.1)
    left = ProcessRecord(places.run / "processes.json").end_leftovers()
    for server in (EmbeddedValkey(places.var / "valkey"), EmbeddedPostgres(places.var / "postgres")):
        if server.running_port() is not None:
            left.append(type(server).__name__.removeprefix("Embedded"))
            server.stop()
    (Path(places.run) / "embedded.env").unlink(missing_ok=True)
    return (
        "Stopped."
        if holder is not None
        else f"Stopped leftovers: {', '.join(left)}."
        if left
        else "Nothing was running."
    )
