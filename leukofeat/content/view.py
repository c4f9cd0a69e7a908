"""What shape the content of an image has where something was cut away: a rectangle, a field of view, a turned image, or a cell."""

import numpy as np

from leukofeat.opencv import cv2

RECTANGLE = 0.99  # share of a rectangle that an image without its bars fills, and of all else that it holds
VIEW = 0.85  # height and width of a view, against the shorter side of the image, at least: a round cell is cut out with something around
# pixels that a disc deviates from an ellipse by (root mean square), and a turned rectangle from a shape of eight corners, at most: steps make up
# .3 and 1, and compression a share of the shorter side. Cells of 64 pixels deviate by .36 and have ten corners, larger ones in proportion
ROUND, STRAIGHT = 0.35, 1.2
ROUND_SHARE, STRAIGHT_SHARE = 0.0035, 0.015
CORNERS = 8  # of a turned rectangle that the frame cuts
FEW = 20  # pixels of an outline that tell no ellipse


def view_box(content: np.ndarray) -> tuple[slice, slice] | None:
    """Rows and columns of the rectangle that the content of an image is.

    Parameters
    ----------
    content : (H, W) bool
        What was not cut away.

    Returns
    -------
    tuple of two slices, or None
        None where it is no rectangle.

    Examples
    --------
    >>> content = np.zeros((60, 80), bool)
    >>> content[10:50, 20:70] = True
    >>> view_box(content)
    (slice(10, 50, None), slice(20, 70, None))
    """
    rows, columns = (_most(content.mean(axis=axis)) for axis in (1, 0))
    inside = content[rows, columns]
    filled = int(np.count_nonzero(inside))
    is_rectangle = filled >= RECTANGLE * inside.size and filled >= RECTANGLE * int(np.count_nonzero(content))
    return (rows, columns) if is_rectangle else None


def is_view(content: np.ndarray) -> bool:
    """Whether the content of an image is a round field of view or a turned image, and no cell that was cut out.

    It is an ellipse, or has few corners and no dents, to within the steps of pixels and what compression adds: hardly any cell is so regular.

    Parameters
    ----------
    content : (H, W) bool
        What was not cut away.

    Examples
    --------
    >>> y, x = np.mgrid[:120, :120] - 59.5
    >>> angle = np.arctan2(y, x)
    >>> is_view(np.hypot(x, y) < 59), is_view(np.hypot(x, y) < 56 + 3 * np.sin(5 * angle))
    (True, False)
    """
    outlines, _ = cv2.findContours(content.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = max(outlines, key=len)
    places, shorter = outline[:, 0], min(content.shape)
    if (np.ptp(places, axis=0) < VIEW * shorter).any():
        return False
    within = places[(places > 0).all(axis=1) & (places < np.array(content.shape[::-1]) - 1).all(axis=1)]
    if _off_ellipse(within) <= max(ROUND, ROUND_SHARE * shorter):
        return True
    straight = max(STRAIGHT, STRAIGHT_SHARE * shorter)
    convex = cv2.convexHull(outline)
    if len(cv2.approxPolyDP(convex, straight, True)) > CORNERS:
        return False
    own, hull = (np.zeros(content.shape, np.uint8) for _ in range(2))
    area = cv2.countNonZero(cv2.fillPoly(own, [outline], 1))
    dents = cv2.countNonZero(cv2.fillConvexPoly(hull, convex, 1)) - area
    return dents <= straight * len(within)


def _off_ellipse(places: np.ndarray) -> float:
    """Root mean square distance of (n, 2) places to the ellipse nearest to them, about, in pixels; infinite for a few, which tell none."""
    if len(places) < FEW:
        return np.inf
    (x, y), axes, angle = cv2.fitEllipseDirect(places.astype(np.float32))
    across, along = np.maximum(axes, 1.0) / 2
    turned = np.exp(-1j * np.radians(angle)) * (places[:, 0] - x + 1j * (places[:, 1] - y))
    away = np.hypot(turned.real / across, turned.imag / along) - 1
    return float(np.sqrt((away**2).mean() * across * along))


def _most(share: np.ndarray) -> slice:
    """From the first to the last of the lines that are at least half as full as the fullest."""
    lines = np.flatnonzero(share >= share.max() / 2)
    return slice(int(lines[0]), int(lines[-1]) + 1)
