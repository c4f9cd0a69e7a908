"""Features at one physical scale: what a cell looks like when a red cell measures the same in every image."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from leukofeat.base import FeatureFamily, ImageStage
from leukofeat.constraints import Number, Real, SomeOf
from leukofeat.dropped import LEFT_OUT
from leukofeat.features.summary import SUMMARIES, summarize, summary_names
from leukofeat.leaving_out import without_cells
from leukofeat.measuring.image import cells_of
from leukofeat.preprocessing.denoise import MedianDenoiser
from leukofeat.preprocessing.resize import resize_smear
from leukofeat.smear import Smear

PREFIX = "scaled_"
# Diameter of a leukocyte on a smear in red cells: 12 to 15 µm of most, of 7.2; small lymphocytes have 1.3, monocytes 2.5
# (Bain, Blood Cells).
_LEUKOCYTE = 1.8
_MOST = 3.0  # times an image is enlarged: beyond it, there is nothing to see
_LARGEST = 2**24  # pixels of an enlarged image: finding cells takes some 130 bytes each


class ScaledFeatures(FeatureFamily):
    """Cell features of images brought to one scale, told by their own red cells, so that laboratories can be compared.

    A nucleus of 21 pixels in one laboratory's images and of 103 in another's may be the same size, and so may be its chromatin: texture is
    a matter of scale, and so is, by a pixel more or less, where an outline runs. Here an image is resampled until a red cell
    measures `red_cell` pixels (:attr:`leukofeat.Smear.scale`), the median of 3 x 3 pixels takes out the detail that only the sharper
    image has, and the cells are found again at that scale. An image that is near it already is measured as it is.

    Where nothing tells how large a red cell is, the image's leukocytes do, whose median diameter then counts as 1.8 red cells: enough for
    texture and proportions, of no worth for sizes.

    Parameters
    ----------
    family : FeatureFamily
        Family, or :class:`~leukofeat.features.FeatureSet`, whose columns of single cells are measured; they are summarised over the cells
        that the frame does not touch, or over all where it touches all.
    segmenter : ImageStage, optional
        Finds the cells at the common scale, but for those that :func:`~leukofeat.explanation.without_cells` has left out; by default
        the label maps that the image has are resampled with it.
    red_cell : float, default=18.0
        Diameter of a red cell in pixels that images are brought to: coarse enough for what low magnifications resolve.
    tolerance : float, default=0.3
        Images whose red cells differ by less than this share of `red_cell` are measured as they are.
    summary : sequence of str, default=("mean",)
        Summaries over the cells: any of "mean", "std", "min", "q25", "median", "q75", "max".

    Raises
    ------
    ValueError
        For an image that has not been segmented, naming it; for a family without columns of single cells; for a segmenter that has to be fitted.

    Notes
    -----
    An image is enlarged three times at most, and to 2^24 pixels at most; beyond, it is measured at the scale that this leaves.

    Columns are those of the family with ``scaled_`` in front. All are NaN where no cell is found. Single cells have no columns: those found
    at another scale need not be the same.

    Examples
    --------
    >>> from leukofeat.datasets import make_smears
    >>> from leukofeat.features import GeometryFeatures, ScaledFeatures
    >>> from leukofeat.segmentation import LabKMeansSegmenter
    >>> images = make_smears(n_samples=2, random_state=0).images
    >>> scaled = ScaledFeatures(GeometryFeatures(), LabKMeansSegmenter())
    >>> scaled.get_feature_names_out()[0], scaled.fit_transform(LabKMeansSegmenter().fit_transform(images)).shape
    ('scaled_nucleus_area_mean', (2, 52))
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "family": [FeatureFamily],
        "segmenter": [ImageStage, None],
        "red_cell": [Number(Real, 4, 1000)],
        "tolerance": [Number(Real, 0, 1)],
        "summary": [SomeOf(*SUMMARIES)],
    }

    def __init__(
        self,
        family: FeatureFamily,
        segmenter: ImageStage | None = None,
        *,
        red_cell: float = 18.0,
        tolerance: float = 0.3,
        summary: Sequence[str] = ("mean",),
    ) -> None:
        self.family = family
        self.segmenter = segmenter
        self.red_cell = red_cell
        self.tolerance = tolerance
        self.summary = summary

    def check_params(self) -> None:
        super().check_params()
        self.family.check_params()
        if not self.family.cell_names():
            raise ValueError(f"family must have columns of single cells, and {self.family!r} has none.")
        if self.segmenter is not None:
            self.segmenter.check_params()
            if self.segmenter.requires_fit:
                raise ValueError(f"segmenter must be a stage that needs no training, not {self.segmenter!r}.")

    def row_names(self) -> list[str]:
        return [PREFIX + name for name in summary_names(self.family.cell_names(), self.summary)]

    def row(self, smear: Smear) -> np.ndarray:
        scaled = self.at_scale(smear)
        values, inside = cells_of(self.family, scaled), ~scaled.touches_border
        return summarize(values[inside] if inside.any() else values, self.summary)

    def at_scale(self, smear: Smear) -> Smear:
        """The record that is measured: the image brought to the common scale, with its cells.

        Parameters
        ----------
        smear : Smear
            A segmented record.

        Returns
        -------
        Smear
            The same, where it is near that scale or holds no cell.
        """
        if not smear.n_cells:
            return smear
        height, width = smear.image.shape[:2]
        most = min(_MOST, max(1.0, (_LARGEST / (height * width)) ** 0.5))
        factor = min(self.red_cell / red_cell_diameter(smear), most)
        if abs(1 / factor - 1) < self.tolerance:
            return smear
        shape = max(1, round(height * factor)), max(1, round(width * factor))
        if self.segmenter is None:
            return MedianDenoiser(3).apply(resize_smear(smear, shape))
        plain = resize_smear(smear.replace(nuclei=None, cells=None, dropped=smear.dropped), shape)
        found = self.segmenter.apply(MedianDenoiser(3).apply(plain))
        places = [(int(body.row), int(body.column)) for body in plain.dropped if body.reason == LEFT_OUT]
        again = {int(found.region("cell")[place]) for place in places} - {0}
        return without_cells(found, sorted(again)) if again else found


def red_cell_diameter(smear: Smear) -> float:
    """Diameter of a red cell in pixels: that of `smear.scale`, or what the leukocytes let expect.

    Parameters
    ----------
    smear : Smear
        Segmented, with a cell.

    Returns
    -------
    float

    Examples
    --------
    >>> red_cell_diameter(Smear(np.zeros((90, 90, 3), np.uint8), np.ones((90, 90), np.int32))) > 50
    True
    """
    if smear.scale.known:
        return smear.scale.pixels
    areas = smear.region_boxes("cell")[:, 4]
    return float(2 * np.sqrt(np.median(areas) / np.pi) / _LEUKOCYTE)
