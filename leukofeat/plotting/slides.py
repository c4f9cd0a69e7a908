"""Which images were taken for one slide."""

import textwrap
from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from leukofeat.audit.slides import SLIDE_NOTE
from leukofeat.markup import NOTE
from leukofeat.plotting.drawing import PictureGrid, thumbnail
from leukofeat.sequence import as_sequence

__doctest_requires__ = {"*Display*": ["matplotlib"]}

_SIDE = 112


class SlidesDisplay(PictureGrid):
    """Estimated slides, a row a slide: a few of its images, and how many it has of each class.

    The figure says that the groups are an estimate. Look along each row for images that do not belong, and down the rows for
    slides that are one.

    Parameters
    ----------
    pictures : list of lists of ndarray
        For each group a few RGB pictures, drawn in its row.
    titles : sequence of str
        One for each group.
    note : str
        What is said of the groups above the figure.
    """

    def __init__(self, pictures: Sequence[Sequence[np.ndarray]], titles: Sequence[str], note: str = "") -> None:
        self.pictures = pictures
        self.titles = titles
        self.note = note

    @classmethod
    def from_groups(
        cls,
        X: Any,
        groups: Any,
        y: Any = None,
        *,
        class_names: Sequence[str] | None = None,
        note: str | None = None,
        n_examples: int = 6,
        max_groups: int = 40,
        random_state: int = 0,
    ) -> Self:
        """Draw examples of each group.

        Parameters
        ----------
        X : list, ndarray, Series, one-column DataFrame or ImageSequence of n images or paths
        groups : array-like of length n
            As :func:`~leukofeat.evaluation.estimate_slides` returns them.
        y : array-like of length n, optional
            Classes, named in the titles; codes into `class_names` where that is given.
        class_names : sequence of str, optional
        note : str, optional
            By default that groups are estimated.
        n_examples : int, default=6
            Images a group.
        max_groups : int, default=40
            The largest ones are drawn.
        random_state : int, default=0
            Which examples are drawn.

        Returns
        -------
        SlidesDisplay

        Raises
        ------
        ValueError
            When `groups` has another length than X.

        Examples
        --------
        >>> from leukofeat.datasets import make_smears
        >>> from leukofeat.evaluation import estimate_slides
        >>> smears = make_smears(n_samples=16, size=96, random_state=0)
        >>> slides = estimate_slides(smears.images, smears.target, n_slides=1)
        >>> display = SlidesDisplay.from_groups(smears.images, slides.groups, smears.target, n_examples=3)
        >>> display.axes_.shape
        (4, 3)
        """
        images, codes = as_sequence(X), np.asarray(groups)
        if len(codes) != len(images):
            raise ValueError(f"{len(images)} images and {len(codes)} groups.")
        found, counts = np.unique(codes, return_counts=True)
        drawn = np.sort(found[np.argsort(-counts, kind="stable")[:max_groups]])
        rng = np.random.default_rng(random_state)
        pictures, titles = [], []
        for group in drawn:
            members = np.flatnonzero(codes == group)
            chosen = np.sort(rng.permutation(members)[:n_examples])
            pictures.append([thumbnail(images.smear(int(i)).image, _SIDE) for i in chosen])
            titles.append(f"{group}\n{_contents(members, y, class_names)}")
        left = f" {len(found) - len(drawn)} smaller groups are not drawn." if len(found) > len(drawn) else ""
        return cls(pictures, titles, (SLIDE_NOTE if note is None else note) + left).plot()

    def plot(self, axes: Any = None) -> Self:
        """Draw on `axes` (a row a group), or on a new figure.

        Returns
        -------
        self, with `figure_` and `axes_`
        """
        self.draw(axes, self.pictures, (1.2, 1.25), frame=False)
        for ax, title in zip(self.axes_[:, 0], self.titles, strict=False):
            ax.set_ylabel(title, fontsize=7, rotation=0, ha="right", va="center")
        width = 22 * max(4, *map(len, self.pictures))
        self.figure_.suptitle(textwrap.fill(f"{self.note} {NOTE}", width), fontsize=8)
        return self


def _contents(members: np.ndarray, y: Any, class_names: Sequence[str] | None) -> str:
    if y is None:
        return f"{len(members)} images"
    labels, counts = np.unique(np.asarray(y)[members], return_counts=True)
    return "\n".join(
        f"{count} {label if class_names is None else class_names[label]}"
        for label, count in zip(labels.tolist(), counts.tolist(), strict=True)
    )
