"""One image in the pass: decoded, processed and measured once, but for what a store knows of it."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from leukofeat.failures import raise_interrupt
from leukofeat.kernels.clock import thread_seconds
from leukofeat.parallel import note_image, notes_so_far, take_notes
from leukofeat.plan import Plan
from leukofeat.recall import Maps, Recall, Row
from leukofeat.sequence import ImageSequence, take_step
from leukofeat.smear import Smear


class Measured(NamedTuple):
    """What was found of one image.

    Attributes
    ----------
    rows : dict of int to ndarray
        Of each family that could be measured.
    seconds : ndarray of shape (n_nodes + n_families,)
    reasons : dict of int to str
        Why leaves failed.
    n_cells : dict of int to int
        How many cells the other leaves had.
    digest : str or None
        Of the image's content, if it was asked for, was known, and did not change meanwhile.
    new : dict of int to Row
        Rows that the store did not know.
    maps : dict
        Label maps that it did not know, as :class:`~leukofeat.recall.Maps` collects them.
    notes : list of str
        What is to be said of the image, where its digest was asked for: who does so keeps it, and says it.
    """

    rows: dict[int, np.ndarray]
    seconds: np.ndarray
    reasons: dict[int, str]
    n_cells: dict[int, int]
    digest: str | None = None
    new: Mapping[int, Row] = MappingProxyType({})
    maps: Mapping[str, tuple[tuple[int, int], dict[str, Any]]] = MappingProxyType({})
    notes: Sequence[str] = ()


def measure_batch(
    plan: Plan, widths: Sequence[int], recall: Recall | None, identified: bool, batch: ImageSequence
) -> Iterator[Measured]:
    """Measure what a store does not know of a batch's images; `identified` asks for their digests where there is no store, too."""
    digests: list[str | None] = [None] * len(batch)
    known: list[dict[int, Row]] = [{} for _ in digests]
    if identified or recall is not None:
        digests = [batch.content(i) for i in range(len(batch))]
    if recall is not None:
        known = recall.rows(digests)
    strict = {family for leaf in plan.leaves if leaf.on_empty == "raise" for family in leaf.families}
    for i, (digest, rows) in enumerate(zip(digests, known, strict=True)):
        # the error is made where the cells are
        rows = {family: row for family, row in rows.items() if not (family in strict and row.n_cells == 0)}
        found = _measure_image(plan, widths, recall, rows, digest, batch, i)
        yield found._replace(notes=take_notes()) if identified else found


def _measure_image(
    plan: Plan,
    widths: Sequence[int],
    recall: Recall | None,
    known: Mapping[int, Row],
    digest: str | None,
    images: ImageSequence,
    i: int,
) -> Measured:
    maps = None if recall is None or len(known) == len(recall.families) else Maps(recall, digest)
    smears: dict[int, Smear] = {}
    rows: dict[int, np.ndarray] = {}
    seconds = np.zeros(len(plan.nodes) + len(plan.families))
    reasons: dict[int, str] = {}
    n_cells: dict[int, int] = {}
    steps: dict[int, list[float]] = {}
    for number, leaf in enumerate(plan.leaves):
        families = [family for family in leaf.families if family not in known]
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
            laps: list[float] = []
            started = thread_seconds()
            for f in families:
                if f not in rows:
                    rows[f] = _measure_family(plan.families[f], plan.per, widths[f], smear)
                    started = _lap(laps, started)
                    seconds[len(plan.nodes) + f] = laps[-1]
            n_cells[number] = smear.n_cells if smear.is_segmented else -1
        except Exception as error:
            raise_interrupt(error)
            name = images.name(i)
            if leaf.on_error == "raise":
                if name not in " ".join([str(error), *getattr(error, "__notes__", ())]):
                    error.add_note(f"While measuring {name}.")
                raise
            reasons[number] = f"{type(error).__name__}: {str(error).removeprefix(f'{name}: ')}"
    if digest is not None and smears and images.source(i) is not None and images.content(i) != digest:
        digest = None  # a file that was replaced while it was measured
    found = Measured(rows, seconds, reasons, n_cells, digest)
    if recall is None:
        return found
    if digest is not None and maps is not None:
        found = found._replace(new=_new_rows(plan, found, steps), maps=maps.made)
    _complete(plan, recall, found, known)
    for what in dict.fromkeys(note for row in known.values() for note in row.notes) if not smears else ():
        note_image(images.name(i), what)
    return found


def _new_rows(plan: Plan, found: Measured, steps: Mapping[int, list[float]]) -> dict[int, Row]:
    """Rows for the store of what was measured now, by family."""
    new = {}
    notes = notes_so_far()
    for number, leaf in enumerate(plan.leaves):
        if number in found.n_cells:
            for family in found.rows.keys() & leaf.families:
                way = [seconds for node in plan.path(leaf.node) for seconds in steps[node]]
                seconds = np.array([*way, found.seconds[len(plan.nodes) + family]])
                new[family] = Row(found.rows[family], seconds, found.n_cells[number], notes)
    return new


def _complete(plan: Plan, recall: Recall, found: Measured, known: Mapping[int, Row]) -> None:
    """Put what a store knows beside what was measured."""
    for family, row in known.items():
        found.rows[family] = row.values
        columns, sums = recall.stages[family]
        found.seconds[columns] = sums @ row.seconds
    for number, leaf in enumerate(plan.leaves):
        if number not in found.reasons and leaf.families and leaf.families[0] in known:
            found.n_cells[number] = known[leaf.families[0]].n_cells


def _run_node(
    plan: Plan, node: int, smears: dict[int, Smear], maps: Maps | None, images: ImageSequence, i: int
) -> tuple[Smear, list[float]]:
    """Record behind the steps of a node, and the processor time of each step, now or when its label maps were made.

    Of node 0, decoding is the first.
    """
    times: list[float] = []
    started = thread_seconds()
    if node:
        smear = smears[plan.nodes[node].parent]
    else:
        smear = images.smear(i)
        started = _lap(times, started)
    for number, step in enumerate(plan.nodes[node].steps):
        if maps is not None:
            known = maps.known_smear(node, number, smear)
            if known is not None:
                smear, seconds = known
                times.append(seconds)
                continue
            started = thread_seconds()
        before, said = smear, len(notes_so_far())
        smear = take_step(step, before)
        started = _lap(times, started)
        if maps is not None and said == len(notes_so_far()):  # what is to be said is said each time
            maps.note(node, number, before, smear, times[-1])
    return smear, times


def _lap(times: list[float], started: float) -> float:
    """Note the time since `started`, and begin anew: reading the clock of a thread costs a quarter of a millisecond on some machines."""
    now = thread_seconds()
    times.append(now - started)
    return now


def _measure_family(family: Any, per: str, width: int, smear: Smear) -> np.ndarray:
    if per == "cell":
        return cells_of(family, smear, width)
    row = np.asarray(family.row(smear), np.float64)
    if row.shape != (width,):
        raise _misshapen(family, row, width)
    return row


def cells_of(family: Any, smear: Smear, width: int | None = None) -> np.ndarray:
    """What a family measures of each cell, shape (n_cells, width), float64; of no cell, any list of nothing is that.

    Raises
    ------
    ValueError
        When it is no row a cell, or not `width` columns, as many as the family has names of.
    """
    values = np.asarray(family.cells(smear), np.float64)
    width = len(family.cell_names()) if width is None else width
    if not smear.n_cells and not values.size:
        return values.reshape(0, width)
    if values.shape != (smear.n_cells, width):
        raise _misshapen(family, values, width)
    return values


def _misshapen(family: Any, values: np.ndarray, width: int) -> ValueError:
    return ValueError(f"{type(family).__name__} returned shape {values.shape} for {width} named columns.")
