"""How the displays draw: matplotlib on demand, panels, and series that are told apart without colour."""

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np

from leukofeat.extras import import_extra
from leukofeat.markup import NOTE, visible
from leukofeat.pictures import series_color, series_dashes

_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
MOST_SERIES = len(_MARKERS)
OTHERS_COLOR = "#9aa1a9"
BAR_INK = "#444444"
GUIDE = {"color": "#8a9099", "linewidth": 0.9, "linestyle": (0, (2, 2)), "zorder": 1}


def pyplot() -> Any:
    """`matplotlib.pyplot`, or an ImportError that says what to install."""
    return import_extra("matplotlib.pyplot")


def line_style(index: int) -> dict[str, Any]:
    """Colour and dashes of a series."""
    dashes = series_dashes(index)
    return {"color": series_color(index), "linestyle": (0, dashes) if dashes else "-"}


def marker_style(index: int) -> dict[str, Any]:
    """Colour and marker of a series."""
    return {"color": series_color(index), "marker": _MARKERS[(index + index // MOST_SERIES) % len(_MARKERS)]}


def short(name: Any, length: int = 34) -> str:
    """Name of at most `length` characters, its middle left out: what tells two long names apart mostly stands at an end.

    Examples
    --------
    >>> short("leukofeat_svm_with_everything_and_more", 17)
    'leukofea…and_more'
    """
    text = " ".join(visible(name).replace("$", r"\$").split())
    half = (length - 1) // 2
    return text if len(text) <= length else f"{text[:half]}…{text[-half:]}"


def words(metric: str) -> str:
    """Name of a metric as it is read: underscores are spaces, abbreviations in capitals.

    Examples
    --------
    >>> words("macro_ppv"), words("auc"), words("ms_per_image")
    ('macro PPV', 'AUC', 'ms per image')
    """
    capitals = ("auc", "mcc", "ppv", "npv", "fpr", "fnr")
    said = " ".join(part.upper() if part in capitals else part for part in metric.split("_"))
    return said.replace(" f1", " F1")


def panels(axes: Any, n: int, size: tuple[float, float], *, n_columns: int = 4) -> list[Any]:
    """Axes to draw `n` panels on: those given, or those of a new figure, each of `size` (width, height) in inches.

    Raises
    ------
    ValueError
        When fewer are given than there are panels.
    """
    if axes is None:
        n_columns = max(1, min(n_columns, n))
        n_rows = max(1, -(-n // n_columns))
        shape = (max(size[0] * n_columns, 3.2), size[1] * n_rows)
        _, axes = pyplot().subplots(n_rows, n_columns, figsize=shape, squeeze=False, layout="constrained")
        for ax in axes.ravel()[n:]:
            ax.set_axis_off()
        return list(axes.ravel()[:n]) or list(axes.ravel()[:1])
    given = list(np.ravel(np.asarray(axes, dtype=object)))
    if len(given) < n:
        raise ValueError(f"axes= has {len(given)} axes; {n} are drawn on.")
    return given[:n] or given[:1]


def one_panel(ax: Any, size: tuple[float, float]) -> Any:
    """Axes to draw on: those given, or those of a new figure of `size` (width, height) in inches."""
    return pyplot().subplots(figsize=size, layout="constrained")[1] if ax is None else ax


def add_note(ax: Any) -> None:
    """Say once what verdicts may be used for: below the figure where it keeps room for that, else below the axes."""
    figure = ax.figure
    if figure.get_layout_engine() is None:
        _add_words(ax.get_xlabel, ax.set_xlabel, "\n")
    else:
        _add_words(figure.get_supxlabel, figure.supxlabel, " ")


def _add_words(get: Any, put: Any, between: str) -> None:
    if NOTE not in get():
        put(between.join(filter(None, (get(), NOTE))), fontsize=7, color="#444444")


def fit(ax: Any, text: str, fontsize: float) -> str:
    """Text in lines that are about as wide as the axes."""
    width = ax.get_window_extent().width / ax.figure.dpi * 72
    return "\n".join(textwrap.fill(line, max(16, int(width / (0.55 * fontsize)))) for line in text.split("\n"))


def columns_for(ax: Any, texts: Sequence[str], fontsize: float) -> int:
    """Columns of a legend that is about as wide as the axes."""
    width = ax.get_window_extent().width / ax.figure.dpi * 72
    return max(1, min(len(texts), int(width / (fontsize * (0.52 * max(map(len, texts), default=1) + 4.8)))))


def say_nothing(ax: Any, reason: str) -> None:
    """Write on empty axes why nothing is drawn."""
    ax.set_axis_off()
    ax.text(0.5, 0.5, reason, ha="center", va="center", fontsize=9, wrap=True, transform=ax.transAxes)


def tidy(ax: Any) -> None:
    """Small figures at the ticks, no frame above and at the right."""
    ax.tick_params(labelsize=8)
    ax.spines[["top", "right"]].set_visible(False)


def unit_square(ax: Any, x_label: str, y_label: str) -> None:
    """Axes of two shares, with room for markers at the corners."""
    ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal", xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))
    ax.set_xlabel(x_label, fontsize=8)
    ax.set_ylabel(y_label, fontsize=8)
    tidy(ax)


def ink_on(color: Any) -> str:
    """Black or white, whichever is read better on a colour (red, green, blue, ... from 0 to 1), by the relative luminance of WCAG 2."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color[:3]]
    return "black" if float(np.dot((0.2126, 0.7152, 0.0722), linear)) > 0.18 else "white"


def chosen(asked: Sequence[str] | None, known: Sequence[str]) -> list[str]:
    """Pipelines asked for, all by default.

    Raises
    ------
    ValueError
        For one that is not among the known.
    """
    if asked is None:
        return list(known)
    names = [asked] if isinstance(asked, str) else list(asked)
    for name in names:
        if name not in known:
            raise ValueError(f"There is no pipeline {name!r}; there are {', '.join(map(repr, known))}.")
    return names
