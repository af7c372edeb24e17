"""Short words for declaring columns."""

from apps.connectors.contracts import PropertySpec


def column(
    name: str, kind: str, *options: str, direction: str = "out", number: str = "number", to: str = "", about: str = ""
) -> PropertySpec:
    """One column; ``number`` is Notion's number format, ``to`` the database a relation leads to."""
    return PropertySpec(
        name=name,
        type=kind,
        options=options,
        direction=direction,
        number_format=number,
        relation_to=to,
        description=about,
    )
