"""What the server says when nobody scripted it: echo-like answers, and JSON that fits whatever schema is asked for."""

from __future__ import annotations

import json
import re
from typing import Any

WRONG_LANGUAGE = "Dies ist eine ausf\u00fchrliche Antwort in deutscher Sprache, obwohl eine andere Sprache verlangt wurde. Sie ist h\u00f6flich."
BLOCK = re.compile(r"<<<(\w+) ANSWER\n(.*?)\nANSWER \1>>>", re.DOTALL)
GARBLED = '{"c1": {"reason": "fine", "score": 90}, "c2": {"reason": "fine", "sco'


def default_text(body: dict[str, Any], *, judge_score: Any) -> str:
    """The answer to a request body as the chat endpoint receives it."""
    form = (body.get("response_format") or {}).get("json_schema", {}).get("schema")
    last = str(body["messages"][-1].get("content", ""))
    if form is None:
        return f"Here is a clear and complete answer. {last[:300].strip()}"
    found = BLOCK.search(last)
    score = judge_score(found.group(2)) if callable(judge_score) and found else judge_score
    return json.dumps(fill(form, score=score if isinstance(score, int) else 88))


def fill(schema: dict[str, Any], *, score: int) -> Any:
    """A value that fits the schema."""
    kind = schema.get("type")
    if "enum" in schema:
        return schema["enum"][0]
    if kind == "object":
        return {name: fill(part, score=score) for name, part in schema.get("properties", {}).items()}
    if kind == "array":
        return [fill(schema.get("items", {"type": "string"}), score=score)]
    return {"integer": score, "number": float(score), "boolean": True, "null": None}.get(str(kind), "Seen and weighed.")


def tokens(text: str) -> int:
    """Roughly what a tokenizer would count."""
    return max(1, -(-len(text) // 4))


def usage(body: dict[str, Any], text: str, *, cached: int = 0, reasoning: int = 0) -> dict[str, Any]:
    """A usage block as the vendor reports it."""
    prompt = sum(tokens(str(turn.get("content", ""))) + 4 for turn in body["messages"])
    completion = tokens(text) + reasoning
    limit = body.get("max_completion_tokens") or body.get("max_tokens") or 10**6
    completion = min(completion, limit)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": min(cached, prompt)},
        "completion_tokens_details": {"reasoning_tokens": min(reasoning, completion)},
    }
