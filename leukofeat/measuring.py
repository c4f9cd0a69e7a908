"""The one pass from images to rows: each image is decoded, processed and measured once, and forgotten.

A family alone, a FeatureSet, the table of cells, a comparison's tree of stages and the command line are plans of this pass.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from leukofeat.failures import Failure
from leukofeat.parallel import map_images
from leukofeat.sequence import ImageSequence, Step
from leukofeat.smear import Smear


class Node(NamedTuple):
    """Image steps behind those of the node `parent`."""

    parent: int
    steps: tuple[Step, ...] = ()


class Leaf(NamedTuple):
    """A table to fill: families by their number, side by side, measured at one node.

    `on_error` and `on_empty` are those of :class:`~leukofeat.features.FeatureSet`.
    """

    node: int
    families: tuple[int, ...]
    on_error: str = "raise"
    on_empty: str = "warn"


@dataclass
class Plan:
    """What a pass does to each image; a step or a family that several tables need runs once.

    Parameters
    ----------
    families : list
        Whatever has `row_names()` and `row(smear)`, or `cell_names()` and `cells(smear)`.
    leaves : list of Leaf
    nodes : list of Node
        A tree; node 0 is the image as it comes, and a parent stands before its children.
    per : {"image", "cell"}, default="image"
        What has a row of the tables.
    """

    families: list[Any]
    leaves: list[Leaf]
    nodes: list[Node] = field(default_factory=lambda: [Node(-1)])
    per: str = "image"

    def path(self, node: int) -> list[int]:
        """Nodes on the way from the image to `node`."""
        return [] if node < 0 else [*self.path(self.nodes[node].parent), node]


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
        node, then each family.
    n_cells : ndarray of shape (n_images,), dtype int64
        Cells found in each image; -1 where nothing has segmented it, or where it failed.
    """

    values: np.ndarray
    images: np.ndarray
    failures: list[Failure]
    seconds: np.ndarray
    n_cells: np.ndarray

    @property
    def empty(self) -> np.ndarray:
        """Images in which no cell was found although columns need one, (m,) int64: whatever is said of them is made up."""
        incomplete = np.zeros(len(self.n_cells), bool)
        incomplete[self.images[np.isnan(self.values).any(axis=1)]] = True
        return np.flatnonzero(incomplete & (self.n_cells == 0))


def measure(plan: Plan, images: ImageSequence, *, n_jobs: int | None = None, verbose: int = 0) -> list[Extraction]:
    """Fill the table of every leaf, in one parallel pass over the images.

    Parameters
    ----------
    plan : Plan
    images : ImageSequence of n images
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
    >>> from leukofeat.sequence import as_sequence
    >>> images = as_sequence([np.full((4, 4, 3), 200, np.uint8), "missing.png"])
    >>> family = ColorFeatures(regions=("image",))
    >>> (found,) = measure(Plan([family], [Leaf(0, (0,), on_error="nan")]), images)
    >>> found.values.shape == (2, len(family.row_names())), [failure.name for failure in found.failures]
    (True, ['missing.png'])
    """
    per_cell = plan.per == "cell"
    # names are spelled out once a pass, not once an image
    widths = [len(family.cell_names() if per_cell else family.row_names()) for family in plan.families]
    visit, what = partial(_measure_image, plan, widths), "measuring cells" if per_cell else "measuring"
    found = map_images(visit, images, n_jobs=n_jobs, verbose=verbose, description=what)
    n_stages = len(plan.nodes) + len(plan.families)
    seconds = np.array([one.seconds for one in found]).reshape(len(images), n_stages)
    tables = []
    for number, leaf in enumerate(plan.leaves):
        counts = np.array(
            [
                int(not per_cell) if number in one.reasons else len(np.atleast_2d(one.rows[leaf.families[0]]))
                for one in found
            ],
            dtype=np.int64,
        )
        values = np.full((counts.sum(), sum(widths[f] for f in leaf.families)), np.nan)
        for one, count, end in zip(found, counts, np.cumsum(counts), strict=True):
            if number not in one.reasons:
                values[end - count : end] = np.concatenate([one.rows[f] for f in leaf.families], axis=-1)
        failed = [i for i, one in enumerate(found) if number in one.reasons]
        tables.append(
            Extraction(
                values=values,
                images=np.repeat(np.arange(len(images)), counts),
                failures=[Failure(i, images.name(i), found[i].reasons[number]) for i in failed],
                seconds=seconds[:, [*plan.path(leaf.node), *(len(plan.nodes) + f for f in leaf.families)]],
                n_cells=np.array([one.n_cells.get(number, -1) for one in found], dtype=np.int64),
            )
        )
    return tables


class _Measured(NamedTuple):
    """Of one image: the row of each family that could be measured, seconds of each node and family; of leaves, why they
    failed, or how many cells they had.
    """

    rows: dict[int, np.ndarray]
    seconds: np.ndarray
    reasons: dict[int, str]
    n_cells: dict[int, int]


def _measure_image(plan: Plan, widths: Sequence[int], images: ImageSequence, i: int) -> _Measured:
    smears: dict[int, Smear] = {}
    rows: dict[int, np.ndarray] = {}
    seconds = np.zeros(len(plan.nodes) + len(plan.families))
    reasons: dict[int, str] = {}
    n_cells: dict[int, int] = {}
    for number, leaf in enumerate(plan.leaves):
        try:
            for node in plan.path(leaf.node):
                if node not in smears:
                    started = time.thread_time()
                    smear = smears[plan.nodes[node].parent] if node else images.smear(i)
                    for step in plan.nodes[node].steps:
                        smear = step(smear)
                    seconds[node] = time.thread_time() - started
                    smears[node] = smear
            smear = smears[leaf.node]
            if leaf.on_empty == "raise" and smear.is_segmented and smear.n_cells == 0:
                raise ValueError(f"{images.name(i)}: no cell found; loosen the segmenter, or use on_empty='nan'.")
            for f in leaf.families:
                if f not in rows:
                    started = time.thread_time()
                    rows[f] = _measure_family(plan.families[f], plan.per, widths[f], smear)
                    seconds[len(plan.nodes) + f] = time.thread_time() - started
            n_cells[number] = smear.n_cells if smear.is_segmented else -1
        except Exception as error:
            name = images.name(i)
            if leaf.on_error == "raise":
                if name not in " ".join([str(error), *getattr(error, "__notes__", ())]):
                    error.add_note(f"While measuring {name}.")
                raise
            reasons[number] = f"{type(error).__name__}: {str(error).removeprefix(f'{name}: ')}"
    return _Measured(rows, seconds, reasons, n_cells)


def _measure_family(family: Any, per: str, width: int, smear: Smear) -> np.ndarray:
    row = np.asarray(family.cells(smear) if per == "cell" else family.row(smear), np.float64)
    if row.shape != ((smear.n_cells, width) if per == "cell" else (width,)):
        raise ValueError(f"{type(family).__name__} returned shape {row.shape} for {width} named columns.")
    return row
