"""Pseudo-slides: a guess at which images come from one slide, for data without patient or slide ids."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score
from sklearn.preprocessing import StandardScaler
from sklearn.utils import Bunch, check_random_state

from leukofeat.content.padding import find_padding
from leukofeat.opencv import cv2
from leukofeat.parallel import map_images
from leukofeat.preprocessing.scale_bar import BAR_STYLES, bar_style
from leukofeat.preprocessing.slide import background_color, grain, red_cell_color
from leukofeat.sequence import ImageSequence, as_sequence
from leukofeat.statistics.held_out import check_labelled

SLIDE_NOTE = (
    "These groups are an estimate from background and red-cell colour, scale bar, resolution and sharpness. They are not "
    "patient or slide identifiers: one slide may be split, and two alike may be joined."
)
SLIDES_A_CLASS = 8
_SMALLEST = 5  # images a slide, on average, below which fewer slides are guessed
_BAR_ROWS = 0.17  # share of the height that a scale bar may take
# Everything is brought to colour differences (CIELAB): bars of two styles stand 11 apart, a doubling of the size 8, one standard
# deviation of sharpness 3.
_BAR_STEP, _SIZE_STEP, _SHARPNESS_STEP = 8.0, 8.0, 3.0


def estimate_slides(
    images: Any,
    y: Any = None,
    *,
    n_slides: int | None = None,
    random_state: Any = 0,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> Bunch:
    """Estimate which images come from one slide, by what the slide and not the leukocytes look like.

    k-means on what each image shows of its slide: colour (CIELAB) of the empty slide and of the red cells, style of the
    scale bar, size and sharpness. With classes each class is clustered by itself, since a slide is one patient and has one
    diagnosis: images of two classes never share a group.

    Parameters
    ----------
    images : list, ndarray, Series, one-column DataFrame or ImageSequence of n images or paths
    y : array-like of length n, optional
        Class of each image.
    n_slides : int, optional
        Slides to find, in each class when `y` is given. By default 8 a class, fewer in a class of less than 40 images;
        without `y` the number from 2 to 12 with the best silhouette.
    random_state : int, RandomState or None, default=0
    n_jobs : int, optional
        Workers, as in joblib.
    verbose : int, default=0
        Above 0, a progress bar on standard error.

    Returns
    -------
    Bunch
        groups : ndarray of shape (n,), dtype int64
            Estimated slide of each image, 0 to `n_groups` - 1.
        features : DataFrame
            What they were estimated from, a row an image.
        n_groups : int
            How many there are.
        note : str
            What may be said of them; print it beside any figure that rests on these groups.

    Raises
    ------
    ValueError
        When `y` has another length or lacks a class, or `n_slides` is not positive.

    Notes
    -----
    The published ALL image set (Aria et al. 2021) gives no patient; held-out groups of this kind take several points off what
    random splits promise. They are still kinder than whole acquisition series would be.

    Examples
    --------
    >>> from leukofeat.datasets import make_smears
    >>> smears = make_smears(n_samples=24, size=96, random_state=0)
    >>> slides = estimate_slides(smears.images, smears.target, n_slides=2)
    >>> len(slides.groups), slides.n_groups
    (24, 8)
    """
    sequence = as_sequence(images)
    if n_slides is not None and n_slides < 1:
        raise ValueError(f"n_slides must be at least 1, not {n_slides!r}.")
    target = np.zeros(len(sequence), np.int64) if y is None else np.asarray(y)
    if len(target) != len(sequence):
        raise ValueError(f"{len(sequence)} images and {len(target)} classes.")
    check_labelled(y)
    rows = map_images(_slide_row, sequence, n_jobs=n_jobs, verbose=verbose, description="looking at slides")
    features = pd.DataFrame(rows)
    rng = check_random_state(random_state)
    groups = np.zeros(len(sequence), np.int64)
    found = 0
    for label in np.unique(target):
        members = np.flatnonzero(target == label)
        values = _coordinates(features.iloc[members])
        codes = _cluster(values, n_slides, y is not None, rng)
        groups[members] = found + codes
        found += int(codes.max()) + 1
    return Bunch(groups=groups, features=features, n_groups=found, note=SLIDE_NOTE)


def slide_features(image: np.ndarray) -> dict[str, Any]:
    """What an image shows of its slide, leukocytes left aside.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), dtype uint8

    Returns
    -------
    dict
        `background_l`, `_a`, `_b` and `red_cell_l`, `_a`, `_b` (CIELAB), `bar_style`, `log_height`, `log_width` and
        `sharpness` (logarithm of the mean absolute Laplacian over the mean gradient). Colours are those above the strip that
        holds the scale bar; an image without red cells has the background's colour for theirs.

    Examples
    --------
    >>> import numpy as np
    >>> slide_features(np.full((64, 64, 3), 255, np.uint8))["background_l"]
    100.0
    """
    height, width = image.shape[:2]
    field = np.ascontiguousarray(image[: max(1, round((1 - _BAR_ROWS) * height))])
    padding = find_padding(field)
    background = background_color(field)
    row: dict[str, Any] = {}
    for name, color in (("background", background), ("red_cell", red_cell_color(field, background))):
        row |= {f"{name}_{axis}": value for axis, value in zip("lab", _lab(color), strict=True)}
    return row | {
        "bar_style": bar_style(image),
        "log_height": float(np.log2(height)),
        "log_width": float(np.log2(width)),
        "sharpness": grain(cv2.cvtColor(field, cv2.COLOR_RGB2GRAY), None if padding is None else ~padding),
    }


def _lab(color: np.ndarray) -> list[float]:
    return cv2.cvtColor((color[None, None] / 255).astype(np.float32), cv2.COLOR_RGB2LAB)[0, 0].astype(float).tolist()


def _slide_row(images: ImageSequence, i: int) -> dict[str, Any]:
    return slide_features(images.smear(i).image)


def _coordinates(features: pd.DataFrame) -> np.ndarray:
    colors = features.filter(regex="^(background|red_cell)_").to_numpy(float)
    bars = np.stack([(features["bar_style"] == style).to_numpy(float) for style in BAR_STYLES], axis=1)
    sizes = features[["log_height", "log_width"]].to_numpy(float)
    sharpness = StandardScaler().fit_transform(features[["sharpness"]])
    return np.hstack([colors, _BAR_STEP * bars, _SIZE_STEP * sizes, _SHARPNESS_STEP * sharpness])


def _cluster(values: np.ndarray, n_slides: int | None, by_class: bool, rng: np.random.RandomState) -> np.ndarray:
    distinct = len(np.unique(values, axis=0))
    if n_slides is not None or by_class:
        wanted = n_slides if n_slides is not None else min(SLIDES_A_CLASS, max(1, len(values) // _SMALLEST))
        return _k_means(values, min(wanted, distinct), rng)
    candidates = [_k_means(values, k, rng) for k in range(2, min(12, distinct - 1) + 1)]
    if not candidates:
        return np.zeros(len(values), np.int64)
    size = min(1000, len(values))
    chosen = rng.choice(len(values), size, replace=False)
    scored = [
        silhouette_score(values[chosen], codes[chosen]) if 1 < len(np.unique(codes[chosen])) < size else -1.0
        for codes in candidates
    ]
    return candidates[int(np.argmax(scored))]


def _k_means(values: np.ndarray, k: int, rng: np.random.RandomState) -> np.ndarray:
    codes = KMeans(k, n_init=10, random_state=rng.randint(np.iinfo(np.int32).max)).fit_predict(values)
    return np.unique(codes, return_inverse=True)[1]
