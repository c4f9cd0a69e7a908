"""Images in which only what should not matter is changed, made of those of a set."""

from typing import Any, NamedTuple

import numpy as np

from leukofeat.datasets import paste_cells
from leukofeat.failures import Failure
from leukofeat.opencv import cv2
from leukofeat.parallel import map_images
from leukofeat.preprocessing import background_color
from leukofeat.preprocessing.scale_bar import BAR_STYLES, bar_style, draw_scale_bar, hide_scale_bar
from leukofeat.segmentation import LabKMeansSegmenter
from leukofeat.sequence import ImageSequence
from leukofeat.smear import Smear

STRESS_TESTS = {
    "other background": "leukocytes pasted onto a field of another class (and slide)",
    "constant background": "leukocytes on one even slide colour, the same for all images",
    "bar added": "a scale bar drawn, in a style the image does not have",
    "bar removed": "the corner of the scale bar covered with its mirror image",
    "stain shifted": "optical density of each channel by up to 20 %, light by up to 4 %",
}


class StressSet(NamedTuple):
    """Changed images.

    Attributes
    ----------
    rows : ndarray of shape (m,)
        Rows of the set that they were made of.
    other : ndarray of shape (m,)
        Class of the background that was pasted behind each.
    images : list of Smear
        An image for each test and row: those of the first of STRESS_TESTS, then those of the second, ...
    failures : list of Failure
        Rows that could not be read or segmented, and were left out.
    """

    rows: np.ndarray
    other: np.ndarray
    images: list[Smear]
    failures: list[Failure]

    def raise_failure(self) -> None:
        """Raise what the first image failed of, if any did."""
        for name, reason in ((failure.name, failure.reason) for failure in self.failures):
            raise ValueError(reason if name in reason else f"{name}: {reason}")


def make_stress_set(
    images: ImageSequence,
    target: np.ndarray,
    rows: np.ndarray,
    *,
    groups: Any = None,
    segmenter: Any = None,
    random_state: Any = 0,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> StressSet:
    """Make every test's images for some rows of a set; the same images for the same `random_state`.

    Parameters
    ----------
    images : ImageSequence of n images
    target : ndarray of shape (n,)
    rows : ndarray of shape (m,)
        Images to change; backgrounds come from among them too.
    groups : array-like of length n, optional
        Backgrounds come from another group where there is one.
    segmenter : stage, optional
    random_state : int, default=0
    n_jobs, verbose
        As in :func:`~leukofeat.parallel.map_images`.

    Returns
    -------
    StressSet
        Its `rows` leave out images in which no leukocyte was found, since nothing would be left of them, and those that failed.

    Raises
    ------
    ValueError
        When fewer than two classes are left: there is no other background.
    """
    stage = segmenter if segmenter is not None else LabKMeansSegmenter(rank="a")
    description = "segmenting for the stress tests"
    segmented = map_images(
        _segment, stage.transform(images[rows]), n_jobs=n_jobs, verbose=verbose, description=description
    )
    failures = [
        Failure(int(row), images.name(int(row)), made)
        for row, made in zip(rows, segmented, strict=True)
        if isinstance(made, str)
    ]
    found = [(row, made) for row, made in zip(rows, segmented, strict=True) if isinstance(made, Smear) and made.n_cells]
    rows, smears = np.array([row for row, _ in found], np.int64), [smear for _, smear in found]
    slides = np.arange(len(target)) if groups is None else np.asarray(groups)
    donors = _draw_donors(target[rows], slides[rows], np.random.default_rng(random_state))
    slide = np.median([background_color(smear.image) for smear in smears], axis=0)
    changed: dict[str, list[np.ndarray]] = {name: [] for name in STRESS_TESTS}
    for row, donor, smear in zip(rows, donors, smears, strict=True):
        onto = _fit(smears[donor], smear.image.shape)
        rng = np.random.default_rng([random_state or 0, int(row)])
        styles = [style for style in BAR_STYLES if style != bar_style(smear.image)]
        changed["other background"].append(paste_cells(smear, onto).image)
        changed["constant background"].append(paste_cells(smear, _empty(slide, smear.image.shape)).image)
        changed["bar added"].append(draw_scale_bar(smear.image, styles[rng.integers(len(styles))]))
        changed["bar removed"].append(hide_scale_bar(smear.image))
        changed["stain shifted"].append(shift_stain(smear.image, rng.uniform(0.8, 1.2, 3), rng.uniform(0.96, 1.0, 3)))
    made = [
        Smear(image, source=f"{images.name(row)} ({name})")
        for name, part in changed.items()
        for row, image in zip(rows, part, strict=True)
    ]
    return StressSet(rows, target[rows][donors], made, failures)


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


def _draw_donors(target: np.ndarray, slides: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    if len(np.unique(target)) < 2:
        raise ValueError(
            f"{len(target)} images with leukocytes, of {len(np.unique(target))} classes: backgrounds of another class are "
            "needed. Give more images, or a segmenter= that finds the leukocytes."
        )
    donors = np.empty(len(target), np.int64)
    for i in range(len(target)):
        others = np.flatnonzero(target != target[i])
        elsewhere = others[slides[others] != slides[i]]
        donors[i] = rng.choice(elsewhere if len(elsewhere) else others)
    return donors


def _segment(images: ImageSequence, i: int) -> Smear | str:
    """The segmented image, or why there is none."""
    try:
        return images.smear(i)
    except ValueError as error:
        return str(error)


def _fit(smear: Smear, shape: tuple[int, ...]) -> Smear:
    if smear.image.shape == shape:
        return smear
    size = (shape[1], shape[0])
    image = cv2.resize(smear.image, size, interpolation=cv2.INTER_AREA)
    nuclei, cells = (
        cv2.resize(smear.region(name), size, interpolation=cv2.INTER_NEAREST) for name in ("nucleus", "cell")
    )
    return Smear(image, nuclei, cells, label_ids=smear.label_ids)


def _empty(color: np.ndarray, shape: tuple[int, ...]) -> Smear:
    image = np.empty(shape, np.uint8)
    image[:] = np.rint(color)
    return Smear(image, np.zeros(shape[:2], np.int32))
