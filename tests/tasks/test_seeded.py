"""Names the product seeds are shown in the reader's language; a workspace's own stay as they were written."""

import json
from collections.abc import Callable, Iterator
from importlib.resources import files

import pytest
from django.test import Client
from django.utils import translation

from apps.accounts.models import User
from apps.core import seeded as core_seeded
from apps.tasks import facade, seeded
from apps.tasks.models import TaskType
from apps.tenants.contracts import TenantRef

Browse = Callable[..., Client]


def names_in(value: object) -> Iterator[str]:
    """Titles of steps and criteria, names of types and of the workflow, as they stand in the data."""
    if isinstance(value, dict):
        yield from (value[key] for key in ("name", "title") if isinstance(value.get(key), str))
        for key, inner in value.items():
            if key not in {"with", "output", "inputs"}:
                yield from names_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from names_in(inner)


@pytest.mark.parametrize("name", ["answer.json", "task_types.json"])
def test_every_seeded_name_stands_in_the_catalogues(name: str) -> None:
    data = json.loads(files("apps.tasks").joinpath("data", name).read_text("utf-8"))
    assert set(names_in(data)) - set(seeded.NAMES) == set()


@pytest.mark.django_db
def test_a_seeded_name_is_translated_and_a_changed_one_is_not(tenant: TenantRef, browse: Browse, user: User) -> None:
    with translation.override("es"):
        assert core_seeded.shown("Accuracy") == "Exactitud"
        assert core_seeded.shown("Search") == "Search"
    facade.ensure_defaults()
    TaskType.objects.filter(slug="research").update(name="Accuracy")
    TaskType.objects.filter(slug="drafting").update(name="Our letters")
    User.objects.filter(pk=user.pk).update(language="es")
    page = browse(user).get("/tasks/").content.decode()
    assert "Exactitud" in page and "Our letters" in page
