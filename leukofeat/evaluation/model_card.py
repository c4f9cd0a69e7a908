"""What a fitted pipeline was made from, for the card in its file; and whether other images are like those."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from leukofeat.digest import digest
from leukofeat.evaluation.columns import check_classes, check_groups
from leukofeat.evaluation.comparison import Comparison
from leukofeat.evaluation.magnification import look_at, summarise_scales
from leukofeat.evaluation.versions import full_text, versions
from leukofeat.persistence import ModelCard
from leukofeat.pipeline import split_pipeline
from leukofeat.sequence import ImageSequence, as_sequence

_KEPT = ("accuracy", "balanced_accuracy", "macro_f1", "auc")
_LONGEST = 100_000  # characters of a pipeline's text


def describe_model(model: Any, name: str | None = None) -> ModelCard:
    """Card of what can be told from a fitted pipeline itself, as of one whose file has no card.

    Parameters
    ----------
    model : estimator
    name : str, optional
        What to call it; by default its last step's class.

    Returns
    -------
    ModelCard

    Examples
    --------
    >>> from leukofeat.baselines import make_baseline
    >>> from leukofeat.datasets import make_smears
    >>> smears = make_smears(n_samples=8, size=64, random_state=0)
    >>> card = describe_model(make_baseline("four_colors").fit(smears.images, smears.target_names[smears.target]))
    >>> card.columns
    ('image_r_mean', 'image_g_mean', 'image_b_mean', 'image_l_std')
    >>> card.classes
    {'Benign': None, 'Early': None, 'Pre': None, 'Pro': None}
    """
    text = full_text(model)
    return ModelCard(
        name=_default_name(model) if name is None else str(name),
        pipeline=text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ...",
        classes={str(label): None for label in getattr(model, "classes_", ())},
        columns=_columns(model),
    )


def make_card(
    model: Any,
    X: Any,
    y: Any,
    *,
    groups: Any = None,
    name: str | None = None,
    target_names: Any = None,
    comparisons: Mapping[str, Comparison] | None = None,
    controls: Sequence[str] = ("four_colors", "no_leukocytes"),
    scores: Sequence[Mapping[str, Any]] = (),
    notes: Sequence[str] = (),
    n_failed: int = 0,
    n_without_cell: int | None = None,
    manifest: str | os.PathLike[str] | None = None,
    n_jobs: int | None = None,
) -> ModelCard:
    """Card of a fitted pipeline, from the images that it was fitted on.

    Parameters
    ----------
    model : estimator
        Fitted.
    X : list, ndarray, Series, one-column DataFrame or ImageSequence of n images or paths
        What it was fitted on. All are read for the fingerprint, and 50 of them, evenly spaced, measured for scale and size.
    y : array-like of length n
        Their classes, or codes into `target_names`.
    groups : array-like of length n, optional
        Slide or patient of each image.
    name : str, optional
        What to call the model; by default its last step's class.
    target_names : sequence of str, optional
        Names of the classes when `y` holds codes.
    comparisons : dict of str to Comparison, optional
        By the protocol, in words, what :func:`~leukofeat.evaluation.compare` found of the unfitted pipeline, under the name `name`,
        and of controls beside it.
    controls : sequence of str, default=("four_colors", "no_leukocytes")
        Rows of the comparisons that look at no leukocyte.
    scores : sequence of mappings, optional
        Further rows of :attr:`ModelCard.scores`, in front of those.
    notes : sequence of str, optional
        What a reader has to know before believing them.
    n_failed : int, default=0
        Images that were meant for training and could not be measured.
    n_without_cell : int, optional
        Training images in which no leukocyte was found.
    manifest : path, optional
        File that lists the images; its SHA-256 stands in the card.
    n_jobs : int, optional

    Returns
    -------
    ModelCard
        The same for the same model and images with any number of workers; it holds no date, and no paths.

    Raises
    ------
    ValueError
        When `y` or `groups` has another length than X.

    Examples
    --------
    >>> from leukofeat.baselines import make_baseline
    >>> from leukofeat.datasets import make_smears
    >>> smears = make_smears(n_samples=16, size=96, random_state=0)
    >>> model = make_baseline("four_colors").fit(smears.images, smears.target_names[smears.target])
    >>> card = make_card(model, smears.images, smears.target, groups=smears.groups, target_names=smears.target_names)
    >>> card.classes, card.data["n_groups"]
    ({'Benign': 4, 'Early': 4, 'Pre': 4, 'Pro': 4}, 16)
    >>> 17 < card.scale["median"] < 23, card.sizes["max_width"]  # drawn with 20 pixels a red cell
    (True, 96)
    """
    images = as_sequence(X)
    target = check_classes(y, len(images), target_names)
    known = check_groups(groups, len(images))
    labels, counts = np.unique(target, return_counts=True)
    card = describe_model(model, name)
    contents = [(images.content(i), str(label)) for i, label in enumerate(target)]
    before, after, sizes = look_at(split_pipeline(_chosen(model)).stages, images, n_jobs=n_jobs)
    found = [] if comparisons is None else list(comparisons.items())
    return replace(
        card,
        classes=dict(zip(map(str, labels), map(int, counts), strict=True)),
        versions=versions(),
        data={
            "n_images": len(images),
            "n_failed": int(n_failed),
            "n_without_cell": None if n_without_cell is None else int(n_without_cell),
            "n_groups": None if known is None else len(np.unique(known)),
            "digest": digest(sorted(contents, key=str)),
            "manifest_sha256": None if manifest is None else hashlib.sha256(Path(manifest).read_bytes()).hexdigest(),
            "label_maps": bool(len(images)) and _is_segmented(images),
        },
        scale=summarise_scales(before),
        measured_scale=summarise_scales(after),
        sizes=sizes,
        scores=(
            *({str(key): value for key, value in row.items()} for row in scores),
            *(row for protocol, comparison in found for row in score_rows(protocol, comparison, controls)),
        ),
        notes=tuple(dict.fromkeys([*notes, *(note for _, comparison in found for note in comparison.notes)])),
    )


def score_rows(protocol: str, comparison: Comparison, controls: Sequence[str]) -> list[dict[str, Any]]:
    """Rows of :attr:`~leukofeat.persistence.ModelCard.scores` from a comparison: the pipelines first, then the controls."""
    tested = comparison.predictions.drop_duplicates("row")
    n_groups = int(tested["group"].nunique()) if "group" in tested else None
    names = sorted(comparison.table.index, key=lambda name: name in controls)
    columns = [column for metric in _KEPT for column in (metric, f"{metric}_low", f"{metric}_high")]
    columns = [column for column in columns if column in comparison.table]
    return [
        {"protocol": protocol, "pipeline": str(name), "control": name in controls}
        | {"n_images": len(tested), "n_groups": n_groups}
        | {column: _number(comparison.table.loc[name, column]) for column in columns}
        for name in names
    ]


def _is_segmented(images: ImageSequence) -> bool:
    found = (_segmented(images, i) for i in range(len(images)))
    return next((answer for answer in found if answer is not None), False)


def _segmented(images: ImageSequence, i: int) -> bool | None:
    try:
        return images.smear(i).is_segmented
    except Exception:
        return None


def _columns(model: Any) -> tuple[str, ...]:
    """Names of what the classifier is given, as far as there are such."""
    try:
        model = _chosen(model)
        features = split_pipeline(model).features
        stage = features if features is not None else model[:-1]
        return tuple(map(str, stage.get_feature_names_out()))
    except Exception:  # of stages and functions of one's own, which may answer anything
        return ()


def _chosen(model: Any) -> Any:
    """The pipeline that a search has found best; any other model is itself."""
    return getattr(model, "best_estimator_", model)


def _default_name(model: Any) -> str:
    steps = getattr(model, "steps", None)
    return type(steps[-1][1] if steps else model).__name__


def _number(value: Any) -> float | None:
    return None if value is None or value != value else round(float(value), 4)
