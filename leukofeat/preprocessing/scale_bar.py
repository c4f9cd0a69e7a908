"""Burned-in scale bars: cropping them, drawing them, hiding them, and telling their style."""

from collections.abc import Iterable
from functools import partial
from typing import Any, ClassVar

import numpy as np

from leukofeat.base import ImageStage
from leukofeat.constraints import Number, OneOf, Real, check
from leukofeat.dropped import move_bodies
from leukofeat.opencv import cv2
from leukofeat.parallel import map_images
from leukofeat.preprocessing.marks import Traces, trace_marks
from leukofeat.preprocessing.recurring import settle_marks
from leukofeat.sequence import ImageSequence
from leukofeat.smear import Smear
from leukofeat.store import MEMORY

BAR_STYLES = ("white box", "red", "black")
# The corner that holds the bar in the published sets, as shares of height and width.
_CORNER = (0.125, 0.15)
_LARGE_CORNER = (0.17, 0.26)
STRIP = 0.143
_LOOKED_AT = 64  # images that tell whether a data set has bars
_ENOUGH = 0.05  # share of them with a bar, from which on the strip is cut


class ScaleBarCropper(ImageStage):
    """Cut off the bottom strip, where microscopes burn in a scale bar, of all images of a data set or of none.

    Whether there are bars is decided in `fit`, on the training images; predictions on new images use what was decided. Where
    there are, the strip is cut from every image, bar or not: cutting only where a bar is found would leave its presence readable
    in the size. Coordinates of what remains do not change.

    Parameters
    ----------
    height : "auto", float or int, default="auto"
        Strip height: a share of the image height when below 1, rows when 1 or more; it is cut whatever the images show. At least
        one row is left. "auto" cuts 0.143 of the height where bars are found in `fit`, and nothing otherwise: 32 of 224 rows, a bar
        28 rows high and the rest of the JPEG block that its edge rings in.

    memory : path, Store or joblib.Memory, optional
        Folder that remembers what was decided on the same images, so that a grid search looks at them once
        (:class:`~leukofeat.store.Store`).

    Attributes
    ----------
    height_ : float
        What is cut under "auto": 0.143 or 0.
    bars_found_ : float
        Share of the images looked at that have a bar at the bottom.
    decision_ : str
        What was decided and on what ground, as a sentence.

    Notes
    -----
    `fit` looks at 64 images at most, evenly spaced, and passes over those that cannot be read. A bar is what is drawn beyond doubt or
    recurs at one place (:mod:`leukofeat.preprocessing.marks`); the strip is cut where 5 % of the images have one. On five public
    sets without bars, cells cut out among them, 0 to 1.6 % seemed to.

    Examples
    --------
    >>> from leukofeat.datasets import make_smears
    >>> from leukofeat.preprocessing import ScaleBarCropper
    >>> plain, barred = (make_smears(n_samples=8, random_state=0, faults=faults).images for faults in ((), "scale_bar"))
    >>> ScaleBarCropper().fit_transform(plain)[0].shape, ScaleBarCropper().fit_transform(barred)[0].shape
    ((224, 224, 3), (192, 224, 3))
    >>> ScaleBarCropper().fit(plain).decision_
    'No scale bar at the bottom of 8 images looked at: nothing is cut off.'
    >>> ScaleBarCropper(20).transform(plain)[0].shape
    (204, 224, 3)
    """

    learns_from_target = False
    _parameter_constraints: ClassVar[dict[str, Any]] = {"height": [OneOf("auto"), Number(Real, 0)], "memory": MEMORY}

    def __init__(self, height: float | str = "auto", *, memory: Any = None) -> None:
        self.height = height
        self.memory = memory

    @property
    def requires_fit(self) -> bool:  # type: ignore[override]  # an attribute in the base: it depends on no parameter there
        return self.height == "auto"

    def learn(self, images: ImageSequence, y: Any) -> None:
        if not self.requires_fit:
            return
        rows = np.unique(np.linspace(0, len(images) - 1, min(_LOOKED_AT, len(images))).round().astype(np.int64))
        traces = [found for found in map_images(_traces_of, images[rows]) if found is not None]
        marks = settle_marks(traces)
        bottom = [
            mark is not None and mark.strokes[2] > (1 - STRIP) * t.shape[0]
            for mark, t in zip(marks, traces, strict=True)
        ]
        self.bars_found_ = float(np.mean(bottom)) if bottom else 0.0
        self.height_ = STRIP if self.bars_found_ >= _ENOUGH else 0.0
        looked = f"{len(traces)} image{'s' * (len(traces) != 1)} looked at"
        self.decision_ = f"No scale bar at the bottom of {looked}: nothing is cut off."
        if self.height_:
            self.decision_ = f"Scale bars at the bottom of {sum(bottom)} of {looked}: {STRIP:.1%} of the height is cut off every image."
        elif any(bottom):
            self.decision_ = (
                f"What may be a scale bar in {sum(bottom)} of {looked}, too few to cut: nothing is cut off."
            )

    def transform(self, X: Any) -> ImageSequence:
        """Lazy sequence of the cropped images.

        Parameters
        ----------
        X : list, ndarray, Series or one-column DataFrame of n images or paths

        Returns
        -------
        ImageSequence of length n
        """
        images = self._prepare(X)
        # the step keeps what was decided, and not on what ground: two folds that decide alike do the same
        height: Any = self.height_ if self.requires_fit else self.height
        return images.with_step(partial(crop_bottom, height))


def _traces_of(images: ImageSequence, i: int) -> Traces | None:
    try:
        return trace_marks(images.smear(i).image)
    except (ValueError, TypeError, OSError):  # the pass that measures it says so
        return None


def crop_bottom(height: float, smear: Smear) -> Smear:
    """Record without its bottom strip: a share of the height below 1, or rows; at least one row is left."""
    rows = smear.image.shape[0]
    cut = round(height * rows) if height < 1 else int(height)
    keep = slice(0, max(1, rows - cut))
    maps = (None if labels is None else labels[keep] for labels in (smear.nuclei, smear.cells))
    known = smear.of_cells | {"dropped": move_bodies(smear.dropped, np.eye(2, 3), smear.image[keep].shape[:2])}
    return smear.replace(image=smear.image[keep], **known, **dict(zip(("nuclei", "cells"), maps, strict=True)))


def draw_scale_bar(image: np.ndarray, style: str = "white box") -> np.ndarray:
    """Copy of an image with a scale bar in the lower right corner, in the styles of the published data sets.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), dtype uint8
    style : {"white box", "red", "black"}, default="white box"
        Black lettering in a small white box; red lettering on the image; a large white box that reaches the edges of the
        image, with a black rule.

    Returns
    -------
    ndarray of shape (height, width, 3), dtype uint8

    Examples
    --------
    >>> import numpy as np
    >>> field = np.full((224, 224, 3), 200, np.uint8)
    >>> barred = draw_scale_bar(field, "red")
    >>> (barred != field).any(axis=2)[:190].any(), (barred != field).any(axis=2)[190:].any()
    (np.False_, np.True_)
    """
    check("style", style, OneOf(*BAR_STYLES))
    height, width = image.shape[:2]
    unit = min(height, width) / 224
    thin = max(1, round(unit))
    out = np.ascontiguousarray(image).copy()
    if style == "black":
        top, left, row = height - round(30 * unit), width - round(29 * unit), height - round(9 * unit)
        rule = (left, row, width, row, thin), (left, row - round(5 * unit), left, height, thin)
        origin = left + round(6 * unit), height - round(12 * unit)
        burn_in(out, (0, 0, 0), ("200", origin, 0.34 * unit), rule, (top, left, height, width))
        return out
    color = (220, 30, 30) if style == "red" else (40, 40, 40)
    right, bottom = width - round(6 * unit), height - round(7 * unit)
    left, top = right - round(23 * unit), bottom - round(11 * unit)
    tick = bottom - max(1, round(4 * unit))
    origin = left + round(4 * unit), bottom - round(3 * unit)
    box = (top, left, bottom + 1, right + 1) if style == "white box" else None
    burn_in(out, color, ("500 px", origin, 0.18 * unit), [(x, tick, x, bottom, thin) for x in (left, right)], box)
    return out


def burn_in(
    image: np.ndarray,
    color: tuple[int, int, int],
    text: tuple[str, tuple[int, int], float] | None,
    lines: Iterable[tuple[int, int, int, int, int]],
    box: tuple[int, int, int, int] | None = None,
) -> None:
    """Draw lettering (its lower left corner, x before y, and scale), lines (x, y, x, y, thickness) and a white box, in place."""
    if box is not None:
        image[max(0, box[0]) : box[2], max(0, box[1]) : box[3]] = 255
    for *ends, thickness in lines:
        cv2.line(image, ends[:2], ends[2:], color, thickness)
    if text is not None:
        cv2.putText(image, text[0], text[1], cv2.FONT_HERSHEY_SIMPLEX, text[2], color, 1, cv2.LINE_AA)


def hide_scale_bar(image: np.ndarray) -> np.ndarray:
    """Copy of an image whose lower right corner is the mirror image of what lies above it, bar or not.

    Every image is treated alike, so that hiding leaves no trace of where a bar was.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), dtype uint8

    Returns
    -------
    ndarray of shape (height, width, 3), dtype uint8

    Examples
    --------
    >>> import numpy as np
    >>> field = np.full((224, 224, 3), 200, np.uint8)
    >>> bool((hide_scale_bar(draw_scale_bar(field)) == 200).all())
    True
    """
    height, width = image.shape[:2]
    rows = min(round(_LARGE_CORNER[0] * height), height // 2)
    columns = slice(width - round(_LARGE_CORNER[1] * width), None)
    out = np.ascontiguousarray(image).copy()
    if rows:
        out[height - rows :, columns] = out[height - 2 * rows : height - rows, columns][::-1]
    return out


def bar_style(image: np.ndarray) -> str:
    """Style of the bar in the lower right corner, by its colours.

    One image is enough, but only the three styles of :func:`draw_scale_bar` are known, and a bar elsewhere is not seen;
    the audit finds bars and text of any look by what recurs in a set (``leukofeat.preprocessing.marks``).

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), dtype uint8

    Returns
    -------
    str
        "white box", "red", "black" or "none".

    Examples
    --------
    >>> import numpy as np
    >>> bar_style(draw_scale_bar(np.full((224, 224, 3), 200, np.uint8), "red"))
    'red'
    """
    height, width = image.shape[:2]
    corner = image[-max(1, round(_CORNER[0] * height)) :, -max(1, round(_CORNER[1] * width)) :].astype(np.int16)
    red, green, blue = np.moveaxis(corner, 2, 0)
    lowest, highest = corner.min(axis=2), corner.max(axis=2)
    # Lettering covers a few per cent of the corner; more than that is a red cell.
    if 0.003 < np.mean(red - np.maximum(green, blue) > 40) < 0.08:
        return "red"
    white = lowest > 245
    edge = max(1, round(0.018 * min(height, width)))
    if white[:, -edge:].mean() > 0.55 and np.mean((highest < 60) & (highest - lowest < 20)) > 0.01:
        return "black"
    dark = (highest < 140) & (highest - lowest < 30)
    return "white box" if white.mean() > 0.1 and np.mean(dark) > 0.008 else "none"
