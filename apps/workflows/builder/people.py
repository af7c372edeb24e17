"""Names of people who changed something."""

from collections.abc import Iterable

from django.contrib.auth import get_user_model


def names_of(ids: Iterable[int | None]) -> dict[int, str]:
    """What people are called, by id; addresses where there is no name. One query, none for nobody."""
    wanted = {one for one in ids if one}
    if not wanted:
        return {}
    rows = get_user_model().objects.filter(pk__in=wanted).values_list("pk", "name", "email")
    return {pk: name or email for pk, name, email in rows}
