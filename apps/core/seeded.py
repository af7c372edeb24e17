"""Names the product itself puts into a workspace: shown in the reader's language for as long as nobody has changed them."""

from collections.abc import Iterable

from django.utils.translation import gettext

_known: set[str] = set()


def know_seeded(names: Iterable[str]) -> None:
    """Say which names are the product's own; they stand in the catalogues (``gettext_noop``)."""
    _known.update(names)


def shown(name: str) -> str:
    """The name in the reader's language when it is one of the product's own, else as the workspace wrote it."""
    return gettext(name) if name in _known else name
