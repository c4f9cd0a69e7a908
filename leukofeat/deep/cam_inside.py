"""How much of a network's heat lies in cells, and how much on what should not matter."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from leukofeat.deep.grad_cam import ClassActivation, GradCAM
from leukofeat.features.relative_color import split_background
from leukofeat.preprocessing.marks import Box, Traces, trace_marks
from leukofeat.preprocessing.recurring import settle_marks
from leukofeat.sequence import ImageSequence, as_sequence
from leukofeat.smear import Smear

__doctest_requires__ = {"cam_table": ["torch"]}

PLACES = ("nucleus", "cytoplasm", "red_cells", "empty", "bar")


class HeatShares(NamedTuple):
    """Where heat lies; :func:`cam_inside` makes it.

    Parameters
    ----------
    heat, area : dict of float
        Shares of the heat and of the image's area in "nucleus", "cytoplasm", "red_cells", "empty" and "bar"; each sums to 1. Those of the
        heat are NaN where there is no heat.

    Examples
    --------
    >>> HeatShares({"nucleus": 0.6, "empty": 0.4}, {"nucleus": 0.25, "empty": 0.75}).enrichment["nucleus"]
    2.4
    """

    heat: dict[str, float]
    area: dict[str, float]

    @property
    def enrichment(self) -> dict[str, float]:
        """Share of the heat over share of the area: 1 for heat spread evenly, NaN for what is not in the image."""
        return {place: self.heat[place] / area if area else np.nan for place, area in self.area.items()}


def cam_inside(smear: Smear, heat: np.ndarray, *, bar: Box | None = None) -> HeatShares:
    """Share of a network's heat in nuclei, in cytoplasm, on red cells, on the empty slide and on the scale bar.

    Parameters
    ----------
    smear : Smear
        Segmented.
    heat : ndarray of shape (height, width)
        Not negative, as :class:`GradCAM` gives it.
    bar : (top, left, bottom, right), optional
        Box of a burned-in scale bar, ends exclusive. By default what is drawn beyond doubt in this image; :func:`cam_table` finds more
        by what recurs in a set.

    Returns
    -------
    HeatShares
        With the same shares of the area: a cell that fills half of the image has half of any even heat.

    Raises
    ------
    ValueError
        When the smear is not segmented; when the heat has another shape than the image, is negative or not finite.

    Notes
    -----
    The bar counts before the cells that it may cover. Red cells are what :func:`~leukofeat.features.relative_color.split_background` takes for them:
    whatever outside the cells is darker than the empty slide, platelets and debris included.

    Maps of 7 by 7 pixels, scaled up, reach far beyond what was seen: also a network that looks at nothing but cells has much of its heat
    beside them. Compare networks of one resolution on the same images, or see `cells_alone` of :func:`cam_table`.

    Examples
    --------
    >>> image = np.full((4, 4, 3), 240, np.uint8); image[:2] = [220, 150, 150]
    >>> cells, nuclei = np.zeros((4, 4), np.int32), np.zeros((4, 4), np.int32)
    >>> cells[:2, :2] = 1; nuclei[0, :2] = 1
    >>> heat = np.zeros((4, 4)); heat[0] = 1.0
    >>> shares = cam_inside(Smear(image, nuclei, cells), heat)
    >>> shares.heat["nucleus"], shares.heat["red_cells"], shares.area["nucleus"], shares.enrichment["nucleus"]
    (0.5, 0.5, 0.125, 4.0)
    """
    where = f" ({smear.source})" if smear.source else ""
    if not smear.is_segmented:
        raise ValueError(
            f"Where the heat lies can be told of a segmented smear only{where}: put a segmenter in front of the network, give one as "
            "segmenter=, or segment the smear first, as in LeukocyteSegmenter().transform([smear])[0]."
        )
    heat = np.asarray(heat, np.float64)
    if heat.shape != smear.image.shape[:2]:
        raise ValueError(f"heat has shape {heat.shape}; the image has {smear.image.shape[:2]}{where}.")
    if not (np.isfinite(heat).all() and heat.min() >= 0):
        raise ValueError(f"heat must be finite and not negative{where}.")
    found = _places(smear, bar).ravel()
    area = np.bincount(found, minlength=len(PLACES)) / found.size
    total = heat.sum()
    shares = np.bincount(found, heat.ravel() / total, len(PLACES)) if total > 0 else np.full(len(PLACES), np.nan)
    return HeatShares(*(dict(zip(PLACES, part.tolist(), strict=True)) for part in (shares, area)))


def cam_table(model: Any, X: Any, *, target: Any = None, segmenter: Any = None, layer: Any = None) -> pd.DataFrame:
    """Where a network looks in a set of images, a row an image.

    Parameters
    ----------
    model : fitted CNNClassifier, or a pipeline that ends in one
    X : list, ndarray, Series or one-column DataFrame of n images, paths or smears
    target : class label, optional
        The class explained; by default the one that the model gives the image.
    segmenter : image stage, optional
        Finds the cells in what the network is given; its outlines stay unknown to the network. By default the smears and the model's
        own stages bring them.
    layer : torch.nn.Module or str, optional
        As in :func:`grad_cam`.

    Returns
    -------
    DataFrame of n rows
        `image` (file or number), `target`, `probability`; of each place the shares as in :func:`cam_inside`: `heat_nucleus`, ...,
        `area_nucleus`, ...; and `cells_alone`, the share that would lie in nuclei and cytoplasm if the network saw all cells alike and
        nothing else.

    Raises
    ------
    ValueError
        When there is neither a segmenter nor a segmented smear.

    Notes
    -----
    Read `heat_nucleus` + `heat_cytoplasm` against `cells_alone`, which is far from 1: maps are coarse, and scaled up they reach beyond
    what was seen. It is the heat of maps that hold, of each of their pixels, the share that cells cover.

    Scale bars are found by what recurs at one place in the set, for which each image is made twice.

    Examples
    --------
    >>> from leukofeat.datasets import make_smears
    >>> from leukofeat.deep import CNNClassifier
    >>> from leukofeat.segmentation import LabKMeansSegmenter
    >>> smears = make_smears(n_samples=8, size=64, random_state=0)
    >>> network = CNNClassifier("thanh2017", input_size=50, n_epochs=1).fit(smears.images, smears.target)
    >>> table = cam_table(network, smears.images[:2], segmenter=LabKMeansSegmenter())
    >>> table.filter(like="area_").sum(axis=1).round(6).tolist()
    [1.0, 1.0]
    """
    rows = [cam_row(look) for look in look_inside(GradCAM(model, layer=layer), X, target, segmenter)]
    names = ["image", "target", "probability", *(f"{kind}_{place}" for kind in ("heat", "area") for place in PLACES)]
    return pd.DataFrame(rows, index=as_sequence(X).row_labels, columns=[*names, "cells_alone"])


class Look(NamedTuple):
    """What there is to tell of one image: the heat, the smear with its cells, the shares, and those of a network that sees cells alone."""

    seen: ClassActivation
    smear: Smear
    shares: HeatShares
    cells_alone: float


def cam_row(look: Look) -> dict[str, Any]:
    """A row of :func:`cam_table`."""
    told = {"image": look.seen.name, "target": look.seen.target, "probability": look.seen.probability}
    told |= {f"heat_{place}": share for place, share in look.shares.heat.items()}
    told |= {f"area_{place}": share for place, share in look.shares.area.items()}
    return told | {"cells_alone": look.cells_alone}


def look_inside(cam: GradCAM, X: Any, target: Any, segmenter: Any) -> Iterator[Look]:
    """One image after the other, as :func:`cam_table` and the display take them."""
    images = cam.prepare(X)
    bars = find_bars(images)
    for (seen, smear), bar in zip(cam.iterate(images, target), bars, strict=True):
        found = smear if segmenter is None else segmenter.transform([smear]).smear(0)
        shares = cam_inside(found, seen.heat, bar=bar)
        covered = seen.mapped((found.region("cell") > 0).astype(np.float64))
        alone = cam_inside(found, replace(seen, maps=covered).heat, bar=bar).heat
        yield Look(seen, found, shares, alone["nucleus"] + alone["cytoplasm"])


def find_bars(images: ImageSequence) -> list[Box | None]:
    """Box of each image's burned-in scale bar, by what is drawn beyond doubt or recurs; None without one."""
    return _boxes([trace_marks(images.smear(i).image) for i in range(len(images))])


def _boxes(traces: list[Traces]) -> list[Box | None]:
    found: list[Box | None] = []
    for mark in settle_marks(traces):
        if mark is None:
            found.append(None)
            continue
        top, left, bottom, right = mark.box
        margin = 2 + (bottom - top) // 2  # letters, and the upper part of a white box, lie beside the strokes
        found.append((max(0, top - margin), max(0, left - margin), bottom + margin, right + margin))
    return found


def _places(smear: Smear, bar: Box | None) -> np.ndarray:
    """Of each pixel, its place in `PLACES`."""
    if bar is None:
        (bar,) = _boxes([trace_marks(smear.image)])
    outside = split_background(smear)
    found = np.where(outside == 2, PLACES.index("red_cells"), PLACES.index("empty"))
    found[outside == 0] = PLACES.index("cytoplasm")
    found[smear.region("nucleus") > 0] = PLACES.index("nucleus")
    if bar is not None:
        top, left, bottom, right = bar
        found[top:bottom, left:right] = PLACES.index("bar")
    return found
