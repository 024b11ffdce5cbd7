"""The paper's Figures 2 and 3 as SVG: training dynamics, and retention by cycle. Panels of lines, drawn by hand.

Both take the JSON of a result, so that a figure can be drawn again from a file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any
from xml.etree import ElementTree as Xml

from memsrv_consolidation.bench.conditions import COMPACTION, FULL
from memsrv_consolidation.bench.questions import WORDINGS

_WIDTH, _HEIGHT, _MARGIN, _LEGEND = 420, 300, 46, 20
_COLOURS = {"all": "#000000", "semantic": "#1b7f4d", "procedural": "#c0561a", "episodic": "#2b5fb4"}
_DYNAMICS = {"fails": ("#000000", "share wrong"), "median": ("#e08a00", "median CE"), "mean": ("#c02020", "mean CE")}
_DASHES = ("6 3", "2 3", "9 3 2 3")


@dataclass(frozen=True, slots=True)
class Line:
    """`points`: x, y from 0 to 1, and a standard error or None."""

    name: str
    colour: str
    points: Sequence[tuple[float, float, float | None]]
    dash: str | None = None


@dataclass(frozen=True, slots=True)
class Panel:
    title: str
    x: str
    y: str
    lines: Sequence[Line]
    ticks: Sequence[float]


def retention_curve(result: Mapping[str, Any]) -> str | None:
    """Figure 3: what is right as the history grows, a panel for each wording: compaction solid, each strategy dashed.

    Both begin with the original in full context. None without a cycle.
    """
    last, rows = int(result["cycles"]), result["rows"]
    panels = []
    for wording in WORDINGS:
        right = {(row["condition"], row["cycle"]): row["right"] for row in rows if row["wording"] == wording}
        drawn = []
        for place, name in enumerate((COMPACTION, *result["strategies"])):
            for kind, colour in _COLOURS.items():
                start = right.get((FULL, 0), {}).get(kind)
                cycles = [(0, start), *((c, right.get((name, c), {}).get(kind)) for c in range(1, last + 1))]
                points = [(float(cycle), one["mean"], one["se"]) for cycle, one in cycles if one]
                if len(points) > 1:
                    dash = _DASHES[(place - 1) % len(_DASHES)] if place else None
                    drawn.append(Line(f"{name}, {kind}", colour, points, dash))
        if drawn:
            panels.append(Panel(f"{wording} wordings", "cycles", "right", drawn, list(range(last + 1))))
    return _svg("Knowledge retention as conversational history accumulates", panels) if panels else None


def dynamics(curves: Sequence[Mapping[str, Any]]) -> str | None:
    """Figure 2: the share that is wrong beside mean and median cross-entropy, each between its own least and most.

    A panel for each strategy, over its trainings' means; None where no training looked at itself twice.
    """
    panels = []
    for strategy in dict.fromkeys(one["strategy"] for one in curves):
        mine = [one["points"] for one in curves if one["strategy"] == strategy]
        epochs = sorted({point["epoch"] for points in mine for point in points})
        if len(epochs) < 2:
            continue
        lines = []
        for what, (colour, name) in _DYNAMICS.items():
            means = [fmean(_seen(what, point) for points in mine for point in points if point["epoch"] == epoch)
                     for epoch in epochs]  # fmt: skip
            low, high = min(means), max(means)
            spread = high - low or 1.0
            points_ = [(epoch, (value - low) / spread, None) for epoch, value in zip(epochs, means, strict=True)]
            lines.append(Line(f"{name} ({low:.2f} to {high:.2f})", colour, points_))
        panels.append(Panel(f"{strategy}, {len(mine)} trainings", "epoch", "from least to most", lines, epochs))
    return _svg("Training dynamics", panels) if panels else None


def _seen(what: str, point: Mapping[str, float]) -> float:
    return 1 - point["right"] if what == "fails" else point[what]


def _svg(title: str, panels: Sequence[Panel]) -> str:
    rows = max(len(panel.lines) for panel in panels)
    height = _HEIGHT + _LEGEND * rows + 30
    width = _WIDTH * len(panels)
    size = {"width": str(width), "height": str(height), "viewBox": f"0 0 {width} {height}"}
    font = {"font-family": "sans-serif", "font-size": "11"}
    root = Xml.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", **size, **font})
    Xml.SubElement(root, "title").text = title
    Xml.SubElement(root, "rect", width="100%", height="100%", fill="white")
    for place, panel in enumerate(panels):
        group = Xml.SubElement(root, "g", transform=f"translate({place * _WIDTH},24)")
        _draw(group, panel)
    Xml.indent(root)
    return Xml.tostring(root, encoding="unicode") + "\n"


def _draw(group: Xml.Element, panel: Panel) -> None:
    left, right, top, bottom = _MARGIN, _WIDTH - 16, 10, _HEIGHT - _MARGIN
    low, high = min(panel.ticks), max(panel.ticks)

    def x(value: float) -> float:
        return round(left + (right - left) * ((value - low) / (high - low) if high > low else 0.5), 1)

    def y(value: float) -> float:
        return round(bottom - (bottom - top) * min(1.0, max(0.0, value)), 1)

    _text(group, (left + right) / 2, 0, panel.title, anchor="middle")
    for value in (0.0, 0.25, 0.5, 0.75, 1.0):
        _line(group, [(left, y(value)), (right, y(value))], "#dddddd")
        _text(group, left - 6, y(value) + 4, f"{value:.2f}", anchor="end")
    for value in panel.ticks:
        _text(group, x(value), bottom + 16, f"{value:g}", anchor="middle")
    _text(group, (left + right) / 2, bottom + 32, panel.x, anchor="middle")
    _text(group, 12, top - 2, panel.y)
    for place, line in enumerate(panel.lines):
        _line(group, [(x(a), y(b)) for a, b, _ in line.points], line.colour, line.dash)
        for a, b, se in line.points:
            if line.dash:
                Xml.SubElement(group, "rect", x=str(x(a) - 3), y=str(y(b) - 3), width="6", height="6", fill=line.colour)
            else:
                Xml.SubElement(group, "circle", cx=str(x(a)), cy=str(y(b)), r="3", fill=line.colour)
            if se:
                _line(group, [(x(a), y(b - se)), (x(a), y(b + se))], line.colour)
        beside = _HEIGHT + _LEGEND * place
        _line(group, [(left, beside), (left + 30, beside)], line.colour, line.dash)
        _text(group, left + 36, beside + 4, line.name)


def _line(group: Xml.Element, points: Sequence[tuple[float, float]], colour: str, dash: str | None = None) -> None:
    drawn = Xml.SubElement(group, "polyline", points=" ".join(f"{a},{b}" for a, b in points), fill="none",
                           stroke=colour)  # fmt: skip
    if dash:
        drawn.set("stroke-dasharray", dash)


def _text(group: Xml.Element, x: float, y: float, words: str, anchor: str = "start") -> None:
    Xml.SubElement(group, "text", x=str(x), y=str(y), attrib={"text-anchor": anchor}).text = words
