"""Where networks look: heat over images, with its shares in cells and beside them."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd

from leukofeat.deep.cam_inside import cam_row, look_inside
from leukofeat.deep.grad_cam import GradCAM
from leukofeat.markup import NOTE
from leukofeat.opencv import cv2
from leukofeat.pictures import outlined
from leukofeat.plotting.drawing import PictureGrid
from leukofeat.smear import Smear

__doctest_requires__ = {"*Display*": ["matplotlib"], "GradCAMDisplay.from_estimator": ["torch"]}

_LEGEND = "Heat, of each picture's maximum: grey none, yellow most, the white line half. Cells outlined in green, nuclei in yellow."
_WIDTH = 320


class GradCAMDisplay(PictureGrid):
    """A row an image: the image with its cells, and for each network the heat of a class over it, with the shares below.

    Parameters
    ----------
    pictures : sequence of sequences of ndarray
        Rows of RGB pictures.
    titles, notes : sequences of sequences of str
        What stands above and below each picture.
    table : DataFrame, optional
        A row a network and image: `model`, and what :func:`~leukofeat.deep.cam_table` has.

    Examples
    --------
    >>> heat = np.zeros((40, 60)); heat[:20] = 2.0
    >>> picture = draw_heat(Smear(np.full((40, 60, 3), 200, np.uint8)), heat)
    >>> GradCAMDisplay([[picture]], [["Early, 0.93"]], [["heat: nucleus 41 %"]]).plot().axes_[0, 0].get_title()
    'Early, 0.93'
    """

    def __init__(
        self,
        pictures: Sequence[Sequence[np.ndarray]],
        titles: Sequence[Sequence[str]],
        notes: Sequence[Sequence[str]],
        table: pd.DataFrame | None = None,
    ) -> None:
        self.pictures = pictures
        self.titles = titles
        self.notes = notes
        self.table = table

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, *, target: Any = None, segmenter: Any = None, layer: Any = None, axes: Any = None
    ) -> Self:
        """Draw where one fitted network looks.

        Parameters
        ----------
        estimator : fitted CNNClassifier, or a pipeline that ends in one
        X : set of a few images
        target : class label, optional
            The class explained; by default the one that the network gives the image.
        segmenter : image stage, optional
            Finds the cells, where neither the smears nor the pipeline's own stages bring them.
        layer : torch.nn.Module or str, optional
            As in :func:`~leukofeat.deep.grad_cam`.
        axes : array of matplotlib axes, shape (n_images, 2), optional

        Returns
        -------
        GradCAMDisplay

        Raises
        ------
        ValueError
            When there is no image; when the smears are not segmented.

        Examples
        --------
        >>> from leukofeat.datasets import make_smears
        >>> from leukofeat.deep import CNNClassifier
        >>> from leukofeat.segmentation import LabKMeansSegmenter
        >>> smears = make_smears(n_samples=8, size=64, random_state=0)
        >>> network = CNNClassifier("thanh2017", input_size=50, n_epochs=1).fit(smears.images, smears.target)
        >>> display = GradCAMDisplay.from_estimator(network, smears.images[:3], segmenter=LabKMeansSegmenter())
        >>> display.axes_.shape
        (3, 2)
        """
        return cls.from_estimators({"": estimator}, X, target=target, segmenter=segmenter, layer=layer, axes=axes)

    @classmethod
    def from_estimators(
        cls,
        estimators: Mapping[str, Any],
        X: Any,
        *,
        target: Any = None,
        segmenter: Any = None,
        layer: Any = None,
        axes: Any = None,
    ) -> Self:
        """Draw where several fitted networks look, side by side.

        Parameters
        ----------
        estimators : dict of fitted CNNClassifier, or of pipelines that end in one
            By the names that stand above their pictures.
        X, target, segmenter, layer
            As in `from_estimator`.
        axes : array of matplotlib axes, shape (n_images, 1 + n_estimators), optional

        Returns
        -------
        GradCAMDisplay

        Raises
        ------
        ValueError
            As in `from_estimator`.
        """
        columns: list[list[tuple[np.ndarray, str, str]]] = []
        rows = []
        for name, estimator in estimators.items():
            column, plain = [], []
            for look in look_inside(GradCAM(estimator, layer=layer), X, target, segmenter):
                seen, smear, shares, _ = look
                verdict = f"{seen.target}, {seen.probability:.2f}"
                title = f"{name}: {verdict}" if name else verdict
                column.append((draw_heat(smear, seen.heat), title, _said("heat", shares.heat)))
                plain.append((outlined(smear, width=_WIDTH), seen.name.rsplit("/", 1)[-1], _said("area", shares.area)))
                rows.append({"model": name} | cam_row(look))
            # the pipelines may cut the images in different ways: the first one's stand for them
            columns += [column] if columns else [plain, column]
        if not rows:
            raise ValueError("There is nothing to draw: give at least one estimator and one image.")
        cells = list(zip(*columns, strict=True))
        pictures, titles, notes = ([[cell[k] for cell in row] for row in cells] for k in range(3))
        return cls(pictures, titles, notes, pd.DataFrame(rows)).plot(axes)

    def plot(self, axes: Any = None) -> Self:
        """Draw on `axes` (a row an image), or on a new figure.

        Returns
        -------
        self, with `figure_` and `axes_`
        """
        self.draw(axes, self.pictures, (2.7, 3.3), frame=False)
        for row, titles, notes in zip(self.axes_, self.titles, self.notes, strict=False):
            for ax, title, note in zip(row, titles, notes, strict=False):
                ax.set_title(title, fontsize=8)
                ax.set_xlabel(note, fontsize=7)
        self.figure_.supxlabel(f"{_LEGEND}\n{NOTE}", fontsize=7)
        return self


def draw_heat(smear: Smear, heat: np.ndarray, *, width: int = _WIDTH) -> np.ndarray:
    """Picture `width` pixels wide of heat over a greyed image, the brighter the hotter, the cells outlined.

    Parameters
    ----------
    smear : Smear
    heat : ndarray of shape (height, width) of the image
    width : int

    Returns
    -------
    ndarray of shape (rows, columns, 3), dtype uint8

    Examples
    --------
    >>> heat = np.zeros((40, 60)); heat[:20] = 2.0
    >>> picture = draw_heat(Smear(np.full((40, 60, 3), 200, np.uint8)), heat, width=120)
    >>> picture.shape, bool(picture[:30].mean() > picture[50:].mean())
    ((80, 120, 3), True)
    """
    import matplotlib as mpl

    share = heat / heat.max() if heat.max() > 0 else np.zeros(heat.shape)
    color = 255 * mpl.colormaps["inferno"](share)[:, :, :3]
    blended = (0.4 * smear.gray[:, :, None] + 0.6 * color).round().astype(np.uint8)
    picture = outlined(smear.replace(image=blended), width=width)
    large = cv2.resize(share, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    hot = (large >= 0.5).astype(np.uint8)
    picture[cv2.morphologyEx(hot, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0] = 255
    return picture


def _said(what: str, shares: dict[str, float]) -> str:
    said = [f"{place.replace('_', ' ')} {100 * share:.0f} %" for place, share in shares.items()]
    if any(np.isnan(share) for share in shares.values()):
        return f"{what}: none\n"
    return f"{what}: {', '.join(said[:2])},\n{', '.join(said[2:])}"
