"""Keeps what a person likes."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.accounts.preferences import read_changes
from apps.core.errors import InvalidInput

NAME_LENGTH = 120


def change_preferences(*, person: User, wishes: Mapping[str, Any]) -> dict[str, Any]:
    """Keep any subset of a person's preferences and return what was kept; doing it twice changes nothing.

    Names that are no preference are ignored. Raises ``InvalidInput`` naming the fields at fault; nothing is kept then.
    """
    changes = read_changes(wishes)
    if changes:
        User.objects.filter(pk=person.pk).update(**changes)
        for name, value in changes.items():
            setattr(person, name, value)
    return changes


def change_name(*, person: User, name: str) -> None:
    """Call the person differently. Raises ``InvalidInput`` for an empty name or one of more than 120 characters."""
    wanted = " ".join(name.split())
    if not wanted or len(wanted) > NAME_LENGTH:
        raise InvalidInput(fields={"name": _("Enter a name of at most 120 characters.")})
    User.objects.filter(pk=person.pk).update(name=wanted)
    person.name = wanted
