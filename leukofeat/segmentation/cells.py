"""Fields to single cells, so that classifying cells is a plain scikit-learn problem."""

from functools import partial
from typing import Any

import numpy as np
from sklearn.utils import Bunch

from leukofeat.parallel import map_images
from leukofeat.sequence import ImageSequence, as_sequence
from leukofeat.smear import Smear


def split_cells(
    X: Any,
    *,
    target: Any = None,
    groups: Any = None,
    margin: int = 4,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> Bunch:
    """Cut segmented fields into one smear a cell.

    Parameters
    ----------
    X : sequence of n smears, as a segmenter's `transform` returns it
    target, groups : array-like of length n, optional
        Class, and slide or patient, of each field; every cell takes those of its field.
    margin : int, default=4
        Pixels around the box of a cell, as far as the field reaches.
    n_jobs : int, optional
        Workers, as in joblib.
    verbose : int, default=0
        Above 0, a progress bar on standard error.

    Returns
    -------
    Bunch
        images : ImageSequence of m smears
            Each holds one cell, labelled 1; its pixels are those of the field.
        field : ndarray of shape (m,), int64
            Row of X.
        label : ndarray of shape (m,), int64
            Label that was given for the cell in its field: of the field's `label_ids`.
        box : ndarray of shape (m, 4), int64
            Top, left, bottom, right of the cell in the field, ends exclusive, without the margin.
        touches_border : ndarray of shape (m,), bool
            Whether the box reaches the edge of the field, so that part of the cell may be missing.
        target, groups : ndarray of shape (m,), or None
            Those of each cell's field.

    Raises
    ------
    ValueError
        When a field has not been segmented, or `target` or `groups` has another length.

    Notes
    -----
    Cells of one field belong on one side of a split: pass `groups`, or `field` where there are none, to the splitter.

    Examples
    --------
    >>> from leukofeat.datasets import make_smears
    >>> from leukofeat.segmentation import LabKMeansSegmenter, split_cells
    >>> smears = make_smears(n_samples=4, random_state=0)
    >>> cells = split_cells(LabKMeansSegmenter().transform(smears.images), target=smears.target)
    >>> len(cells.images) == len(cells.target) == len(cells.field), cells.images.smear(0).n_cells
    (True, 1)
    """
    fields = as_sequence(X)
    columns = {"target": target, "groups": groups}
    for name, values in columns.items():
        if values is not None and len(values) != len(fields):
            raise ValueError(f"{name} has {len(values)} values for {len(fields)} fields.")
    cut = map_images(partial(_cut, margin), fields, n_jobs=n_jobs, verbose=verbose, description="cutting out cells")
    field = np.repeat(np.arange(len(fields)), [len(crops) for crops, _ in cut])
    table = np.vstack([np.empty((0, 6), np.int64), *(rows for _, rows in cut)])
    return Bunch(
        images=as_sequence([crop for crops, _ in cut for crop in crops]),
        field=field,
        label=table[:, 0],
        box=table[:, 1:5],
        touches_border=table[:, 5].astype(bool),
        **{name: None if values is None else np.asarray(values)[field] for name, values in columns.items()},
    )


def _cut(margin: int, fields: ImageSequence, i: int) -> tuple[list[Smear], np.ndarray]:
    smear = fields.smear(i)
    smear.region("cell")  # says what to do when nothing has segmented the field
    crops = (smear.crop(label, margin) for label in range(1, smear.n_cells + 1))
    # an image of its own: a view would keep the whole field in memory
    images = [crop.replace(image=crop.image.copy(), known_scale=crop.scale) for crop in crops]
    return images, np.column_stack([np.asarray(smear.label_ids), smear.boxes, smear.touches_border]).astype(np.int64)
