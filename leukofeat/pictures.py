"""Pictures of records, outlines drawn in, as a notebook and a report show them."""

from typing import Any

import numpy as np

from leukofeat.markup import Markup, card, element, picture
from leukofeat.opencv import cv2

NUCLEUS_COLOR = (255, 214, 10)
CELL_COLOR = (0, 200, 120)
# Okabe and Ito's colours, told apart by colour-blind readers
SERIES_COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b07d00", "#56b4e9", "#444444", "#8c564b")
# lengths of dashes and gaps, in widths of the line: apart in a copy without colour
SERIES_DASHES: tuple[tuple[float, ...], ...] = (
    (), (5, 2), (1, 1.2), (6, 1.5, 1, 1.5), (9, 3), (3, 1.2, 1, 1.2, 1, 1.2), (2.2, 2.2), (9, 1.5, 2.5, 1.5),
)  # fmt: skip
_LEGEND = "Cells are outlined in green, nuclei in yellow."
_STRIP = "display:flex;flex-wrap:wrap;gap:10px;margin:6px 0"
_SIDE = 150
_FIGURE = f"margin:0;width:{_SIDE}px;font-size:12px;line-height:1.3;overflow-wrap:anywhere"


def series_color(index: int) -> str:
    """Colour of a series of a chart."""
    return SERIES_COLORS[index % len(SERIES_COLORS)]


def series_dashes(index: int) -> tuple[float, ...]:
    """Dashes of a series, none of a solid line; where a colour comes again, it has other dashes.

    Examples
    --------
    >>> series_dashes(0), series_dashes(8) == series_dashes(1)
    ((), True)
    """
    return SERIES_DASHES[(index + index // len(SERIES_COLORS)) % len(SERIES_DASHES)]


def outlined(smear: Any, *, width: int = 240) -> np.ndarray:
    """Picture `width` pixels wide, outlines drawn at that size so that they stay two pixels strong.

    Parameters
    ----------
    smear : Smear
        Cells in green, nuclei in yellow; without outlines before segmentation.
    width : int
        Less for an image more than twice as high as it is wide, whose picture is twice as high as `width`.

    Returns
    -------
    ndarray of shape (rows, columns, 3), dtype uint8

    Examples
    --------
    >>> from leukofeat import Smear
    >>> image, labels = np.full((60, 80, 3), 200, np.uint8), np.zeros((60, 80), np.int32)
    >>> labels[20:40, 20:40] = 1
    >>> seen = outlined(Smear(image, labels), width=160)
    >>> seen.shape, bool((seen == NUCLEUS_COLOR).all(axis=2).any())
    ((120, 160, 3), True)
    """
    height, wide = smear.image.shape[:2]
    scale = min(width / wide, 2 * width / height)
    size = max(1, round(wide * scale)), max(1, round(height * scale))
    shown = cv2.resize(smear.image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    if smear.is_segmented:
        for region, color in (("cell", CELL_COLOR), ("nucleus", NUCLEUS_COLOR)):
            labels = smear.region(region).astype(np.float32)
            small = cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST)
            shown[cv2.morphologyEx(small, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0] = color
    return shown


def smear_card(smear: Any) -> Markup:
    """A record as a notebook shows it: its picture, what was found in it, and its file."""
    height, width = smear.image.shape[:2]
    found = f"{found_in(smear)}. {_LEGEND * (smear.is_segmented and smear.n_cells > 0)}"
    return card(
        f"Smear of {width} x {height} pixels",
        picture(outlined(smear, width=320), smear.source or "smear", width=320),
        element("div", found),
        element("div", smear.source, style="overflow-wrap:anywhere") if smear.source else None,
    )


def found_in(smear: Any) -> str:
    """What was found in a record, in words: how many cells, how sure the least sure outline is, and what is wrong with some."""
    if not smear.is_segmented:
        return "Not segmented"
    cut, bare = int(smear.touches_border.sum()), int((smear.region_boxes("nucleus")[:, 4] == 0).sum())
    sure = smear.confidence[np.isfinite(smear.confidence)].tolist()
    parts = [
        _count(smear.n_cells, "cell"),
        f"{cut:,} at the border" * (cut > 0),
        f"{bare:,} without nucleus" * (bare > 0),
        f"the least sure of confidence {min(sure):.2f}" if sure else "",
        _count(len(smear.dropped), "body not reported", "bodies not reported") * (len(smear.dropped) > 0),
    ]
    return ", ".join(filter(None, parts))


def sequence_card(images: Any, n_shown: int = 6) -> Markup:
    """A sequence as a notebook shows it: its steps and its first images, only these decoded; a broken one by what is wrong with it."""
    figures = [_thumbnail(images, i) for i in range(min(n_shown, len(images)))]
    more = len(images) - len(figures)
    return card(
        repr(images),
        element("div", *figures, style=_STRIP) if figures else None,
        element("div", f"and {more:,} more; they are decoded when they are asked for") if more else None,
    )


def _thumbnail(images: Any, i: int) -> Markup:
    """An image with its file's name, of which the folder shows when the mouse rests on it."""
    name = images.name(i)
    short = name.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    below: list[Any]
    try:
        smear = images.smear(i)
        found = element("div", _count(smear.n_cells, "cell")) if smear.is_segmented else None
        below = [picture(outlined(smear, width=_SIDE), name, width=_SIDE), element("div", short), found]
    except Exception as error:  # what is wrong with one image must not hide the others
        below = [element("div", short), element("div", f"{type(error).__name__}: {error}", style="color:#c43c00")]
    return element("figure", *below, title=name, style=_FIGURE)


def _count(n: int, what: str, several: str | None = None) -> str:
    return f"{n:,} {what if n == 1 else several or what + 's'}"
