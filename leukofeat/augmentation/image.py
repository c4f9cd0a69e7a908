"""Random alterations of one image: one map for everything that moves pixels, one table for everything that changes colours."""

from collections.abc import Mapping, Sequence

import numpy as np

from leukofeat.constraints import Number, OneOf, Real, SomeOf, check
from leukofeat.opencv import cv2
from leukofeat.smear import Smear, check_image

# Strength of each transform where none is given, and the largest that makes sense; drawn in this order.
TRANSFORMS: dict[str, tuple[float, float]] = {
    "pad": (0.1, 2.0),
    "crop": (0.1, 0.9),
    "flip": (0.5, 1.0),
    "rotation": (180.0, 180.0),
    "shear": (5.0, 60.0),
    "zoom": (0.1, 4.0),
    "shift": (0.05, 1.0),
    "brightness": (0.1, 0.9),
    "stain": (0.1, 0.9),
}
DEFAULT = ("flip", "rotation", "zoom", "shift", "brightness", "stain")


def augment_image(
    image: np.ndarray,
    transforms: Sequence[str] | Mapping[str, float] = DEFAULT,
    *,
    rng: np.random.Generator | int = 0,
) -> np.ndarray:
    """Randomly altered copy of an image, of the same size.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), dtype uint8
        RGB.
    transforms : sequence of names, or mapping of name to strength
        Each strength s has a default:

        - "pad" (0.1): margins of 0 to s of each side in the median colour of the border, brought back to the full size.
        - "crop" (0.1): a part of 1 - s to 1 of both sides, anywhere, brought back to the full size.
        - "flip" (0.5): left-right and top-bottom, each with probability s.
        - "rotation" (180): by -s to s degrees about the centre.
        - "shear" (5): by -s to s degrees along x.
        - "zoom" (0.1): by a factor from 1 / (1 + s) to 1 + s.
        - "shift" (0.05): by -s to s of the width and of the height.
        - "brightness" (0.1): light intensity times 1 - s to 1 + s.
        - "stain" (0.1): optical density of R, G and B, against 255, each times 1 - s to 1 + s.
    rng : Generator or int, default=0

    Returns
    -------
    ndarray of shape (height, width, 3), dtype uint8

    Notes
    -----
    All that moves pixels is composed into one map, so that the image is interpolated once (linear); what comes in from outside
    is mirrored.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.zeros((4, 4, 3), np.uint8); image[:, 0] = 200
    >>> augment_image(image, {"flip": 1.0})[0, :, 0].tolist()
    [0, 0, 0, 200]
    """
    return alter(Smear(check_image(image)), check_transforms(transforms), np.random.default_rng(rng)).image


def check_transforms(transforms: Sequence[str] | Mapping[str, float]) -> dict[str, float]:
    """Strength of each transform, in the order in which they are drawn; an error names the bad one."""
    if not isinstance(transforms, Mapping):
        check("transforms", transforms, SomeOf(*TRANSFORMS))
        transforms = {name: TRANSFORMS[name][0] for name in transforms}
    for name, strength in transforms.items():
        check("each of transforms", name, OneOf(*TRANSFORMS))
        check(f"transforms[{name!r}]", strength, Number(Real, 0, TRANSFORMS[name][1]))
    return {name: float(transforms[name]) for name in TRANSFORMS if name in transforms}


def alter(smear: Smear, strengths: Mapping[str, float], rng: np.random.Generator) -> Smear:
    """Altered copy of a record: the image, and with it the label maps, the size of a pixel and what was dropped.

    What was dropped is gone where its middle leaves the image, as a cell is.
    """
    height, width = smear.image.shape[:2]
    margins = _draw_margins(strengths.get("pad", 0.0), height, width, rng)
    matrix = _draw_matrix(strengths, margins, height, width, rng)
    table = _draw_table(strengths, rng)
    moved = not np.array_equal(matrix, np.eye(3))
    image = smear.image
    if moved:
        border = np.median(np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]]), axis=0)
        image = _warp(image, margins, matrix, border.tolist(), cv2.INTER_LINEAR, cv2.BORDER_REFLECT_101)
    if table is not None:
        image = cv2.LUT(image, table)
    if not moved:
        return smear.replace(image=image)
    padded = np.array([[1, 0, margins[2]], [0, 1, margins[0]], [0, 0, 1]])
    along = smear.moved((matrix @ padded)[:2], (height, width))
    if not smear.is_segmented:
        return smear.replace(image=image, **along)
    nuclei, cells = (
        _warp(smear.region(name).astype(np.float32), margins, matrix, 0, cv2.INTER_NEAREST, cv2.BORDER_CONSTANT)
        for name in ("nucleus", "cell")
    )
    nuclei, cells = nuclei.astype(np.int32), cells.astype(np.int32)
    return smear.replace(image=image, nuclei=nuclei, cells=cells, **smear.of_cells | along)


def _draw_margins(strength: float, height: int, width: int, rng: np.random.Generator) -> list[int]:
    """Top, bottom, left, right, in pixels."""
    if not strength:
        return [0, 0, 0, 0]
    return np.rint(rng.uniform(0, strength, 4) * (height, height, width, width)).astype(int).tolist()


def _draw_matrix(
    strengths: Mapping[str, float], margins: list[int], height: int, width: int, rng: np.random.Generator
) -> np.ndarray:
    """Map (3, 3) from (x, y, 1) of the padded image to the result."""
    matrix = np.eye(3)
    if any(margins):
        top, bottom, left, right = margins
        matrix = _window(0, 0, width + left + right, height + top + bottom, height, width)
    if "crop" in strengths:
        part = rng.uniform(1 - strengths["crop"], 1)
        left, top = rng.uniform(0, 1 - part, 2) * (width, height)
        matrix = _window(left, top, part * width, part * height, height, width) @ matrix
    about = np.eye(3)
    if "flip" in strengths:
        about = np.diag([*np.where(rng.random(2) < strengths["flip"], -1.0, 1.0), 1.0])
    if "rotation" in strengths:
        angle = np.deg2rad(rng.uniform(-1, 1) * strengths["rotation"])
        cos, sin = np.cos(angle), np.sin(angle)
        about = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]]) @ about
    if "shear" in strengths:
        slope = np.tan(np.deg2rad(rng.uniform(-1, 1) * strengths["shear"]))
        about = np.array([[1, slope, 0], [0, 1, 0], [0, 0, 1]]) @ about
    if "zoom" in strengths:
        factor = (1 + strengths["zoom"]) ** rng.uniform(-1, 1)
        about = np.diag([factor, factor, 1]) @ about
    if not np.array_equal(about, np.eye(3)):
        centre = np.array([(width - 1) / 2, (height - 1) / 2])
        about[:2, 2] = centre - about[:2, :2] @ centre
        matrix = about @ matrix
    if "shift" in strengths:
        offset = np.eye(3)
        offset[:2, 2] = rng.uniform(-1, 1, 2) * strengths["shift"] * (width, height)
        matrix = offset @ matrix
    return matrix


def _window(left: float, top: float, columns: float, rows: float, height: int, width: int) -> np.ndarray:
    """Map that brings a window to the full size; a pixel's centre is half a pixel from its edge."""
    x, y = width / columns, height / rows
    return np.array([[x, 0, (0.5 - left) * x - 0.5], [0, y, (0.5 - top) * y - 0.5], [0, 0, 1]])


def _draw_table(strengths: Mapping[str, float], rng: np.random.Generator) -> np.ndarray | None:
    """Look-up table of shape (1, 256, 3), uint8, for R, G and B; None where nothing changes."""
    light = 1.0 + rng.uniform(-1, 1) * strengths["brightness"] if "brightness" in strengths else 1.0
    gains = 1.0 + rng.uniform(-1, 1, 3) * strengths["stain"] if "stain" in strengths else np.ones(3)
    if light == 1 and (gains == 1).all():
        return None
    values = 255 * light * (np.arange(256)[:, None] / 255) ** gains
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)[None]


def _warp(
    plane: np.ndarray, margins: list[int], matrix: np.ndarray, fill: float | list[float], method: int, outside: int
) -> np.ndarray:
    height, width = plane.shape[:2]
    if any(margins):
        top, bottom, left, right = margins
        plane = cv2.copyMakeBorder(plane, top, bottom, left, right, cv2.BORDER_CONSTANT, value=fill)
    return cv2.warpAffine(plane, matrix[:2], (width, height), flags=method, borderMode=outside)
