"""Shortcut tests: what a pipeline says when only what should not matter is changed."""

from typing import Any, NamedTuple

import cv2
import numpy as np
import pandas as pd

from leukofeat.datasets import paste_cells
from leukofeat.parallel import map_images
from leukofeat.pipeline import split_pipeline
from leukofeat.preprocessing import background_color
from leukofeat.preprocessing.scale_bar import BAR_STYLES, bar_style, draw_scale_bar, hide_scale_bar
from leukofeat.segmentation import LabKMeansSegmenter
from leukofeat.sequence import ImageSequence, as_sequence
from leukofeat.smear import Smear
from leukofeat.statistics.bootstrap import bootstrap_interval

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
    """

    rows: np.ndarray
    other: np.ndarray
    images: list[Smear]


def stress_test(
    pipeline: Any,
    X: Any,
    y: Any,
    *,
    groups: Any = None,
    segmenter: Any = None,
    n_images: int = 200,
    n_bootstrap: int = 1000,
    random_state: Any = 0,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> pd.DataFrame:
    """Points that a fitted pipeline loses when the leukocytes stay and the rest of the image changes.

    Parameters
    ----------
    pipeline : fitted classifier of images
    X : list, ndarray, Series, one-column DataFrame or ImageSequence of n images or paths
        Images that the pipeline was not trained on.
    y : array-like of length n
        Classes.
    groups : array-like of length n, optional
        Slide or patient; backgrounds are taken from another one.
    segmenter : stage that segments, optional
        Finds the leukocytes to paste. By default the pipeline's own, and `LabKMeansSegmenter(rank="a")` if it has none.
    n_images : int, default=200
        Images to change, drawn evenly from the classes; all of them when there are no more. Those in which the segmenter
        finds no leukocyte are left out.
    n_bootstrap : int, default=1000
        Resamples of the interval of the points lost.
    random_state : int, default=0
    n_jobs : int, optional
    verbose : int, default=0

    Returns
    -------
    DataFrame
        Indexed by test: `n_images`, `clean` and `stressed` (accuracy), `points_lost` (100 times their difference) with
        `points_lost_low` and `points_lost_high` (95 %), `changed` (share of predictions that changed) and
        `follows_background` (share predicted as the class of the pasted background).

    Notes
    -----
    A loss on "other background" has two causes: the classifier reads the background, or the segmentation moves with it. A
    pipeline that crops the strip of the bar cannot lose by the bar tests.

    Examples
    --------
    >>> from leukofeat.baselines import make_baseline
    >>> from leukofeat.datasets import make_smears
    >>> smears = make_smears(n_samples=12, size=96, random_state=0)
    >>> pipeline = make_baseline("four_colors").fit(smears.images, smears.target)
    >>> list(stress_test(pipeline, smears.images, smears.target, n_bootstrap=50).index)
    ['other background', 'constant background', 'bar added', 'bar removed', 'stain shifted']
    """
    images, target = as_sequence(X), np.asarray(y)
    segmenter = segmenter if segmenter is not None else own_segmenter(pipeline)
    rows = draw_rows(target, np.arange(len(target)), n_images, random_state)
    options = {"random_state": random_state, "n_jobs": n_jobs, "verbose": verbose}
    stress = make_stress_set(images, target, rows, groups=groups, segmenter=segmenter, **options)
    before = np.asarray(pipeline.predict(images[stress.rows]))
    after = np.asarray(pipeline.predict(as_sequence(stress.images))).reshape(len(STRESS_TESTS), -1)
    units = stress.rows if groups is None else np.asarray(groups)[stress.rows]
    return stress_table(target[stress.rows], stress.other, before, after, units, n_bootstrap, random_state)


def stress_table(
    target: np.ndarray,
    other: np.ndarray,
    before: np.ndarray,
    after: np.ndarray,
    units: np.ndarray,
    n_bootstrap: int,
    random_state: Any,
) -> pd.DataFrame:
    """Table of :func:`stress_test` from the predictions before, (m,), and `after`, (n_tests, m); `units` are what is resampled."""
    clean, stressed = before == target, after == target
    loss = 100.0 * (clean.astype(float) - stressed)
    low, high = bootstrap_interval(
        lambda weights: {"means": weights @ loss.T / weights.sum(axis=1, keepdims=True)},
        units,
        n_bootstrap=n_bootstrap,
        are_shares=False,
        random_state=random_state,
    )["means"]
    table = pd.DataFrame(
        {
            "n_images": len(target),
            "clean": clean.mean(),
            "stressed": stressed.mean(axis=1),
            "points_lost": loss.mean(axis=1),
            "points_lost_low": low,
            "points_lost_high": high,
            "changed": (after != before).mean(axis=1),
            "follows_background": (after == other).mean(axis=1),
        },
        index=pd.Index(STRESS_TESTS, name="test"),
    )
    table.loc[table.index != "other background", "follows_background"] = np.nan
    return table


def draw_rows(target: np.ndarray, rows: np.ndarray, n_images: int, random_state: Any) -> np.ndarray:
    """At most `n_images` of the rows, as evenly from the classes as they allow, ascending."""
    if len(rows) <= n_images:
        return np.sort(rows)
    rng = np.random.default_rng(random_state)
    shuffled = rng.permutation(rows)
    turn = pd.Series(shuffled).groupby(target[shuffled]).cumcount().to_numpy()
    return np.sort(shuffled[np.argsort(turn, kind="stable")[:n_images]])


def own_segmenter(pipeline: Any) -> Any:
    """First stage of a pipeline that segments and has nothing to learn; None where there is none."""
    blank = as_sequence([np.full((16, 16, 3), 200, np.uint8)])
    for stage in split_pipeline(pipeline).stages:
        try:
            if stage.transform(blank).smear(0).is_segmented:
                return stage
        except Exception:  # a stage that has to be fitted first, or works on segmented smears: it is not the one
            continue
    return None


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
        As in :func:`stress_test`.

    Returns
    -------
    StressSet
        Its `rows` leave out images in which no leukocyte was found: nothing would be left of them.

    Raises
    ------
    ValueError
        When fewer than two classes are left: there is no other background.
    """
    stage = segmenter if segmenter is not None else LabKMeansSegmenter(rank="a")
    smears = map_images(
        _segment, stage.transform(images[rows]), n_jobs=n_jobs, verbose=verbose, description="segmenting for stress"
    )
    found = np.array([smear.n_cells > 0 for smear in smears], bool)
    rows, smears = rows[found], [smear for smear in smears if smear.n_cells > 0]
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
    return StressSet(rows, target[rows][donors], made)


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


def _segment(images: ImageSequence, i: int) -> Smear:
    return images.smear(i)


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
