"""A workspace's records in the back office: for staff during a stay there and nobody else, to be looked at, secrets closed."""

from collections.abc import Callable, Iterator

import pytest
from django.apps import apps
from django.contrib import admin
from django.db.models import CompositePrimaryKey
from django.test import Client

from apps.accounts.enums import AccessEnd
from apps.accounts.models import StaffAct, User
from apps.accounts.services.staff_access import end_access, start_access
from apps.core.back_office import is_tenant_plane, workspace_office
from apps.tasks import facade as tasks
from apps.tasks.enums import TaskSource
from apps.tenants.contracts import TenantRef

pytestmark = pytest.mark.django_db
Browse = Callable[..., Client]


@pytest.fixture
def inside(browse: Browse, staff: User, user: User, tenant: TenantRef) -> Client:
    """A member of staff who entered acme as its owner."""
    access = start_access(staff=staff, tenant_id=tenant.id, acting_as_id=user.pk, reason="Looking into ticket 4711",
                          link=lambda: "http://acme.localhost/")  # fmt: skip
    client = browse(staff)
    session = client.session
    session["staff_access"] = access.pk
    session.save()
    client.access = access  # type: ignore[attr-defined]
    return client


def lists() -> Iterator[str]:
    for model in workspace_office._registry:
        yield f"/admin/{model._meta.app_label}/{model._meta.model_name}/"


def test_every_model_of_ours_is_in_one_of_the_two_offices() -> None:
    admin.site.urls  # noqa: B018 - late registrations
    ours = {
        model for config in apps.get_app_configs() if config.name.startswith("apps.") for model in config.get_models()
    }
    ours = {
        model for model in ours if not isinstance(model._meta.pk, CompositePrimaryKey)
    }  # the admin cannot list those
    missing = {
        model for model in ours if model not in (workspace_office if is_tenant_plane(model) else admin.site)._registry
    }
    assert missing == set()


def test_staff_inside_a_workspace_see_every_list_and_it_is_on_record(inside: Client) -> None:
    assert inside.get("/admin/").status_code == 200
    for path in lists():
        assert inside.get(path).status_code == 200, path
        assert inside.get(f"{path}add/").status_code == 403, path
    assert StaffAct.objects.filter(route__startswith="/admin/").count() >= len(list(lists()))


def test_nobody_else_finds_anything(browse: Browse, user: User, staff: User, outsider: User) -> None:
    for client in (browse(), browse(user), browse(staff), browse(outsider)):
        for path in ["/admin/", *lists()]:
            answer = client.get(path, follow=True)
            assert answer.status_code == 404, (path, answer.status_code)


def test_a_record_can_be_read_but_not_changed(inside: Client, tenant: TenantRef, user: User) -> None:
    tasks.ensure_defaults()
    task = tasks.submit_task(source=TaskSource.PORTAL, title="Opening hours", body="When?", requested_by=user.pk)
    path = f"/admin/tasks/task/{task.id}/change/"
    page = inside.get(path)
    assert page.status_code == 200
    assert b"Opening hours" in page.content
    assert b"submitted" in page.content  # the task's own time line stands below it
    assert inside.post(path, {"title": "Changed"}).status_code == 403
    assert inside.post(f"/admin/tasks/task/{task.id}/delete/", {"post": "yes"}).status_code == 403
    assert tasks.get_task(task.id).title == "Opening hours"


def test_an_action_goes_through_the_service_in_the_name_of_the_person_acted_as(
    inside: Client, tenant: TenantRef, user: User
) -> None:
    tasks.ensure_defaults()
    task = tasks.submit_task(source=TaskSource.PORTAL, title="Opening hours", body="When?", requested_by=user.pk)
    answer = inside.post(
        "/admin/tasks/task/", {"action": "start_again", "_selected_action": [str(task.id)]}, follow=True
    )
    assert answer.status_code == 200
    assert tasks.get_task(task.id).state == "new"  # nothing has failed, so nothing is started again
    assert b"0" in answer.content


def test_secrets_of_a_connection_are_not_shown(inside: Client, tenant: TenantRef) -> None:
    model = apps.get_model("connectors.Connection")
    row = model.objects.create(connector="notion", name="Ours", base_url="https://notion.example", account_id="a",
                               secret="ntn_very-secret-token", webhook_secret="whsec_hidden")  # fmt: skip
    page = inside.get(f"/admin/connectors/connection/{row.pk}/change/")
    assert page.status_code == 200
    for hidden in (b"ntn_very-secret-token", b"whsec_hidden", row.webhook_key.encode()):
        assert hidden not in page.content


def test_the_door_closes_with_the_stay(inside: Client) -> None:
    end_access(access_id=inside.access.pk, why=AccessEnd.LEFT)  # type: ignore[attr-defined]
    assert inside.get("/admin/", follow=True).status_code == 404
