"""Turns the picture into SVG coordinates, once from side to side and once from top to bottom."""

from dataclasses import dataclass
from typing import Any

from apps.portal.canvas.picture import Node, Picture

WIDE = (1000, 460)
TALL = (360, 680)
EDGE = 0.06


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One layout. ``mirrored`` lets a wide one run from right to left."""

    width: int
    height: int
    tall: bool
    mirrored: bool = False

    def place(self, node: Node) -> tuple[float, float]:
        """Where a node stands."""
        across = EDGE + node.v * (1 - 2 * EDGE)
        x, y = (across * self.width, node.u * self.height) if self.tall else (node.u * self.width, across * self.height)
        return round(self.width - x if self.mirrored else x, 1), round(y, 1)

    def line(self, start: Node, end: Node) -> str:
        """A smooth curve between two nodes."""
        (x0, y0), (x1, y1) = self.place(start), self.place(end)
        if self.tall:
            middle = (y0 + y1) / 2
            return f"M{x0} {y0}C{x0} {middle} {x1} {middle} {x1} {y1}"
        middle = (x0 + x1) / 2
        return f"M{x0} {y0}C{middle} {y0} {middle} {y1} {x1} {y1}"


def frames(picture: Picture, *, mirrored: bool) -> list[dict[str, Any]]:
    """Both layouts with everything the template draws."""
    return [
        _frame(picture, Frame(width=WIDE[0], height=WIDE[1], tall=False, mirrored=mirrored), "wide"),
        _frame(picture, Frame(width=TALL[0], height=TALL[1], tall=True, mirrored=mirrored), "tall"),
    ]


def _frame(picture: Picture, frame: Frame, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "width": frame.width,
        "height": frame.height,
        "strands": [{"strand": one, "d": frame.line(one.start, one.end)} for one in picture.strands],
        "nodes": [
            {"node": node, "x": x, "y": y, "below": y + 26 + lower, "further": y + 40 + lower}
            for node in picture.nodes
            for x, y in [frame.place(node)]
            for lower in [_lowered(picture, node) if frame.tall else 0]
        ],
    }


def _lowered(picture: Picture, node: Node) -> int:
    """Labels that stand side by side take turns at two heights, so that long ones do not run into each other."""
    row = [one.key for one in picture.of(node.kind)]
    return 30 * (row.index(node.key) % 2) if len(row) > 2 else 0
