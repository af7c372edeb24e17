"""What every test gets: its own database and broker space, the cast, a closed network, and the tenancy watch.

``tests.slot`` has pointed the settings at this process's servers, so models may be imported anywhere below. The database
itself is copied from the template when the first test asks for it.
"""

import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import django
import pytest

from tests import ground
from tests.slot import SLOT

if TYPE_CHECKING:
    from django.test import Client

    from apps.accounts.models import User
    from apps.tenants.contracts import TenantRef

django.setup()

from tests import transactions  # noqa: E402  (reads the settings)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rebuild-database", action="store_true", help="Build the test database's templates afresh.")
    parser.addoption("--long", action="store_true", help="The long form of tests that have one.")


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from tests.sharing import Sharing

    return Sharing(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    from tests.sharing import longest_first

    longest_first(items)


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--rebuild-database") and not hasattr(config, "workerinput"):
        ground.drop_templates()


def pytest_sessionstart(session: pytest.Session) -> None:
    """Build the template when it is missing, or wait for who builds it, before any test's time limit runs."""
    if not session.config.option.collectonly:
        ground.migrated_database()


def pytest_unconfigure(config: pytest.Config) -> None:
    from django.db import connections

    connections.close_all()
    ground.leave(SLOT)


@pytest.fixture(scope="session", autouse=True)
def tenancy_watch() -> Iterator[None]:
    """Records every SQL statement of the process with the tenant expected and the ``search_path`` in force."""
    from tests import isolation

    with isolation.watch():
        yield


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test never inherits a connection whose server side is gone: it is opened afresh, and which test met it is said."""
    from django.db import connections

    for connection in connections.all(initialized_only=True):
        if connection.connection is not None and not connection.in_atomic_block and not connection.is_usable():
            print(f"\n{item.nodeid}: the connection to the database was gone", file=sys.__stderr__, flush=True)
            connection.close()


@pytest.fixture(autouse=True)
def _no_breach() -> Iterator[None]:
    """A breach fails the test it happens in, even when the code under test swallowed it; tenants are looked up afresh."""
    from django.db import reset_queries

    from apps.tenants.facade import forget_cached_tenants
    from tests import isolation

    forget_cached_tenants()
    reset_queries()  # a long-lived connection's log fills up in the course of a suite
    before = len(isolation.breaches)
    yield
    assert isolation.breaches[before:] == []


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: object) -> None:
    """This process's database: a copy of the migrated template with acme and globex in it."""
    ground.fill(SLOT.database)
    transactions.reset_with(lambda: ground.fill(SLOT.database))


@pytest.fixture(autouse=True)
def _empty_broker() -> Iterator[None]:
    """Each test starts with nothing cached and no message waiting."""
    yield
    ground.valkey_connection(SLOT.number).flushdb()


@pytest.fixture
def tenant(db: None) -> Iterator["TenantRef"]:
    """The active tenant acme, with its context entered for the length of the test."""
    with transactions.entered("acme") as reference:
        yield reference


@pytest.fixture
def other_tenant(db: None) -> "TenantRef":
    """The active tenant globex; its context is not entered."""
    return transactions.reference("globex")


def _person(email: str) -> "User":
    from apps.accounts.models import User

    return User.objects.get(email=email)


@pytest.fixture
def user(db: None) -> "User":
    """Owner of acme."""
    return _person("owner@acme.example")


@pytest.fixture
def member(db: None) -> "User":
    """Editor in acme."""
    return _person("member@acme.example")


@pytest.fixture
def viewer(db: None) -> "User":
    """Viewer in acme: may look, may not change."""
    return _person("viewer@acme.example")


@pytest.fixture
def outsider(db: None) -> "User":
    """Owner of globex, nobody in acme."""
    return _person("outsider@globex.example")


@pytest.fixture
def staff(db: None) -> "User":
    """A member of the platform's staff."""
    from apps.accounts.models import User

    return User.objects.create_superuser("staff@platform.example")


@pytest.fixture
def browse(db: None) -> Callable[..., "Client"]:
    """``browse(user, host="acme.localhost")``: a client signed in as ``user`` (None: a visitor) on one host."""
    from django.test import Client

    def open_client(user: "User | None" = None, *, host: str = "acme.localhost") -> "Client":
        client = Client(SERVER_NAME=host)
        if user is not None:
            client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return open_client
