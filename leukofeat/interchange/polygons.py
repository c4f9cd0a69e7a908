"""Label maps to polygons along the edges of pixels, and polygons back to label maps."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from skimage.measure import label

from leukofeat.decode import ImageError
from leukofeat.decode.limits import VARIABLE
from leukofeat.interchange.maps import LabelMaps
from leukofeat.kernels.regions.outlines import fill, trace
from leukofeat.label_maps import number_labels
from leukofeat.parallel import note_image
from leukofeat.segmentation.match import match_labels

Polygon = list[np.ndarray]  # an outer ring and its holes, each (n, 2), x and y, not closed

_FARTHEST = 2.0**30  # pixels; greater coordinates are damage
_STACKED = 50, 10_000_000  # times a picture's own pixels that its objects may cover in all, and as many beside that

OVERLAP = "objects overlap; a pixel in two of them belongs to the later one in the file"
OUTSIDE = "some objects hold no pixel's centre of the image, or lie below others, and are left out"


class Outline(NamedTuple):
    """One cell as another tool draws it; what it does not say is None, and so is the cell of a nucleus that names none.

    Examples
    --------
    >>> Outline(cell=[[np.array([[0, 0], [2, 0], [2, 2]])]]).number is None
    True
    """

    cell: list[Polygon] | None
    nucleus: list[Polygon] | None = None
    number: int | None = None
    confidence: float | None = None
    kind: str | None = None


def trace_labels(labels: np.ndarray) -> list[list[Polygon]]:
    """Polygons of each label of a map: simple, with holes, one for each 4-connected part.

    Parameters
    ----------
    labels : ndarray of shape (height, width), dtype int32
        Numbered 1 to n.

    Returns
    -------
    list of length n
        Polygons of label i + 1. Corners lie at whole numbers, pixel (0, 0) reaching from 0 to 1; outer rings have a positive area, holes
        a negative one. :func:`paint` of them is the map itself.

    Examples
    --------
    >>> trace_labels(np.array([[0, 1], [2, 1]], np.int32))[0][0][0].tolist()
    [[1, 0], [2, 0], [2, 2], [1, 2]]
    """
    framed = np.pad(labels, 1)
    parts = label(framed, connectivity=1).astype(np.int32)
    nothing = np.empty((0, 2), np.int32), np.empty((0, 2), np.int64)
    n_points, n_loops = trace(parts, *nothing)
    points, loops = np.empty((n_points, 2), np.int32), np.empty((n_loops, 2), np.int64)
    trace(parts, points, loops)
    rings = np.split(points, loops[1:, 0]) if n_loops else []
    owners, places = framed.ravel()[loops[:, 1]].tolist(), parts.ravel()[loops[:, 1]].tolist()
    found: list[list[Polygon]] = [[] for _ in range(int(labels.max(initial=0)))]
    of_part: dict[int, Polygon] = {}
    for ring, owner, part in zip(rings, owners, places, strict=True):
        if part in of_part:
            of_part[part].append(ring)
        else:
            of_part[part] = [ring]
            found[owner - 1].append(of_part[part])
    return found


def paint(objects: Sequence[Iterable[Polygon]], shape: tuple[int, int]) -> tuple[np.ndarray, int]:
    """Label map of objects, each of some polygons, and how many pixels lie in two of them.

    A pixel belongs to a polygon whose inside its centre lies in, by the even-odd rule over the polygon's rings; an object is all that its
    polygons hold; where two objects meet, the later one lies above.

    Parameters
    ----------
    objects : sequence of n lists of polygons
    shape : (height, width)

    Returns
    -------
    labels : ndarray of shape (height, width), dtype int32
        Object i is i + 1.
    n_covered : int

    Raises
    ------
    ValueError
        For coordinates that are no finite numbers or far outside of any image, and objects that lie above each other too many times.

    Examples
    --------
    >>> paint([[[np.array([[0, 0], [2, 0], [2, 1], [0, 1]])]]], (2, 3))[0].tolist()
    [[1, 1, 0], [0, 0, 0]]
    """
    rings: list[np.ndarray] = []
    first, values = [0], []
    for number, polygons in enumerate(objects, 1):
        for polygon in polygons:
            rings += polygon
            first.append(len(rings))
            values.append(number)
    labels = np.zeros(shape, np.int32)
    if not rings:
        return labels, 0
    points = np.concatenate(rings).astype(np.float64)
    if not (np.abs(points) < _FARTHEST).all():
        raise ValueError("has coordinates that are no numbers, or lie millions of pixels from the image")
    starts = np.append(0, np.cumsum([len(ring) for ring in rings]))
    _check_work(points, starts, shape)
    n = fill(points, starts, np.array(first, np.int64), np.array(values, np.int32), labels)
    return labels, int(n)


def _check_work(points: np.ndarray, starts: np.ndarray, shape: tuple[int, int]) -> None:
    """Raise where few bytes would be painted over the picture again and again."""
    height, width = shape
    begins = starts[:-1][np.diff(starts) > 0]
    if not len(begins):
        return
    low = np.clip(np.minimum.reduceat(points, begins), 0, (width, height))
    high = np.clip(np.maximum.reduceat(points, begins), 0, (width, height))
    crossed = np.abs(np.diff(np.clip(points[:, 1], 0, height))).sum()
    if np.prod(high - low, axis=1).sum() + crossed > _STACKED[0] * height * width + _STACKED[1]:
        raise ValueError(
            f"has objects that cover the {width} x {height} pixels of the image more than {_STACKED[0]} times, as no cells do"
        )


def maps_of(outlines: Sequence[Outline], shape: tuple[int, int], name: str) -> LabelMaps:
    """Label maps of what a file holds.

    A cell keeps its number where it has one above 0 that no earlier cell has; others get the next numbers above all of those. Of a
    nucleus, what lies in its cell counts. Nuclei that name no cell go to cells as :func:`~leukofeat.segmentation.match_labels` has it, or are
    cells of their own where there are no others.

    Raises
    ------
    ImageError
        As :func:`paint`, with the file's name.

    Examples
    --------
    >>> square = [[np.array([[0, 0], [1, 0], [1, 1], [0, 1]])]]
    >>> maps_of([Outline(square, number=7)], (1, 2), "a.geojson").label_ids
    array([7])
    """
    check_shape(shape)
    loose = [outline for outline in outlines if outline.cell is None]
    if len(loose) == len(outlines):
        loose, outlines = [], [outline._replace(cell=outline.nucleus) for outline in outlines]
    outlines = [outline for outline in outlines if outline.cell is not None]
    try:
        cells, n_covered = paint([outline.cell or [] for outline in outlines], shape)
        nuclei, _ = paint([outline.nucleus or [] for outline in outlines], shape)
        apart, _ = paint([outline.nucleus or [] for outline in loose], shape)
    except ValueError as error:
        raise ImageError(f"{name}: {error}; is it of this image? Export it again.") from error
    if n_covered:
        note_image(name, OVERLAP)
    nuclei[nuclei != cells] = 0
    confidence = [np.nan if outline.confidence is None else outline.confidence for outline in outlines]
    kinds = [outline.kind for outline in outlines]
    maps = LabelMaps(nuclei, cells, _numbers(outlines), confidence, kinds)
    if len(maps.label_ids) < len(outlines):
        note_image(name, OUTSIDE)
    return _joined(maps, apart, name) if loose else maps


def pair_up(cells: Sequence[Outline], nuclei: Sequence[Outline]) -> list[Outline]:
    """Cells with the nuclei of their numbers, then the nuclei that are left.

    Examples
    --------
    >>> [outline.nucleus for outline in pair_up([Outline([], number=3)], [Outline(None, [], 3), Outline(None, [], 4)])]
    [[], []]
    """
    of_number: dict[int | None, Outline] = {}
    for nucleus in nuclei:
        of_number.setdefault(nucleus.number, nucleus)
    of_number.pop(None, None)
    paired = []
    for cell in cells:
        nucleus_of_it = of_number.pop(cell.number, None)
        paired.append(cell if nucleus_of_it is None else cell._replace(nucleus=nucleus_of_it.nucleus))
    taken = {id(one) for one in nuclei} - {id(one) for one in of_number.values()}
    loose = [one for one in nuclei if id(one) not in taken or one.number is None]
    return paired + loose


def _joined(maps: LabelMaps, apart: np.ndarray, name: str) -> LabelMaps:
    """Label maps with nuclei that were drawn apart from their cells."""
    numbers, _ = number_labels(np.where(apart > 0, apart + len(maps.label_ids), maps.nuclei))
    try:
        nuclei, cells = match_labels(numbers, maps.cells)
    except ValueError as error:
        raise ImageError(f"{name}: {error}") from error
    alone = int(cells.max(initial=0)) - len(maps.label_ids)
    names = np.append(maps.label_ids, maps.label_ids.max(initial=0) + 1 + np.arange(alone))
    unknown = np.append(maps.confidence, np.full(alone, np.nan))
    return LabelMaps(nuclei, cells, names, unknown, [*(maps.classes or ()), *[None] * alone])


def check_shape(shape: tuple[int, int]) -> None:
    """Raise ValueError for what is no (height, width), as that of an image with its colours.

    Examples
    --------
    >>> check_shape((224, 224))
    """
    if len(shape) != 2 or min(shape) < 1:
        raise ValueError(
            f"shape is {tuple(shape)}; it is (height, width) of the image that the cells are of, as image.shape[:2]."
        )


def _numbers(outlines: Sequence[Outline]) -> np.ndarray:
    taken: set[int] = set()
    numbers: list[int | None] = []
    for outline in outlines:
        known = outline.number if outline.number not in taken else None
        numbers.append(known)
        taken |= set() if known is None else {known}
    free = max(taken, default=0)
    for i, number in enumerate(numbers):
        if number is None:
            free += 1
            numbers[i] = free
    return np.array(numbers, np.int64)


def check_length(name: str, n_bytes: int, most: int) -> None:
    """Raise ImageError for a text so long that reading it takes all memory.

    Examples
    --------
    >>> check_length("cells.geojson", 2_000, 150_000_000)
    """
    if n_bytes > most:
        raise ImageError(
            f"{name}: {n_bytes:,} bytes are more than the {most:,} that are read; export each image by itself, or, where you trust it and "
            f"have the memory, set {VARIABLE} in the environment."
        )
