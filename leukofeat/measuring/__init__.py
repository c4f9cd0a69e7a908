"""The one pass from images to rows: each image is decoded, processed and measured once, and forgotten.

A family alone, a FeatureSet, the table of cells, a comparison's tree of stages and the command line are plans of this pass.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from leukofeat.failures import Failure
from leukofeat.measuring.image import Measured, measure_batch
from leukofeat.parallel import map_batches
from leukofeat.plan import Node, Plan
from leukofeat.recall import Recall
from leukofeat.sequence import ImageSequence
from leukofeat.store import Store

__all__ = ["Extraction", "measure", "measure_batches"]


class Extraction(NamedTuple):
    """What a pass found for one leaf.

    Attributes
    ----------
    values : ndarray of shape (n_rows, n_columns), dtype float64
        An image that failed has NaN in its row, or no row at all in a table of cells.
    images : ndarray of shape (n_rows,), dtype int64
        The image that each row belongs to.
    failures : list of Failure
        Images that could not be measured, in their order.
    seconds : ndarray of shape (n_images, n_stages), dtype float64
        Processor time of each image in each stage: decoding (with the steps the images came with), the image steps node by
        node, then each family. Without the compiling and loading of kernels, which the first image would pay for.
    n_cells : ndarray of shape (n_images,), dtype int64
        Cells found in each image; -1 where nothing has segmented it, or where it failed.
    contents : list of (str or None), of length n_images
        Digest of each image as it was measured, from :func:`measure_batches` or with a memory; None where it could not be read or
        was changed meanwhile, and else.
    notes : list of sequence of str, of length n_images
        What is to be said of each image, from :func:`measure_batches`, which does not say it.

    Examples
    --------
    >>> from leukofeat.features import ColorFeatures
    >>> found = ColorFeatures(regions=("image",)).extract([np.full((4, 4, 3), 200, np.uint8)])
    >>> found.values.shape, found.n_cells, found.failures, found.empty
    ((1, 170), array([-1]), [], array([], dtype=int64))
    """

    values: np.ndarray
    images: np.ndarray
    failures: list[Failure]
    seconds: np.ndarray
    n_cells: np.ndarray
    contents: list[str | None]
    notes: list[Sequence[str]]

    @property
    def empty(self) -> np.ndarray:
        """Images in which no cell was found although columns need one, (m,) int64: whatever is said of them is made up."""
        incomplete = np.zeros(len(self.n_cells), bool)
        incomplete[self.images[np.isnan(self.values).any(axis=1)]] = True
        return np.flatnonzero(incomplete & (self.n_cells == 0))


def measure(
    plan: Plan, images: ImageSequence, *, memory: Store | None = None, n_jobs: int | None = None, verbose: int = 0
) -> list[Extraction]:
    """Fill the table of every leaf, in one parallel pass over the images.

    Parameters
    ----------
    plan : Plan
    images : ImageSequence of n images
    memory : Store, optional
        What it holds is not measured again; what is measured goes into it batch by batch, so that a pass that was stopped goes on
        where it ended. Images that fail are tried again each time.
    n_jobs, verbose
        As in :func:`~leukofeat.parallel.map_images`.

    Returns
    -------
    list of Extraction
        One for each leaf; values are the same to the last byte for any number of workers.

    Raises
    ------
    Exception
        The first that an image causes under `on_error="raise"`; its text or a note names the image.

    Examples
    --------
    >>> from leukofeat.features import ColorFeatures
    >>> from leukofeat.plan import Leaf
    >>> from leukofeat.sequence import as_sequence
    >>> images = as_sequence([np.full((4, 4, 3), 200, np.uint8), "missing.png"])
    >>> family = ColorFeatures(regions=("image",))
    >>> (found,) = measure(Plan([family], [Leaf(0, (0,), on_error="nan")]), images)
    >>> found.values.shape == (2, len(family.row_names())), [failure.name for failure in found.failures]
    (True, ['missing.png'])
    """
    found = [one for batch in _visit(plan, images, memory, n_jobs, verbose) for one in batch]
    return _tables(plan, images, found)


def measure_batches(
    plan: Plan, images: ImageSequence, *, memory: Store | None = None, n_jobs: int | None = None, verbose: int = 0
) -> Iterator[list[Extraction]]:
    """Fill the tables batch by batch, so that as much memory is needed for a million images as for a hundred.

    Parameters
    ----------
    plan, images, memory, n_jobs, verbose
        As in :func:`measure`.

    Yields
    ------
    list of Extraction
        One for each leaf, of the next few images, in their order; `images` and the rows of `failures` count from the first of the
        batch, and `contents` says what was measured.

    Examples
    --------
    >>> from leukofeat.features import ColorFeatures
    >>> from leukofeat.plan import Leaf
    >>> from leukofeat.sequence import as_sequence
    >>> images = as_sequence([np.full((4, 4, 3), 200, np.uint8)] * 70)
    >>> plan = Plan([ColorFeatures(regions=("image",))], [Leaf(0, (0,))])
    >>> [len(found.values) for (found,) in measure_batches(plan, images)]
    [18, 18, 18, 16]
    """
    start = 0
    for batch in _visit(plan, images, memory, n_jobs, verbose, identified=True):
        yield _tables(plan, images[start : start + len(batch)], batch)
        start += len(batch)


def _visit(
    plan: Plan, images: ImageSequence, memory: Store | None, n_jobs: int | None, verbose: int, identified: bool = False
) -> Iterator[list[Measured]]:
    """Measure images batch by batch; what a store does not know of them goes into it as soon as a batch is there."""
    per_cell = plan.per == "cell"
    # names are spelled out once a pass, not once an image
    widths = [len(family.cell_names() if per_cell else family.row_names()) for family in plan.families]
    recall = None
    if memory is not None:
        # all steps in one tree, so that label maps behind any of them are found
        plan = Plan(plan.families, plan.leaves, [Node(-1, images.steps), *plan.nodes[1:]], plan.per)
        images, recall = images.without_steps(), Recall(memory, plan)
    visit = partial(measure_batch, plan, widths, recall, identified)
    what = "measuring cells" if per_cell else "measuring"
    for batch in map_batches(visit, images, n_jobs=n_jobs, verbose=verbose, description=what):
        if recall is not None:
            recall.keep([(one.digest, one.new) for one in batch], [one.maps for one in batch])
        yield batch


def _tables(plan: Plan, images: ImageSequence, found: Sequence[Measured]) -> list[Extraction]:
    """The table of every leaf, of what was found in each image."""
    per_cell = plan.per == "cell"
    seconds = np.array([one.seconds for one in found]).reshape(len(images), len(plan.nodes) + len(plan.families))
    widths = [len(family.cell_names() if per_cell else family.row_names()) for family in plan.families]
    tables = []
    for number, leaf in enumerate(plan.leaves):
        counts = np.array(
            [
                int(not per_cell) if number in one.reasons else len(np.atleast_2d(one.rows[leaf.families[0]]))
                for one in found
            ],
            dtype=np.int64,
        )
        # of families that are measured whole, so that other columns of theirs are in the store when they are wanted
        kept = slice(None) if leaf.columns is None else list(leaf.columns)
        width = sum(widths[f] for f in leaf.families) if leaf.columns is None else len(leaf.columns)
        values = np.full((counts.sum(), width), np.nan)
        for one, count, end in zip(found, counts, np.cumsum(counts), strict=True):
            if number not in one.reasons:
                values[end - count : end] = np.concatenate([one.rows[f] for f in leaf.families], axis=-1)[..., kept]
        failed = [i for i, one in enumerate(found) if number in one.reasons]
        tables.append(
            Extraction(
                values=values,
                images=np.repeat(np.arange(len(images)), counts),
                failures=[Failure(i, images.name(i), found[i].reasons[number]) for i in failed],
                seconds=seconds[:, [*plan.path(leaf.node), *(len(plan.nodes) + f for f in leaf.families)]],
                n_cells=np.array([one.n_cells.get(number, -1) for one in found], dtype=np.int64),
                contents=[one.digest for one in found],
                notes=[one.notes for one in found],
            )
        )
    return tables
