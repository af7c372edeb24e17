"""Keeps what a person likes."""

from collections.abc import Mapping
from typing import Any

from apps.accounts.models import User
from apps.accounts.preferences import read_changes


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
