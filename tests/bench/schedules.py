"""Goal E6: ``python -m tests.bench.schedules``: every zone x 3 years x 20 cron shapes against the minute-by-minute oracle.

Both sides account for every minute. Zones that kept the same offsets all through the span share the oracle's answer, never
the product's.
"""

import argparse
import sys
import time
import zoneinfo
from bisect import bisect_left
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import zip_longest

from apps.workflows.triggers import calendar
from tests.bench.report import Target, record
from tests.workflows.triggers import oracle

# Shapes without a zone's own trouble in them: compared once for each distinct history of offsets, the first two in the days around
# every change of the clock only.
DENSE = ("* * * * *", "*/5 * * * *", "*/15 * * * *")
AROUND_CHANGES = DENSE[:2]
AROUND_MINUTES = 2 * oracle.DAY


def main() -> int:
    """Exit code 1 when the goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.schedules", description=__doc__)
    parser.add_argument("--first-year", type=int, default=2026)
    parser.add_argument("--years", type=int, default=3)
    parser.add_argument("--zones", type=int, default=0, help="only so many zones (0 = all)")
    options = parser.parse_args()
    zones = sorted(zoneinfo.available_timezones())[: options.zones or None]
    figures = compare(zones, oracle.SHAPES, first_year=options.first_year, years=options.years)
    met = record(
        goal="E6",
        figures={"first_year": options.first_year, "years": options.years, **figures},
        targets={"deviations": Target(at_most=0), "zones": Target(at_least=len(zones))},
        note="Every due minute of every zone and shape; the every-minute, 5-minute and 15-minute shapes once for each distinct "
        "history of offsets, the first two in the four days around every change of the clock.",
    )
    return 0 if met else 1


def compare(zones: Sequence[str], shapes: Sequence[str], *, first_year: int, years: int) -> dict[str, float | int]:
    """Deviations over all zones and shapes, with the sizes of the comparison."""
    started = time.monotonic()
    span = oracle.Span(date(first_year, 1, 1), date(first_year + years, 1, 1))
    deviations = compared = checked = 0
    answers: dict[tuple[object, ...], dict[str, Sequence[int]]] = {}
    for name in zones:
        zone = zoneinfo.ZoneInfo(name)
        stretches = list(oracle.offsets(zone, span))
        known = answers.setdefault(tuple(stretches), {})
        for shape in shapes:
            if shape in known and shape in DENSE:
                continue
            expected = known.setdefault(shape, oracle.due_minutes(shape, stretches, span))
            for part in _parts(shape, stretches, span):
                wrong, count = _differences(name, shape, expected, span, part)
                deviations, compared = deviations + wrong, compared + count
            checked += 1
    return {
        "zones": len(zones), "distinct_zones": len(answers), "shapes": len(shapes), "comparisons": checked,
        "due_instants": compared, "deviations": deviations, "wall_s": round(time.monotonic() - started, 1),
    }  # fmt: skip


def _parts(shape: str, stretches: Sequence[tuple[int, int, int]], span: oracle.Span) -> list[tuple[int, int]]:
    if shape not in AROUND_CHANGES:
        return [(0, span.minutes)]
    changes = [first for first, _, _ in stretches]
    return [(max(0, at - AROUND_MINUTES), min(span.minutes, at + AROUND_MINUTES)) for at in changes]


def _differences(
    name: str, shape: str, expected: Sequence[int], span: oracle.Span, part: tuple[int, int]
) -> tuple[int, int]:
    rule = calendar.parse({"zone": name, "cron": shape}, anchor=span.start)
    begin = span.start + timedelta(minutes=part[0] - 1)
    end = span.start + timedelta(minutes=part[1] - 1)
    expected = expected[bisect_left(expected, part[0]) : bisect_left(expected, part[1])]
    epoch, wrong, count = span.start.timestamp(), 0, 0
    for told, found in zip_longest(expected, rule.between(begin, end)):
        count += 1
        if told is None or found is None or told * 60 != found.timestamp() - epoch:
            wrong += 1
            if wrong <= 3:
                at = span.start + timedelta(minutes=told) if told is not None else None
                sys.stderr.write(f"{name} {shape!r}: expected {at}, found {found}\n")
    return wrong, count


if __name__ == "__main__":
    sys.exit(main())
