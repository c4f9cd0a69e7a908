"""Colour normalisation: what each method measures on its reference, what it does to an image, and the stage over it."""

import os
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from leukofeat.base import ImageStage
from leukofeat.constraints import OneOf
from leukofeat.content.padding import find_content
from leukofeat.decode import read_image
from leukofeat.opencv import cv2
from leukofeat.parallel import map_images, note_image
from leukofeat.preprocessing.slide import brightest_color, shows_slide, stained_mask
from leukofeat.sequence import ImageSequence
from leukofeat.smear import Smear, check_image
from leukofeat.store import MEMORY

METHODS = ("template", "reinhard", "lab", "macenko", "histogram", "white_balance")
# Light is what reaches the camera where nothing is stained: the intensity that counts as white after balancing
# and as I0 in optical density (Macenko et al. 2009 use 240).
WHITE = 240.0
_MIN_STAINED_SHARE = 0.001
_BLANK = "blank: there are no colours to normalise, left unchanged."
_NO_SLIDE = (
    "no empty slide beside the cells, which fill all that was not cut away: nothing to balance by, left unchanged. Balance before "
    "cutting out, or normalise by method='reinhard', if images with and without slide are to be compared."
)


class ColorNormalizer(ImageStage):
    """Give every image the colours of a template.

    Parameters
    ----------
    method : {"template", "reinhard", "lab", "macenko", "histogram", "white_balance"}, default="template"
        - "template": mean and standard deviation of R, G and B over the whole image are moved onto the template's,
          a reading of the colour adjustment that the text of Jin et al. (2023, after Zhang et al. 2014) names without a formula.
        - "reinhard": the same in CIELAB, over stained pixels only (Reinhard et al. 2001).
        - "lab": the same in 8-bit CIELAB over the whole image, with what comes out kept within 1 to 255: the formula in the published
          code of Jin et al. (2023), which takes one image of the data set as `template`.
        - "macenko": stain vectors by the angles of optical density, stained pixels only (Macenko et al. 2009).
        - "histogram": the whole distribution of R, G and B.
        - "white_balance": R, G and B are scaled so that the empty slide has the template's background, or neutral
          white (240, 240, 240) when no template is given.
    template : path or ndarray of shape (height, width, 3), dtype uint8, optional
        Image to match. Left out, the reference is learned in `fit` as the median over the training images
        ("white_balance" learns nothing).
    memory : path, Store or joblib.Memory, optional
        Folder that remembers what was learned from the same images, so that a grid search learns it once
        (:class:`~leukofeat.store.Store`).

    Attributes
    ----------
    reference_ : ndarray
        What was learned in `fit`; only where there is something to learn.

    Notes
    -----
    Stained pixels have an optical density above 0.15 against the image's own background. A blank image is returned
    unchanged, with a warning. A learned reference is part of the model: inside cross-validation it is learned on the
    training fold only.

    Padding (:func:`~leukofeat.preprocessing.find_padding`: what is black around a cell that was cut out, for one) stays as it is
    and is not counted. Where the cells fill all that is left, "white_balance" has no empty slide to go by: it leaves the image
    unchanged and says so, once a pass.

    References
    ----------
    Jin, Riquelme, Robitaille and Zadvornov, Multilabel leukemia classification machine, 2023, and its published code.
    Reinhard et al., Color transfer between images, IEEE CG&A 21(5), 2001. Macenko et al., A method for normalizing
    histology slides for quantitative analysis, ISBI 2009. Zhang et al., White blood cell segmentation by
    color-space-based k-means clustering, Sensors 14(9), 2014.

    Examples
    --------
    >>> from leukofeat.datasets import make_smears
    >>> from leukofeat.preprocessing import ColorNormalizer
    >>> images = make_smears(n_samples=4, random_state=0).images
    >>> ColorNormalizer("reinhard").fit_transform(images)[0].shape
    (224, 224, 3)
    """

    learns_from_target = False
    _parameter_constraints: ClassVar[dict[str, Any]] = {"method": [OneOf(*METHODS)], "memory": MEMORY}

    def __init__(self, method: str = "template", *, template: Any = None, memory: Any = None) -> None:
        self.method = method
        self.template = template
        self.memory = memory

    @property
    def requires_fit(self) -> bool:  # type: ignore[override]  # an attribute in the base: it depends on no parameter there
        return self.template is None and self.method != "white_balance"

    def identity(self) -> dict[str, Any]:
        is_file = isinstance(self.template, (str, os.PathLike))
        return super().identity() | ({"template": Path(self.template).read_bytes()} if is_file else {})

    def learn(self, images: ImageSequence, y: Any) -> None:
        if self.requires_fit:
            found = map_images(partial(_reference_of, self.method), images)
            known = [reference for reference in found if reference is not None]
            if not known:
                raise ValueError("Every image is blank: no template can be learned; give one as template=.")
            self.reference_ = np.median(known, axis=0)

    def transform(self, X: Any) -> ImageSequence:
        """Lazy sequence of the normalised images.

        Parameters
        ----------
        X : list, ndarray, Series or one-column DataFrame of n images or paths

        Returns
        -------
        ImageSequence of length n
        """
        images = self._prepare(X)
        reference = self.reference_ if self.requires_fit else self._given_reference()
        # the step keeps the reference, and not the estimator with its template
        return images.with_step(partial(_normalized, self.method, reference))

    def _given_reference(self) -> np.ndarray:
        if self.template is None:
            return np.full(3, WHITE)
        is_path = isinstance(self.template, (str, os.PathLike))
        template = read_image(self.template) if is_path else check_image(self.template, "the template")
        reference = measure_reference(template, self.method, find_content(template))
        if reference is None:
            what, wanted = (
                ("shows no empty slide", "empty slide")
                if self.method == "white_balance"
                else ("is blank", "stained cells")
            )
            raise ValueError(f"template{f' {self.template}' if is_path else ''} {what}; give an image with {wanted}.")
        return reference


def _reference_of(method: str, images: ImageSequence, i: int) -> np.ndarray | None:
    image = images.smear(i).image
    return measure_reference(image, method, find_content(image))


def _normalized(method: str, reference: np.ndarray, smear: Smear) -> Smear:
    return smear.replace(image=normalize(smear.image, reference, method, smear.source))


def measure_reference(image: np.ndarray, method: str, content: np.ndarray | None = None) -> np.ndarray | None:
    """What `method` has to know of a reference image, or None where the image shows none of it.

    `content` is what is no padding, bool; None for everything.
    """
    if method == "white_balance":
        return brightest_color(image, content) if content is None or shows_slide(image, content) else None
    if is_blank(image, content):
        return None
    if method in ("template", "lab"):
        return _mean_std(cv2.cvtColor(image, cv2.COLOR_RGB2LAB) if method == "lab" else image, content)
    if method == "histogram":
        return np.stack([_quantiles(image[:, :, c] if content is None else image[:, :, c][content]) for c in range(3)])
    mask = stained_mask(image)
    if np.count_nonzero(mask) < max(2, _MIN_STAINED_SHARE * mask.size):
        return None
    if method == "reinhard":
        statistics = _mean_std(cv2.cvtColor(image, cv2.COLOR_RGB2LAB), mask)
        return None if np.all(statistics[1] < 1.0) else statistics
    return _macenko(image, mask)


def normalize(image: np.ndarray, reference: np.ndarray, method: str, name: str | None = None) -> np.ndarray:
    """Image with the reference's colours; one that shows none comes back as it is, with a warning that names it."""
    content = find_content(image)
    own = measure_reference(image, method, content)
    blank = is_blank(image, content)
    if own is None or blank:
        note_image(name or "An image", _NO_SLIDE if method == "white_balance" and not blank else _BLANK)
        return image
    changed = recolor(image, own, reference, method, content)
    if content is not None:
        changed[~content] = image[~content]
    return changed


def recolor(
    image: np.ndarray, own: np.ndarray, reference: np.ndarray, method: str, content: np.ndarray | None
) -> np.ndarray:
    """Image with the reference's colours, given what `method` knows of the image itself; what is no content comes out anyhow."""
    if method == "macenko":
        return _apply_macenko(image, own, reference)
    if method in ("lab", "reinhard"):
        table = _linear_table(own, reference)
        if method == "lab":
            table = np.maximum(table, 1)
        lab = cv2.LUT(cv2.cvtColor(image, cv2.COLOR_RGB2LAB), table[None])
        return cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)
    if method == "template":
        table = _linear_table(own, reference)
    elif method == "histogram":
        table = np.stack([_matching_table(own[c], reference[c]) for c in range(3)], axis=1)
    else:
        table = _to_uint8(np.arange(256)[:, None] * (reference / np.maximum(own, 1.0)))
    return cv2.LUT(image, table[None])


def is_blank(image: np.ndarray, content: np.ndarray | None = None) -> bool:
    """Whether every channel is constant, or almost (standard deviation below one grey level)."""
    return bool(np.all(_mean_std(image, content)[1] < 1.0))


def _to_uint8(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _mean_std(image: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    """(2, 3): mean and standard deviation of each channel."""
    mean, std = cv2.meanStdDev(image, mask=None if mask is None else mask.view(np.uint8))
    return np.stack([mean[:, 0], std[:, 0]])


def _linear_table(own: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """(256, 3) look-up table that moves mean and standard deviation onto the reference's."""
    # Below one grey level a spread is rounding, and stretching it would throw every other pixel to an end of the scale.
    gain = reference[1] / np.maximum(own[1], 1.0)
    return _to_uint8((np.arange(256)[:, None] - own[0]) * gain + reference[0])


def _quantiles(channel: np.ndarray) -> np.ndarray:
    """Cumulative share of the pixels at or below each of the 256 levels."""
    return np.cumsum(np.bincount(channel.ravel(), minlength=256)) / channel.size


def _matching_table(own: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Level of the reference that has the same cumulative share, interpolated between levels that occur."""
    occurs = np.flatnonzero(np.diff(reference, prepend=0.0) > 0)
    return _to_uint8(np.interp(own, reference[occurs], occurs))


def _density(image: np.ndarray) -> np.ndarray:
    return -np.log((np.arange(256) + 1.0) / WHITE)[image]


def _macenko(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """(3, 3): two unit stain vectors, haematoxylin-like first, then the 99th percentile of each stain's density and a 0."""
    density = _density(image)[mask]
    _, vectors = np.linalg.eigh(np.cov(density, rowvar=False))
    plane = vectors[:, [2, 1]] * np.where(vectors[0, [2, 1]] < 0, -1.0, 1.0)
    projected = density @ plane
    low, high = np.percentile(np.arctan2(projected[:, 1], projected[:, 0]), [1, 99])
    pair = np.array([plane @ (np.cos(angle), np.sin(angle)) for angle in (low, high)])
    stains = pair if pair[0, 0] > pair[1, 0] else pair[::-1]
    strength = np.percentile(density @ np.linalg.pinv(stains), 99, axis=0)
    return np.vstack([stains, [*strength, 0.0]])


def _apply_macenko(image: np.ndarray, own: np.ndarray, reference: np.ndarray) -> np.ndarray:
    gain = reference[2, :2] / np.maximum(own[2, :2], 1e-6)
    mix = np.linalg.pinv(own[:2]) @ (gain[:, None] * reference[:2])
    density = _density(image).astype(np.float32) @ mix.astype(np.float32)
    return _to_uint8(WHITE * np.exp(-density) - 1.0)
