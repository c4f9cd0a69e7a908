"""Leukocytes of one field on the background of another: what a pipeline says of them should not change."""

import numpy as np

from leukofeat.constraints import Integral, Number, check
from leukofeat.opencv import cv2
from leukofeat.preprocessing import background_color
from leukofeat.smear import Smear


def paste_cells(source: Smear, onto: Smear, *, feather: float = 1.0) -> Smear:
    """Put the cells of one field, at their places, onto another field.

    The leukocytes that `onto` has are painted over first, so that those of the result are exactly the pasted ones. Stain adds
    up in optical density: a pasted pixel keeps the density it had against its own empty slide and is shown against the empty
    slide of the other field (Beer-Lambert), under which nothing shines through.

    Parameters
    ----------
    source : Smear
        A segmented field; its cells are pasted.
    onto : Smear
        A segmented field of the same size; its background is kept.
    feather : float, default=1.0
        Width in pixels (standard deviation of a Gaussian) over which a cell's rim runs into the background; 0 for a hard edge.

    Returns
    -------
    Smear
        The composite, with the source's label maps as the truth.

    Raises
    ------
    ValueError
        When one of the two has not been segmented, or their sizes differ.

    Examples
    --------
    >>> from leukofeat import Smear
    >>> from leukofeat.datasets import make_smears, paste_cells
    >>> smears = make_smears(n_samples=4, random_state=0)
    >>> first, second = (Smear(smears.images[i], smears.nuclei[i], smears.cells[i]) for i in range(2))
    >>> composite = paste_cells(first, second)
    >>> composite.n_cells == first.n_cells, composite.image.shape
    (True, (224, 224, 3))
    """
    _check_sizes(source, onto)
    slide, other = background_color(source.image), background_color(onto.image)
    own = soft_mask(onto.region("cell") > 0, feather, widen=3)
    ground = onto.image * (1 - own) + other * own
    cell = soft_mask(source.region("cell") > 0, feather)
    pasted = other * np.minimum(1.0, (source.image + 1.0) / (slide + 1.0))
    image = np.clip(np.rint(ground * (1 - cell) + pasted * cell), 0, 255).astype(np.uint8)
    return Smear(image, source.nuclei, source.cells, source.source, pixel_size=source.pixel_size)


def blend_cells(source: Smear, onto: Smear, *, margin: int = 4) -> Smear:
    """Put the cells of one field, with a rim of what surrounds them, onto another field, pixel values as they are.

    A second way beside :func:`paste_cells`, with other traces: a classifier that was trained on composites of one way, or reads
    the seam of one, is found out by the other (several ways of blending side by side: Dwibedi et al. 2017). There is no seam at the
    outline of a cell here, whose own halo comes along, and nothing is said about light and stain, so that the two fields should have
    slides of nearly one colour. The leukocytes that `onto` has are covered with a mirror image of its own field.

    Parameters
    ----------
    source : Smear
        A segmented field; its cells are pasted.
    onto : Smear
        A segmented field of the same size; its background is kept.
    margin : int, default=4
        Width in pixels of the rim, over which cells and background are mixed by shares that fall smoothly; at least 1.

    Returns
    -------
    Smear
        The composite, with the source's label maps as the truth.

    Raises
    ------
    ValueError
        When one of the two has not been segmented, or their sizes differ.

    References
    ----------
    Dwibedi et al., Cut, paste and learn: surprisingly easy synthesis for instance detection, ICCV 2017.

    Examples
    --------
    >>> from leukofeat import Smear
    >>> from leukofeat.datasets import blend_cells, make_smears
    >>> smears = make_smears(n_samples=4, random_state=0)
    >>> first, second = (Smear(smears.images[i], smears.nuclei[i], smears.cells[i]) for i in range(2))
    >>> composite = blend_cells(first, second)
    >>> inside = first.cells > 0
    >>> composite.n_cells == first.n_cells, bool((composite.image[inside] == first.image[inside]).all())
    (True, True)
    """
    check("margin", margin, Number(Integral, 1))
    _check_sizes(source, onto)
    rim = soft_mask(source.region("cell") > 0, margin / 2, widen=int(margin))
    image = _without_cells(onto, int(margin)) * (1 - rim) + source.image * rim
    image = np.clip(np.rint(image), 0, 255).astype(np.uint8)
    return Smear(image, source.nuclei, source.cells, source.source, pixel_size=source.pixel_size)


def _without_cells(field: Smear, margin: int) -> np.ndarray:
    """Image of a field with its cells covered by its mirror image; what is a cell there, too, is filled in from its rim."""
    mask = soft_mask(field.region("cell") > 0, 0, widen=margin)[:, :, 0].astype(np.uint8)
    if not mask.any():
        return field.image
    overlaps = {code: mask & cv2.flip(mask, code) for code in (1, 0, -1)}
    code, both = min(overlaps.items(), key=lambda flipped: np.count_nonzero(flipped[1]))
    mirrored = cv2.flip(field.image, code)
    cover = soft_mask(mask > 0, margin / 2)
    covered = np.rint(field.image * (1 - cover) + mirrored * cover).astype(np.uint8)
    if not both.any():
        return covered
    return cv2.inpaint(
        covered, soft_mask(both > 0, 0, widen=margin)[:, :, 0].astype(np.uint8), margin, cv2.INPAINT_TELEA
    )


def _check_sizes(source: Smear, onto: Smear) -> None:
    if source.image.shape != onto.image.shape:
        raise ValueError(f"The fields must have one size, not {source.image.shape[:2]} and {onto.image.shape[:2]}.")


def soft_mask(mask: np.ndarray, feather: float, widen: int = 0) -> np.ndarray:
    """Weight of each pixel, (height, width, 1) float64: 1 in a mask that is `widen` pixels wider, falling to 0 outside it."""
    weight = mask.astype(np.uint8)
    if widen:
        weight = cv2.dilate(weight, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * widen + 1, 2 * widen + 1)))
    soft = weight.astype(np.float64)
    if feather > 0:
        soft = np.maximum(soft, cv2.GaussianBlur(soft, (0, 0), feather))
    return soft[:, :, None]
