"""Images and their label maps at another size: in pixels, or so that a pixel has a given edge."""

from typing import Any, ClassVar

import numpy as np

from leukofeat.base import ImageStage
from leukofeat.constraints import EachIn, Integral, Number, Real, check
from leukofeat.opencv import cv2
from leukofeat.smear import Smear

_SIZE = 224
_LONGEST = 32767  # more pixels in a row than OpenCV resamples


def resize_smear(smear: Smear, shape: tuple[int, int]) -> Smear:
    """The same field in another number of pixels: the image resampled, the label maps with it.

    Sides that shrink are averaged over the area of the new pixels, sides that grow are interpolated by cubics. A pixel of a label map
    takes the label at its centre.

    Parameters
    ----------
    smear : Smear
    shape : (height, width)
        In pixels, each 1 to 32767.

    Returns
    -------
    Smear
        Segmented if `smear` is, the cells with their `label_ids`; cells that no longer hold a pixel's centre are gone. A
        `pixel_size` changes along, and so do places and areas in `dropped`.

    Raises
    ------
    ValueError
        For another shape.

    Examples
    --------
    >>> labels = np.zeros((8, 8), np.int32); labels[:4, :4] = 5; labels[7, 7] = 9
    >>> small = resize_smear(Smear(np.full((8, 8, 3), 200, np.uint8), labels), (2, 4))
    >>> small, small.label_ids.tolist(), small.cells.tolist()
    (Smear(4x2, 1 cell), [5], [[1, 1, 0, 0], [0, 0, 0, 0]])
    """
    check("shape", shape, EachIn(Integral, 1, _LONGEST, size=2))
    shape = int(shape[0]), int(shape[1])
    before = smear.image.shape[:2]
    if shape == before:
        return smear
    image = _resampled(smear.image, np.minimum(shape, before), cv2.INTER_AREA)
    image = _resampled(image, np.array(shape), cv2.INTER_CUBIC)
    down, across = shape[0] / before[0], shape[1] / before[1]
    moved = smear.moved(np.array([[across, 0, (across - 1) / 2], [0, down, (down - 1) / 2]]), shape)
    if not smear.is_segmented:
        return smear.replace(image=image, **moved)
    # OpenCV's nearest neighbour is that of a pixel's corner, half a pixel beside the image
    centers = np.ix_(*((2 * np.arange(new) + 1) * old // (2 * new) for new, old in zip(shape, before, strict=True)))
    nuclei, cells = smear.region("nucleus")[centers], smear.region("cell")[centers]
    return smear.replace(image=image, nuclei=nuclei, cells=cells, **smear.of_cells | moved)


def _resampled(image: np.ndarray, shape: np.ndarray, method: int) -> np.ndarray:
    height, width = shape.tolist()
    return image if image.shape[:2] == (height, width) else cv2.resize(image, (width, height), interpolation=method)


class Resizer(ImageStage):
    """Bring images to a size in pixels, or to a common size of the pixel; label maps go along.

    `Resizer(224)` fits every image into 224 x 224 pixels; `Resizer(pixel_size=0.1, target_pixel_size=0.25)` makes images of one
    microscope, 0.1 µm a pixel, as large as those of another, 0.25 µm a pixel, so that a nucleus has the same number of pixels in both.
    :func:`resize_smear` says how pixels are interpolated.

    Parameters
    ----------
    size : int or (height, width), optional
        Pixels that the image is fitted into; a single number stands for both sides. By default 224, which most networks were trained
        with, unless pixel sizes are given.
    keep_aspect : bool, default=True
        Whether an image keeps its proportions: it becomes as large as fits into `size` (300 x 400 pixels into 224: 168 x 224).
        Otherwise it gets exactly `size`, and cells are stretched.
    pixel_size : float, optional
        Edge of a pixel of the images in micrometres.
    target_pixel_size : float, optional
        Edge of a pixel that they get, in micrometres; above `pixel_size` images shrink. It is the `pixel_size` of
        :class:`~leukofeat.features.GeometryFeatures` behind this stage.

    Raises
    ------
    ValueError
        For a size together with pixel sizes, or one pixel size without the other; when an image would be more than 32767 pixels long.

    Notes
    -----
    A pixel size belongs to a microscope and its camera: images of several need a stage for each. Enlarging adds no detail,
    and texture follows the resolution that an image had.

    Examples
    --------
    >>> import numpy as np
    >>> from leukofeat.preprocessing import Resizer
    >>> image = np.full((300, 400, 3), 200, np.uint8)
    >>> Resizer(224).transform([image])[0].shape, Resizer((64, 64), keep_aspect=False).transform([image])[0].shape
    ((168, 224, 3), (64, 64, 3))
    >>> Resizer(pixel_size=0.1, target_pixel_size=0.25).transform([image])[0].shape
    (120, 160, 3)
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "size": [Number(Integral, 1, _LONGEST), EachIn(Integral, 1, _LONGEST, size=2), None],
        "keep_aspect": ["boolean"],
        "pixel_size": [Number(Real, 0, above=True), None],
        "target_pixel_size": [Number(Real, 0, above=True), None],
    }

    def __init__(
        self,
        size: int | tuple[int, int] | None = None,
        *,
        keep_aspect: bool = True,
        pixel_size: float | None = None,
        target_pixel_size: float | None = None,
    ) -> None:
        self.size = size
        self.keep_aspect = keep_aspect
        self.pixel_size = pixel_size
        self.target_pixel_size = target_pixel_size

    def check_params(self) -> None:
        super().check_params()
        edges = (self.pixel_size is not None) + (self.target_pixel_size is not None)
        if edges == 1 or (edges and self.size is not None):
            raise ValueError(
                "Resizer takes either size, as in Resizer(224), or both pixel_size (of the images, in micrometres) and "
                f"target_pixel_size; got size={self.size!r}, pixel_size={self.pixel_size!r}, "
                f"target_pixel_size={self.target_pixel_size!r}."
            )
        if edges and not self.keep_aspect:
            raise ValueError("keep_aspect=False belongs to a size; with pixel sizes both sides change alike.")

    def apply(self, smear: Smear) -> Smear:
        if self.pixel_size is not None:
            smear = smear.replace(pixel_size=self.pixel_size)
        return resize_smear(smear, self._shape(*smear.image.shape[:2]))

    def _shape(self, height: int, width: int) -> tuple[int, int]:
        if self.pixel_size is not None and self.target_pixel_size is not None:
            factor = self.pixel_size / self.target_pixel_size
            if max(height, width) * factor > _LONGEST:
                raise ValueError(
                    f"An image of {width}x{height} pixels would be more than {_LONGEST} pixels long with {self.pixel_size:g} µm a pixel "
                    f"brought to {self.target_pixel_size:g} µm; are both in micrometres?"
                )
        else:
            size = _SIZE if self.size is None else self.size
            sides = size if isinstance(size, (tuple, list)) else (size, size)
            if not self.keep_aspect:
                return int(sides[0]), int(sides[1])
            factor = min(sides[0] / height, sides[1] / width)
        return max(1, round(height * factor)), max(1, round(width * factor))
