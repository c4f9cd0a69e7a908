"""The family of what a haematologist names in a cell, and its entries of the catalogue."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from leukofeat.features.cell_family import CellFamily
from leukofeat.features.cytology.cytoplasm import CYTOPLASM_NAMES, cytoplasm_measures
from leukofeat.features.cytology.entries import MEASURES
from leukofeat.features.cytology.nucleus import NUCLEUS_NAMES, nucleus_measures
from leukofeat.features.cytology.patch import patches
from leukofeat.features.measure import Measure
from leukofeat.features.planes import texture_plane
from leukofeat.features.relative_color import redcell_threshold
from leukofeat.opencv import cv2
from leukofeat.smear import Smear

CYTOLOGY_NAMES = (*NUCLEUS_NAMES, *CYTOPLASM_NAMES)
_LEAST_REDCELL = 0.01  # density of a red cell that is a scale to measure by


class CytologyFeatures(CellFamily):
    """What a haematologist names in a cell: nucleoli, chromatin, folds, vacuoles, granules, rods, basophilia.

    Everything is measured on optical density above that of the image's own empty slide, in shares of the mean density of
    the cell's own nucleus, and every length in shares of the diameter of the cell or of its nucleus.

    Parameters
    ----------
    summary : sequence of str, default=("mean", "std")
        Summaries over the cells: any of "mean", "std", "min", "q25", "median", "q75", "max".

    Notes
    -----
    Diameters are those of discs of the same area. A cell of more than 80 px across is reduced to that first. Fine
    detail still has to be in the image: a granule of half a micrometre is not, at 0.3 µm a pixel.

    What cannot be told is NaN: nucleoli, chromatin and folds of a nucleus under 12 px across; everything of the
    cytoplasm in a cell under 16 px, without nucleus, or whose cytoplasm without its blurred edges is a seam of under 20 px
    or 2 % of the cell; ``cytoplasm_per_redcell`` where the image shows no red cell. Where a structure is looked for and not
    found, its number, share and size are 0. A cell that fills its image has no slide beside it: pure white is taken for it.

    A nucleolus is told from a gap in the chromatin by its blue, so in a grey image there is none; nor is there a colour
    of granules or cytoplasm to be had.

    The colour of the empty slide and the red cells are found as in :class:`~leukofeat.features.RelativeColorFeatures`.

    See Also
    --------
    ChromatinFeatures : Texture of the nucleus without regard to size.
    OutlineFeatures : ``nucleus_lobes``, the number of lobes.

    Examples
    --------
    >>> image = np.full((64, 64, 3), 240, np.uint8)
    >>> cells, nuclei = np.zeros((64, 64), np.int32), np.zeros((64, 64), np.int32)
    >>> cells[8:56, 8:56] = 1; nuclei[12:44, 12:44] = 1
    >>> image[cells > 0] = [150, 170, 220]; image[nuclei > 0] = [100, 50, 150]
    >>> image[20:26, 20:26] = [130, 100, 170]
    >>> family = CytologyFeatures(summary=["mean"])
    >>> row = family.fit_transform([Smear(image, nuclei, cells)])[0]
    >>> found = dict(zip(family.get_feature_names_out().tolist(), row.tolist()))
    >>> found["nucleoli_count_mean"], found["vacuole_count_mean"]
    (1.0, 0.0)
    """

    measures: ClassVar[tuple[Measure, ...]] = MEASURES
    _parameter_constraints: ClassVar[dict[str, Any]] = CellFamily._parameter_constraints

    def __init__(self, *, summary: Sequence[str] = ("mean", "std")) -> None:
        self.summary = summary

    def cell_names(self) -> list[str]:
        return list(CYTOLOGY_NAMES)

    def cells(self, smear: Smear) -> np.ndarray:
        values = np.full((smear.n_cells, len(CYTOLOGY_NAMES)), np.nan)
        slide, redcell = _references(smear)
        for i, patch in enumerate(patches(smear, slide)):
            if patch is not None:
                values[i] = [*nucleus_measures(patch), *cytoplasm_measures(patch, redcell)]
        return values


def _references(smear: Smear) -> tuple[np.ndarray, float]:
    """Densities (3,) of the empty slide, 0 where none is seen, and the green one of the red cells above it, or NaN."""
    threshold = redcell_threshold(smear)
    outside = smear.region("cell") == 0
    slide = ((texture_plane(smear, "green") > threshold) & outside).view(np.uint8)
    if not cv2.countNonZero(slide):
        return np.zeros(3), np.nan
    density = _density(cv2.mean(smear.image, slide)[:3])
    if threshold < 0:
        return density, np.nan
    redcell = _density(cv2.mean(smear.image, outside.view(np.uint8) ^ slide)[:3])[1] - density[1]
    return density, float(redcell) if redcell > _LEAST_REDCELL else np.nan


def _density(level: ArrayLike) -> np.ndarray:
    return -np.log10((np.asarray(level) + 1) / 256)
