"""A feature measured on images as they are, and on the same images changed: what every check looks at."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from leukofeat.base import FeatureFamily
from leukofeat.constraints import OneOf, check
from leukofeat.evaluation.feature_checks.changes import Change
from leukofeat.evaluation.feature_checks.family import as_family, column_entries
from leukofeat.evaluation.feature_checks.scene import Scene
from leukofeat.failures import Failure
from leukofeat.features import FunctionFeatures
from leukofeat.measuring import Extraction, measure
from leukofeat.plan import Leaf, Node, Plan
from leukofeat.segmentation import LeukocyteSegmenter
from leukofeat.sequence import ImageSequence, as_sequence
from leukofeat.smear import Smear

FEWEST = 10  # rows from which a spread or a correlation says anything
MOST = 10.0  # standard deviations that one image may add to a mean
AGAIN = "order of images"  # the pass over changed images goes from the last to the first


class Subject:
    """A feature and the images to check it on.

    Parameters
    ----------
    f : function or FeatureFamily
    X : images as :func:`~leukofeat.sequence.as_sequence` takes them
    y : ndarray of shape (n_images,), optional
        Given to a family that has to be fitted.
    per : {"image", "cell"}
        Which columns are checked: those of an image's row, or those of the table of cells.
    segmenter : stage, optional
    claims : Measure or mapping, optional
    reference : list of FeatureFamily
        Families measured beside it.
    rows : ndarray of int
        Images to change.
    options : dict
        `n_jobs`, `verbose` of the passes, and `seed` of the changes.

    Examples
    --------
    >>> def brightness(smear):
    ...     return smear.image.mean()
    >>> subject = Subject(brightness, [Smear(np.full((4, 4, 3), 100, np.uint8), np.eye(4, dtype=int))])
    >>> before, after = subject.moved("light")
    >>> before.tolist(), after.tolist()
    ([[100.0]], [[80.0]])
    """

    def __init__(
        self,
        f: Any,
        X: Any,
        y: np.ndarray | None = None,
        *,
        per: str = "image",
        segmenter: Any = None,
        claims: Any = None,
        reference: Sequence[FeatureFamily] = (),
        rows: np.ndarray | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        check("per", per, OneOf("image", "cell"))
        self.per = per
        self.options = {"n_jobs": None, "verbose": 0, "seed": 0} | dict(options or {})
        family = as_family(f)
        images = as_sequence(X)
        if not len(images):
            raise ValueError("X holds no image.")
        self.images = images.with_step(_Segment(segmenter if segmenter is not None else LeukocyteSegmenter()))
        if family.requires_fit:
            try:
                check_is_fitted(family)
            except NotFittedError:
                family = clone(family).fit(self.images, y)
        self.members = [m for m in family.members() if per == "image" or m.cell_names()]
        self.columns_of = [self._names([member]) for member in self.members]
        self.names = [name for names in self.columns_of for name in names]
        if not self.names:
            raise ValueError(
                f"{type(family).__name__} has no columns of single cells; use per='image', or FunctionFeatures(f, per='cell')."
            )
        own = {type(member) for member in self.members} - {FunctionFeatures}
        self.reference = [m for m in reference if type(m) not in own and (per == "image" or m.cell_names())]
        self.entries = column_entries(self.members, per, claims)
        self._rows = np.arange(len(images)) if rows is None else rows
        self._changed: dict[str, np.ndarray] = {}
        self.raised: dict[int, list[tuple[str, str, str]]] = {}  # by member: change ("" for none), image, reason
        self._measure_unchanged()

    def _names(self, families: Sequence[FeatureFamily]) -> list[str]:
        return [name for m in families for name in (m.row_names() if self.per == "image" else m.cell_names())]

    def _measure_unchanged(self) -> None:
        families = [Scene(), *self.members, *self.reference]
        found = self._pass(families, [()], self.images)
        scene = found[0]
        self.failures: list[Failure] = scene.failures
        unread = {failure.row for failure in self.failures}
        if len(unread) == len(self.images):
            first = self.failures[0]
            raise ValueError(
                f"None of the {len(self.images)} images could be read and segmented; {first.name}: {first.reason}"
            )
        known = ~np.isin(scene.images, list(unread))
        self.rows = scene.images[known]  # the image of each row
        if not len(self.rows):
            raise ValueError(
                f"No cell was found in {len(self.images)} images; give another segmenter=, or use per='image'."
            )
        self.ids = scene.values[known, 0]
        self.scene = scene.values[known, 1:]
        self.n_cells = scene.n_cells
        values = _side_by_side(scene, found[1:])[known]
        self.values, self.reference_values = values[:, : len(self.names)], values[:, len(self.names) :]
        self.reference_names = self._names(self.reference)
        self._note(found[1 : 1 + len(self.members)], "", unread)
        self._rows = np.array([row for row in self._rows if row not in unread], np.int64)

    def _pass(self, families: list[Any], steps: list[tuple[Any, ...]], images: ImageSequence) -> list[Extraction]:
        """Every family at every node, one after the other."""
        nodes = [Node(-1), *(Node(0, some) for some in steps if some)]
        leaves = [
            Leaf(node, (node * len(families) + k,), "nan", "nan")
            for node in range(len(nodes))
            for k in range(len(families))
        ]
        plan = Plan(families * len(nodes), leaves, nodes, self.per)
        with quiet():
            return measure(plan, images, n_jobs=self.options["n_jobs"], verbose=self.options["verbose"])

    def _note(self, found: Sequence[Extraction], change: str, unread: set[int]) -> None:
        for k, one in enumerate(found):
            self.raised.setdefault(k, []).extend(
                (change, failure.name, failure.reason) for failure in one.failures if failure.row not in unread
            )

    def prepare(self, changes: Sequence[str]) -> None:
        """Measure the images under some changes, in one pass, so that :meth:`moved` finds them there."""
        wanted = [name for name in dict.fromkeys([AGAIN, *changes]) if name not in self._changed]
        if not wanted or not len(self._rows):
            return
        back = self._rows[::-1]
        steps = [(Change(name, self.options["seed"]),) for name in wanted if name != AGAIN]
        families = [Scene(ids_only=True), *self.members]
        found = self._pass(families, steps, self.images[back])
        key = pd.MultiIndex.from_arrays([self.rows, self.ids])
        for node, name in enumerate([AGAIN, *(w for w in wanted if w != AGAIN)]):
            keys, *measured = found[node * len(families) : (node + 1) * len(families)]
            self._note(measured, name, {failure.row for failure in keys.failures})
            own = pd.MultiIndex.from_arrays([back[keys.images], keys.values[:, 0]])
            at = own.get_indexer(key)
            table = _side_by_side(keys, measured)
            values = np.full(self.values.shape, np.nan)
            values[at >= 0] = table[at[at >= 0]]
            self._changed[name] = values

    def moved(self, change: str) -> tuple[np.ndarray, np.ndarray]:
        """Values of the images that were changed, before and after: two arrays (rows, columns).

        A cell that the change has done away with is left out.
        """
        self.prepare([change])
        chosen = np.isin(self.rows, self._rows)
        before, after = self.values[chosen], self._changed.get(change, self.values)[chosen]
        if self.per == "cell":
            there = ~np.isnan(after).all(axis=1) | np.isnan(before).all(axis=1)
            before, after = before[there], after[there]
        return before, after

    @cached_property
    def spread(self) -> np.ndarray:
        """Robust standard deviation of each column over the rows: interquartile range / 1.349; the plain one where that is 0.

        NaN for a constant column, or one of fewer than ten values.
        """
        known = np.isfinite(self.values)
        values = np.where(known, self.values, np.nan)
        enough = known.sum(axis=0) >= FEWEST
        with quiet():
            q25, q75 = np.nanquantile(np.where(enough, values, 0.0), [0.25, 0.75], axis=0)
            plain, size = np.nanstd(values, axis=0), np.nanmax(np.abs(values), axis=0, initial=0.0)
        robust = (q75 - q25) / 1.349
        spread = np.where(robust > 1e-9 * size, robust, plain)
        return np.where(enough & (spread > 1e-9 * size) & (spread > 0), spread, np.nan)


@contextmanager
def quiet() -> Iterator[None]:
    """A column of missing values is no news here: it is what the checks report."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        yield


def measure_smears(subject_members: Sequence[FeatureFamily], smears: Sequence[Smear], per: str) -> list[list[Any]]:
    """Of each family and smear its values, (rows, columns), or the exception as text.

    Examples
    --------
    >>> from leukofeat.features import GeometryFeatures
    >>> smear = Smear(np.zeros((2, 2, 3), np.uint8), np.eye(2, dtype=int))
    >>> measure_smears([GeometryFeatures()], [smear], "image")[0][0].shape
    (1, 105)
    """
    plan = Plan(list(subject_members), [Leaf(0, (k,), "nan", "nan") for k in range(len(subject_members))], per=per)
    with quiet():
        found = measure(plan, as_sequence(list(smears)))
    table = []
    for one in found:
        reasons = {failure.row: failure.reason for failure in one.failures}
        table.append([reasons.get(i, one.values[one.images == i]) for i in range(len(smears))])
    return table


def _side_by_side(keys: Extraction, found: Sequence[Extraction]) -> np.ndarray:
    """Values of several families by the rows of `keys`; NaN where one failed."""
    parts = [np.full((len(keys.values), one.values.shape[1]), np.nan) for one in found]
    for part, one in zip(parts, found, strict=True):
        ok = ~np.isin(keys.images, [f.row for f in (*keys.failures, *one.failures)])
        mine = ~np.isin(one.images, [f.row for f in (*keys.failures, *one.failures)])
        part[ok] = one.values[mine]
    return np.hstack([np.empty((len(keys.values), 0)), *parts])


class _Segment:
    """Segments what is not segmented yet, as a step of a sequence."""

    def __init__(self, segmenter: Any) -> None:
        if isinstance(segmenter, type) or not hasattr(segmenter, "transform"):
            raise TypeError("segmenter must be a stage that segments, such as LeukocyteSegmenter().")
        self.segmenter = segmenter

    def __call__(self, smear: Smear) -> Smear:
        if smear.is_segmented:
            return smear
        found = self.segmenter.transform(as_sequence([smear])).smear(0)
        if not found.is_segmented:
            raise ValueError(f"segmenter={self.segmenter!r} does not segment; LeukocyteSegmenter() does.")
        return found
