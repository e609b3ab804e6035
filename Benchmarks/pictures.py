"""Pictures as SVG, for light and dark pages: lines over a few positions, and groups of bars."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from xml.sax.saxutils import escape

from table import BARE_C, EXPORTER, NGINX, NODE_EXPORTER, PROTOTYPE, readable

COLOURS = {EXPORTER: "#e8590c", NGINX: "#2f9e44", BARE_C: "#868e96", NODE_EXPORTER: "#1c7ed6", PROTOTYPE: "#ae3ec9"}
STYLE = """\
text { font: 13px system-ui, sans-serif; fill: #1f2328 } .title { font-weight: 600; font-size: 15px }
.page { fill: #ffffff } .grid { stroke: #d0d7de } .line { fill: none; stroke-width: 2.5 } .end { text-anchor: end }
.middle { text-anchor: middle }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .page { fill: #0d1117 } .grid { stroke: #3d444d } }"""
WIDTH = 720
LEFT, RIGHT, TOP = 150, 140, 44
PLOT = WIDTH - LEFT - RIGHT


def lines(
    title: str, x_title: str, y_title: str, positions: Sequence[str], series: Mapping[str, Sequence[float]]
) -> str:
    """One line for each program, with its name at the end; the scale is logarithmic."""
    height, plot = 380, 270
    scale = Logarithmic(value for values in series.values() for value in values)
    parts = [_text(LEFT - 70, 24, title, "title"), _text(LEFT - 70, TOP + 2, y_title)]
    for value in scale.marks:
        y = TOP + 20 + plot * (1 - scale.share(value))
        parts += [_rule(LEFT, y, LEFT + PLOT, y), _text(LEFT - 8, y + 4, readable(value), "end")]
    step = PLOT / (len(positions) - 1)
    for index, position in enumerate(positions):
        parts.append(
            f'<text x="{LEFT + index * step:.1f}" y="{TOP + plot + 40}" text-anchor="middle">{position}</text>'
        )
    parts.append(_text(LEFT + PLOT, TOP + plot + 60, x_title, "end"))
    ends: dict[str, float] = {}
    for name, values in series.items():
        points = [(LEFT + i * step, TOP + 20 + plot * (1 - scale.share(value))) for i, value in enumerate(values)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline class="line" stroke="{COLOURS[name]}" points="{path}"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{COLOURS[name]}"/>' for x, y in points]
        ends[name] = points[-1][1]
    for name, y in _apart(ends).items():
        parts.append(_text(LEFT + PLOT + 12, y + 4, f"{name} {readable(series[name][-1])}"))
    return _svg(height, parts)


def bars(title: str, x_title: str, groups: Mapping[str, Mapping[str, float]]) -> str:
    """A bar for each program in each group, with its figure; a negative one is as long as if it were positive."""
    scale = Linear(abs(value) for figures in groups.values() for value in figures.values())
    parts = [_text(16, 24, title, "title")]
    y = TOP + 20.0
    for group, figures in groups.items():
        if group:
            parts.append(_text(16, y + 2, group))
            y += 12
        for name, value in figures.items():
            length = max(PLOT * scale.share(abs(value)), 1)
            parts.append(_text(LEFT - 8, y + 13, name, "end"))
            parts.append(
                f'<rect x="{LEFT}" y="{y:.1f}" width="{length:.1f}" height="16" fill="{COLOURS[name]}"><title>'
                f"{escape(name)}: {readable(value)}</title></rect>"
            )
            parts.append(_text(LEFT + length + 6, y + 13, readable(value)))
            y += 22
        y += 16
    axis = []
    for value in scale.marks:
        x = LEFT + PLOT * scale.share(value)
        axis += [_rule(x, TOP, x, y), _text(x, y + 16, readable(value), "middle")]
    return _svg(y + 46, [*axis, *parts, _text(LEFT + PLOT, y + 36, x_title, "end")])


class Logarithmic:
    """From the power of ten below the least to that above the most."""

    def __init__(self, values: Iterable[float]) -> None:
        logarithms = [math.log10(value) for value in values if value > 0]
        self._low, self._high = math.floor(min(logarithms)), math.ceil(max(logarithms))
        if self._low == self._high:
            self._high += 1
        self.marks = [10.0**power for power in range(self._low, self._high + 1)]

    def share(self, value: float) -> float:
        """Where a value lies on the axis, from 0 to 1."""
        return max(0.0, (math.log10(value) - self._low) / (self._high - self._low)) if value > 0 else 0.0


class Linear:
    """From 0 to the next round number above the most."""

    def __init__(self, values: Iterable[float]) -> None:
        most = max(values) or 1.0
        unit = 10 ** math.floor(math.log10(most))
        self._high = next(unit * step for step in (1, 2, 4, 6, 8, 10) if unit * step >= most)
        self.marks = [self._high * quarter / 4 for quarter in range(5)]

    def share(self, value: float) -> float:
        """Where a value lies on the axis, from 0 to 1."""
        return value / self._high


def _apart(heights: Mapping[str, float], distance: float = 16.0) -> dict[str, float]:
    """The same, moved down where two would lie over each other."""
    placed: dict[str, float] = {}
    last = -math.inf
    for name, y in sorted(heights.items(), key=lambda item: item[1]):
        last = placed[name] = max(y, last + distance)
    return placed


def _text(x: float, y: float, text: str, style: str = "") -> str:
    attribute = f' class="{style}"' if style else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{attribute}>{escape(text)}</text>'


def _rule(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="grid" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _svg(height: float, parts: Sequence[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" role="img">'
    return "\n".join(
        [head, f"<style>\n{STYLE}\n</style>", '<rect class="page" width="100%" height="100%"/>', *parts, "</svg>\n"]
    )
