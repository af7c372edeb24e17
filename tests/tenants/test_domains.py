"""Own domains: proven first, then served; the middleware's view of hosts."""

import pytest
from django.http import HttpRequest, StreamingHttpResponse
from django.test import Client, RequestFactory

from apps.accounts.models import User
from apps.core.errors import InvalidInput, NotAllowed, NotFound
from apps.tasks.models import TaskType
from apps.tenants.context import current_tenant
from apps.tenants.contracts import TenantRef
from apps.tenants.errors import DomainNotProven, DomainTaken, NoTenant
from apps.tenants.middleware import TenantMiddleware
from apps.tenants.models import Domain
from apps.tenants.services.domains import add_domain, remove_domain, trust_domain, txt_record, verify_domain


def prove(tenant: TenantRef, domain: str = "app.customer.example") -> Domain:
    _, value = txt_record(add_domain(tenant_id=tenant.id, domain=domain))
    return verify_domain(tenant_id=tenant.id, domain=domain, resolve=lambda name: [value])


def test_an_own_domain_is_served_once_it_is_proven(other_tenant: TenantRef) -> None:
    add_domain(tenant_id=other_tenant.id, domain="app.customer.example")
    visitor = Client(SERVER_NAME="app.customer.example")
    assert visitor.get("/accounts/login/").status_code == 404
    with pytest.raises(DomainNotProven, match=r"_echopilot\.app\.customer\.example"):
        verify_domain(tenant_id=other_tenant.id, domain="app.customer.example", resolve=lambda name: ["something else"])
    prove(other_tenant)
    page = visitor.get("/accounts/login/")
    assert page.status_code == 200
    assert "Globex" in page.text
    remove_domain(tenant_id=other_tenant.id, domain="app.customer.example")
    assert visitor.get("/accounts/login/").status_code == 404


def test_the_first_to_prove_a_domain_has_it(tenant: TenantRef, other_tenant: TenantRef) -> None:
    add_domain(tenant_id=other_tenant.id, domain="app.customer.example")
    prove(tenant)
    with pytest.raises(DomainTaken):
        prove(other_tenant)
    with pytest.raises(DomainTaken):
        trust_domain(tenant_id=other_tenant.id, domain="app.customer.example", reason="x", actor_id=1)


def test_claims_of_others_are_as_unknown_as_none(tenant: TenantRef, other_tenant: TenantRef) -> None:
    add_domain(tenant_id=tenant.id, domain="app.customer.example")
    for domain in ("app.customer.example", "nobody.example"):
        with pytest.raises(NotFound):
            remove_domain(tenant_id=other_tenant.id, domain=domain)


def test_the_subdomain_stays(tenant: TenantRef) -> None:
    with pytest.raises(InvalidInput):
        add_domain(tenant_id=tenant.id, domain="other.localhost")
    Domain.objects.filter(tenant_id=tenant.id).update(domain="acme.platform.example")
    with pytest.raises(NotAllowed):
        remove_domain(tenant_id=tenant.id, domain="acme.platform.example")


@pytest.mark.parametrize("domain", [
    "", "a", "localhost", "http://x.example", "x.example/path", "x..example", "-x.example", "*.example.com", "x.example:80",
    "127.0.0.1", "a" * 64 + ".example", "x.exa mple", "x.example\nHost: y.example",
])  # fmt: skip
def test_what_is_no_domain_is_refused(tenant: TenantRef, domain: str) -> None:
    with pytest.raises(InvalidInput):
        add_domain(tenant_id=tenant.id, domain=domain)


def test_international_names_are_kept_in_ascii(tenant: TenantRef) -> None:
    assert add_domain(tenant_id=tenant.id, domain="Bücher.Example.").domain == "xn--bcher-kva.example"


def serve(view, host: str = "acme.localhost", **extra: str):
    return TenantMiddleware(view)(RequestFactory().get("/", SERVER_NAME=host, **extra))


def test_the_view_runs_inside_and_everything_after_outside(db: None) -> None:
    seen: list[str] = []

    def view(request: HttpRequest) -> StreamingHttpResponse:
        seen.append(current_tenant().slug)
        return StreamingHttpResponse(str(TaskType.objects.count()) + current_tenant().slug for _ in range(2))

    response = serve(view)
    with pytest.raises(NoTenant):
        current_tenant()
    pieces = b"".join(response.streaming_content).decode()
    assert seen == ["acme"]
    assert pieces.count("acme") == 2
    with pytest.raises(NoTenant):
        current_tenant()


def test_what_a_request_does_to_its_tenant_does_not_reach_the_next(db: None) -> None:
    def view(request: HttpRequest) -> StreamingHttpResponse:
        with pytest.raises(AttributeError):
            request.tenant.slug = "changed"
        return StreamingHttpResponse([])

    serve(view)
    serve(view)


@pytest.mark.parametrize("host", ["ACME.localhost", "acme.localhost:8000", "acme.localhost."])
def test_a_host_is_recognised_however_it_is_written(db: None, host: str) -> None:
    assert Client().get("/accounts/login/", headers={"Host": host}).status_code == 200


def test_a_forwarded_host_is_not_believed(db: None, user: User) -> None:
    answer = Client(SERVER_NAME="acme.localhost").get(
        "/accounts/login/", headers={"X-Forwarded-Host": "globex.localhost"}
    )
    assert "Globex" not in answer.text
