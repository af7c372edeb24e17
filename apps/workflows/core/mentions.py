"""Where a definition speaks of something by its name, and the same definition speaking of it by another. Pure."""

import re
from collections.abc import Mapping
from typing import Any

from apps.workflows.core.values import PLACEHOLDER

Json = Any


def renamed(node: Json, *, root: str, old: str, new: str) -> Json:
    """The same value with references, texts and expressions that name ``<root>.<old>`` naming ``<root>.<new>``.

    ``root`` is "steps" or "inputs". What mentions nothing comes back equal.
    """
    mention = re.compile(rf"(?<![A-Za-z0-9_\-.]){root}\.{re.escape(old)}(?![A-Za-z0-9_\-])")
    by_key = re.compile(rf"(?<![A-Za-z0-9_\-.]){root}\[(['\"]){re.escape(old)}\1\]")

    def mentions(text: str) -> str:
        text = mention.sub(f"{root}.{new}", text)
        return by_key.sub(lambda match: f"{root}[{match.group(1)}{new}{match.group(1)}]", text)

    def walk(value: Json) -> Json:
        if isinstance(value, Mapping):
            if isinstance(value.get("$ref"), str):
                return {**value, "$ref": mentions(value["$ref"])}
            if isinstance(value.get("$text"), str):
                return {**value, "$text": PLACEHOLDER.sub(lambda match: mentions(match.group(0)), value["$text"])}
            if isinstance(value.get("$expr"), str):
                return {**value, "$expr": mentions(value["$expr"])}
            return {key: walk(child) for key, child in value.items()}
        return [walk(child) for child in value] if isinstance(value, list) else value

    return walk(node)


def is_mentioned(node: Json, *, root: str, name: str) -> bool:
    """Whether a value takes something from ``<root>.<name>``."""
    return bool(renamed(node, root=root, old=name, new=f"{name}0") != node)
