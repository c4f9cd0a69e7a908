"""Shortcut tests: what a pipeline says when only what should not matter is changed."""

import warnings
from typing import Any

import numpy as np
import pandas as pd

from leukofeat.evaluation.columns import check_classes, check_groups
from leukofeat.evaluation.stress_images import STRESS_TESTS, make_stress_set
from leukofeat.pipeline import split_pipeline
from leukofeat.sequence import as_sequence
from leukofeat.statistics.bootstrap import bootstrap_interval


def stress_test(
    pipeline: Any,
    X: Any,
    y: Any,
    *,
    groups: Any = None,
    target_names: Any = None,
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
        Classes as the pipeline was fitted on them, or codes into `target_names`.
    groups : array-like of length n, optional
        Slide or patient; backgrounds are taken from another one.
    target_names : sequence of str, optional
        Names of the classes, when `y` holds codes and the pipeline was fitted on names.
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
    images = as_sequence(X)
    target, groups = check_classes(y, len(images), target_names), check_groups(groups, len(images))
    known = getattr(pipeline, "classes_", target)
    strange = target[~np.isin(target, known)]
    if len(strange):
        raise ValueError(
            f"y holds {str(strange[0])!r}; the pipeline knows {', '.join(map(str, known))}. Give the classes it was fitted on "
            "(target_names= turns codes into names)."
        )
    segmenter = segmenter if segmenter is not None else own_segmenter(pipeline)
    rows = draw_rows(target, np.arange(len(target)), n_images, random_state)
    options = {"random_state": random_state, "n_jobs": n_jobs, "verbose": verbose}
    stress = make_stress_set(images, target, rows, groups=groups, segmenter=segmenter, **options)
    stress.raise_failure()
    before = np.asarray(pipeline.predict(images[stress.rows]))
    after = np.asarray(pipeline.predict(as_sequence(stress.images))).reshape(len(STRESS_TESTS), -1)
    units = stress.rows if groups is None else groups[stress.rows]
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
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what stages say of a blank image is about no image of anybody's
        for stage in split_pipeline(pipeline).stages:
            try:
                if stage.transform(blank).smear(0).is_segmented:
                    return stage
            except Exception:  # a stage that has to be fitted first, or works on segmented smears: it is not the one
                continue
    return None
