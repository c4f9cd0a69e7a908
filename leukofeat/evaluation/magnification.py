"""How large red cells are in the images that a model is given, behind its stages, and whether it was trained on such."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from leukofeat.base import ImageStage
from leukofeat.parallel import map_images
from leukofeat.persistence import ModelCard
from leukofeat.scale.record import Scale
from leukofeat.sequence import ImageSequence, as_sequence
from leukofeat.smear import Smear

_LOOKED_AT = 50  # images whose scale and size stand for all: two seconds
_TOLERANCE = (
    1.15  # factor by which a scale may lie outside the range seen in training; the error of one image is .05 to .1
)
_FEW = 0.1  # share of images that may: the range is that of 90 % of the training images
_LEAST = 3  # images of known scale that make a range


def look_at(
    stages: Sequence[ImageStage], images: ImageSequence, *, n_jobs: int | None = None
) -> tuple[list[Scale], list[Scale], dict[str, int]]:
    """Scale of some of the images as they come and behind the stages, and their sizes; those that fail are left out.

    The scale is found in the image as it comes, and goes with it through the stages: what resizes it changes its scale, and what
    paints over red cells does not hide it.
    """
    sampled = images[_evenly(len(images))]
    raw = _looked_at(sampled, n_jobs)
    sides = np.array([one[1] for one in raw])
    sizes: dict[str, int] = {}
    for axis, side in enumerate(("height", "width") if raw else ()):
        sizes |= {f"min_{side}": int(sides[:, axis].min()), f"max_{side}": int(sides[:, axis].max())}
    return [one[0] for one in raw], _scales_behind(stages, sampled, n_jobs), sizes


def scale_warning(card: ModelCard, stages: Sequence[ImageStage], X: Any, *, n_jobs: int | None = None) -> str | None:
    """What is to be said where images have red cells of another size than those which a model was trained on.

    Parameters
    ----------
    card : ModelCard
        Of the model.
    stages : sequence of ImageStage
        Its fitted image stages: images that they bring to one scale are judged by that.
    X : list, ndarray, Series, one-column DataFrame or ImageSequence of n images or paths
        50 of them, evenly spaced, are looked at.
    n_jobs : int, optional

    Returns
    -------
    str or None
        None where at most one in ten has red cells more than 15 % larger or smaller than 90 % of the training images, and where the
        scale of either is not known.

    Examples
    --------
    >>> from leukofeat.datasets import make_smears
    >>> images = make_smears(n_samples=6, random_state=0).images
    >>> known = {"median": 20.0, "low": 19.0, "high": 21.0, "n_known": 50, "n_images": 50}
    >>> scale_warning(ModelCard("mine", "SVC()", {}, measured_scale=known), [], images) is None
    True
    >>> known = {"median": 60.0, "low": 55.0, "high": 65.0, "n_known": 50, "n_images": 50}
    >>> scale_warning(ModelCard("mine", "SVC()", {}, measured_scale=known), [], images)[:65]
    '6 of 6 images looked at have red cells of another size than the t'
    """
    low, high, n = (card.measured_scale.get(name) for name in ("low", "high", "n_known"))
    if low is None or high is None or n is None or n < _LEAST:
        return None
    images = as_sequence(X)
    scales = _scales_behind(stages, images[_evenly(len(images))], n_jobs)
    pixels = np.array([scale.pixels for scale in scales if scale.known])
    outside = (pixels < low / _TOLERANCE) | (pixels > high * _TOLERANCE)
    if not len(pixels) or outside.mean() <= _FEW:
        return None
    return (
        f"{outside.sum()} of {len(scales)} images looked at have red cells of another size than the training images: "
        f"{np.median(pixels[outside]):.1f} pixels in the median, against {low:.1f} to {high:.1f}. The model has seen no such "
        "magnification, and no verdict on it is promised; resize the images, or train on such."
    )


def _evenly(n: int) -> np.ndarray:
    return np.unique(np.linspace(0, n - 1, min(n, _LOOKED_AT)).round().astype(int)) if n else np.empty(0, int)


def _scales_behind(stages: Sequence[ImageStage], images: ImageSequence, n_jobs: int | None) -> list[Scale]:
    images = images.with_step(_know_scale)
    for stage in stages:
        images = stage.transform(images)
    return [scale for scale, _ in _looked_at(images, n_jobs)]


def _looked_at(images: ImageSequence, n_jobs: int | None) -> list[tuple[Scale, tuple[int, ...]]]:
    with warnings.catch_warnings():  # of what stages note of an image is told when it is measured
        warnings.simplefilter("ignore")
        return [one for one in map_images(_look, images, n_jobs=n_jobs) if one is not None]


def _know_scale(smear: Smear) -> Smear:
    return smear.replace(known_scale=smear.scale)


def _look(images: ImageSequence, i: int) -> tuple[Scale, tuple[int, ...]] | None:
    try:
        smear = images.smear(i)
        return smear.scale, smear.image.shape[:2]
    except Exception:  # what cannot be read or measured is reported by the pass over all images
        return None


def summarise_scales(scales: Sequence[Scale]) -> dict[str, float | int | None]:
    """Median, 5th and 95th percentile of the known ones in pixels, and how many they are, of how many."""
    pixels = np.array([scale.pixels for scale in scales if scale.known])
    low, median, high = np.percentile(pixels, (5, 50, 95)).round(3).tolist() if len(pixels) else (None, None, None)
    return {"median": median, "low": low, "high": high, "n_known": len(pixels), "n_images": len(scales)}
