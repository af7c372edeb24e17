"""Renaming a step everywhere a definition speaks of it. Pure."""

import re
from collections.abc import Mapping
from typing import Any

from apps.workflows.core.values import PLACEHOLDER

Json = Any


def renamed(node: Json, old: str, new: str) -> Json:
    """The same value with references, texts and expressions that name step ``old`` naming ``new``."""
    mention = re.compile(rf"(?<![A-Za-z0-9_\-.])steps\.{re.escape(old)}(?![A-Za-z0-9_\-])")
    by_key = re.compile(rf"(?<![A-Za-z0-9_\-.])steps\[(['\"]){re.escape(old)}\1\]")

    def mentions(text: str) -> str:
        text = mention.sub(f"steps.{new}", text)
        return by_key.sub(lambda match: f"steps[{match.group(1)}{new}{match.group(1)}]", text)

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
