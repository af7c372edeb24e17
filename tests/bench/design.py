"""AI builder: sixty goals in four languages, each turned into a workflow; the share that is valid and the share that fits.

``python -m tests.bench.design``. It asks the model the environment names (``OPENAI_BASE_URL``, ``OPENAI_API_KEY``); with no model
that follows instructions the goal's known words decide, and the figures say so. ``fitting``: every step type and trigger the goal
needs is there. ``--keep FILE`` writes what was drawn for each goal, to be read by people.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.report import Figure, record
from tests.bench.setting import setting

GOALS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "data/goals.json").read_text())["goals"]


def main() -> int:
    """Design all of them, record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, metavar="FILE", help="write every design to this file (JSON)")
    options = parser.parse_args()
    with setting():
        figures, kept = measure()
    if options.keep:
        options.keep.write_text(json.dumps(kept, ensure_ascii=False, indent=1))
    record(goal="design", figures=figures,
           note="goals and known words have one author, so words fit their own list; no person judged the designs")  # fmt: skip
    return 0


def measure() -> tuple[dict[str, Figure], list[dict[str, Any]]]:
    """Figures, and what was drawn for each goal."""
    from apps.tenants.facade import get_tenant, tenant_context
    from apps.workflows.authoring.asking import design

    kept: list[dict[str, Any]] = []
    with tenant_context(get_tenant(slug="acme")):
        bench = full_bench()
        for number, goal in enumerate(GOALS):
            began = time.monotonic()
            *_told, last = design(
                goal["goal"],
                bench=bench,
                language=goal["language"],
                user_id=None,
                key=f"bench-{time.time_ns()}-{number}",
            )
            made = last.design
            kept.append({
                **goal, "seconds": round(time.monotonic() - began, 2), "definition": made and made.definition,
                "problems": [one.message for one in made.problems] if made else ["nothing was drawn"],
                "fits": bool(made and set(goal["needs"]) <= parts_of(made.definition)),
                "origin": made.origin if made else "nothing", "model": made.model if made else "",
                "rounds": made.rounds if made else 0, "cost_micros": made.cost_micros if made else 0,
            })  # fmt: skip
    return _figures(kept), kept


def _figures(kept: list[dict[str, Any]]) -> dict[str, Figure]:
    valid = [one for one in kept if not one["problems"]]
    by_language = Counter(one["language"] for one in valid if one["fits"])
    origins = Counter(one["origin"] for one in kept)
    costs = [one["cost_micros"] for one in kept]
    return {
        "goals": len(kept),
        "valid_share": round(len(valid) / len(kept), 3),
        "fitting_share": round(sum(by_language.values()) / len(kept), 3),
        **{f"fitting_{language}": by_language[language] for language in sorted({one["language"] for one in kept})},
        **{f"by_{origin}": count for origin, count in sorted(origins.items())},
        "models": ", ".join(sorted({one["model"] for one in kept} - {""})) or "none asked",
        "rounds_mean": round(sum(one["rounds"] for one in kept) / len(kept), 2),
        "cost_micros": "unknown" if None in costs else sum(costs),
        "p50_s": median(one["seconds"] for one in kept),
    }


def full_bench() -> Any:
    """The workbench of the current workspace, as if every service were connected."""
    from dataclasses import replace

    from apps.workflows.authoring.bench import workbench
    from apps.workflows.authoring.words import CONNECTORS

    connected = [(f"00000000-0000-4000-8000-{n:012}", slug, slug) for n, slug in enumerate(CONNECTORS)]
    return replace(workbench(), connections=connected)


def parts_of(definition: Mapping[str, Any]) -> set[str]:
    """Its step types, and its triggers as ``trigger:<type>``."""
    return {step["type"] for step in definition["steps"].values()} | {
        f"trigger:{one['type']}" for one in definition.get("triggers", {}).values()
    }


if __name__ == "__main__":
    sys.exit(main())
