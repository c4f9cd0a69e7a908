"""Stress tests: what a pipeline says when only what should not matter is changed."""

import warnings
from typing import Any

import numpy as np
import pandas as pd

from leukofeat.augmentation import SwapInvariantClassifier
from leukofeat.constraints import Integral, Number, check
from leukofeat.evaluation.columns import check_classes, check_groups
from leukofeat.evaluation.stress_images import make_stress_set
from leukofeat.evaluation.stress_tests import STRESS_TESTS, choose_tests
from leukofeat.pipeline import split_pipeline
from leukofeat.sequence import ImageSequence, as_sequence
from leukofeat.statistics.bootstrap import bootstrap_interval


def stress_test(
    pipeline: Any,
    X: Any,
    y: Any,
    *,
    groups: Any = None,
    target_names: Any = None,
    tests: Any = "all",
    segmenter: Any = None,
    n_images: int = 200,
    n_bootstrap: int = 1000,
    random_state: Any = 0,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> pd.DataFrame:
    """Points that a fitted pipeline loses when the leukocytes stay and something else changes.

    There are tests of two kinds. "shortcut": what is not the leukocyte changes, the field around it, the scale bar, the stain. "optical":
    the same field is photographed otherwise, under uneven light, out of focus, at another magnification, with noise, another gamma
    or a coarser JPEG.

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
    tests : str or sequence of str, default="all"
        Names of tests as they stand in the table, or of kinds, "shortcut" or "optical". Each costs `n_images` predictions.
    segmenter : stage that segments, optional
        Finds the leukocytes to paste. By default the pipeline's own, and `LabKMeansSegmenter(rank="a")` if it has none. Images
        that come with label maps keep those.
    n_images : int, default=200
        Images to change, drawn evenly from the classes; all of them when there are no more. Where a test pastes
        leukocytes, those in which the segmenter finds none are left out of all tests.
    n_bootstrap : int, default=1000
        Resamples of the interval of the points lost.
    random_state : int, default=0
    n_jobs : int, optional
    verbose : int, default=0

    Returns
    -------
    DataFrame
        Indexed by test: `kind`, `n_images`, `clean` and `stressed` (accuracy), `points_lost` (100 times their difference) with
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
    >>> table = stress_test(pipeline, smears.images, smears.target, tests=["other background", "optical"], n_bootstrap=50)
    >>> list(table.index[:4])
    ['other background', 'uneven light', 'JPEG 50', 'noise']
    """
    check("n_bootstrap", n_bootstrap, Number(Integral, 0))
    names, images = choose_tests(tests), as_sequence(X)
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
    stress = make_stress_set(images, target, rows, tests=names, groups=groups, segmenter=segmenter, **options)
    stress.raise_failure()
    before = np.asarray(pipeline.predict(images[stress.rows]))
    predicted = np.asarray(pipeline.predict(ImageSequence(stress.images))).reshape(len(names), -1)
    after = dict(zip(names, predicted, strict=True))
    units = stress.rows if groups is None else groups[stress.rows]
    return stress_table(target[stress.rows], stress.other, before, after, units, n_bootstrap, random_state)


def stress_table(
    target: np.ndarray,
    other: dict[str, np.ndarray],
    before: np.ndarray,
    after: dict[str, np.ndarray],
    units: np.ndarray,
    n_bootstrap: int,
    random_state: Any,
) -> pd.DataFrame:
    """Table of :func:`stress_test` from the predictions before, (m,), and by test `after`; `units` are what is resampled.

    `other` holds, for tests that show the leukocytes on another background, its class.
    """
    said = np.stack(list(after.values()))
    clean, stressed = before == target, said == target
    loss = 100.0 * (clean.astype(float) - stressed)
    low, high = bootstrap_interval(
        lambda weights: {"means": weights @ loss.T / weights.sum(axis=1, keepdims=True)},
        units,
        n_bootstrap=n_bootstrap,
        are_shares=False,
        random_state=random_state,
    )["means"]
    return pd.DataFrame(
        {
            "kind": [STRESS_TESTS[name].kind for name in after],
            "n_images": len(target),
            "clean": clean.mean(),
            "stressed": stressed.mean(axis=1),
            "points_lost": loss.mean(axis=1),
            "points_lost_low": low,
            "points_lost_high": high,
            "changed": (said != before).mean(axis=1),
            "follows_background": [(after[name] == other[name]).mean() if name in other else np.nan for name in after],
        },
        index=pd.Index(after, name="test"),
    )


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
    if isinstance(pipeline, SwapInvariantClassifier):
        pipeline = pipeline.features
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
