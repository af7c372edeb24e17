"""Signs that a text talks to the judge instead of being judged. Pure.

Fencing and a typed verdict keep an injected sentence from changing rules; whether it sways a model's scores cannot be
excluded, so a text that tries is never passed by a machine: a person decides.
"""

from __future__ import annotations

import re
import unicodedata

_GRADER = r"(?:judge|grader|reviewer|evaluator|assessor|rater|assistant|model|ai|llm|system|quality gate)"
_SCORE = r"(?:score|rating|grade|mark|points?|percent|%)"
SIGNS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern, re.IGNORECASE | re.DOTALL))
    for name, pattern in (
        (
            "asks for a score",
            (
                rf"\b(?:give|award|assign|grant|rate|score|grade|mark)\b[^.\n]{{0,60}}\b(?:100|full|maximum|max|perfect|highest|top)\b"
                rf"(?:\s*(?:/\s*100|out of|{_SCORE}|marks?|$)|[^.\n]{{0,20}}\b{_SCORE})"
            ),
        ),
        ("asks for a score", r"\b(?:give|award|assign|rate|score|grade)\s+(?:this|it|me|the)\b[^.\n]{0,40}\b100\b"),
        (
            "asks for a score",
            rf"\b{_SCORE}\b[^.\n]{{0,20}}\b(?:must|should|has to|needs to|shall|will)\s+be\b[^.\n]{{0,20}}\b(?:100|full|maximum|perfect)\b",
        ),
        (
            "asks for a pass",
            r"\b(?:mark|accept|approve|pass)\s+(?:this|it|the)\s+(?:answer|response|text|submission|output)\b",
        ),
        (
            "overrides rules",
            (
                r"\b(?:ignore|disregard|forget|override|bypass)\b[^.\n]{0,40}\b(?:previous|prior|above|earlier|all|your|the|any)\b"
                r"[^.\n]{0,30}\b(?:instructions?|rules?|rubric|prompts?|criteria|guidelines?|directions?)\b"
            ),
        ),
        (
            "overrides rules",
            r"\b(?:new|updated|revised)\s+(?:instructions?|rules?|rubric|criteria)\s*(?:for|to)?\s*(?:the)?\s*"
            + _GRADER,
        ),
        (
            "speaks to the judge",
            rf"\b(?:dear|note to(?: the)?|attention|hey|message (?:to|for)(?: the)?|as the|you are (?:the|a|now))\s+{_GRADER}\b",
        ),
        ("imitates a verdict", r"[\"'](?:clarity|accuracy|completeness|tone|score)[\"']\s*:\s*(?:\{|\d{2,3}\b)"),
        (
            "imitates a turn",
            r"(?:<\|?\s*(?:im_start|im_end|system|assistant|endoftext)\b|\[/?INST\]|^\s*#{2,}\s*(?:system|instruction)\b)",
        ),
        ("overrides rules", r"\b(?:ignora|olvida)\b[^.\n]{0,40}\binstrucciones\b"),
        ("asks for a score", r"\b(?:dale|otorga|asigna|pon(?:le)?)\b[^.\n]{0,40}\b100\b"),
    )
)
_INVISIBLE = dict.fromkeys([*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2065), 0xFEFF, 0xAD])
_LOOKALIKES = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0410\u0415\u041e\u0420\u0421\u0425\u0406", "aeopcyxiAEOPCXI"
)
TEXT_MAX = 200_000


def signs(text: str) -> list[str]:
    """Names of the signs found, each once; empty for an honest text. Looks through invisible and look-alike characters."""
    plain = unicodedata.normalize("NFKC", text[:TEXT_MAX]).translate(_INVISIBLE).translate(_LOOKALIKES)
    plain = re.sub(r"[ \t]+", " ", plain)
    return list(dict.fromkeys(name for name, pattern in SIGNS if pattern.search(plain)))
