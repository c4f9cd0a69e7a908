"""The one pass from images to rows: each image is decoded, processed and measured once, and forgotten."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from leukofeat.base import FeatureFamily
from leukofeat.parallel import map_images
from leukofeat.sequence import ImageSequence


class ImageWarning(UserWarning):
    """Images that could not be measured.

    Attributes
    ----------
    failures : list of Failure
        What failed and why.
    """

    def __init__(self, failures: Sequence[Failure] = (), n_images: int = 0) -> None:
        self.failures = list(failures)
        self.n_images = n_images
        shown = "; ".join(f"{f.name}: {f.reason}" for f in self.failures[:10])
        more = f"; and {len(self.failures) - 10} more" if len(self.failures) > 10 else ""
        super().__init__(
            f"{len(self.failures)} of {n_images} images could not be measured and have NaN in every column: {shown}{more}"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.failures, self.n_images)


@dataclass(frozen=True)
class Failure:
    """One image that could not be measured."""

    row: int
    name: str
    reason: str


@dataclass(frozen=True)
class Extraction:
    """Result of a pass: `values` (n_images, n_features) float64 and the `failures`."""

    values: np.ndarray
    failures: list[Failure]


def extract(
    families: Sequence[FeatureFamily],
    images: ImageSequence,
    *,
    on_error: str = "raise",
    on_empty: str = "nan",
    n_jobs: int | None = None,
    verbose: int = 0,
) -> Extraction:
    """Measure every image with every family, in one parallel pass."""
    # names are spelled out once a pass, not once an image
    widths = tuple(len(family.row_names()) for family in families)
    n_columns = sum(widths)
    measure = partial(_measure_row, tuple(families), widths, on_error, on_empty)
    rows = map_images(measure, images, n_jobs=n_jobs, verbose=verbose, description="measuring")
    failures = [Failure(i, images.name(i), reason) for i, (_, reason) in enumerate(rows) if reason is not None]
    if failures:
        warnings.warn(ImageWarning(failures, len(images)), stacklevel=3)
    values = np.vstack([row for row, _ in rows]) if rows else np.empty((0, n_columns))
    return Extraction(values, failures)


def _measure_row(
    families: Sequence[FeatureFamily],
    widths: Sequence[int],
    on_error: str,
    on_empty: str,
    images: ImageSequence,
    i: int,
) -> tuple[np.ndarray, str | None]:
    try:
        smear = images.smear(i)
        if on_empty == "raise" and smear.is_segmented and smear.n_cells == 0:
            raise ValueError(f"{images.name(i)}: no cell found; loosen the segmenter, or use on_empty='nan'.")
        parts = []
        for family, expected in zip(families, widths, strict=True):
            row = np.asarray(family.row(smear), np.float64)
            if row.shape != (expected,):
                raise ValueError(f"{type(family).__name__} returned shape {row.shape} for {expected} named columns.")
            parts.append(row)
        return np.concatenate(parts) if parts else np.empty(0), None
    except Exception as error:
        if on_error == "raise":
            _name_image(error, images.name(i))
            raise
        return np.full(sum(widths), np.nan), _reason(error, images.name(i))


def _name_image(error: Exception, name: str) -> None:
    if name not in " ".join([str(error), *getattr(error, "__notes__", ())]):
        error.add_note(f"While measuring {name}.")


def _reason(error: Exception, name: str) -> str:
    return f"{type(error).__name__}: {str(error).removeprefix(f'{name}: ')}"


def measure_cells(
    families: Sequence[FeatureFamily],
    images: ImageSequence,
    *,
    on_error: str = "raise",
    n_jobs: int | None = None,
    verbose: int = 0,
) -> tuple[dict[str, Any], list[Failure]]:
    """Columns of the per-cell table, a row a cell, and the failures."""
    families = [family for family in families if family.cell_names()]
    measure = partial(_measure_cells, tuple(families), on_error)
    results = map_images(measure, images, n_jobs=n_jobs, verbose=verbose, description="measuring cells")
    failures = [Failure(i, images.name(i), r) for i, (_, _, r) in enumerate(results) if r is not None]
    if failures:
        warnings.warn(ImageWarning(failures, len(images)), stacklevel=3)
    names = [name for family in families for name in family.cell_names()]
    counts = [len(boxes) for boxes, _, _ in results]
    boxes = np.vstack([np.empty((0, 6), np.int64), *(b for b, _, _ in results)])
    values = np.vstack([np.empty((0, len(names))), *(v for _, v, _ in results)])
    columns: dict[str, Any] = {
        "image": np.repeat(np.arange(len(images)), counts),
        "source": np.repeat(np.array([images.source(i) for i in range(len(images))], dtype=object), counts),
    }
    keys = ("cell", "bbox_top", "bbox_left", "bbox_bottom", "bbox_right", "touches_border")
    columns |= {key: boxes[:, j] for j, key in enumerate(keys)}
    columns["touches_border"] = columns["touches_border"].astype(bool)
    columns |= {name: values[:, j] for j, name in enumerate(names)}
    return columns, failures


def _measure_cells(
    families: Sequence[FeatureFamily], on_error: str, images: ImageSequence, i: int
) -> tuple[np.ndarray, np.ndarray, str | None]:
    n_columns = sum(len(family.cell_names()) for family in families)
    try:
        smear = images.smear(i)
        values = np.hstack([np.empty((smear.n_cells, 0)), *(family.cells(smear) for family in families)])
        box = smear.boxes
        table = np.column_stack([np.arange(1, smear.n_cells + 1), box, smear.touches_border])
        present = box[:, 0] >= 0
        return table[present], values[present], None
    except Exception as error:
        if on_error == "raise":
            _name_image(error, images.name(i))
            raise
        return np.empty((0, 6), np.int64), np.empty((0, n_columns)), _reason(error, images.name(i))
