"""An explanation as HTML and as a picture, for notebooks and pages."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from leukofeat.markup import NOTE, Markup, card, cells, details, element, picture, table
from leukofeat.opencv import cv2
from leukofeat.smear import Smear

# Okabe and Ito's blue and vermilion, told apart by colour-blind readers
FOR_COLOR, AGAINST_COLOR, SILENT_COLOR = (0, 114, 178), (213, 94, 0), (130, 130, 130)
_MOST_CELLS = 50  # rows of a table that somebody reads
_WHITE = (255, 255, 255)
_STRONGEST = 4  # pixels of the outline of the cell with the greatest push


def draw_pushes(smear: Smear, cells: pd.DataFrame, *, width: int = 480) -> np.ndarray:
    """Picture `width` pixels wide: cells that speak for the verdict outlined in blue, against it in dashed orange, the stronger the thicker.

    Parameters
    ----------
    smear : Smear
    cells : DataFrame
        `Explanation.cells`; cells that were not left out in turn are grey.
    width : int

    Returns
    -------
    ndarray of shape (rows, columns, 3), dtype uint8
    """
    height, wide = smear.image.shape[:2]
    scale = min(width / wide, 2 * width / height)
    size = max(1, round(wide * scale)), max(1, round(height * scale))
    shown = cv2.resize(smear.image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    if not len(cells):
        return shown
    greatest, labels = cells["push"].abs().max(), smear.region("cell")
    for one in cells.itertuples(index=False):
        color, thick = SILENT_COLOR, 1
        if one.push == one.push and one.push != 0:
            color = FOR_COLOR if one.push > 0 else AGAINST_COLOR
            thick = max(1, round(_STRONGEST * abs(one.push) / greatest))
        box = np.s_[one.bbox_top : one.bbox_bottom, one.bbox_left : one.bbox_right]
        found, _ = cv2.findContours(
            (labels[box] == one.label).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
        )
        edges = [(edge[:, 0] + np.array([one.bbox_left + 0.5, one.bbox_top + 0.5])) * scale for edge in found]
        cv2.polylines(shown, [_pixels(edge) for edge in edges], True, _WHITE, thick + 2, cv2.LINE_AA)
        if color == AGAINST_COLOR:  # dashed, for readers and printers that see no colour
            dashes = [dash for edge in edges for dash in _dashes(edge, thick)]
            cv2.polylines(shown, dashes, False, color, thick, cv2.LINE_AA)
        else:
            cv2.polylines(shown, [_pixels(edge) for edge in edges], True, color, thick, cv2.LINE_AA)
    for one in cells.itertuples(index=False):  # above all outlines
        _write(shown, str(one.cell), scale * one.bbox_right, scale * (one.bbox_top + one.bbox_bottom) / 2)
    return shown


def _pixels(points: np.ndarray) -> np.ndarray:
    return np.round(points).astype(np.int32)


def _dashes(edge: np.ndarray, thick: int) -> list[np.ndarray]:
    """Dashes of a closed line through points (n, 2) as long as the gaps between them, the round ends of a stroke included."""
    closed = np.vstack([edge, edge[:1]])
    along = np.append(0, np.cumsum(np.hypot(*np.diff(closed, axis=0).T)))
    starts, period = np.linspace(0, along[-1], max(3, round(along[-1] / (4 * thick + 8))) + 1, retstep=True)
    places = starts[:-1, None] + np.linspace(0, max(period / 2 - thick, 1), 8)
    return [_pixels(np.column_stack([np.interp(dash, along, axis) for axis in closed.T])) for dash in places]


def _write(shown: np.ndarray, text: str, x: float, y: float) -> None:
    """Write to the right of a point in black on white, or, where there is no room, as far right as there is."""
    (wide, high), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.45, 1)
    where = (max(0, min(round(x) + 3, shown.shape[1] - wide - 2)), round(y) + high // 2)
    for ink, stroke in ((_WHITE, 4), ((0, 0, 0), 1)):
        cv2.putText(shown, text, where, cv2.FONT_HERSHEY_SIMPLEX, 0.45, ink, stroke, cv2.LINE_AA)


def explanation_card(explanation: Any) -> Markup:
    """An explanation as a notebook shows it."""
    return card(
        f"{Path(explanation.name).name}: {'no verdict' if explanation.reason else explanation.verdict}",
        *explanation_parts(explanation),
    )


def explanation_parts(explanation: Any, *, n_columns: int = 20) -> list[Markup]:
    """Picture, words, and the tables: groups as bars, the `n_columns` columns with most to say, and the cells."""
    smear = explanation.smear
    parts = []
    if smear is not None:
        seen = picture(draw_pushes(smear, explanation.cells), f"{explanation.name}, its cells outlined", width=480)
        parts.append(element("div", seen))
    if len(explanation.cells) > 1:
        legend = (
            f"Cells outlined in blue speak for {explanation.verdict}, in dashed orange for {explanation.against}, "
            "the thicker the more."
        )
        parts.append(element("p", legend, class_="hint"))
    parts.append(element("div", *(element("p", sentence) for sentence in explanation.sentences())))
    if not explanation.reason:
        parts += [group_table(explanation), column_table(explanation, n_columns)]
        if len(explanation.cells) > 1:
            parts.append(_cells(explanation))
    return [*parts, element("p", NOTE, class_="note")]


def group_table(explanation: Any, of: str = "What adds up") -> Markup:
    """What groups of columns add, as bars that add up."""
    groups = explanation.groups
    average = {"group": "average image", "contribution": explanation.base, "n_columns": None, "lead": ""}
    shown = pd.concat([groups.astype(object), pd.DataFrame([average], dtype=object)], ignore_index=True)
    greatest = max(shown["contribution"].abs().max(), 1e-9)
    shown.insert(2, "bar", cells(bar(value / greatest) for value in shown["contribution"]))
    told = f"{of} to the {explanation.unit} {explanation.value:+.2f} for {explanation.verdict} against {explanation.against}"
    titles = {"bar": "← against, for →", "n_columns": "columns", "lead": "the column with most to say"}
    return table(shown, formats={"contribution": signed}, titles=titles, caption=told, left=("bar",))


def column_table(explanation: Any, n: int) -> Markup:
    """The columns with most to say, to be opened."""
    names = ["column", "contribution", "value", "reference", "unit", "meaning"]
    top = explanation.columns.head(n)
    shown = top[names].assign(value=top["value"].where(~top["imputed"]))
    hint = (
        "Correlated columns share what they say as the fit chose, often with opposite signs: what they have together, in the table "
        "above, says more than one of them. A dash is a value that was filled in."
    )
    return details(
        f"Columns ({min(n, len(explanation.columns))} of {len(explanation.columns)})",
        element("p", hint, class_="hint"),
        table(shown, formats={"contribution": signed}, titles={"reference": "mean in training"}),
    )


def _cells(explanation: Any) -> Markup:
    shown = explanation.cells[["cell", "push", "value_without", "verdict_without"]]
    titles = {"push": "speaks for the verdict by", "value_without": f"{explanation.unit} without it"}
    titles["verdict_without"] = "verdict without it"
    n = min(_MOST_CELLS, len(shown))
    return details(f"Cells ({n:,} of {len(shown):,})", table(shown.head(n), formats={"push": signed}, titles=titles))


def signed(value: float) -> str:
    """A number with its sign; a dash where there is none.

    Examples
    --------
    >>> signed(0.5), signed(float("nan"))
    ('+0.50', '–')
    """
    return "–" if value != value else f"{value:+.2f}"


def bar(share: float) -> Markup:
    """A bar to the right of the middle where it speaks for the verdict, else to the left."""
    color = FOR_COLOR if share > 0 else AGAINST_COLOR
    left = 60 if share > 0 else 60 - 60 * abs(share)
    style = f"margin-left:{left:.0f}px;width:{60 * abs(share):.0f}px;height:12px;background:rgb{color}".replace(" ", "")
    return element("div", element("div", style=style), style="width:120px")
