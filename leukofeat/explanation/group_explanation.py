"""An explained verdict of a patient: what each image adds, as tables and in words."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from leukofeat.explanation.explanation import Explanation
from leukofeat.sequence import ImageSequence
from leukofeat.smear import Smear


@dataclass(frozen=True, eq=False)
class GroupExplanation:
    """Why a model gives a slide or patient its verdict, image by image; :func:`explain_groups` makes it.

    Parameters
    ----------
    group : number or str
        The slide or patient.
    reason : str
        Why there is no verdict: the model abstains, or none of the images could be judged; empty where there is one.
    verdict : class label or None
    likeliest, against : class labels
        The likeliest class, which is the verdict where there is one, and the class that it is held against.
    probability : float
        Of the likeliest class; NaN where no image has a vote.
    value : float
        Log-odds of the likeliest class against the other, ``log(P(likeliest) / P(against))``: `offset` plus the shares of all images.
    offset, slope : float
        Of the model's calibration by patient for these two classes; 0 and 1 where it has none.
    calibrated : bool
        Whether the model has such a calibration.
    decisive : tuple of int
        Rows of the images that push most for the verdict, as many as have to be left out together before it is another one or none; empty
        where that is not to be had.
    verdict_without_decisive : class label or None
        What then stands.
    images : DataFrame
        A row an image, the one that pushes most for the likeliest class first: `row` (place among all images given), `name`,
        `probability` (of the likeliest class for the image by itself, as its classifier has it), `share` (what it adds to `value`),
        `clipped` (whether it is surer than any image is believed to be), `value_without` and `verdict_without` (what would be without that
        image; NaN and None where it is the only one) and `reason` (why it has no vote, and adds nothing; else empty).
    mean : Explanation or None
        The images as one: means of their decision values and of their columns' contributions.

    Examples
    --------
    >>> GroupExplanation("patient 7", reason="none of its images could be judged").text
    'No verdict: none of its images could be judged.'
    """

    group: Any
    reason: str = ""
    verdict: Any = None
    likeliest: Any = None
    against: Any = None
    probability: float = np.nan
    value: float = np.nan
    offset: float = 0.0
    slope: float = 1.0
    calibrated: bool = False
    decisive: tuple[int, ...] = ()
    verdict_without_decisive: Any = None
    images: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    mean: Explanation | None = field(default=None, repr=False)
    sequence: ImageSequence | None = field(default=None, repr=False)

    @property
    def abstained(self) -> bool:
        """Whether there are votes, and the model gives no verdict all the same."""
        return bool(self.reason) and self.probability == self.probability

    @property
    def voting(self) -> pd.DataFrame:
        """Rows of `images` that have a vote."""
        return self.images[self.images["reason"] == ""] if len(self.images) else self.images

    @property
    def columns(self) -> pd.DataFrame:
        """Columns with the mean of their contributions over the voting images, as in :class:`Explanation`; empty without a vote."""
        return pd.DataFrame() if self.mean is None else self.mean.columns

    def smear(self, row: int) -> Smear | None:
        """The record of an image by its `row`, made again; None for rows of a table, and for an image that cannot be read."""
        try:
            return None if self.sequence is None else self.sequence.smear(row)
        except ValueError:
            return None

    @property
    def text(self) -> str:
        """The verdict and what drove it, in words."""
        return " ".join(self.sentences())

    def sentences(self, n: int = 3) -> list[str]:
        """What there is to say, a sentence a thing; of images and of groups of columns the `n` greatest on either side."""
        if self.mean is None:
            return [f"No verdict: {self.reason.removesuffix('.')}."]
        columns = f"Columns in the mean of its images, as they speak for {self.likeliest}."
        told = [self._headline(), *self._of_votes(), *self._of_images(n), *self._of_deletions()]
        return [*told, " ".join([columns, *self.mean.of_columns(n)])]

    def _headline(self) -> str:
        odds = f"log-odds {self.value:+.2f} against {self.against}"
        if self.reason:
            return f"No verdict: {self.reason} ({odds})."
        return f"Called {self.verdict}, with probability {self.probability:.2f} ({odds})."

    def _of_votes(self) -> list[str]:
        n, m = len(self.images), len(self.voting)
        lost = f"; {n - m:,} {'has' if n - m == 1 else 'have'} no vote" if m < n else ""
        told = [f"It rests on {m:,} of {n:,} image{'s' * (n != 1)}{lost}."]
        if not self.calibrated:
            told.append(
                "The probability comes from the mean log-odds of the images, and was not calibrated on other patients."
            )
        return told

    def _of_images(self, n: int) -> list[str]:
        voting, told = self.voting, []
        for heading, side in (
            (f"Most for {self.likeliest}", voting[voting["share"] > 0]),
            (f"Most for {self.against}", voting[voting["share"] < 0][::-1]),
        ):
            parts = [f"{Path(one.name).name} {one.share:+.2f}" for one in side.head(n).itertuples(index=False)]
            if parts:
                told.append(f"{heading}: {', '.join(parts)}.")
        if self.calibrated:
            told.append(
                f"The calibration by patient starts at {self.offset:+.2f}, and takes the mean log-odds of the images times {self.slope:.2f}."
            )
        return told

    def _of_deletions(self) -> list[str]:
        n = len(self.voting)
        if n < 2 or self.verdict is None:
            return ["One image is all that it rests on."] if n == 1 else []
        k = len(self.decisive)
        if not k:
            return ["Left out one after the other, the images that push for the verdict do not change it."]
        what = "that pushes most" if k == 1 else f"{k:,} that push most"
        stands = (
            "there is no verdict"
            if self.verdict_without_decisive is None
            else f"it is called {self.verdict_without_decisive}"
        )
        return [f"Without the image{'s' * (k > 1)} {what}, {stands}."]

    def _repr_html_(self) -> str:
        from leukofeat.explanation.group_card import group_explanation_card

        return group_explanation_card(self)


def least_certain_first(explanations: Sequence[GroupExplanation]) -> list[GroupExplanation]:
    """Those without a probability, then by the probability of the likeliest class.

    Examples
    --------
    >>> told = [GroupExplanation("a", probability=0.9), GroupExplanation("b"), GroupExplanation("c", probability=0.6)]
    >>> [one.group for one in least_certain_first(told)]
    ['b', 'c', 'a']
    """
    return sorted(explanations, key=lambda one: -1 if one.probability != one.probability else one.probability)
