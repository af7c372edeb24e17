"""The demo: two tenants, people with known passwords, and a Notion workspace with rows to tick. Development only."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth import get_user_model

from apps.accounts import facade as accounts
from apps.connectors import facade as connectors
from apps.core.errors import NotAllowed, NotFound
from apps.tenants import facade as tenants
from apps.tenants.contracts import TenantRef

PASSWORD = "echopilot-demo"  # noqa: S105  (printed at start; refused outside DEBUG)
STAFF, OWNER = "staff@example.com", "demo@example.com"


@dataclass(frozen=True, kw_only=True)
class Demo:
    """What is there now."""

    operator: TenantRef
    tenant: TenantRef
    notion_connected: bool


def prepare_demo(*, say: Callable[[str], None]) -> Demo:
    """Create what is missing of the demo; a second call changes nothing. ``say`` hears one line per step.

    Raises ``NotAllowed`` outside development: the passwords are public knowledge.
    """
    if not settings.DEBUG:
        raise NotAllowed(
            "The demo has known passwords. It is for DEBUG settings only; use `manage.py provision_tenant`."
        )
    say("people")
    staff, owner = _person(STAFF, "Sam Staff"), _person(OWNER, "Dana Demo")
    if not staff.is_superuser:
        get_user_model().objects.filter(pk=staff.pk).update(is_staff=True, is_superuser=True)
    say("tenant hq")
    operator = _tenant(slug="hq", name="EchoPilot", owner=staff, plan="agency")
    say("tenant demo")
    tenant = _tenant(slug="demo", name="Demo Studio", owner=owner, plan="growth")
    say("Notion databases")
    return Demo(operator=operator, tenant=tenant, notion_connected=_connect_notion(tenant))


def _person(address: str, name: str) -> Any:
    person = accounts.find_or_create_person(email=address, name=name)
    if not person.has_usable_password():
        person.set_password(PASSWORD)
        person.save(update_fields=["password"])
    EmailAddress.objects.get_or_create(user=person, email=address, defaults={"verified": True, "primary": True})
    return person


def _tenant(*, slug: str, name: str, owner: Any, plan: str) -> TenantRef:
    try:
        return tenants.get_tenant(slug=slug)
    except NotFound:
        return tenants.provision_tenant(slug=slug, name=name, email=owner.email, owner_id=owner.pk, plan=plan)


def _connect_notion(tenant: TenantRef) -> bool:
    """Connect the workspace the environment names (the sandbox under `make run`) and create its databases."""
    env = settings.ENV
    if not env.notion_token or not env.notion_parent_page_id:
        return False
    with tenants.tenant_context(tenant):
        connection = connectors.connect_notion(
            token=env.notion_token.get_secret_value(), parent_page_id=env.notion_parent_page_id,
            name="Demo workspace", base_url=env.notion_base_url,
        )  # fmt: skip
        connectors.notion_apply(connection.id)
    return True
