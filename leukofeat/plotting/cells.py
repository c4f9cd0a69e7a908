"""One image with its cells: outlines, numbers, confidence, and what was said of them."""

from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd

from leukofeat.markup import visible
from leukofeat.pictures import CELL_COLOR, NUCLEUS_COLOR
from leukofeat.pipeline import split_pipeline
from leukofeat.plotting.labels import place_labels
from leukofeat.plotting.style import add_note, columns_for, fit, line_style, one_panel, short
from leukofeat.sequence import as_sequence
from leukofeat.smear import Smear

__doctest_requires__ = {"*Display*": ["matplotlib"]}

_LONGEST_SIDE = 6.4  # inches of a new figure
_MOST_LABELS = 200


class CellsDisplay:
    """One image: its cells outlined, each with its name, the segmenter's confidence and, where given, its class; and the verdict.

    Cells are outlined in solid green, or by their class in a colour and dashes of its own; nuclei in dotted yellow. A text stands
    beside its cell, and is left out where there is no room.

    Parameters
    ----------
    smear : Smear
        Segmented.
    cells : DataFrame
        A row a cell: `name`, `confidence` (NaN where the segmenter does not say), `class` and `score` (None and NaN where not given).
    title : str, default=""
    dropped : bool, default=False
        Whether to mark what was seen and not reported.
    verdict : bool, default=False
        Whether the title or the classes are verdicts, below which stands what they may be used for.

    Attributes
    ----------
    ax_, figure_ : matplotlib axes and figure
    outlines_ : dict of str to LineCollection
        "nucleus", and "cell" or each class.
    texts_ : dict of int to Text
        By row of `cells`; those for which there was room, none of more than 200 cells.
    """

    def __init__(
        self, smear: Smear, cells: pd.DataFrame, *, title: str = "", dropped: bool = False, verdict: bool = False
    ) -> None:
        self.smear = smear
        self.cells = cells
        self.title = title
        self.dropped = dropped
        self.verdict = verdict

    @classmethod
    def from_smear(
        cls,
        smear: Smear,
        *,
        classes: Sequence[Any] | None = None,
        scores: Sequence[float] | None = None,
        verdict: str | None = None,
        dropped: bool = False,
        ax: Any = None,
    ) -> Self:
        """Draw a segmented image.

        Parameters
        ----------
        smear : Smear
            As a segmenter's `transform` returns it.
        classes : sequence of n_cells, optional
            What each cell is; None for one that has no class.
        scores : sequence of n_cells float, optional
            How sure the classes are, 0 to 1.
        verdict : str, optional
            What was said of the image; stands above it.
        dropped : bool, default=False
            Mark what the segmenter has seen and not reported.
        ax : matplotlib axes, optional

        Returns
        -------
        CellsDisplay

        Raises
        ------
        ValueError
            When the image is not segmented; when there are other than n_cells classes or scores.

        Examples
        --------
        >>> from leukofeat.datasets import make_smears
        >>> from leukofeat.segmentation import OtsuSegmenter
        >>> smear = OtsuSegmenter().transform(make_smears(n_samples=1, size=96, random_state=0).images)[0]
        >>> display = CellsDisplay.from_smear(smear, classes=["blast"] * smear.n_cells)
        >>> len(display.outlines_["blast"].get_segments()) >= smear.n_cells
        True
        """
        if smear.label_ids is None or smear.confidence is None:
            raise ValueError(f"{smear!r} is not segmented; a segmenter, such as LeukocyteSegmenter(), finds its cells.")
        n = smear.n_cells
        for what, given in (("classes", classes), ("scores", scores)):
            if given is not None and len(given) != n:
                raise ValueError(f"{what}= has {len(given)} entries; the image has {n} cells.")
        cells = pd.DataFrame(
            {
                "name": smear.label_ids,
                "confidence": smear.confidence,
                "class": pd.Series([None] * n if classes is None else list(classes), dtype=object),
                "score": np.full(n, np.nan) if scores is None else np.asarray(scores, np.float64),
            }
        )
        title = "" if verdict is None else str(verdict)
        is_verdict = verdict is not None or classes is not None
        return cls(smear, cells, title=title, dropped=dropped, verdict=is_verdict).plot(ax)

    @classmethod
    def from_estimator(cls, estimator: Any, X: Any, *, dropped: bool = False, ax: Any = None) -> Self:
        """Draw one image as a pipeline sees it, with the verdict where it gives one.

        Parameters
        ----------
        estimator : segmenter, or fitted pipeline whose image stages have one
        X : set of one image
        dropped : bool, default=False
            Mark what the segmenter has seen and not reported.
        ax : matplotlib axes, optional

        Returns
        -------
        CellsDisplay

        Raises
        ------
        ValueError
            When there is not exactly one image, or no stage segments.

        Examples
        --------
        >>> from leukofeat.datasets import make_smears
        >>> from leukofeat.segmentation import OtsuSegmenter
        >>> images = make_smears(n_samples=1, size=96, random_state=0).images
        >>> display = CellsDisplay.from_estimator(OtsuSegmenter(), images)
        >>> display.cells["name"].tolist() == list(range(1, len(display.cells) + 1))
        True
        """
        images = as_sequence(X)
        if len(images) != 1:
            raise ValueError(f"X has {len(images)} images; give one.")
        stages = split_pipeline(estimator).stages or ([estimator] if hasattr(estimator, "apply") else [])
        seen = images
        for stage in stages:
            seen = stage.transform(seen)
        verdict = None
        if hasattr(estimator, "predict"):
            verdict = str(estimator.predict(images)[0])
            if hasattr(estimator, "predict_proba"):
                verdict += f", {np.max(estimator.predict_proba(images)[0]):.2f}"
        return cls.from_smear(seen.smear(0), verdict=verdict, dropped=dropped, ax=ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw on `ax`, or on a new figure.

        Returns
        -------
        self, with `ax_`, `figure_`, `outlines_` and `texts_`
        """
        height, width = self.smear.image.shape[:2]
        scale = _LONGEST_SIDE / max(height, width)
        ax = one_panel(ax, (max(3.0, width * scale), max(2.4, height * scale) + 0.7))
        ax.imshow(self.smear.image, interpolation="nearest")
        ax.set(autoscale_on=False, xticks=[], yticks=[], frame_on=False)
        self.ax_, self.figure_ = ax, ax.figure
        handles = self._outline(ax)
        texts = [short(name, 24) for name in self.outlines_]
        if self.dropped and self.smear.dropped:
            rows, columns = np.array([(body.row, body.column) for body in self.smear.dropped]).T
            ax.plot(columns, rows, "x", color="white", markersize=8, markeredgewidth=3.4)
            handles += ax.plot(columns, rows, "x", color="black", markersize=7, markeredgewidth=1.6)
            texts.append(f"seen, not reported ({len(rows)})")
        n_columns = columns_for(ax, texts, 7)
        if handles:
            ax.legend(
                handles, texts, fontsize=7, ncols=n_columns, frameon=False, handlelength=2.6, loc="upper center",
                bbox_to_anchor=(0.5, 0.0), borderaxespad=0.3,
            )  # fmt: skip
        if self.verdict:
            add_note(ax)
            ax.xaxis.labelpad = 6 + 11 * -(-len(handles) // n_columns)  # below the legend
        n, room = len(self.cells), len(self.cells) <= _MOST_LABELS
        found = f"{n:,} cell{'s' * (n != 1)}" + (self._meaning() if room else ", too many for texts")
        title = "\n".join(filter(None, (short(self.title, 80), found)))
        ax.set_title(fit(ax, title, 9), fontsize=9)
        self.texts_ = place_labels(ax, self._labels(), self.smear.boxes) if room else {}
        if room and len(self.texts_) < n:
            ax.set_title(fit(ax, f"{title}; {n - len(self.texts_)} without room for it", 9), fontsize=9)
        return self

    def _outline(self, ax: Any) -> list[Any]:
        """Cells, a kind at a time, and above them the nuclei; a line of each for the legend."""
        named = [None if pd.isna(kind) else str(kind) for kind in self.cells["class"]]
        kinds = sorted({kind for kind in named if kind is not None})
        top, left, bottom, right = self.smear.boxes.T
        side = float(np.median(np.maximum(bottom - top, right - left))) if len(named) else 0.0
        width = ax.get_window_extent().width / ax.figure.dpi * 72 / self.smear.image.shape[1] * side / 16
        width = float(np.clip(width, 0.4, 1.6))  # thin lines where the cells are small
        self.outlines_: dict[str, Any] = {}
        keys = []
        for i, kind in enumerate([None, *kinds]):
            labels = [label for label, own in enumerate(named, 1) if own == kind]
            if labels:
                style = {"color": np.array(CELL_COLOR) / 255} if kind is None else line_style(i - 1)
                lines = [line for label in labels for line in self._edges("cell", label)]
                self.outlines_["cell" if kind is None else kind] = _draw(ax, lines, style, width)
                keys.append(_key(style))
        nuclei = [line for label in range(1, len(named) + 1) for line in self._edges("nucleus", label)]
        if nuclei and not np.array_equal(self.smear.region("nucleus"), self.smear.region("cell")):
            style = {"color": np.array(NUCLEUS_COLOR) / 255, "linestyle": (0, (1, 1.4))}
            self.outlines_["nucleus"] = _draw(ax, nuclei, style, 0.75 * width)
            keys.append(_key(style))
        return keys

    def _meaning(self) -> str:
        """What the texts say."""
        parts = ["number"]
        parts += ["class"] if self.cells["class"].notna().any() else []
        parts += ["its score"] if self.cells["score"].notna().any() else []
        outline = " (confidence in the outline)" if self.cells["confidence"].notna().any() else ""
        return f": {', '.join(parts)}{outline}" if len(self.cells) else ""

    def _labels(self) -> list[str]:
        """Name, class and how sure it is, and the segmenter's confidence in the outline."""
        labels = []
        for name, sure, kind, score in self.cells[["name", "confidence", "class", "score"]].itertuples(index=False):
            said = "" if pd.isna(kind) else f" {short(kind, 16)}"
            said += "" if np.isnan(score) else f" {score:.2f}"
            labels.append(visible(f"{name}{said}") + ("" if np.isnan(sure) else f" ({sure:.2f})"))
        return labels

    def _edges(self, region: str, label: int) -> Iterator[np.ndarray]:
        """Outlines of a cell or nucleus between its pixels and their neighbours, each (n, 2) of x and y."""
        from skimage.measure import find_contours

        top, left, bottom, right, area = self.smear.region_boxes(region)[label - 1, :5]
        if area:
            inside = np.pad(self.smear.region(region)[top:bottom, left:right] == label, 1)
            for line in find_contours(inside.astype(np.float32), 0.5):
                yield line[:, ::-1] + (left - 1, top - 1)


def _draw(ax: Any, lines: list[np.ndarray], style: dict[str, Any], width: float) -> Any:
    """Lines over a darker rim, so that they are seen on any ground."""
    from matplotlib.collections import LineCollection

    ax.add_collection(LineCollection(lines, color="black", linewidth=1.75 * width, alpha=0.65, zorder=2))
    return ax.add_collection(LineCollection(lines, linewidth=width, zorder=3, **style))


def _key(style: dict[str, Any]) -> Any:
    """The line of a legend, with its rim."""
    from matplotlib.lines import Line2D
    from matplotlib.patheffects import withStroke

    return Line2D([], [], linewidth=1.6, path_effects=[withStroke(linewidth=3, foreground="#333333")], **style)
