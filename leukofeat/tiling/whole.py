"""What stages take from the whole image is taken from the whole field, once, and held for all tiles."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial, singledispatch
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from leukofeat.base import ImageStage
from leukofeat.content.padding import find_content
from leukofeat.decode import ImageError
from leukofeat.preprocessing import (
    BilateralDenoiser,
    ChromaDenoiser,
    ColorNormalizer,
    GaussianDenoiser,
    MedianDenoiser,
    ScaleBarCropper,
    ShadingCorrector,
)
from leukofeat.preprocessing.normalize import is_blank, measure_reference, recolor
from leukofeat.preprocessing.shading import fit_light, light_at, relit
from leukofeat.preprocessing.slide import shows_slide
from leukofeat.scale.estimate import estimate_scale
from leukofeat.scale.record import Scale
from leukofeat.segmentation import LeukocyteSegmenter
from leukofeat.segmentation.leukocyte.cores import most_stain
from leukofeat.segmentation.leukocyte.dyes import in_usual_dyes
from leukofeat.segmentation.leukocyte.segment import find_leukocytes
from leukofeat.segmentation.leukocyte.surroundings import Surroundings
from leukofeat.segmentation.leukocyte.survey import dyes_of, slide_of, survey, together, typical_diameter
from leukofeat.segmentation.stage import Segmenter, note_redrawn
from leukofeat.sequence import Step, as_sequence
from leukofeat.smear import Smear
from leukofeat.tiling.field import Field
from leukofeat.tiling.grid import PlacedStep
from leukofeat.tiling.overview import overlook

# what only looks at a pixel's neighbours is the same in every tile, and changes nothing that can be seen from afar
_LOCAL = (BilateralDenoiser, ChromaDenoiser, GaussianDenoiser, MedianDenoiser)
_MIDDLE = 1600  # side of the middle of the field in which red cells are looked for that are too small from afar
_LOOK, _LOOKS = 1024, 3  # side of the regions in which nuclei are, and how many of them a side of the field


class Settled(NamedTuple):
    """What is known of a whole field: steps for its tiles, rows that are kept of it, and sizes of what is in it in pixels."""

    steps: tuple[Step, ...]
    rows: int
    scale: Scale | None
    nucleus: float | None


@dataclass(frozen=True)
class Shaded(PlacedStep):
    """Divides out the light that falls on a field of a shape."""

    surface: np.ndarray
    level: float
    shape: tuple[int, int]

    def at(self, top: int, left: int, step: int = 1) -> Step:
        return partial(self._shade, top, left, step)

    def _shade(self, top: int, left: int, step: int, smear: Smear) -> Smear:
        return smear.replace(image=self.shade(smear.image, top, left, step))

    def shade(self, image: np.ndarray, top: int, left: int, step: int) -> np.ndarray:
        """An image of the field, with the same light everywhere."""
        down, across = (
            (first + step * np.arange(n)) / whole - 0.5
            for first, n, whole in zip((top, left), image.shape, self.shape, strict=False)
        )
        return relit(image, light_at(self.surface, down, across), self.level)


class _Course:
    """A field on its way through the stages."""

    def __init__(self, field: Field, strict: bool) -> None:
        self.field, self.strict = field, strict
        self.rows = field.shape[0]
        self.overview = overlook(field, strict=strict)
        self.steps: list[Step] = []
        self.nucleus: float | None = None

    def fitted(self, stage: ImageStage) -> ImageStage:
        """A stage that learns and has not, taught by the field as it is seen from afar."""
        try:
            if stage.requires_fit:
                check_is_fitted(stage)
        except NotFittedError:
            return stage.fit(as_sequence([self.overview.shrunken]))
        return stage

    def smear(self, image: np.ndarray) -> Smear:
        return Smear(image, source=self.field.source)

    def close(self, top: int, left: int, height: int, width: int) -> np.ndarray:
        """A region of the field behind the steps so far."""
        smear = self.smear(self.field.read(top, left, height, width))
        for step in self.steps:
            smear = (step.at(top, left) if isinstance(step, PlacedStep) else step)(smear)
        return smear.image

    def looks(self) -> Iterator[np.ndarray]:
        """Regions all over the field, behind the steps so far."""
        size = self.rows, self.field.shape[1]
        tops, lefts = (np.unique(np.linspace(0, max(0, n - _LOOK), _LOOKS).astype(int)).tolist() for n in size)
        height, width = (min(n, _LOOK) for n in size)
        for top, left in product(tops, lefts):
            try:
                yield self.close(top, left, height, width)
            except ImageError:
                if self.strict:
                    raise


def settle(field: Field, stages: Sequence[ImageStage], *, strict: bool = True) -> Settled:
    """Look at a field as a whole, and make of image stages the steps for its tiles.

    Parameters
    ----------
    field : Field
    stages : sequence of ImageStage
        Those that learn and have not learned do so from the field seen from afar.
    strict : bool, default=True
        Whether a region that cannot be read is an error, or left out.

    Returns
    -------
    Settled
    """
    course = _Course(field, strict)
    for stage in stages:
        step(course.fitted(stage), course)
    scale = Scale.unknown() if field.pixel_size is not None else _scale(course)
    return Settled(tuple(course.steps), course.rows, scale if scale.known else None, course.nucleus)


@singledispatch
def step(stage: ImageStage, course: _Course) -> None:
    """Append the steps of a stage to a course; those without a rule of their own see each tile as an image."""
    (own,) = stage.transform(as_sequence([course.overview.sample])).steps
    if not isinstance(stage, _LOCAL):
        seen = course.overview.after(lambda image: _behind(own, course.smear(image)))
        if seen.sample.shape == course.overview.sample.shape:
            course.overview = seen
    course.steps.append(own)


def _behind(own: Step, smear: Smear) -> np.ndarray:
    return own(smear).image


@step.register
def _(stage: ScaleBarCropper, course: _Course) -> None:
    # of the field's height, not of a tile's
    height: Any = stage.height_ if stage.requires_fit else stage.height
    cut = round(height * course.rows) if height < 1 else int(height)
    course.rows = max(1, course.rows - cut)
    course.overview = course.overview.cropped(course.rows)


@step.register
def _(stage: ShadingCorrector, course: _Course) -> None:
    image = course.overview.sample
    surface = fit_light(image, stage.degree)
    if surface is None:
        return
    light = light_at(surface, *(np.arange(n) / n - 0.5 for n in image.shape[:2]))
    if light.min() > (1 - stage.least) * light.max():
        return
    shaded = Shaded(surface, float(np.median(light)), (course.rows, course.field.shape[1]))
    seen = course.overview.after(lambda image: shaded.shade(image, 0, 0, course.overview.factor))
    if shows_slide(seen.sample, np.ones(seen.sample.shape[:2], bool)):
        course.overview = seen
        course.steps.append(shaded)


@step.register
def _(stage: ColorNormalizer, course: _Course) -> None:
    (known,) = stage.transform(as_sequence([course.overview.sample])).steps
    method, reference = known.args  # type: ignore[attr-defined]  # of the stage's partial
    sample = course.overview.sample
    content = find_content(sample)
    own = measure_reference(sample, method, content)
    if own is None or is_blank(sample, content):
        course.steps.append(known)  # which says of each tile that it cannot
        return
    course.steps.append(partial(_recolored, own, reference, method))
    course.overview = course.overview.after(lambda image: _recolored(own, reference, method, course.smear(image)).image)


def _recolored(own: np.ndarray, reference: np.ndarray, method: str, smear: Smear) -> Smear:
    content = find_content(smear.image)
    changed = recolor(smear.image, own, reference, method, content)
    if content is not None:
        changed[~content] = smear.image[~content]
    return smear.replace(image=changed)


@step.register
def _(stage: LeukocyteSegmenter, course: _Course) -> None:
    dyes = dyes_of(course.overview.shrunken)
    stained = partial(in_usual_dyes, dyes=dyes)
    diameter = stage.diameter or _nucleus(course, stained)
    course.nucleus = diameter
    if diameter is None:  # no nucleus is seen anywhere
        course.steps.append(stage.apply)
        return
    background = slide_of(stained(course.overview.shrunken), course.overview.factor, diameter)
    parts = [survey(stained(image), diameter, background) for image in course.looks()]
    if not parts:  # none can be read
        course.steps.append(stage.apply)
        return
    seen = together(parts)
    most = most_stain(seen.solitary, seen.stain)
    around = Surroundings(diameter, background, _scale(course), most, seen.outside, dyes)
    course.steps.append(partial(_segmented, stage, around))


@dataclass(frozen=True)
class Cleared(PlacedStep):
    """A segmenter that leaves out what the border of a field of this shape cuts, and keeps what only a tile's cuts."""

    stage: Segmenter
    shape: tuple[int, int]

    def at(self, top: int, left: int, step: int = 1) -> Step:
        return partial(self._segmented, top, left)

    def _segmented(self, top: int, left: int, smear: Smear) -> Smear:
        smear = self.stage.apply(smear)
        cut = []
        for region in ("nucleus", "cell"):
            y0, x0, y1, x1 = (smear.region_boxes(region)[:, :4] + np.array([top, left, top, left])).T
            cut.append((y0 == 0) | (x0 == 0) | (y1 == self.shape[0]) | (x1 == self.shape[1]))
        if not (cut[0] | cut[1]).any():
            return smear
        # of a cell whose cytoplasm alone is cut the nucleus stays
        numbers = np.arange(1, smear.n_cells + 1)
        gone, bare = (np.concatenate([[0], np.where(one, 0, numbers)]).astype(np.int32) for one in cut)
        nuclei = gone[smear.region("nucleus")]
        return smear.replace(
            nuclei=nuclei, cells=np.where(nuclei > 0, nuclei, np.minimum(gone, bare)[smear.region("cell")])
        )


@step.register
def _(stage: Segmenter, course: _Course) -> None:
    if stage.cleanup is None or stage.cleanup.clear_border:
        inner = clone(stage).set_params(cleanup__clear_border=False)
        course.steps.append(Cleared(inner, (course.rows, course.field.shape[1])))
    else:
        course.steps.append(stage.apply)


def _segmented(stage: LeukocyteSegmenter, around: Surroundings, smear: Smear) -> Smear:
    note_redrawn(stage, smear)
    found = find_leukocytes(smear.image, diameter=stage.diameter, fine=stage.fine, surroundings=around)
    return smear.replace(**found._asdict())


def _nucleus(course: _Course, stained: Callable[[np.ndarray], np.ndarray]) -> float | None:
    """Typical diameter of a nucleus of the field in pixels: seen from afar, or, where nuclei are too small, in regions all over it."""
    factor = course.overview.factor
    seen = typical_diameter(stained(course.overview.shrunken))
    if seen is not None or factor == 1:
        return None if seen is None else seen * factor
    known = [one for one in (typical_diameter(stained(image)) for image in course.looks()) if one is not None]
    return float(np.median(known)) if known else None


def _scale(course: _Course) -> Scale:
    scale = estimate_scale(course.overview.shrunken)
    if scale.known or course.overview.factor == 1:
        return scale.times(course.overview.factor)
    size = course.rows, course.field.shape[1]
    top, left = (max(0, (n - _MIDDLE) // 2) for n in size)
    return estimate_scale(course.close(top, left, *(min(n, _MIDDLE) for n in size)))
