"""The one pass from images to rows: each image is decoded, processed and measured once, and forgotten.

A family alone, a FeatureSet, the table of cells, a comparison's tree of stages and the command line are plans of this pass.
"""

import time
from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from leukofeat.failures import Failure
from leukofeat.parallel import map_images, notes_so_far, warn_of_notes
from leukofeat.plan import Leaf, Node, Plan
from leukofeat.recall import Maps, Recall, Row
from leukofeat.sequence import ImageSequence
from leukofeat.smear import Smear
from leukofeat.store import Store

__all__ = ["Extraction", "Leaf", "Node", "Plan", "measure"]


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
    options: dict[str, Any] = {
        "n_jobs": n_jobs,
        "verbose": verbose,
        "description": "measuring cells" if per_cell else "measuring",
    }
    if memory is None:
        found = map_images(partial(_measure_image, plan, widths, None, None), images, **options)
    else:
        found = _measure_unknown(plan, widths, images, memory, options)
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
            )
        )
    return tables


class _Measured(NamedTuple):
    """Of one image: the row of each family that could be measured, seconds of each node and family; of leaves, why they
    failed, or how many cells they had; what was noted; for the store, the image's digest, label maps that were made, and the
    seconds of each node's steps.
    """

    rows: dict[int, np.ndarray]
    seconds: np.ndarray
    reasons: dict[int, str]
    n_cells: dict[int, int]
    notes: list[str]
    digest: str | None = None
    maps: Mapping[str, tuple[tuple[int, int], dict[str, Any]]] = MappingProxyType({})
    steps: Mapping[int, list[float]] = MappingProxyType({})


def _measure_unknown(
    plan: Plan, widths: Sequence[int], images: ImageSequence, store: Store, options: dict[str, Any]
) -> list[_Measured]:
    """Of every image what a store knows, and what is measured because it does not; that goes into the store."""
    # all steps in one tree, so that label maps behind any of them are found
    plan = Plan(plan.families, plan.leaves, [Node(-1, images.steps), *plan.nodes[1:]], plan.per)
    images, recall = images.without_steps(), Recall(store, plan)
    digests = [images.content(i) for i in range(len(images))]
    known = recall.rows(digests)
    strict = {family for leaf in plan.leaves if leaf.on_empty == "raise" for family in leaf.families}
    for of_image in known:  # the error is made where the cells are
        for family in [family for family, row in of_image.items() if family in strict and row.n_cells == 0]:
            del of_image[family]
    found: dict[int, _Measured] = {}
    todo: dict[frozenset[int], list[int]] = {}
    for i, of_image in enumerate(known):
        todo.setdefault(frozenset(recall.families.keys() - of_image.keys()), []).append(i)
    for families, numbers in todo.items():
        if families:

            def keep(start: int, batch: list[_Measured], numbers: list[int] = numbers) -> None:
                # a file that was replaced in between is nobody's
                same = [one for i, one in zip(numbers[start:], batch, strict=False) if one.digest == digests[i]]
                recall.keep([(one.digest, _rows_of(recall, one)) for one in same], [one.maps for one in same])

            visit = partial(_measure_image, plan, widths, families, recall)
            measured = map_images(visit, images[np.array(numbers)], on_batch=keep, **options)
            found |= zip(numbers, measured, strict=True)
    noted: dict[str, list[str]] = {}
    for i in set(range(len(images))) - found.keys():
        for what in dict.fromkeys(note for row in known[i].values() for note in row.notes):
            noted.setdefault(what, []).append(images.name(i))
    warn_of_notes(noted, len(images))
    stages = {family: (recall.stages(family), recall.sums(family)) for family in recall.families}
    return [_recalled(plan, stages, found.get(i), known[i]) for i in range(len(images))]


def _rows_of(recall: Recall, one: _Measured) -> dict[int, Row]:
    """Rows of an image for the store, by family."""
    rows = {}
    for number, leaf in enumerate(recall.plan.leaves):
        if number in one.n_cells:
            for family in one.rows.keys() & leaf.families:
                way = [seconds for node in recall.plan.path(leaf.node) for seconds in one.steps[node]]
                seconds = np.array([*way, one.seconds[len(recall.plan.nodes) + family]])
                rows[family] = Row(one.rows[family], seconds, one.n_cells[number], one.notes)
    return rows


def _recalled(
    plan: Plan, stages: dict[int, tuple[list[int], np.ndarray]], one: _Measured | None, known: dict[int, Row]
) -> _Measured:
    """What was measured of an image, if anything was, completed by what is known of it."""
    if one is None:
        one = _Measured({}, np.zeros(len(plan.nodes) + len(plan.families)), {}, {}, [])
    for family, row in known.items():
        one.rows[family] = row.values
        columns, sums = stages[family]
        one.seconds[columns] = sums @ row.seconds
    for number, leaf in enumerate(plan.leaves):
        if number not in one.reasons and leaf.families and leaf.families[0] in known:
            one.n_cells[number] = known[leaf.families[0]].n_cells
    return one


def _measure_image(
    plan: Plan,
    widths: Sequence[int],
    wanted: frozenset[int] | None,
    recall: Recall | None,
    images: ImageSequence,
    i: int,
) -> _Measured:
    digest = None if recall is None else images.content(i)
    maps = None if recall is None else Maps(recall, digest)
    smears: dict[int, Smear] = {}
    rows: dict[int, np.ndarray] = {}
    seconds = np.zeros(len(plan.nodes) + len(plan.families))
    reasons: dict[int, str] = {}
    n_cells: dict[int, int] = {}
    steps: dict[int, list[float]] = {}
    for number, leaf in enumerate(plan.leaves):
        families = [family for family in leaf.families if wanted is None or family in wanted]
        if leaf.families and not families:
            continue
        try:
            for node in plan.path(leaf.node):
                if node not in smears:
                    smears[node], steps[node] = _run_node(plan, node, smears, maps, images, i)
                    seconds[node] = sum(steps[node])
            smear = smears[leaf.node]
            if leaf.on_empty == "raise" and smear.is_segmented and smear.n_cells == 0:
                raise ValueError(f"{images.name(i)}: no cell found; loosen the segmenter, or use on_empty='nan'.")
            for f in families:
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
    if digest is not None and images.source(i) is not None and images.content(i) != digest:
        digest = None  # a file that was replaced while it was measured
    return _Measured(rows, seconds, reasons, n_cells, notes_so_far(), digest, {} if maps is None else maps.made, steps)


def _run_node(
    plan: Plan, node: int, smears: dict[int, Smear], maps: Maps | None, images: ImageSequence, i: int
) -> tuple[Smear, list[float]]:
    """Record behind the steps of a node, and the processor time of each step, now or when its label maps were made.

    Of node 0, decoding is the first.
    """
    started = time.thread_time()
    smear = smears[plan.nodes[node].parent] if node else images.smear(i)
    times = [] if node else [time.thread_time() - started]
    for number, step in enumerate(plan.nodes[node].steps):
        known = None if maps is None else maps.known_smear(node, number, smear)
        if known is not None:
            smear, seconds = known
            times.append(seconds)
            continue
        before, started, said = smear, time.thread_time(), len(notes_so_far())
        smear = step(before)
        times.append(time.thread_time() - started)
        if maps is not None and said == len(notes_so_far()):  # what is to be said is said each time
            maps.note(node, number, before, smear, times[-1])
    return smear, times


def _measure_family(family: Any, per: str, width: int, smear: Smear) -> np.ndarray:
    row = np.asarray(family.cells(smear) if per == "cell" else family.row(smear), np.float64)
    if row.shape != ((smear.n_cells, width) if per == "cell" else (width,)):
        raise ValueError(f"{type(family).__name__} returned shape {row.shape} for {width} named columns.")
    return row
