"""Leukocytes of any stain, magnification and crowding: nuclei and whole cells, without labels."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from leukofeat.base import ImageStage, check_number
from leukofeat.segmentation.leukocyte.cells import draw_nuclei, join_lobes, join_pairs, settle_cells
from leukofeat.segmentation.leukocyte.cores import (
    AZURE_FLOOR,
    Bodies,
    find_cores,
    mean,
    relabel,
    split_cores,
    typical_radius,
)
from leukofeat.segmentation.leukocyte.planes import Planes, make_planes
from leukofeat.segmentation.leukocyte.stain import red_cell_radius
from leukofeat.smear import Smear

__all__ = ["LeukocyteSegmenter", "segment_leukocytes"]

WORK_RADIUS = 34.0  # nuclear radius in pixels that images are reduced to
GLANCE = 50176  # pixels of a first look: 224 x 224
SEEN = 4.0  # nuclear radius in pixels that the first look has to find, or it looks closer
SMALL = 14.0  # nuclear radius in pixels under which chromatin shows no texture to smooth
SHRUNK = 0.5  # radius of a nucleus, against that of the red cells, at least
SPECK = 0.1  # stain, against the typical nucleus, under which a body is a platelet or debris
CUT_OUT = 0.02  # share of the image from which perfectly black pixels are no specks but what somebody has cut away
SLIDE = 235  # grey that stands in for an empty slide that has been cut away
PORTRAIT = 0.08  # share of the frame that the one whole cell in the middle of a portrait fills


def segment_leukocytes(image: np.ndarray, *, diameter: float | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Find the leukocytes of a crop or a field, each with its nucleus and its whole cell.

    Nothing is learned and nothing is set per data set. The steps, each with the physics it rests on:

    1. Optical density against the empty slide, whose colour and shading are estimated from the image. Nuclei take up
       azure dyes, which absorb green but hardly blue; haemoglobin and eosin absorb both. Green minus 1.75 times blue is
       therefore high in nuclei, under any stain, and near zero in red cells.
    2. Cores: in the component tree of this stain, every body at the level at which its own outline is sharpest,
       whatever else is in the image; clumps are cut at their necks.
    3. Cells: around each core, colours near it against colours far from it, and the star-shaped outline that has the
       most evidence inside and edges along it, by dynamic programming; colours and outline in turns.
    4. Lobes of one nucleus are joined when the gaps in their common hull are filled by their own cell, unless together
       they hold more stain (DNA) than the solitary nuclei of the field.
    5. Nuclei: Otsu's threshold on the stain of each cell, then a linear discriminant on its colours.
    6. Cells again around these nuclei, twice: boldly and shyly. What only the bold outline takes in is given up when it
       has the colour of the red cells.
    7. Bodies with too little stain for a nucleus, or too small against the red cells, are dropped (platelets,
       precipitate). In a portrait, one whole cell in the middle, so are cells that the frame cuts.

    Parameters
    ----------
    image : (H, W, 3) uint8
        RGB.
    diameter : float, optional
        Typical diameter of a nucleus in pixels; estimated from the image when not given.

    Returns
    -------
    nuclei, cells : (H, W) int32
        Background 0; cell i holds nucleus i, for i = 1..n. Both are all 0 where no leukocyte is found.

    Raises
    ------
    ValueError
        If the image is not (H, W, 3) uint8, or `diameter` not positive.

    Notes
    -----
    Turning the image by 90 degrees or mirroring it turns or mirrors the regions exactly. Time grows linearly with
    pixels and cells: nuclei of more than 68 pixels are looked at in a reduced image. Black surroundings, as in cells that
    were published cut out (C-NMC 2019) or outside a round field of view, count as empty slide.

    Examples
    --------
    >>> import cv2
    >>> image = np.full((120, 120, 3), (240, 236, 244), np.uint8)
    >>> image = cv2.circle(image, (60, 60), 30, (200, 190, 225), -1)
    >>> image = cv2.circle(image, (62, 58), 18, (90, 50, 150), -1)
    >>> nuclei, cells = segment_leukocytes(image)
    >>> int(nuclei.max()), bool((cells[nuclei > 0] == 1).all())
    (1, True)
    """
    image = np.asarray(image)
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(f"image must be (H, W, 3) uint8 RGB, not {image.shape} {image.dtype}")
    if diameter is not None and not diameter > 0:
        raise ValueError(f"diameter must be positive, not {diameter}")
    h, w = image.shape[:2]
    if min(h, w) < 8:
        return np.zeros((h, w), np.int32), np.zeros((h, w), np.int32)
    image = _on_slide(image)
    turn = _orientation(image)
    nuclei, cells = _segment(np.ascontiguousarray(turn(image)), diameter)
    if nuclei.shape != turn(image).shape[:2]:
        size = turn(image).shape[1::-1]
        nuclei, cells = _enlarge(nuclei, size), _enlarge(cells, size)
        nuclei[nuclei != cells] = 0
    nuclei, cells = (np.ascontiguousarray(turn(labels, back=True)) for labels in (nuclei, cells))
    return nuclei, cells


def _segment(image: np.ndarray, diameter: float | None) -> tuple[np.ndarray, np.ndarray]:
    """Nuclei and cells at the working scale."""
    planes, cores = _look(image, diameter)
    if not cores.any():
        return cores, cores
    red = red_cell_radius(planes.contrast, planes.azure, 12.0, AZURE_FLOOR, 0.03)
    bodies = _drop_debris(split_cores(cores, planes.azure), red)
    if bodies.n == 0:
        return bodies.labels, bodies.labels
    bodies, cells, limit = join_lobes(bodies, planes)
    bodies = Bodies.measure(draw_nuclei(cells, bodies.labels, planes), planes.azure, bodies.n)
    bodies = _drop_debris(join_pairs(bodies, cells, planes.azure, limit), red)
    if bodies.n == 0:
        return bodies.labels, bodies.labels
    cells = settle_cells(bodies, planes)
    return _select(draw_nuclei(cells, bodies.labels, planes), cells, planes.azure)


def _on_slide(image: np.ndarray) -> np.ndarray:
    """The image, with black surroundings replaced by empty slide."""
    black = cv2.inRange(image, (0, 0, 0), (0, 0, 0))
    if cv2.countNonZero(black) < CUT_OUT * black.size:
        return image
    return np.where(black[..., None] > 0, np.uint8(SLIDE), image)


def _orientation(image: np.ndarray) -> Callable[..., np.ndarray]:
    """Turn or mirror that brings an image to a standard orientation: landscape, more light to the right and below.

    What breaks ties by position later on then breaks them alike in all eight orientations of the same image.
    """
    green = cv2.extractChannel(image, 1)
    h, w = green.shape
    columns, rows = (cv2.reduce(green, axis, cv2.REDUCE_SUM, dtype=cv2.CV_32S).ravel() for axis in (0, 1))
    right, below = int(columns @ np.arange(1 - w, w, 2)), int(rows @ np.arange(1 - h, h, 2))
    flips = tuple(axis for axis, weight in ((0, below), (1, right)) if weight < 0)
    swap = h > w or (h == w and abs(below) > abs(right))

    def turn(array: np.ndarray, back: bool = False) -> np.ndarray:
        if back:
            return np.flip(array.swapaxes(0, 1) if swap else array, flips)
        array = np.flip(array, flips)
        return array.swapaxes(0, 1) if swap else array

    return turn


def _drop_debris(bodies: Bodies, red: float) -> Bodies:
    """Drop bodies too small for a nucleus: by their stain against the others, by their radius against the red cells'."""
    return bodies.keep(_stained(bodies) & (np.sqrt(bodies.area / np.pi) >= SHRUNK * red))


def _stained(bodies: Bodies) -> np.ndarray:
    return bodies.stain >= SPECK * mean(bodies.stain, np.maximum(bodies.stain, 1))


def _reduced(image: np.ndarray, scale: float) -> np.ndarray:
    if scale >= 1:
        return image
    h, w = image.shape[:2]
    size = (max(8, round(w * scale)), max(8, round(h * scale)))
    return cv2.resize(image, size, interpolation=cv2.INTER_LINEAR if scale > 0.5 else cv2.INTER_AREA)


def _look(image: np.ndarray, diameter: float | None) -> tuple[Planes, np.ndarray]:
    """Planes and cores at a scale at which the nuclei have the working radius or less."""
    if diameter is None:
        glance = min(1.0, float(np.sqrt(GLANCE / (image.shape[0] * image.shape[1]))))
        while True:
            planes = make_planes(_reduced(image, glance))
            cores = find_cores(planes, 0.0)
            enough = SMALL if glance == 1 else 0.0
            radius = typical_radius(cores, planes.azure, enough) / glance if cores.any() else 0.0
            if glance == 1 or radius * glance >= SEEN:
                break
            glance = min(1.0, 2 * glance)
        if not cores.any():
            return planes, cores
    else:
        glance, radius = 0.0, diameter / 2
    scale = min(1.0, WORK_RADIUS / radius)
    if scale == glance and radius < SMALL:
        return planes, cores
    if scale != glance:
        planes = make_planes(_reduced(image, scale))
    cores = find_cores(planes, radius * scale)
    return planes, cores


def _select(nuclei: np.ndarray, cells: np.ndarray, azure: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Drop debris, and in a portrait of one cell whatever the frame cuts."""
    h, w = nuclei.shape
    table = Bodies.measure(cells, azure).table
    keep = _stained(Bodies.measure(nuclei, azure, len(table)))
    cut = table[:, 9] > 0
    middle = table[:, 1:3] / np.maximum(table[:, :1], 1) - [(h - 1) / 2, (w - 1) / 2]
    off = np.hypot(middle[:, 0], middle[:, 1])
    central = (table[:, 0] >= PORTRAIT * h * w) & (off < 0.2 * min(h, w)) & keep
    if central.sum() == 1 and (cut | central | ~keep).all():
        keep &= central
    return relabel(nuclei, keep), relabel(cells, keep)


def _enlarge(labels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Labels at full size, with the union's outline interpolated; only the box that holds them is worked on."""
    out = np.zeros(size[::-1], np.int32)
    x, y, w, h = cv2.boundingRect((labels > 0).astype(np.uint8))
    if w == 0:
        return out
    scale = np.array([size[0] / labels.shape[1], size[1] / labels.shape[0]])
    low = np.maximum(np.floor(scale * (x - 2, y - 2)), 0).astype(int)
    high = np.minimum(np.ceil(scale * (x + w + 2, y + h + 2)), size).astype(int)
    # pixel centres of the box, in the small image
    where = np.column_stack([np.diag(1 / scale), (low + 0.5) / scale - 0.5])

    def sample(plane: np.ndarray, how: int) -> np.ndarray:
        flags = how | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(plane, where, (high - low).tolist(), flags=flags, borderMode=cv2.BORDER_REPLICATE)

    union = sample(cv2.GaussianBlur((labels > 0).astype(np.float32), (0, 0), 0.8), cv2.INTER_LINEAR)
    wider = cv2.dilate(labels.astype(np.float32), np.ones((3, 3), np.uint8))
    owner = sample(np.where(labels > 0, labels, wider).astype(np.float32), cv2.INTER_NEAREST)
    out[low[1] : high[1], low[0] : high[0]] = np.where(union > 0.5, owner, 0)
    return out


class LeukocyteSegmenter(ImageStage):
    """Find leukocytes, each with its nucleus and its whole cell, in crops and in fields of any stain.

    Parameters
    ----------
    diameter : float, optional
        Typical diameter of a nucleus in pixels; estimated from each image when not given.

    See Also
    --------
    segment_leukocytes : The function behind it, with how it works.

    Examples
    --------
    >>> import cv2, numpy as np
    >>> from leukofeat.segmentation.leukocyte.segment import LeukocyteSegmenter
    >>> image = np.full((120, 120, 3), (240, 236, 244), np.uint8)
    >>> image = cv2.circle(image, (60, 60), 18, (90, 50, 150), -1)
    >>> LeukocyteSegmenter().transform([image])[0]
    Smear(120x120, 1 cell)
    """

    def __init__(self, *, diameter: float | None = None) -> None:
        self.diameter = diameter

    def check_params(self) -> None:
        if self.diameter is not None:
            check_number("diameter", self.diameter, low=np.nextafter(0, 1))

    def apply(self, smear: Smear) -> Smear:
        nuclei, cells = segment_leukocytes(smear.image, diameter=self.diameter)
        return smear.replace(nuclei=nuclei, cells=cells)
