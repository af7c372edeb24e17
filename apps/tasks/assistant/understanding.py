"""From a question to tools without a model: fixed words in the languages the product speaks. Plain Python.

It errs towards not understanding: a question without any known word gets the list of what can be asked.
"""

import re
from collections.abc import Mapping

from apps.tasks.assistant.contracts import Step

NUMBER = re.compile(
    r"#\s*(\d{1,9})|\b(?:task|tarea|job|número|numero|ٹاسک|کام)\s+(?:#|no\.?\s*|number\s+|نمبر\s+)?(\d{1,9})\b",
    re.IGNORECASE,
)
QUOTED = re.compile(r"[“\"«„](.{2,80}?)[”\"»“]")
WORDS: Mapping[str, tuple[str, ...]] = {
    "waiting": (
        "waiting for me", "needs me", "need me", "for me to", "review", "approve", "approval", "inbox", "my decision",
        "what should i decide", "me espera", "necesita de mí", "revisar", "aprobar", "bandeja",
        "میرا انتظار", "منظوری", "جائزہ", "ان باکس", "میری ضرورت",
    ),
    "failures": (
        "fail", "went wrong", "error", "broke", "problem", "stuck", "not work", "fallar", "falló", "fallado", "fallos",
        "error", "problema", "ناکام", "غلطی", "مسئلہ", "خراب",
    ),
    "costs": (
        "cost", "spend", "spent", "money", "price", "expens", "dollar", "bill", "token", "how much", "cuesta", "costo", "coste",
        "gasto", "gastado", "dinero", "cuánto", "cuanto", "خرچ", "لاگت", "قیمت", "پیسے", "کتنا خرچ",
    ),
    "budgets": ("budget", "cap ", "limit", "allowance", "presupuesto", "límite", "limite", "بجٹ", "حد"),
    "connections": (
        "connect", "notion", "integration", "sync", "conexi", "conecta", "integraci", "کنکشن", "نوشن", "نوٹین", "جوڑ", "منسلک",
    ),
    "running": ("running", "in progress", "right now", "working on", "under way", "en curso", "ahora mismo", "ejecut", "چل رہ",
                "جاری", "اس وقت"),
    "next": ("next step", "what next", "what should i do", "get started", "getting started", "how do i start", "begin", "set up",
             "siguiente paso", "qué hago", "que hago", "empezar", "comenzar", "اگلا قدم", "کیا کروں", "شروع"),
    "overview": ("how many", "overview", "summary", "status", "how is it going", "health", "tasks", "cuántas", "cuantas",
                 "resumen", "estado", "tareas", "کتنے", "خلاصہ", "صورتحال", "حالت", "کام"),
}  # fmt: skip
TOOL_OF = {
    "waiting": "waiting_for_people", "failures": "recent_failures", "costs": "costs", "budgets": "budgets",
    "connections": "connections", "running": "running_now", "next": "next_step", "overview": "overview",
}  # fmt: skip
TODAY = ("today", "hoy", "آج")
YESTERDAY = ("yesterday", "ayer", "گزشتہ کل")
MOST = 3


def steps_for(question: str) -> tuple[Step, ...]:
    """Tools that fit the question, most specific first; none when it was not understood."""
    text = " ".join(question.casefold().split())
    number = NUMBER.search(question)
    if number:
        return (Step(tool="task", arguments={"number": int(number[1] or number[2])}),)
    found = [name for name, words in WORDS.items() if any(word in text for word in words)]
    quoted = QUOTED.search(question)
    steps = [Step(tool="find_tasks", arguments={"words": quoted[1]})] if quoted else []
    if len(found) > 1 and "overview" in found:
        found.remove("overview")
    for name in found:
        arguments = {"period": _period(text)} if name == "costs" else {}
        steps.append(Step(tool=TOOL_OF[name], arguments=arguments))
    return tuple(steps[:MOST])


def _period(text: str) -> str:
    if any(word in text for word in TODAY):
        return "today"
    return "yesterday" if any(word in text for word in YESTERDAY) else "month"
