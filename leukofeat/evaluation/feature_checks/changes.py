"""What is done to a segmented image to see whether a column moves: the leukocytes stay the ones they are."""

import zlib
from collections.abc import Callable

import numpy as np

from leukofeat.evaluation.optics import OPTICAL_CHANGES, magnify
from leukofeat.opencv import cv2
from leukofeat.preprocessing import background_color
from leukofeat.smear import Smear

LIGHT, STAIN = 0.8, 1.25  # of the catalogue's page
_CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)


class Change:
    """A change by its name, as a step of an image sequence; what is random in it depends on the image and the seed alone.

    Examples
    --------
    >>> smear = Smear(np.full((4, 6, 3), 200, np.uint8), np.eye(4, 6, dtype=np.int32))
    >>> Change("turned 90°")(smear), Change("light")(smear).image.max()
    (Smear(4x6, 1 cell), np.uint8(160))
    """

    def __init__(self, name: str, seed: int = 0) -> None:
        self.name = name
        self.seed = seed

    def __call__(self, smear: Smear) -> Smear:
        """The changed record; the label ids still say which cell is which."""
        return CHANGES[self.name](smear, np.random.default_rng([self.seed, zlib.crc32(smear.image.data)]))


def renumber(smear: Smear) -> Smear:
    """The same cells, numbered from the last to the first.

    Examples
    --------
    >>> cells = np.array([[1, 0, 2]])
    >>> other = renumber(Smear(np.zeros((1, 3, 3), np.uint8), cells))
    >>> other.cells.tolist(), other.label_ids.tolist()
    ([[2, 0, 1]], [2, 1])
    """
    number = np.append(0, np.arange(smear.n_cells, 0, -1)).astype(np.int32)
    nuclei, cells = number[smear.region("nucleus")], number[smear.region("cell")]
    return smear.replace(nuclei=nuclei, cells=cells, label_ids=np.asarray(smear.label_ids)[::-1])


def move_outlines(smear: Smear, region: str, pixels: int) -> Smear:
    """Nuclei or cells one pixel larger (+1) or smaller (-1) all around, by the cross of four neighbours.

    Parameters
    ----------
    smear : Smear
    region : {"nucleus", "cell"}
        A nucleus that grows takes its cell along; one whose cell shrinks is cut off.
    pixels : {-1, 1}

    Returns
    -------
    Smear
        No object grows into another; a cell that is gone is missing from the label maps and ids.

    Examples
    --------
    >>> cells = np.zeros((5, 5), np.int32); cells[1:4, 1:4] = 1
    >>> smear = Smear(np.zeros((5, 5, 3), np.uint8), cells)
    >>> [int((move_outlines(smear, "cell", by).cells > 0).sum()) for by in (-1, 1)]
    [1, 21]
    """
    nuclei, cells = smear.region("nucleus"), smear.region("cell")
    grown = nuclei if region == "nucleus" else cells
    if pixels > 0:
        wider = cv2.dilate(grown.astype(np.float32), _CROSS).astype(np.int32)
        free = (grown == 0) & ((cells == 0) | ((cells == wider) & (nuclei == 0)))
        grown = np.where(free, wider, grown)
    else:
        # a label stays where no neighbour is another one; outside the image goes on as its edge
        least, most = (f(grown.astype(np.float32), _CROSS) for f in (cv2.erode, cv2.dilate))
        grown = np.where((least == most), grown, 0)
    if region == "nucleus":
        nuclei = grown
        cells = np.where((cells == 0) & (nuclei > 0), nuclei, cells)
    else:
        cells = grown
        nuclei = np.where(nuclei == cells, nuclei, 0)
    return smear.replace(nuclei=nuclei, cells=cells, **smear.of_cells)


def magnify_outlines(smear: Smear, factor: float) -> Smear:
    """The same field at another magnification, the outlines drawn smoothly: no steps that a perimeter would count.

    Examples
    --------
    >>> magnify_outlines(Smear(np.zeros((8, 8, 3), np.uint8), np.ones((8, 8), int)), 1.25)
    Smear(10x10, 1 cell)
    """
    image = magnify(Smear(smear.image), factor).image
    shape = np.array(image.shape[:2])
    by = shape / smear.image.shape[:2]
    maps = []
    for name in ("nucleus", "cell"):
        labels, out = smear.region(name), np.zeros(shape, np.int32)
        for label, box in enumerate(smear.region_boxes(name)[:, :4], start=1):
            if box[2] <= box[0]:
                continue
            first = np.maximum(0, box[:2] - 4)
            window = labels[first[0] : box[2] + 4, first[1] : box[3] + 4]
            start = np.floor(first * by).astype(int)
            end = np.minimum(shape, np.ceil((first + window.shape) * by).astype(int))
            own = cv2.GaussianBlur((window == label).astype(np.float32), (0, 0), 0.8)
            shift = by * first + (by - 1) / 2 - start
            turn = np.array([[by[1], 0, shift[1]], [0, by[0], shift[0]]])
            size = tuple(int(side) for side in (end - start)[::-1])
            part = out[start[0] : end[0], start[1] : end[1]]
            part[(cv2.warpAffine(own, turn, size, borderMode=cv2.BORDER_REPLICATE) > 0.5) & (part == 0)] = label
        maps.append(out)
    nuclei, cells = maps
    nuclei = np.where(nuclei == cells, nuclei, 0)
    moved = smear.moved(np.array([[by[1], 0, (by[1] - 1) / 2], [0, by[0], (by[0] - 1) / 2]]), image.shape[:2])
    return smear.replace(image=image, nuclei=nuclei, cells=cells, **smear.of_cells | moved)


def _geometric(how: Callable[[np.ndarray], np.ndarray]) -> Callable[..., Smear]:
    def change(smear: Smear, rng: np.random.Generator) -> Smear:
        image, nuclei, cells = map(how, (smear.image, smear.region("nucleus"), smear.region("cell")))
        moved = smear.moved(np.eye(2, 3) * np.sqrt(image.size / smear.image.size), image.shape[:2]) | {"dropped": ()}
        return smear.replace(image=image, nuclei=nuclei, cells=cells, **smear.of_cells | moved)

    return change


def _tone(levels: np.ndarray) -> Callable[..., Smear]:
    table = np.clip(np.rint(levels), 0, 255).astype(np.uint8)
    return lambda smear, rng: smear.replace(image=table[smear.image])


def _lay_out(smear: Smear, rng: np.random.Generator) -> Smear:
    """Every array a window of a larger one in another order, and the label maps of another type."""

    def window(x: np.ndarray) -> np.ndarray:
        larger = np.zeros((x.shape[0] + 3, x.shape[1] + 5, *x.shape[2:]), x.dtype, order="F")
        larger[2:-1, 4:-1] = x
        return larger[2:-1, 4:-1]

    nuclei, cells = (window(smear.region(name).astype(np.int64)) for name in ("nucleus", "cell"))
    laid_out = Smear(window(smear.image), nuclei, cells, smear.source, smear.label_ids)
    return laid_out.replace(pixel_size=smear.pixel_size, known_scale=smear.given_scale)


def _plain(smear: Smear, rng: np.random.Generator) -> Smear:
    image = smear.image.copy()
    image[smear.region("cell") == 0] = np.rint(background_color(smear.image))
    return smear.replace(image=image)


_LEVELS = np.arange(256.0)
# must never matter
SAME: dict[str, Callable[..., Smear]] = {
    "numbering": lambda smear, rng: renumber(smear),
    "file name": lambda smear, rng: smear.replace(source="zz/another name.png"),
    "memory layout": _lay_out,
}
TURNS = {"turned 90°": _geometric(np.rot90), "turned 180°": _geometric(lambda x: np.rot90(x, 2))}
MIRRORS = {"mirrored": _geometric(np.fliplr)}
COLORS = {"light": _tone(LIGHT * _LEVELS), "stain": _tone(256 * ((_LEVELS + 1) / 256) ** STAIN - 1)}
MASKS = {
    f"{name} {'+' if by > 0 else '−'}1 px": lambda smear, rng, region=region, by=by: move_outlines(smear, region, by)
    for name, region in (("nuclei", "nucleus"), ("cells", "cell"))
    for by in (-1, 1)
}
BACKGROUND = {"plain background": _plain}
DOUBLED = {"doubled": _geometric(lambda x: x.repeat(2, axis=0).repeat(2, axis=1))}
MAGNIFIED = {f"magnification {factor}": factor for factor in (0.8, 1.25)}
_MAGNIFIED = {
    name: lambda smear, rng, factor=factor: magnify_outlines(smear, factor) for name, factor in MAGNIFIED.items()
}
# in the order in which they are shown
MOVES: dict[str, Callable[..., Smear]] = TURNS | MIRRORS | COLORS | OPTICAL_CHANGES | _MAGNIFIED | MASKS | BACKGROUND
CHANGES: dict[str, Callable[..., Smear]] = SAME | MOVES | DOUBLED
