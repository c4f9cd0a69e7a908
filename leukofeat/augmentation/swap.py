"""Background swap: the leukocytes of one image shown on the field of another."""

import warnings
from collections.abc import Sequence

import numpy as np

from leukofeat.augmentation.cells import FieldCells
from leukofeat.datasets import paste_cells
from leukofeat.preprocessing import resize_smear
from leukofeat.smear import Smear


def swap_background(smear: Smear, cells: FieldCells, onto: np.ndarray, onto_cells: FieldCells) -> Smear:
    """Show the leukocytes of a field, at their places, on another field, whose own are painted over.

    Parameters
    ----------
    smear : Smear
        Its label maps, if it has any, its size of a pixel and its name are kept.
    cells : FieldCells
        Where its leukocytes are.
    onto : ndarray of shape (height, width, 3), dtype uint8
        The other field; brought to the size of `smear`.
    onto_cells : FieldCells
        Where the leukocytes of `onto` are.

    Returns
    -------
    Smear

    See Also
    --------
    leukofeat.datasets.paste_cells : How they are pasted.

    Examples
    --------
    >>> from leukofeat import as_sequence
    >>> from leukofeat.augmentation import find_cells
    >>> from leukofeat.datasets import make_smears
    >>> images = as_sequence(make_smears(n_samples=2, random_state=0).images)
    >>> first, second = find_cells(images)
    >>> swap_background(images.smear(0), first, images[1], second)
    Smear(224x224, not segmented)
    """
    field, size = onto_cells.smear(onto), smear.image.shape[:2]
    if field.image.shape[:2] != size:
        field = resize_smear(field, size)
    return smear.replace(image=paste_cells(cells.smear(smear.image), field).image)


def draw_donors(
    cells: Sequence[FieldCells | str],
    groups: np.ndarray,
    copies: Sequence[tuple[int, int]],
    swap: float,
    random_state: int,
) -> list[int | None]:
    """Whose field each copy is shown on.

    Parameters
    ----------
    cells : sequence of length n
        As :func:`find_cells` returns them. Only images with leukocytes are pasted and pasted onto: where none was found, there
        may be some that would stay.
    groups : ndarray of shape (n,)
        A field comes from another group where there is one, and always from another image.
    copies : sequence of (row, copy)
        Copy 0 is the original, which is never pasted.
    swap : float
        Probability that a copy is pasted.
    random_state : int

    Returns
    -------
    list of int or None
        Row of the field for each of `copies`, or None for one that keeps its own.

    Examples
    --------
    >>> cells = [FieldCells(1, np.zeros(3), np.zeros(1, np.uint8))] * 2
    >>> draw_donors([*cells, "the file is empty"], np.arange(3), [(0, 0), (0, 1), (1, 1), (2, 1)], 1.0, 0)
    [None, 1, 0, None]
    """
    able = np.array([not isinstance(found, str) and found.n_cells > 0 for found in cells], bool)
    if swap and copies and able.sum() < 2:
        reason = next((f"; {found}" for found in cells if isinstance(found, str)), "")
        warnings.warn(
            f"Leukocytes were found in {able.sum()} of {len(able)} images, so that no background can be swapped{reason}. Give "
            "more images, or a segmenter= that finds the leukocytes.",
            stacklevel=3,
        )
    found: list[int | None] = []
    for row, copy in copies:
        # not the stream that the transforms are drawn from, so that these are the same with and without
        rng = np.random.default_rng([random_state, row, copy, 1])
        swapped = bool(copy) and rng.random() < swap and able[row]
        others = able & (np.arange(len(able)) != row)
        elsewhere = others & (groups != groups[row])
        allowed = np.flatnonzero(elsewhere if elsewhere.any() else others)
        found.append(int(rng.choice(allowed)) if swapped and len(allowed) else None)
    return found
