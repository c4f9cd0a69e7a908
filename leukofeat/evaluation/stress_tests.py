"""The stress tests by name: what each changes in an image while the leukocytes stay what they are."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from leukofeat.datasets import blend_cells, paste_cells
from leukofeat.evaluation.optics import OPTICAL_CHANGES
from leukofeat.opencv import cv2
from leukofeat.preprocessing import background_color
from leukofeat.preprocessing.scale_bar import BAR_STYLES, bar_style, draw_scale_bar, hide_scale_bar
from leukofeat.smear import Smear

KINDS = ("shortcut", "optical")


class StressTest(NamedTuple):
    """One change.

    Attributes
    ----------
    kind : {"shortcut", "optical"}
        Whether it is about what is not the leukocyte, or about how the leukocyte was photographed.
    description : str
    change : callable (smear, rng) to Smear
        Of an image by itself, or
    paste : callable (smear, onto) to Smear
        of its leukocytes and another field, both segmented. That field is
    donor : {"random", "nearest", "even"}
        one of another class (and slide), drawn at random, or the one of these whose slide has the nearest colour, or one even
        colour, the same for all images.
    """

    kind: str
    description: str
    change: Callable[[Smear, np.random.Generator], Smear] | None = None
    paste: Callable[[Smear, Smear], Smear] | None = None
    donor: str | None = None


def shift_stain(image: np.ndarray, stain: Any, light: Any) -> np.ndarray:
    """Image as a stronger or weaker stain would give it: optical density against its own empty slide, scaled by channel.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), dtype uint8
    stain : three numbers
        Factors on the optical density of R, G and B; 1 changes nothing.
    light : three numbers
        Factors on the light behind the slide.

    Returns
    -------
    ndarray of shape (height, width, 3), dtype uint8

    Examples
    --------
    >>> import numpy as np
    >>> image = np.full((4, 4, 3), 240, np.uint8); image[:2] = 120
    >>> shift_stain(image, (1, 2, 1), (1, 1, 1))[0, 0]
    array([120,  60, 120], dtype=uint8)
    """
    slide = np.maximum(background_color(image), 1.0)
    levels = np.maximum(np.arange(256.0), 0.5)[:, None]
    table = slide * np.asarray(light) * (levels / slide) ** np.asarray(stain)
    return cv2.LUT(np.ascontiguousarray(image), np.clip(np.rint(table), 0, 255).astype(np.uint8)[None])


def _add_bar(smear: Smear, rng: np.random.Generator) -> Smear:
    styles = [style for style in BAR_STYLES if style != bar_style(smear.image)]
    return smear.replace(image=draw_scale_bar(smear.image, styles[rng.integers(len(styles))]))


def _remove_bar(smear: Smear, rng: np.random.Generator) -> Smear:
    return smear.replace(image=hide_scale_bar(smear.image))


def _shift_stain(smear: Smear, rng: np.random.Generator) -> Smear:
    return smear.replace(image=shift_stain(smear.image, rng.uniform(0.8, 1.2, 3), rng.uniform(0.96, 1.0, 3)))


_OPTICAL = {
    "uneven light": "light that falls across the field to three quarters, in a direction drawn at random",
    "JPEG 50": "saved as a JPEG of quality 50",
    "noise": "noise of 8 grey levels",
    "blur": "out of focus by 1 pixel",
    "gamma": "another response of the camera, gamma 0.8 or 1.25",
    "magnification 0.8": "at 0.8 times the size",
    "magnification 1.25": "at 1.25 times the size",
}

# in the order in which they are shown
STRESS_TESTS: dict[str, StressTest] = {
    "other background": StressTest(
        "shortcut", "leukocytes pasted onto a field of another class (and slide)", paste=paste_cells, donor="random"
    ),
    "similar background": StressTest(
        "shortcut",
        "the same, pasted in a second way: pixels as they are, with a rim, onto the field of another class whose slide has the nearest "
        "colour",
        paste=blend_cells,
        donor="nearest",
    ),
    "constant background": StressTest(
        "shortcut", "leukocytes on one even slide colour, the same for all images", paste=paste_cells, donor="even"
    ),
    "bar added": StressTest("shortcut", "a scale bar drawn, in a style the image does not have", change=_add_bar),
    "bar removed": StressTest("shortcut", "the corner of the scale bar covered with its mirror image", change=_remove_bar),
    "stain shifted": StressTest(
        "shortcut", "optical density of each channel by up to 20 %, light by up to 4 %", change=_shift_stain
    ),
} | {
    name: StressTest("optical", description, change=OPTICAL_CHANGES[name]) for name, description in _OPTICAL.items()
}  # fmt: skip


def choose_tests(tests: Any) -> list[str]:
    """Names of the tests that `tests` asks for, in the order of STRESS_TESTS.

    Parameters
    ----------
    tests : True, "all", a kind, a name, or a sequence of names and kinds

    Raises
    ------
    ValueError
        For a name that there is not, with those that there are; or when nothing is asked for.

    Examples
    --------
    >>> choose_tests(["bar added", "other background"])
    ['other background', 'bar added']
    >>> choose_tests("optical")[:2]
    ['uneven light', 'JPEG 50']
    """
    if tests is True or (isinstance(tests, str) and tests == "all"):
        return list(STRESS_TESTS)
    asked = [tests] if isinstance(tests, str) else list(tests)
    unknown = [name for name in asked if name not in STRESS_TESTS and name not in KINDS]
    if unknown or not asked:
        raise ValueError(
            f"There is no stress test {unknown[0] if unknown else None!r}. Name some of {', '.join(map(repr, STRESS_TESTS))}, or "
            f"a kind, {' or '.join(map(repr, KINDS))}."
        )
    return [name for name, test in STRESS_TESTS.items() if name in asked or test.kind in asked]
