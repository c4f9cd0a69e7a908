"""Charts as inline SVG: sharp at any size, a few kilobytes, no script."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from leukofeat.markup import Markup, element, number
from leukofeat.pictures import series_color as color
from leukofeat.pictures import series_dashes

_ROW = 40


def dashes(index: int, width: float) -> str | None:
    """Dashes of a series whose line has this width; none of a solid one."""
    return " ".join(f"{width * part:g}" for part in series_dashes(index)) or None


def svg(width: float, height: float, *children: Any, label: str) -> Markup:
    """Drawing that fills its column up to its own width."""
    return element(
        "svg", element("title", label), *children,
        viewBox=f"0 0 {width:g} {height:g}", role="img", style=f"max-width:{1.25 * width:g}px",
    )  # fmt: skip


def text(x: float, y: float, value: Any, *, anchor: str | None = None, class_: str | None = None) -> Markup:
    """Text at a point."""
    return element("text", value, x=f"{x:.1f}", y=f"{y:.1f}", text_anchor=anchor, class_=class_)


def line(x1: float, y1: float, x2: float, y2: float, *, stroke: str = "#d5d9de", **attributes: Any) -> Markup:
    """Straight line."""
    return element("line", x1=f"{x1:.1f}", y1=f"{y1:.1f}", x2=f"{x2:.1f}", y2=f"{y2:.1f}", stroke=stroke, **attributes)


def path(x: np.ndarray, y: np.ndarray, **attributes: Any) -> Markup:
    """Line through points."""
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    return element("path", d=f"M{points}", **attributes)


def ticks(low: float, high: float, n: int = 5) -> np.ndarray:
    """Round numbers between two values.

    Examples
    --------
    >>> ticks(0.61, 1.0).tolist()
    [0.7, 0.8, 0.9, 1.0]
    """
    span = max(high - low, 1e-9)
    rough = span / n
    power = 10.0 ** np.floor(np.log10(rough))
    step = power * min((1, 2, 5, 10), key=lambda m: abs(m * power - rough))
    return np.round(np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1) * step, 10)


class Interval(NamedTuple):
    """A row of an interval chart: a value with the ends of its interval, further points (folds), the number of its colour."""

    name: str
    value: float
    low: float
    high: float
    points: Sequence[float]
    series: int


class Curve(NamedTuple):
    """A curve in the unit square with the ends of its band, and the number of its colour."""

    series: int
    x: np.ndarray
    y: np.ndarray
    low: np.ndarray
    high: np.ndarray


def interval_chart(rows: Sequence[Interval], *, label: str) -> Markup:
    """A row each, between the lowest value and 1; what is NaN is left out."""
    values = [v for row in rows for v in (row.value, row.low, row.high, *row.points) if v == v]
    low = max(0.0, np.floor(20 * min(values, default=0.0) - 0.2) / 20)
    width, right = 440.0, 56.0
    height = _ROW * len(rows) + 30.0

    def at(value: float) -> float:
        return 8 + (width - right - 8) * (np.clip(value, low, 1) - low) / max(1 - low, 1e-9)

    parts = []
    for tick in ticks(low, 1.0):
        parts.append(line(at(tick), 4, at(tick), height - 26, stroke="#e4e7eb"))
        parts.append(text(at(tick), height - 9, f"{tick:g}", anchor="middle", class_="tick"))
    for i, row in enumerate(rows):
        y = _ROW * i + 27
        parts.append(text(2, y - 11, _short(row.name, 60)))
        parts += [_dot(at(point), y, row.series, opacity="0.28") for point in row.points if point == point]
        if row.low == row.low and row.high == row.high:
            parts.append(line(at(row.low), y, at(row.high), y, stroke=color(row.series), stroke_width="2.5"))
        if row.value == row.value:
            parts.append(_dot(at(row.value), y, row.series, radius=5))
        parts.append(text(width - right + 14, y + 4, number(row.value), class_="value"))
    return svg(width, height, *parts, label=label)


def square_chart(series: Sequence[Curve], *, title: str, x_label: str, y_label: str, dots: bool = False) -> Markup:
    """Curves in the unit square, each in its band, or through dots that stand on their intervals."""
    size, left, top, bottom = 200.0, 40.0, 26.0, 40.0
    parts = [text(0, 16, _short(title, 30), class_="head")]

    def x_at(v: Any) -> Any:
        return left + size * np.clip(v, 0, 1)

    def y_at(v: Any) -> Any:
        return top + size * (1 - np.clip(v, 0, 1))

    for tick in (0, 0.5, 1):
        parts.append(line(x_at(tick), top, x_at(tick), top + size, stroke="#e4e7eb"))
        parts.append(line(left, y_at(tick), left + size, y_at(tick), stroke="#e4e7eb"))
        parts.append(text(x_at(tick), top + size + 14, f"{tick:g}", anchor="middle", class_="tick"))
        parts.append(text(left - 6, y_at(tick) + 4, f"{tick:g}", anchor="end", class_="tick"))
    parts.append(line(x_at(0), y_at(0), x_at(1), y_at(1), stroke="#aab1ba", stroke_dasharray="3 4"))
    for curve in series:
        stroke = color(curve.series)
        x, y, low, high = x_at(curve.x), y_at(curve.y), y_at(curve.low), y_at(curve.high)
        if dots:
            ends = zip(x, low, high, strict=True)
            parts += [line(a, b, a, c, stroke=stroke, stroke_width="1.5", opacity="0.5") for a, b, c in ends]
        else:
            parts.append(path(np.r_[x, x[::-1]], np.r_[low, high[::-1]], fill=stroke, opacity="0.15"))
        dashed = None if dots else dashes(curve.series, 2)  # dots have a chart of their own
        parts.append(
            path(x, y, fill="none", stroke=stroke, stroke_width="2", stroke_linejoin="round", stroke_dasharray=dashed)
        )
        if dots:
            parts += [_dot(a, f"{b:.1f}", curve.series) for a, b in zip(x, y, strict=True)]
    parts.append(text(left + size / 2, top + size + 32, x_label, anchor="middle", class_="tick"))
    parts.append(
        element("text", y_label, x="0", y="0", class_="tick", text_anchor="middle", transform=f"translate(10 {top + size / 2:g}) rotate(-90)")
    )  # fmt: skip
    return svg(left + size + 12, top + size + bottom, *parts, label=title)


def _dot(x: float, y: Any, series: int, *, radius: int = 3, opacity: str | None = None) -> Markup:
    return element("circle", cx=f"{x:.1f}", cy=y, r=radius, fill=color(series), opacity=opacity)


def legend(names: Sequence[str]) -> Markup:
    """Names with their colours and dashes."""
    return element(
        "p", *(element("span", _key(i), name, class_="key") for i, name in enumerate(names)), class_="legend"
    )


def _key(series: int) -> Markup:
    stroke = line(0, 5, 34, 5, stroke=color(series), stroke_width="2", stroke_dasharray=dashes(series, 2))
    return element("svg", stroke, viewBox="0 0 34 10", aria_hidden="true", class_="line")


def _short(value: Any, n: int) -> str:
    shown = str(value)
    return shown if len(shown) <= n else shown[: n - 1] + "…"
