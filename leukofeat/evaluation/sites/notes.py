"""What a reader has to know before believing the figures of sites."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from leukofeat.evaluation.folds import Run
from leukofeat.evaluation.sites.rows import OTHERS, Rows
from leukofeat.evaluation.sites.splits import Training


def site_notes(
    rows: Rows, run: Run, trainings: Sequence[Training], impossible: Mapping[str, str], cv: int
) -> list[str]:
    """What the tables do not show, a sentence each."""
    notes = [f"Not trained on {name}: {reason}." for name, reason in impossible.items()]
    alone = [name for name, has in rows.grouped.items() if not has]
    if alone:
        notes.append(
            f"{', '.join(alone)}: no groups were given, so that intervals and folds take every image for independent evidence."
        )
    contents = pd.Series(run.contents)
    shared = pd.Series(rows.site).groupby(contents).nunique()
    if (shared > 1).any():
        notes.append(
            f"{(shared > 1).sum()} images stand in more than one site: their figures are not those of a foreign site."
        )
    failed = np.isin(np.arange(len(rows.target)), list(run.failures))
    notes += [
        f"{name}: none of its images could be measured; it is neither trained on nor tested."
        for name in rows.names
        if failed[rows.of(name)].all()
    ]
    if run.failures:
        notes.append(f"{len(run.failures)} images could not be measured and are left out; see failures.")
    for name, empty in run.empty.items():
        if empty:
            notes.append(
                f"{name}: no cell found in {len(empty)} of {len(rows.target)} images; they are judged all the same."
            )
    return [*notes, *_few_groups(rows, trainings, cv)]


def _few_groups(rows: Rows, trainings: Sequence[Training], cv: int) -> list[str]:
    """Sites in which the folds could not share out the groups of a class."""
    notes = []
    for training in trainings:
        if training.name == OTHERS:
            continue
        own, target = rows.groups[training.rows], rows.target[training.rows]
        counts = {label: len(np.unique(own[target == label])) for label in np.unique(target)}
        few = [f"{n} of class {label}" for label, n in counts.items() if n < cv]
        if few:
            notes.append(
                f"{training.name}: few groups ({', '.join(few)}), so that its diagonal, and thresholds fixed on it, hang on single groups."
            )
    return notes
