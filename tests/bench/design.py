"""AI builder: sixty goals in four languages, each turned into a workflow; the share that is valid and the share that fits.

``python -m tests.bench.design``. It asks the model the environment names (``OPENAI_BASE_URL``, ``OPENAI_API_KEY``); with no model
that follows instructions the goal's known words decide, and the figures say so. ``--recorded`` replays what a large model answered
to these goals (``data/designs.json``) over HTTP, with the real repair loop: what changes in the validator or the rules shows in
the share. ``fitting``: every step type and trigger the goal needs is there. ``--keep FILE`` writes what was drawn for each goal,
to be read by people.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.report import Figure, record
from tests.bench.setting import setting
from tests.servers.openai import OpenAIServer

DATA = Path(__file__).parent / "data"
GOALS: list[dict[str, Any]] = json.loads((DATA / "goals.json").read_text())["goals"]


def main() -> int:
    """Design all of them, record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, metavar="FILE", help="write every design to this file (JSON)")
    parser.add_argument("--recorded", action="store_true", help="replay recorded answers instead of asking a model")
    options = parser.parse_args()
    recorded = json.loads((DATA / "designs.json").read_text()) if options.recorded else None
    with setting():
        figures, kept = measure(recorded=recorded)
    if options.keep:
        options.keep.write_text(json.dumps(kept, ensure_ascii=False, indent=1))
    if recorded:
        record(goal="design-recorded", figures=figures, note=recorded["note"])
    else:
        record(goal="design", figures=figures,
               note="goals and known words have one author, so words fit their own list; no person judged the designs")  # fmt: skip
    return 0


def measure(*, recorded: Mapping[str, Any] | None = None) -> tuple[dict[str, Figure], list[dict[str, Any]]]:
    """Figures, and what was drawn for each goal."""
    from apps.tenants.facade import get_tenant, tenant_context
    from apps.workflows.authoring.asking import design

    kept: list[dict[str, Any]] = []
    with replaying(recorded) as server, tenant_context(get_tenant(slug="acme")):
        bench = full_bench()
        for number, goal in enumerate(GOALS):
            if recorded and server:
                server.reset()
                server.script(*({"text": answer} for answer in recorded["answers"][number]))
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
            if recorded and made and made.rounds > len(recorded["answers"][number]):
                kept[-1]["problems"] = ["asked for a round that was not recorded"]
    figures = _figures(kept)
    if recorded:
        figures |= {"models": recorded["model"], "cost_micros": "unknown"}
    return figures, kept


@contextmanager
def replaying(recorded: Mapping[str, Any] | None) -> Iterator[OpenAIServer | None]:
    """A local server in the model's place while answers are replayed; nothing changes without a recording."""
    if recorded is None:
        yield None
        return
    from django.test import override_settings

    with OpenAIServer() as server, override_settings(
        OPENAI_API_KEY="recorded", OPENAI_BASE_URL=server.url, OPENAI_PRICES="openai", LOCAL_MODEL_URL=None,
        OUTBOUND_ALLOW_OPERATOR=[f"127.0.0.1:{server.port}"],
    ):  # fmt: skip
        yield server


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
