"""The record that passes between stages: an image, its nuclei and its cells."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, Self, TypeVar

import numpy as np

from leukofeat.content.padding import find_view
from leukofeat.dropped import Dropped, dropped_bodies, move_bodies
from leukofeat.label_maps import is_mask, mask_error, name_labels, number_labels, number_nuclei, rate_labels
from leukofeat.opencv import cv2
from leukofeat.scale.record import Scale, check_pixel_size

REGIONS = ("nucleus", "cytoplasm", "cell", "background", "image")
_PLANES = ("gray", "lab", "hsv", "ycrcb")

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Smear:
    """One image of a stained smear with what has been found in it; immutable.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), dtype uint8
        RGB pixels.
    nuclei : ndarray of int, shape (height, width), optional
        Nucleus label map: 0 is not a nucleus, i is the nucleus of cell i. None before segmentation.
    cells : ndarray of int, shape (height, width), optional
        Cell label map: 0 is background, i is cell i (cytoplasm and nucleus); a cell may have no nucleus. Left out, a cell is its
        nucleus.
    source : str, optional
        File the image came from; error messages name it.
    label_ids : ndarray of int, shape (n,), optional
        What the cells are called: label i is cell `label_ids[i - 1]`, a whole number above 0 and no other cell's. Left out, a cell is
        called by its label.
    confidence : ndarray of float, shape (n,), optional
        How sure the segmenter is of each outline, 0 to 1: of label i `confidence[i - 1]`; NaN where it does not say.
    dropped : sequence of (row, column, area, reason), optional
        What the segmenter has seen and not reported, and why.
    pixel_size : float, optional
        Side of a pixel in micrometres, where it is known: any positive number, since a reduced picture has pixels larger than a
        microscope's. Of pixels that are not square, the side of a square of the same area.
    known_scale : Scale, optional
        Scale that is known from elsewhere, as that of the field a cell was cut from; see :attr:`scale`.

    Attributes
    ----------
    nuclei, cells : ndarray of shape (height, width), dtype int32, or None
        The label maps, numbered 1 to n_cells in the order of the labels given.
    label_ids : ndarray of shape (n_cells,), dtype int64, or None
        What each cell is called.
    confidence : ndarray of shape (n_cells,), dtype float64, or None
        NaN throughout where none was given.
    dropped : tuple of Dropped

    Raises
    ------
    TypeError, ValueError
        When the image is not 8-bit RGB, the label maps do not fit it or each other, or one is a mask with several objects: bool,
        or with one value above 1, such as 255. Zeros and ones are a label map of one cell.

    Notes
    -----
    The arrays are read-only, and views of those given where nothing had to be changed. What several feature families need
    (`lab`, `hsv`, ...) is computed on first use and kept with the record, not with its pickle.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.full((5, 5, 3), 230, np.uint8)
    >>> nuclei = np.zeros((5, 5), np.int32); nuclei[2, 2] = 7
    >>> cells = np.zeros((5, 5), np.int32); cells[1:4, 1:4] = 7; cells[0, 0] = 3
    >>> smear = Smear(image, nuclei, cells)
    >>> smear, smear.label_ids.tolist()
    (Smear(5x5, 2 cells), [3, 7])
    >>> int((smear.cytoplasm == 2).sum())
    8
    """

    image: np.ndarray
    nuclei: np.ndarray | None = None
    cells: np.ndarray | None = None
    source: str | None = None
    label_ids: np.ndarray | None = None
    confidence: np.ndarray | None = None
    dropped: Sequence[Dropped] = ()
    pixel_size: float | None = None
    known_scale: Scale | None = None

    def __post_init__(self) -> None:
        self._set("image", check_image(self.image, self.source))
        object.__setattr__(self, "dropped", dropped_bodies(self.dropped))
        if self.pixel_size is not None:
            object.__setattr__(self, "pixel_size", check_pixel_size(self.pixel_size, self.source))
        if self.known_scale is not None:
            object.__setattr__(self, "known_scale", Scale(*self.known_scale))
        if self.nuclei is None and self.cells is None:
            return
        try:
            nuclei, cells, labels = self._numbered()
            ids = labels if self.label_ids is None else name_labels(labels, self.label_ids)
            confidence = rate_labels(labels, self.confidence)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{self.source}: {error}" if self.source else str(error)) from None
        self._set("nuclei", nuclei)
        self._set("cells", cells)
        self._set("label_ids", ids)
        self._set("confidence", confidence)

    def _numbered(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Nuclei and cells numbered alike, and the label that each cell had."""
        given = {name: maps for name in ("nuclei", "cells") if (maps := getattr(self, name)) is not None}
        for name, maps in given.items():
            if np.shape(maps) != self.image.shape[:2]:
                raise ValueError(f"{name} has shape {np.shape(maps)}; the image has {self.image.shape[:2]}.")
        whole = "nuclei" if self.cells is None else "cells"
        cells, labels = number_labels(given[whole], whole)
        # who calls cells by names has told them apart
        if self.label_ids is None and len(labels) == 1 and is_mask(given[whole]):
            raise mask_error(whole)
        if self.cells is None:
            return cells, cells, labels
        if self.nuclei is None:
            return np.zeros_like(cells), cells, labels
        return number_nuclei(self.nuclei, self.cells, cells, labels), cells, labels

    def _set(self, name: str, array: np.ndarray) -> None:
        object.__setattr__(self, name, _read_only(array))

    def __reduce__(self) -> tuple[Any, ...]:
        values = {field.name: getattr(self, field.name) for field in fields(self)} | {"known_scale": self.given_scale}
        return type(self), tuple(values.values())

    def __repr__(self) -> str:
        height, width = self.image.shape[:2]
        found = "not segmented" if self.cells is None else f"{self.n_cells} cell{'s' * (self.n_cells != 1)}"
        return f"Smear({width}x{height}, {found}{', ' + self.source if self.source else ''})"

    def _repr_html_(self) -> str:
        from leukofeat.pictures import smear_card

        return smear_card(self)

    def replace(self, **changes: Any) -> Self:
        """Copy of the record with some of its fields changed; colour planes of the same image come with it.

        Other label maps have cells of their own, called by their labels unless `label_ids` is given, too; see `of_cells`.
        """
        if changes.keys() & {"nuclei", "cells"}:
            changes = {"label_ids": None, "confidence": None, "dropped": ()} | changes
        changed = replace(self, **{"known_scale": self.given_scale} | changes)
        if "image" not in changes:
            kept = _PLANES if changes.keys() & {"pixel_size", "known_scale"} else (*_PLANES, "scale")
            changed.__dict__.update({name: self.__dict__[name] for name in kept if name in self.__dict__})
        return changed

    @property
    def of_cells(self) -> dict[str, Any]:
        """What is known of the cells beside their pixels: `smear.replace(nuclei=..., cells=..., **smear.of_cells)` moves them."""
        return {"label_ids": self.label_ids, "confidence": self.confidence, "dropped": self.dropped}

    def moved(self, matrix: np.ndarray, shape: tuple[int, int]) -> dict[str, Any]:
        """What else of the record changes where a map moves the pixels: `smear.replace(image=..., **smear.moved(matrix, shape))`.

        Parameters
        ----------
        matrix : ndarray of shape (2, 3)
            Map from (x, y, 1), the centres of pixels at whole numbers, to x and y in the other image.
        shape : (height, width)
            Of the other image.

        Returns
        -------
        dict
            `dropped`, `pixel_size` and `known_scale`. What stretches the image counts by how it changes areas.
        """
        factor = float(np.sqrt(abs(np.linalg.det(np.asarray(matrix)[:, :2]))))
        known = self.given_scale
        return {
            "dropped": move_bodies(self.dropped, np.asarray(matrix), shape),
            "pixel_size": None if self.pixel_size is None else self.pixel_size / factor,
            "known_scale": None if known is None else known.times(factor),
        }

    @property
    def given_scale(self) -> Scale | None:
        """`known_scale`, or that of the field which a cell was cut from: what is known beside the pixels, and goes with them."""
        field = self.__dict__.get("_field")
        return self.known_scale if field is None or self.pixel_size is not None else field.scale

    @cached_property
    def scale(self) -> Scale:
        """Diameter of a red cell in pixels, with its standard deviation and how it is known.

        From `pixel_size` where that is given, else `known_scale`, else from the red cells in the image
        (:func:`~leukofeat.estimate_scale`); a cell that :meth:`crop` has cut out has that of its field. Where nothing tells, its source is
        "unknown", and the numbers are NaN.

        Examples
        --------
        >>> image = np.full((32, 32, 3), 230, np.uint8)
        >>> Smear(image, pixel_size=0.1).scale, Smear(image).scale.source
        (Scale(pixels=72.0, error=4.0, source='pixel size', n_red_cells=0), 'unknown')
        """
        if self.pixel_size is not None:
            return Scale.from_pixel_size(self.pixel_size)
        from leukofeat.scale.estimate import estimate_scale

        return self.given_scale or estimate_scale(self.image)

    @property
    def is_segmented(self) -> bool:
        """Whether a segmenter has been here."""
        return self.cells is not None

    @cached_property
    def n_cells(self) -> int:
        """Number of cells."""
        return len(self.region_boxes("cell"))

    @cached_property
    def cytoplasm(self) -> np.ndarray:
        """Label map of shape (height, width), int32: the cells without their nuclei."""
        return _read_only(np.where(self.region("nucleus") > 0, np.int32(0), self.region("cell")))

    @cached_property
    def boxes(self) -> np.ndarray:
        """Bounding boxes of the cells, shape (n_cells, 4): top, left, bottom, right; ends exclusive."""
        return self.region_boxes("cell")[:, :4]

    @cached_property
    def touches_border(self) -> np.ndarray:
        """Whether each cell reaches the border of the image, or of what it shows within bars or an eyepiece, shape (n_cells,), bool: part of it may be missing."""
        height, width = self.image.shape[:2]
        top, left, bottom, right = self.boxes.T
        touches = (top == 0) | (left == 0) | (bottom == height) | (right == width)
        view = find_view(self.image)
        if view is not None:
            edge = cv2.dilate((~view).view(np.uint8), np.ones((3, 3), np.uint8)) > 0
            touches[np.setdiff1d(self.region("cell")[edge], 0) - 1] = True
        return touches

    def region(self, name: str) -> np.ndarray:
        """Label map of one region.

        Parameters
        ----------
        name : {"nucleus", "cytoplasm", "cell", "background", "image"}
            "background" is everything outside the cells (red cells included) and "image" everything; both carry label 1.

        Returns
        -------
        ndarray of shape (height, width), dtype int32

        Raises
        ------
        ValueError
            For an unknown name, or a region that needs a segmenter when none has run.
        """
        if name not in REGIONS:
            raise ValueError(f"Unknown region {name!r}; choose from {', '.join(REGIONS)}.")
        if name == "image":
            return np.ones(self.image.shape[:2], np.int32)
        if self.cells is None or self.nuclei is None:
            where = f" ({self.source})" if self.source else ""
            raise ValueError(
                f"The region {name!r} needs a segmented smear{where}; put a segmenter, such as LabKMeansSegmenter(), "
                "before this stage, or measure region 'image' only."
            )
        if name == "nucleus":
            return self.nuclei
        if name == "cell":
            return self.cells
        if name == "cytoplasm":
            return self.cytoplasm
        return (self.cells == 0).astype(np.int32)

    def region_boxes(self, name: str) -> np.ndarray:
        """Bounding box, area and coordinate sums of each label of a region, shape (n_cells, 7), int64.

        See :func:`leukofeat.kernels.regions.boxes.region_boxes` for the columns.
        """
        from leukofeat.kernels.regions.boxes import region_boxes

        n_labels = None if name == "cell" else self.n_cells
        return self.keep(("boxes", name), lambda: region_boxes(self.region(name), n_labels))

    def nuclear_depths(self) -> np.ndarray:
        """Squared distance of each pixel of a nucleus to the outside: :func:`leukofeat.kernels.regions.distance.squared_depths`."""
        from leukofeat.kernels.regions.distance import squared_depths

        nuclei, boxes = self.region("nucleus"), self.region_boxes("nucleus")
        return self.keep("nuclear depths", lambda: _read_only(squared_depths(nuclei, boxes)))

    def keep(self, key: Hashable, compute: Callable[[], T]) -> T:
        """Result of `compute()`, computed on first use and kept with the record (not with its pickle).

        Parameters
        ----------
        key : hashable
            What the result is kept under; the same key must always stand for the same computation.
        compute : callable
            Called without arguments, once.
        """
        kept = self.__dict__.setdefault("_kept", {})
        if key not in kept:
            kept[key] = compute()
        return kept[key]

    def crop(self, label: int, margin: int = 0) -> "Smear":
        """Record of one cell: its box, and that cell alone in the label maps, as 1.

        Parameters
        ----------
        label : int
            Cell, 1 to n_cells.
        margin : int, default=0
            Pixels around the box, as far as the image reaches.

        Returns
        -------
        Smear

        Raises
        ------
        ValueError
            When there is no such cell.
        """
        if not 1 <= label <= self.n_cells:
            raise ValueError(f"No cell {label}; this smear has {self.n_cells}.")
        top, left, bottom, right = self.boxes[label - 1]
        box = np.s_[max(0, top - margin) : bottom + margin, max(0, left - margin) : right + margin]
        nuclei, cells = self.region("nucleus")[box], self.region("cell")[box]
        to_box = np.array([[1, 0, -box[1].start], [0, 1, -box[0].start]], np.float64)
        crop = Smear(
            self.image[box],
            (nuclei == label).astype(np.int32),
            (cells == label).astype(np.int32),
            self.source,
            confidence=None if self.confidence is None else self.confidence[[label - 1]],
            dropped=move_bodies(self.dropped, to_box, nuclei.shape),
            pixel_size=self.pixel_size,
            known_scale=self.known_scale,
        )
        # around one cell there may be no red ones
        crop.__dict__["_field"] = self.__dict__.get("_field", self)
        return crop

    @cached_property
    def gray(self) -> np.ndarray:
        """Luma, (height, width) uint8, by OpenCV's Rec. 601 weights."""
        return _read_only(cv2.cvtColor(self.image, cv2.COLOR_RGB2GRAY))

    @cached_property
    def lab(self) -> np.ndarray:
        """CIELAB, (height, width, 3) uint8, D65: L* x 255/100, a* + 128, b* + 128 (OpenCV's 8-bit scaling)."""
        return _read_only(cv2.cvtColor(self.image, cv2.COLOR_RGB2LAB))

    @cached_property
    def hsv(self) -> np.ndarray:
        """HSV, (height, width, 3) uint8: hue 0 to 255 for the full circle, saturation and value 0 to 255."""
        return _read_only(cv2.cvtColor(self.image, cv2.COLOR_RGB2HSV_FULL))

    @cached_property
    def ycrcb(self) -> np.ndarray:
        """YCrCb, (height, width, 3) uint8 (ITU-R BT.601)."""
        return _read_only(cv2.cvtColor(self.image, cv2.COLOR_RGB2YCrCb))


def _read_only(array: np.ndarray) -> np.ndarray:
    view = array.view()
    view.flags.writeable = False
    return view


def check_image(image: Any, source: str | None = None) -> np.ndarray:
    """8-bit RGB image, checked and contiguous; a grey (height, width) image is repeated into three channels."""
    where = f" ({source})" if source else ""
    array = np.asarray(image)
    if array.dtype != np.uint8:
        raise TypeError(
            f"Images must be uint8 RGB, not {array.dtype}{where}; scale to 0..255, all images alike, and use .astype(np.uint8): "
            "floats from 0 to 1 times 255, full 16 bits divided by 257; or give the file's path."
        )
    if array.ndim == 2:
        array = np.repeat(array[:, :, None], 3, axis=2)
    if array.ndim != 3 or array.shape[2] != 3:
        raise ValueError(
            f"Images must have shape (height, width, 3), not {array.shape}{where}; image[:, :, :3] leaves transparency out, "
            "np.moveaxis(image, 0, -1) puts colours last; or give the file's path."
        )
    if array.size == 0:
        raise ValueError(f"The image is empty: shape {array.shape}{where}.")
    return np.ascontiguousarray(array)
