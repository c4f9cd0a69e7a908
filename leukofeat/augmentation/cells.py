"""Where the leukocytes of images are, found once and kept: for all that pastes them."""

from functools import partial
from typing import Any, NamedTuple

import numpy as np

from leukofeat.digest import describe, digest, environment
from leukofeat.parallel import map_images
from leukofeat.preprocessing import background_color
from leukofeat.segmentation import LeukocyteSegmenter
from leukofeat.sequence import ImageSequence, Step, take_step
from leukofeat.smear import Smear
from leukofeat.store import Store


class FieldCells(NamedTuple):
    """What has to be known of a segmented image to paste its leukocytes, or to paste onto it.

    Attributes
    ----------
    n_cells : int
        Leukocytes that were found.
    slide : ndarray of shape (3,)
        Colour of the empty slide, RGB.
    packed : ndarray of dtype uint8
        Where the leukocytes are, eight pixels a byte, as numpy.packbits leaves them.

    Examples
    --------
    >>> import numpy as np
    >>> mask = np.array([[True, False, False], [False, True, True]])
    >>> cells = FieldCells(1, np.array([240.0, 238.0, 242.0]), np.packbits(mask))
    >>> cells.mask((2, 3)).tolist()
    [[True, False, False], [False, True, True]]
    """

    n_cells: int
    slide: np.ndarray
    packed: np.ndarray

    def mask(self, shape: tuple[int, ...]) -> np.ndarray:
        """Pixels of leukocytes in an image of a shape, (height, width, ...), as bool (height, width)."""
        return np.unpackbits(self.packed, count=shape[0] * shape[1]).reshape(shape[:2]).astype(bool)

    def smear(self, image: np.ndarray) -> Smear:
        """The image (height, width, 3) as a segmented one, all its leukocytes under one label."""
        return Smear(image, self.mask(image.shape).astype(np.int32))


def find_cells(
    images: ImageSequence,
    segmenter: Any = None,
    *,
    memory: Store | None = None,
    n_jobs: int | None = None,
    verbose: int = 0,
    description: str = "finding leukocytes",
) -> list[FieldCells | str]:
    """The leukocytes of each image, or why there are none to be had; one that fails stops no other.

    Parameters
    ----------
    images : ImageSequence of n images
        Those that come with label maps keep their own.
    segmenter : stage, optional
        Finds the leukocytes of the others; by default a :class:`~leukofeat.segmentation.LeukocyteSegmenter`. One that learns
        has to be fitted, and all have to leave images at their size.
    memory : Store, optional
        Keeps where the leukocytes are.
    n_jobs, verbose, description
        As in :func:`~leukofeat.parallel.map_images`.

    Returns
    -------
    list of length n of FieldCells or str
        A text is the reason for which an image could not be read or segmented.

    Examples
    --------
    >>> from leukofeat import as_sequence
    >>> from leukofeat.datasets import make_smears
    >>> images = make_smears(n_samples=2, random_state=0).images
    >>> first, second, third = find_cells(as_sequence([*images, "gone.png"]))
    >>> first.n_cells > 0, first.mask(images[0].shape).shape, "gone.png" in third
    (True, (224, 224), True)
    """
    stage = LeukocyteSegmenter() if segmenter is None else segmenter
    segmented = images.with_step(partial(segment_unless_given, stage.transform(images[:0].without_steps()).steps))
    keys = [None] * len(images) if memory is None else [_key(segmented, i) for i in range(len(images))]
    known = {} if memory is None else memory.get(key for key in keys if key is not None)
    found: list[Any] = [FieldCells(**known[key]) if key in known else None for key in keys]
    todo = [i for i, cells in enumerate(found) if cells is None]
    made = map_images(_find_in_one, segmented[todo], n_jobs=n_jobs, verbose=verbose, description=description)
    for i, cells in zip(todo, made, strict=True):
        found[i] = cells
    if memory is not None:
        new = {
            key: found[i]._asdict() for i in todo if (key := keys[i]) is not None and isinstance(found[i], FieldCells)
        }
        memory.put(new, "cells", describe(segmented.steps))
    return found


def segment_unless_given(steps: tuple[Step, ...], smear: Smear) -> Smear:
    """The record with label maps: its own, or those of the steps."""
    for step in () if smear.is_segmented else steps:
        smear = take_step(step, smear)
    return smear


def _key(segmented: ImageSequence, i: int) -> str | None:
    content = segmented.content(i)
    try:
        return None if content is None else digest("cells", environment(), content, segmented.steps)
    except TypeError:
        return None


def _find_in_one(images: ImageSequence, i: int) -> FieldCells | str:
    try:
        smear = images.smear(i)
        mask = smear.region("cell") > 0
        return FieldCells(smear.n_cells, background_color(smear.image), np.packbits(mask))
    except ValueError as error:  # of the image, in words of our own
        return str(error)
    except Exception as error:  # of a segmenter of one's own
        return f"{type(error).__name__}: {error}"
