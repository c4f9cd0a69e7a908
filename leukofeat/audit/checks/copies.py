"""Checks of images that show the same, and of what they lead into: leaks between parts, conflicting labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from leukofeat.audit.dataset import Codes, Dataset
from leukofeat.audit.findings import Finding, count, passed, some, untested
from leukofeat.audit.reference import Reference

Ends = Sequence[tuple[int, int]]


def check_exact(data: Dataset, reference: Reference) -> Finding:
    """Images of which there is a second copy, pixel by pixel."""
    pairs = data.exact_pairs
    name = "exact_duplicates"
    if not pairs:
        return passed(name, f"No two of {count(int(data.readable.sum()), 'image')} have the same pixels.")
    images = np.unique(np.ravel(pairs))
    same_file = sum(data.images[a].file_hash == data.images[b].file_hash is not None for a, b in pairs)
    text = f"{count(len(pairs), 'image is', 'images are')} the exact copy of another ({len(images):,} images in all"
    text += f", {same_file:,} the same file byte by byte)" if same_file else ")"
    text += _across(data, pairs)
    advice = "Keep one of each; the cleaned manifest does."
    return Finding(
        name, _severity(data, pairs), text + ".", reference.gain_of_twins(list(pairs)), images=images, advice=advice
    )


def check_near(data: Dataset, reference: Reference) -> Finding:
    """Images that are another one flipped, turned, re-encoded, brighter or cropped."""
    pairs = [pair for pair in data.pairs if pair.kind in ("copy", "crop")]
    name = "near_duplicates"
    if not pairs:
        return passed(name, "No image is a flipped, turned, re-encoded, brighter or cropped copy of another.")
    ways = sorted({"re-encoded or retouched" if p.how == "identical" else p.how.split(",")[0] for p in pairs})
    ends = [(p.first, p.second) for p in pairs]
    text = f"{count(len(pairs), 'pair')} of images show the same field, not pixel by pixel ({', '.join(ways)})"
    advice = "Keep one of each, or hold each cluster together in every split (column `group` of the manifest)."
    return Finding(
        name,
        _severity(data, ends),
        text + _across(data, ends) + ".",
        reference.gain_of_twins(ends),
        images=np.unique(ends),
        advice=advice,
    )


def check_overlaps(data: Dataset, reference: Reference) -> Finding:
    """Fields of view that share a part."""
    pairs = [pair for pair in data.pairs if pair.kind == "overlap"]
    name = "overlapping_fields"
    if not pairs:
        return passed(name, "No two fields of view share a part of at least a quarter.")
    ends = [(p.first, p.second) for p in pairs]
    shared = np.median([p.overlap for p in pairs])
    text = f"{count(len(pairs), 'pair')} of images show overlapping fields of one slide (median overlap {shared:.0%})"
    advice = "Hold each cluster together in every split (column `group` of the manifest)."
    # Two fields of one slide may well share an edge: that is no fault while the slide stays together.
    severity = _severity(data, ends)
    if severity == "note" and data.groups is None:
        severity = "warning"
    return Finding(
        name,
        severity,
        text + _across(data, ends) + ".",
        reference.gain_of_twins(ends),
        images=np.unique(ends),
        advice=advice,
    )


def check_leak(data: Dataset, reference: Reference) -> Finding:
    """Groups with images in more than one part of the split."""
    name = "split_leak"
    if data.splits is None:
        return untested(name, "No split was given.")
    if data.groups is None:
        ends = [*data.exact_pairs, *((p.first, p.second) for p in data.pairs)]
        leaks = _differ(data.splits, ends)
        if not len(leaks):
            return untested(
                name, "No groups (patients, slides) were given; no image shows the same in two parts of the split."
            )
        text = f"No groups were given; {count(len(leaks), 'pair')} of images that show the same stand in different parts of the split."
        worth = reference.gain_of_twins([ends[k] for k in leaks])
        images = np.unique([ends[k] for k in leaks])
        return Finding(
            name, "severe", text, worth, images=images, advice="Split anew, by the column `group` of the manifest."
        )
    known = (data.splits.codes >= 0) & (data.groups.codes >= 0)
    table = np.zeros((len(data.groups.names), len(data.splits.names)), np.int64)
    np.add.at(table, (data.groups.codes[known], data.splits.codes[known]), 1)
    spread = np.flatnonzero((table > 0).sum(axis=1) > 1)
    if not len(spread):
        return passed(name, f"Each of {count(len(data.groups.names), 'group')} lies in one part of the split.")
    images = np.flatnonzero(known & np.isin(data.groups.codes, spread))
    text = (
        f"{len(spread):,} of {count(len(data.groups.names), 'group')} ({len(images):,} images) lie in more than one part of the "
        f"split, {some([str(data.groups.names[g]) for g in spread])}."
    )
    worth = reference.gain_of_random_folds()
    if np.isfinite(worth):
        text += f" A plain colour machine reads {worth:.1f} points higher on this split than on groups it has not seen."
    return Finding(name, "severe", text, worth, images=images, advice="Split anew, whole groups to one part.")


def check_conflicts(data: Dataset) -> Finding:
    """Images that show the same and carry different labels."""
    name = "label_conflicts"
    if data.y is None:
        return untested(name, "No labels were given.")
    ends = [*data.exact_pairs, *((p.first, p.second) for p in data.pairs)]
    conflicts = _differ(data.y, ends)
    if not len(conflicts):
        return passed(
            name, "Images that show the same carry the same label." if ends else "No two images show the same."
        )
    images = np.unique([ends[k] for k in conflicts])
    a, b = ends[conflicts[0]]
    text = (
        f"{count(len(conflicts), 'pair')} of images that show the same carry different labels "
        f"({len(images):,} images), such as {data.names[a]} ({data.y.names[data.y.codes[a]]}) and "
        f"{data.names[b]} ({data.y.names[data.y.codes[b]]})."
    )
    worth = 100 * len(images) / max(1, len(data.labelled))
    return Finding(
        name, "severe", text, worth, images=images, advice="Look at each; the manifest flags them in `conflict`."
    )


def _differ(column: Codes | None, pairs: Ends) -> np.ndarray:
    """Positions of the pairs whose two images differ in a column."""
    if column is None or not len(pairs):
        return np.empty(0, np.int64)
    ends = column.codes[np.array(pairs)]
    return np.flatnonzero((ends[:, 0] != ends[:, 1]) & (ends >= 0).all(axis=1))


def _across(data: Dataset, pairs: Ends) -> str:
    named = (("parts of the split", data.splits), ("groups", data.groups), ("labels", data.y))
    found = [f"{len(_differ(column, pairs)):,} across {what}" for what, column in named if len(_differ(column, pairs))]
    return "; " + ", ".join(found) if found else ""


def _severity(data: Dataset, pairs: Ends) -> str:
    if len(_differ(data.splits, pairs)) or len(_differ(data.y, pairs)):
        return "severe"
    if len(_differ(data.groups, pairs)) or (data.groups is None and data.splits is None):
        return "warning"
    return "note"
