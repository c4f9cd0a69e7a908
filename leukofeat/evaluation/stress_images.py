"""Images in which only what should not matter is changed, made of those of a set when they are asked for."""

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from leukofeat.augmentation import FieldCells, find_cells
from leukofeat.evaluation.stress_tests import STRESS_TESTS
from leukofeat.failures import Failure
from leukofeat.preprocessing import resize_smear
from leukofeat.segmentation import LabKMeansSegmenter
from leukofeat.sequence import ImageSequence, Step
from leukofeat.smear import Smear
from leukofeat.store import Store


class ChangedImage(ImageSequence):
    """One image of a set, changed on demand, under a name of its own: what it was made of may stand beside it.

    Parameters
    ----------
    image : ImageSequence of one image
    change : callable
    name : str
    """

    def __init__(self, image: ImageSequence, change: Step, name: str) -> None:
        super().__init__([image], (change, partial(_rename, name)))
        self._name = name

    def source(self, i: int) -> str:
        """Name of the changed image."""
        return self._name

    def name(self, i: int) -> str:
        """Name of the changed image."""
        return self._name


class StressSet(NamedTuple):
    """Changed images.

    Attributes
    ----------
    rows : ndarray of shape (m,)
        Rows of the set that they were made of.
    tests : list of str
        Names of the tests.
    other : dict of str to ndarray of shape (m,)
        By test that pastes: class of the background that stands behind each.
    images : list of ChangedImage
        An image for each test and row: those of the first of `tests`, then those of the second, ...
    failures : list of Failure
        Rows that could not be read or segmented, and were left out.
    """

    rows: np.ndarray
    tests: list[str]
    other: dict[str, np.ndarray]
    images: list[ChangedImage]
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
    tests: Sequence[str] = tuple(STRESS_TESTS),
    groups: Any = None,
    segmenter: Any = None,
    random_state: Any = 0,
    memory: Store | None = None,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> StressSet:
    """Prepare every test's images for some rows of a set; the same images for the same `random_state`, whatever the tests.

    Parameters
    ----------
    images : ImageSequence of n images
    target : ndarray of shape (n,)
    rows : ndarray of shape (m,)
        Images to change; backgrounds come from among them too.
    tests : sequence of str
        Names of STRESS_TESTS.
    groups : array-like of length n, optional
        Backgrounds come from another group where there is one.
    segmenter : stage, optional
        Finds the leukocytes of images that come without label maps.
    random_state : int, default=0
    memory : Store, optional
        Keeps where the leukocytes are.
    n_jobs, verbose
        As in :func:`~leukofeat.parallel.map_images`.

    Returns
    -------
    StressSet
        If leukocytes are pasted in any test, its `rows` leave out images in which none was found, since nothing would be left
        of them, and those that failed.

    Raises
    ------
    ValueError
        When a background of another class is needed and fewer than two classes are left.
    """
    cells: list[FieldCells] = []
    failures: list[Failure] = []
    other: dict[str, np.ndarray] = {}
    pasting = {name: STRESS_TESTS[name].donor for name in tests if STRESS_TESTS[name].paste is not None}
    if pasting:
        stage = segmenter if segmenter is not None else LabKMeansSegmenter(rank="a")
        options: dict[str, Any] = {"memory": memory, "n_jobs": n_jobs, "verbose": verbose}
        found = find_cells(images[rows], stage, description="segmenting for the stress tests", **options)
        failures = [
            Failure(int(row), images.name(int(row)), made)
            for row, made in zip(rows, found, strict=True)
            if isinstance(made, str)
        ]
        kept = [
            (row, made) for row, made in zip(rows, found, strict=True) if isinstance(made, FieldCells) and made.n_cells
        ]
        rows, cells = np.array([row for row, _ in kept], np.int64), [made for _, made in kept]
    slides = np.arange(len(target)) if groups is None else np.asarray(groups)
    donors: dict[str | None, np.ndarray] = {
        kind: _draw_donors(target[rows], slides[rows], [made.slide for made in cells], kind, random_state)
        for kind in {donor for donor in pasting.values() if donor is not None and donor != "even"}
    }
    even = np.rint(np.median([made.slide for made in cells], axis=0)) if cells else None
    made = []
    for name in tests:
        test, donor = STRESS_TESTS[name], donors.get(pasting.get(name))
        if donor is not None:
            other[name] = target[rows][donor]
        for i, row in enumerate(rows):
            change: Step = partial(_change_alone, name, [random_state or 0, int(row)])
            if test.paste is not None:
                onto = even if donor is None else (images[[rows[donor[i]]]], cells[donor[i]])
                change = partial(_paste, name, cells[i], onto)
            made.append(ChangedImage(images[[row]], change, f"{images.name(int(row))} ({name})"))
    return StressSet(rows, list(tests), other, made, failures)


def _rename(name: str, smear: Smear) -> Smear:
    return smear.replace(source=name)


def _change_alone(name: str, seed: list[int], smear: Smear) -> Smear:
    change = STRESS_TESTS[name].change
    assert change is not None
    return change(smear, np.random.default_rng(seed))


def _paste(name: str, cells: FieldCells, onto: Any, smear: Smear) -> Smear:
    """Leukocytes of an image on an even colour, or on (image, its cells)."""
    paste, image = STRESS_TESTS[name].paste, smear.image
    assert paste is not None
    if isinstance(onto, tuple):
        field = _fit(onto[1].smear(onto[0].smear(0).image), image.shape)
    else:
        field = Smear(np.broadcast_to(onto.astype(np.uint8), image.shape).copy(), np.zeros(image.shape[:2], np.int32))
    # label maps that the image came with stay those of the leukocytes
    pasted = paste(cells.smear(image), field)
    return smear.replace(image=pasted.image, pixel_size=pasted.pixel_size)


def _draw_donors(
    target: np.ndarray, slides: np.ndarray, colors: list[np.ndarray], kind: str, random_state: Any
) -> np.ndarray:
    """Of each image, the one whose background it is shown on: of another class, and of another slide if there is one."""
    if len(np.unique(target)) < 2:
        raise ValueError(
            f"{len(target)} images with leukocytes, of {len(np.unique(target))} classes: backgrounds of another class are "
            "needed. Give more images, or a segmenter= that finds the leukocytes."
        )
    rng = np.random.default_rng(random_state)
    donors = np.empty(len(target), np.int64)
    for i in range(len(target)):
        others = np.flatnonzero(target != target[i])
        elsewhere = others[slides[others] != slides[i]]
        allowed = elsewhere if len(elsewhere) else others
        if kind == "random":
            donors[i] = rng.choice(allowed)
        else:
            donors[i] = allowed[np.argmin([np.abs(colors[j] - colors[i]).sum() for j in allowed])]
    return donors


def _fit(smear: Smear, shape: tuple[int, ...]) -> Smear:
    return smear if smear.image.shape == shape else resize_smear(smear, (shape[0], shape[1]))
