"""Colour relative to what is beside it on the same slide: stain and light then matter less."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from leukofeat.base import FeatureFamily
from leukofeat.constraints import SomeOf
from leukofeat.features.measure import Measure
from leukofeat.features.parts import parts_of
from leukofeat.kernels.color.histograms import part_histograms
from leukofeat.kernels.color.otsu import otsu_thresholds
from leukofeat.kernels.color.stains import optical_density_table, side_means
from leukofeat.opencv import cv2
from leukofeat.smear import Smear

_CHANNELS = ("lab_l", "lab_a", "lab_b", "od_r", "od_g", "od_b")
REFERENCES = ("cytoplasm", "background", "redcell", "per_redcell")


def split_background(smear: Smear) -> np.ndarray:
    """Tell red cells from the light background outside the cells.

    Parameters
    ----------
    smear : Smear
        A segmented record.

    Returns
    -------
    ndarray of uint8, shape (H, W)
        0 in the cells, 1 on light background, 2 on red cells (and whatever else is darker): above and below Otsu's
        threshold of the green plane outside the cells. All is background where green differs by under 15 there.

    Examples
    --------
    >>> image = np.full((4, 4, 3), 240, np.uint8); image[:2] = [220, 150, 150]
    >>> split_background(Smear(image, np.zeros((4, 4), np.int32), np.zeros((4, 4), np.int32)))[:, 0].tolist()
    [2, 2, 1, 1]
    """
    outside = (smear.region("cell") == 0).astype(np.uint8)
    return outside + (outside & (smear.image[:, :, 1] <= redcell_threshold(smear)))


def redcell_threshold(smear: Smear) -> int:
    """Greatest green of a red cell, as `split_background` has it; -1 where there is none."""
    outside = (smear.region("cell") == 0).astype(np.uint8)
    green = cv2.extractChannel(smear.image, 1)
    counts = cv2.calcHist([green], [0], outside, [256], [0, 256]).ravel().astype(np.int64)
    cuts = otsu_thresholds(counts)
    if not len(cuts):
        return -1
    threshold = int(cuts[0])
    sides = np.arange(threshold + 1), np.arange(threshold + 1, 256)
    dark, light = (counts[side] @ side / counts[side].sum() for side in sides)
    return threshold if light - dark >= 15 else -1


def _mean_colors(lab: np.ndarray, rgb: np.ndarray) -> np.ndarray:
    """Means of ``_CHANNELS`` from histograms (n, 3, 256) of LAB and RGB; NaN without pixels."""
    n = lab.sum(axis=-1)
    # not by BLAS, whose last bits depend on where the array lies in memory
    totals = [(lab * np.arange(256.0)).sum(axis=-1), (rgb * optical_density_table()).sum(axis=-1)]
    return np.concatenate([total / np.where(n > 0, n, np.nan) for total in totals], axis=-1)


class RelativeColorFeatures(FeatureFamily):
    """Mean colour of nucleus and cytoplasm, minus that of the cytoplasm, the light background and the red cells.

    ``nucleus_minus_redcell_od_g`` is the mean optical density of the nuclei minus that of the image's own red cells;
    channels are LAB (8 bit) and the optical densities of R, G and B. ``nucleus_per_redcell_od_g`` is the ratio of the
    two above the light background, which neither more stain nor more light changes. The image's row takes all nuclei
    together, the per-cell table each nucleus with its own cytoplasm. What follows the stain of the red cells still
    tells slides apart: compare it with a control.

    Parameters
    ----------
    references : sequence of str, default=("cytoplasm", "background", "redcell", "per_redcell")
        What the colours are taken relative to; "per_redcell" stands for the ratios.

    See Also
    --------
    split_background : How red cells are found.

    Examples
    --------
    >>> image = np.full((9, 9, 3), 240, np.uint8)
    >>> image[2:7, 2:7] = [200, 180, 220]; image[3:6, 3:6] = [120, 60, 160]
    >>> cells, nuclei = np.zeros((9, 9), np.int32), np.zeros((9, 9), np.int32)
    >>> cells[2:7, 2:7] = 1; nuclei[3:6, 3:6] = 1
    >>> family = RelativeColorFeatures(references=["cytoplasm"])
    >>> family.fit_transform([Smear(image, nuclei, cells)])[0, 0] < 0
    np.True_
    """

    measures: ClassVar[tuple[Measure, ...]] = (
        Measure(
            "{part}_minus_{reference}_{lab}",
            "mean LAB against that of cytoplasm, light background or red cells",
            "8 bit",
            "μ(part) − μ(reference)",
            "",
            "any",
            "same",
        ),
        Measure(
            "{part}_minus_{reference}_{od}",
            "the same of optical density",
            "1",
            "μ(part) − μ(reference), a logarithm of a ratio of light",
            "Beer-Lambert",
            "any",
            "same",
            "light",
        ),
        Measure(
            "nucleus_per_redcell_{od}",
            "nuclear density in units of the red cells'",
            "1",
            "(μ(nucleus) − μ(background)) / (μ(red cells) − μ(background))",
            "",
            "any",
            "same",
            "both",
        ),
    )
    _parameter_constraints: ClassVar[dict[str, Any]] = {"references": [SomeOf(*REFERENCES)]}

    def __init__(self, *, references: Sequence[str] = REFERENCES) -> None:
        self.references = references

    def row_names(self) -> list[str]:
        names = []
        for reference in self.references:
            if reference == "per_redcell":
                names += [f"nucleus_per_redcell_{channel}" for channel in _CHANNELS[3:]]
                continue
            regions = ("nucleus",) if reference == "cytoplasm" else ("nucleus", "cytoplasm")
            names += [f"{region}_minus_{reference}_{channel}" for region in regions for channel in _CHANNELS]
        return names

    def cell_names(self) -> list[str]:
        return self.row_names()

    def row(self, smear: Smear) -> np.ndarray:
        return self.measure(smear, per_cell=False)[0]

    def cells(self, smear: Smear) -> np.ndarray:
        return self.measure(smear, per_cell=True)

    def measure(self, smear: Smear, per_cell: bool) -> np.ndarray:
        """Columns of the image, shape (columns,), or of each cell, (n_cells, columns), as `references` asks for them."""
        parts = parts_of(smear, ["nucleus", "cytoplasm"], per_cell)
        means = _mean_colors(*(part_histograms(plane, parts.runs, parts.n) for plane in (smear.lab, smear.image)))
        nucleus, cytoplasm = means[1::2], means[2::2]
        background, redcell = side_means(smear.image, smear.lab, smear.region("cell"), redcell_threshold(smear))
        columns = []
        for reference in self.references:
            if reference == "cytoplasm":
                columns.append(nucleus - cytoplasm)
            elif reference == "per_redcell":
                # a red cell that is hardly denser than the background is no scale to measure by
                scale = (redcell - background)[3:]
                columns.append((nucleus - background)[:, 3:] / np.where(scale > 0.01, scale, np.nan))
            else:
                level = background if reference == "background" else redcell
                columns += [nucleus - level, cytoplasm - level]
        return np.hstack(columns)
