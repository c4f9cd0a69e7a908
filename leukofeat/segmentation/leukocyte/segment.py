"""Leukocytes of any stain, magnification and crowding: what comes in, and what is handed out at full size."""

from typing import Any, ClassVar, NamedTuple

import numpy as np

from leukofeat.base import ImageStage
from leukofeat.constraints import Number, Real, check
from leukofeat.content.padding import find_content
from leukofeat.content.view import view_box
from leukofeat.dropped import Dropped
from leukofeat.parallel import note_image
from leukofeat.segmentation.leukocyte.debris import dropped_bodies
from leukofeat.segmentation.leukocyte.dyes import in_usual_dyes
from leukofeat.segmentation.leukocyte.first_look import look
from leukofeat.segmentation.leukocyte.frame import enlarged, in_even_light, orientation, with_slide_around
from leukofeat.segmentation.leukocyte.odd_colors import note_of_colors
from leukofeat.segmentation.leukocyte.refine import refined
from leukofeat.segmentation.leukocyte.rim import without_rims
from leukofeat.segmentation.leukocyte.steps import find_dyes, outline
from leukofeat.segmentation.leukocyte.surroundings import Surroundings
from leukofeat.segmentation.stage import note_redrawn
from leukofeat.smear import Smear

DIAMETER = Number(Real, 0, above=True)
LEAST_SIDE = 8  # pixels of a side below which an image holds no cell


def segment_leukocytes(
    image: np.ndarray, *, diameter: float | None = None, fine: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Find the leukocytes of a crop or a field, each with its nucleus and its whole cell.

    Nothing is learned and nothing is set per data set. The steps, each with the physics it rests on:

    0. Light: bars around an image are taken off. Where the light falls by three tenths or more to a side or to the corners, or the slide is dim, it is
       divided out, as a dome fitted to the empty slide. What is around a round field of view is slide.
    1. Planes: optical density against the empty slide, whose colour and shading are estimated from the image. Nuclei take up
       azure dyes, which absorb green but hardly blue; haemoglobin and eosin absorb both. Green minus 1.75 times blue is
       therefore high in nuclei and near zero in red cells. Where it is not (a blue or teal slide, a camera that drains colour), the two dyes of
       the image are told by their densities and brought to the usual ones, and what is outlined better counts. Weak ones (a short stain, stray light, an
       image that is washed out) are made stronger by one factor, up to 3.2, where that shows cells more surely, and strong ones (contrast or saturation turned up)
       weaker where that loses red cells; unless `fine`, where nothing was found.
    2. Cores: in the component tree of this stain, every body at the level at which its own outline is sharpest,
       whatever else is in the image; clumps are cut at their necks.
    3. Cells: around each core, colours near it against colours far from it, and the star-shaped outline that has the
       most evidence inside and edges along it, by dynamic programming; colours and outline in turns. Where one cell fills the image, as one
       cut out by its box, what is far from the nucleus is cytoplasm, and the corners tell what is outside (if `fine`).
    4. Lobes of one nucleus are joined when the gaps in their common hull are filled by their own cell, unless together
       they hold more stain (DNA) than the solitary nuclei of the field, or are larger, measured in red cells, than any nucleus in
       a cell that is long, larger than any or cut by the frame; or three cores are larger than red cells each.
       In a close crop red cells are slices, which tell no size: there, lobes that the frame cuts leave half of their cell to the cytoplasm.
       What the frame no more than touches (a disc may lack a thirtieth of its width) counts as whole.
    5. Nuclei: Otsu's threshold on the stain of each cell, then a linear discriminant on its colours. Where the outline is
       no sharper than the texture of the chromatin, other answers are heard, and the sharpest and most convex wins: a nucleus
       paler than a dark rim of cytoplasm, one told by its violet hue, which basophilic cytoplasm has not, or by how magenta it is for
       its darkness, or a cell that is nucleus all over. As far as its outline is that of the cell, it says nothing of where the nucleus ends (if `fine`). Where a nucleus nearly fills its cell, pixels of mixed colours count for neither.
    6. Cells again around these nuclei, twice: boldly and shyly. What only the bold outline takes in is given up when it
       has the colour of the red cells, and so is what holds next to no stain and fades, around a cell that is all nucleus: plasma,
       or what granules that burst have let out. Cytoplasm goes all around a nucleus, and so does the dark rim of a basophilic cell.
       The outlines of nuclei are drawn once more at full size.
    7. Bodies with too little stain for a nucleus, or too small against the red cells, are dropped (platelets,
       precipitate). What the frame touches or cuts is reported, and so is what bars or an eyepiece cut, as `Smear.touches_border` tells.

    Parameters
    ----------
    image : (H, W, 3) uint8
        RGB.
    diameter : float, optional
        Typical diameter of a nucleus in pixels; estimated from the image when not given.
    fine : bool, default=True
        Whether cells are outlined as a person does it: see `LeukocyteSegmenter`.

    Returns
    -------
    nuclei, cells : (H, W) int32
        Background 0; cell i holds nucleus i, for i = 1..n. Both are all 0 where no leukocyte is found.

    Raises
    ------
    ValueError
        If the image is not (H, W, 3) uint8, `diameter` not positive, or `fine` no bool.

    Notes
    -----
    Turning the image by 90 degrees or mirroring it turns or mirrors the regions exactly. Time grows linearly with
    pixels and cells: nuclei of more than 68 pixels are looked at in a reduced image. Black surroundings, as in cells that
    were published cut out (C-NMC 2019) or outside a round field of view, count as empty slide: of a usual colour around a cell, of the image's own around a
    view, which is nearly as large as the image and of a shape that hardly any cell has (`leukofeat.content.view`).

    Nuclei are told by their colour against what is around them. In an image without any colour, as of a grey camera, they are told by their
    density, where it is 1.6 times that of the rest in the mean; that is less sure, and fields of dark red cells show none. No cell is found
    where less than about a fifth of the image lies outside of nuclei, as in a square cut to 0.9 diameters of a nucleus.

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
    found = find_leukocytes(image, diameter=diameter, fine=fine)
    return found.nuclei, found.cells


class Leukocytes(NamedTuple):
    """The leukocytes of an image of (H, W) pixels."""

    nuclei: np.ndarray  # (H, W) int32, nucleus i in cell i, for i = 1..n
    cells: np.ndarray  # (H, W) int32
    confidence: np.ndarray  # (n,) float64, 0 to 1
    dropped: tuple[Dropped, ...]  # bodies that were seen and are not reported, and why


def find_leukocytes(
    image: np.ndarray,
    *,
    diameter: float | None = None,
    fine: bool = True,
    surroundings: Surroundings | None = None,
) -> Leukocytes:
    """Find leukocytes as `segment_leukocytes` does, with how sure each is and what was seen and not reported.

    Parameters
    ----------
    image : (H, W, 3) uint8
        RGB.
    diameter : float, optional
        Typical diameter of a nucleus in pixels; estimated from the image when not given.
    fine : bool, default=True
        Whether cells are outlined as a person does it: see `LeukocyteSegmenter`.
    surroundings : Surroundings, optional
        What is known of the field that the image is a part of, in place of what the image would tell. Its `diameter` takes the place of
        `diameter` in the first look.

    Returns
    -------
    Leukocytes
        Confidence is e / (1 + e), where e is how sharp the outline of the nucleus is within its cell, in units of its own
        texture, times its convexity, and less where little of it runs within the cell; it is lower for a cell that is not convex, or across whose outline colours go on, and for a nucleus larger than any in red cells.
        It ranks cells, and is no probability. It is that of the outline before `fine` draws it once more.

    Raises
    ------
    ValueError
        If the image is not (H, W, 3) uint8, `diameter` not positive, or `fine` no bool.

    Examples
    --------
    >>> import cv2
    >>> image = np.full((120, 120, 3), (240, 236, 244), np.uint8)
    >>> image = cv2.circle(image, (60, 60), 30, (200, 190, 225), -1)
    >>> image = cv2.circle(image, (62, 58), 18, (90, 50, 150), -1)
    >>> found = find_leukocytes(image)
    >>> found.confidence.shape, bool(found.confidence[0] > 0.8), found.dropped
    ((1,), True, ())
    """
    image = np.asarray(image)
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(f"image must be (H, W, 3) uint8 RGB, not {image.shape} {image.dtype}")
    if diameter is not None:
        check("diameter", diameter, DIAMETER)
    check("fine", fine, "boolean")
    if min(image.shape[:2]) < LEAST_SIDE:
        return _nothing(image)
    content = find_content(image)
    box = None if content is None else view_box(content)
    if box is not None:
        within = find_leukocytes(image[box], diameter=diameter, fine=fine, surroundings=surroundings)
        return _placed(within, box, image.shape[:2])
    turn, back = orientation(image)
    image = turn(image)
    content = None if content is None else turn(content.view(np.uint8)).view(bool)
    if surroundings is None:
        image = in_even_light(image, content)
    if content is not None:
        image = with_slide_around(image, content)
    if surroundings is None:
        found, _ = find_dyes(image, diameter, fine=fine)
    else:
        image = in_usual_dyes(image, surroundings.dyes)
        seen = look(image, surroundings.diameter, surroundings.background)
        found = outline(image, seen, diameter, surroundings, fine=fine)
    if found is None:
        return _nothing(back(image))
    nuclei, cells = found.nuclei, found.cells
    if nuclei.shape != image.shape[:2]:
        size, scale = image.shape[1::-1], nuclei.shape[1] / image.shape[1]
        nuclei, cells = enlarged(nuclei, size), enlarged(cells, size)
        nuclei[nuclei != cells] = 0
        if fine:
            nuclei = refined(nuclei, cells, image, scale)
    if fine:
        nuclei = without_rims(nuclei, cells, image)
    return Leukocytes(back(nuclei), back(cells), found.confidence, dropped_bodies(found.debris, image.shape[:2], back))


def _placed(found: Leukocytes, box: tuple[slice, slice], shape: tuple[int, int]) -> Leukocytes:
    """What was found in a part of an image, in the whole."""
    nuclei, cells = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
    nuclei[box], cells[box] = found.nuclei, found.cells
    top, left = (side.start for side in box)
    return found._replace(
        nuclei=nuclei,
        cells=cells,
        dropped=tuple(each._replace(row=each.row + top, column=each.column + left) for each in found.dropped),
    )


def _nothing(image: np.ndarray) -> Leukocytes:
    return Leukocytes(np.zeros(image.shape[:2], np.int32), np.zeros(image.shape[:2], np.int32), np.zeros(0), ())


class LeukocyteSegmenter(ImageStage):
    """Find leukocytes, each with its nucleus and its whole cell, in crops and in fields of any stain.

    Parameters
    ----------
    diameter : float, optional
        Typical diameter of a nucleus in pixels; estimated from each image when not given.
    fine : bool, default=True
        Whether cells are outlined as a person does it: whole, also where one fills the image, and without the pale halo that may surround one
        that is all nucleus; and nuclei once more at full size, where a large image was looked at reduced, and without the dark rim of a basophilic cell, which is cytoplasm
        where it lies against the nucleus, too. N:C is right then. The rim has the colours of both, though: where cytoplasm is told by
        its colour, it is better left to the nucleus.

    Warns
    -----
    UserWarning
        For images without colour, those of a grey camera, in which no cell is found, and for images whose channels seem to be in the order blue, green,
        red, in which `cv2.imread` gives them.

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

    _parameter_constraints: ClassVar[dict[str, Any]] = {"diameter": [DIAMETER, None], "fine": ["boolean"]}

    def __init__(self, *, diameter: float | None = None, fine: bool = True) -> None:
        self.diameter = diameter
        self.fine = fine

    def apply(self, smear: Smear) -> Smear:
        note_redrawn(self, smear)
        found = find_leukocytes(smear.image, diameter=self.diameter, fine=self.fine)
        note = note_of_colors(smear.image, found.nuclei, found.cells)
        if note is not None:
            note_image(smear.source or "an image", note)
        return smear.replace(**found._asdict())
