"""Images to a CSV file where nothing can write Parquet parts: the same bytes, with all rows in memory."""

import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd

from leukofeat.atomic import replacing
from leukofeat.extraction.extract import ExtractedDataset, known_of
from leukofeat.extraction.folder import ERRORS, IMAGES_A_PART, Folder
from leukofeat.extraction.join import ROWS
from leukofeat.features import FeatureSet
from leukofeat.features.feature_set import CELL_KINDS
from leukofeat.markup import write_csv
from leukofeat.measuring import Extraction, measure
from leukofeat.sequence import as_sequence
from leukofeat.store import Store, as_store


def extract_csv(
    features: FeatureSet,
    images: Any,
    folder: Path,
    file: Path,
    *,
    frame: pd.DataFrame | None = None,
    per: str = "image",
) -> ExtractedDataset:
    """Measure images into a CSV file, as :func:`extract_parquet` and :func:`join_parts` do together.

    What was measured is in a store in the folder, by which a run that was stopped goes on; the features' own `memory` takes its place.

    Parameters
    ----------
    features, images, frame, per
        As in :func:`extract_parquet`.
    folder : Path
        For the store, and the table of errors; nobody else writes to it meanwhile.
    file : Path
        It is there whole or not at all.

    Returns
    -------
    ExtractedDataset
        In which every image counts as measured.
    """
    features.check_params()
    sequence = as_sequence(images)
    known = known_of(sequence, frame)
    plan, columns = features.cell_plan() if per == "cell" else (features.plan(), features.row_names())
    memory = as_store(features.memory) or Store(folder / "_store", max_bytes=sys.maxsize, required=True)
    with Folder(folder).locked():
        (found,) = measure(plan, sequence, memory=memory, n_jobs=features.n_jobs, verbose=features.verbose)
        with replacing(file) as new:
            _write(new, found, known, columns, CELL_KINDS if per == "cell" else {})
        errors = [(failure.name, failure.reason) for failure in found.failures]
        with replacing(folder / ERRORS) as new:
            write_csv(pd.DataFrame(errors, columns=["path", "error"]), new)
    return ExtractedDataset(
        folder=folder,
        n_images=len(sequence),
        n_rows=len(found.values),
        n_columns=known.shape[1] + len(columns),
        n_measured=len(sequence),
        failures=found.failures,
        empty=[sequence.name(i) for i in found.empty] if per == "image" else [],
    )


def _write(file: Path, found: Extraction, known: pd.DataFrame, columns: list[str], kinds: dict[str, Any]) -> None:
    """Write the rows as many at once as the parts have, of which each is put into quotes or not."""
    starts = range(0, max(len(known), 1), IMAGES_A_PART)
    ends = [*found.images.searchsorted(starts).tolist(), len(found.values)]
    append = False
    for first, end in pairwise(ends):
        for start in range(first, max(end, first + 1), ROWS):
            rows = slice(start, min(start + ROWS, end))
            values = pd.DataFrame(found.values[rows], columns=columns).astype(kinds)
            beside = known.iloc[found.images[rows]].reset_index(drop=True)
            write_csv(pd.concat([beside, values], axis=1), file, append=append)
            append = True
