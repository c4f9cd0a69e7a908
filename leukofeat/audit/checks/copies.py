"""Checks of images that show the same, and of what they lead into: leaks between parts, conflicting labels."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from leukofeat.audit.dataset import Dataset
from leukofeat.audit.findings import Finding, count, some
from leukofeat.audit.reference import Reference

Ends = Sequence[tuple[int, int]]


def check_copies(data: Dataset) -> list[Finding]:
    """All checks of this module."""
    reference = Reference(data)
    return [
        _exact(data, reference),
        _near(data, reference),
        _overlaps(data, reference),
        _leak(data, reference),
        _conflicts(data),
    ]


def _exact(data: Dataset, reference: Reference) -> Finding:
    """Images of which there is a second copy, pixel by pixel."""
    pairs, name = data.exact_pairs, "exact_duplicates"
    if not pairs:
        return Finding(name, "passed", f"No two of {count(int(data.readable.sum()), 'image')} have the same pixels.")
    same_file = sum(data.images[a].file_hash == data.images[b].file_hash is not None for a, b in pairs)
    text = f"{count(len(pairs), 'image is', 'images are')} the exact copy of another ({len(np.unique(pairs)):,} images in all"
    text += f", {same_file:,} the same file byte by byte)" if same_file else ")"
    return _same(name, text, pairs, data, reference, "Keep one of each; the cleaned manifest does.")


def _near(data: Dataset, reference: Reference) -> Finding:
    """Images that are another one flipped, turned, re-encoded, brighter or cropped."""
    pairs, name = [pair for pair in data.pairs if pair.kind in ("copy", "crop")], "near_duplicates"
    if not pairs:
        text = "No image is a flipped, turned, re-encoded, brighter or cropped copy of another."
        return Finding(name, "passed", text)
    ways = sorted({"re-encoded or retouched" if p.how == "identical" else p.how.split(",")[0] for p in pairs})
    text = f"{count(len(pairs), 'pair')} of images show the same field, not pixel by pixel ({', '.join(ways)})"
    advice = "Keep one of each, or hold each cluster together in every split (column `group` of the manifest)."
    return _same(name, text, [(p.first, p.second) for p in pairs], data, reference, advice)


def _overlaps(data: Dataset, reference: Reference) -> Finding:
    """Fields of view that share a part."""
    pairs, name = [pair for pair in data.pairs if pair.kind == "overlap"], "overlapping_fields"
    if not pairs:
        return Finding(name, "passed", "No two fields of view share a part of at least a quarter.")
    shared = np.median([p.overlap for p in pairs])
    text = f"{count(len(pairs), 'pair')} of images show overlapping fields of one slide (median overlap {shared:.0%})"
    advice = "Hold each cluster together in every split (column `group` of the manifest)."
    return _same(name, text, [(p.first, p.second) for p in pairs], data, reference, advice)


def _same(name: str, text: str, pairs: Ends, data: Dataset, reference: Reference, advice: str) -> Finding:
    """Finding about pairs that show the same; severe across splits or labels, a note where the slide stays together."""
    across = {
        what: len(_differ(column, pairs))
        for what, column in (("parts of the split", data.splits), ("groups", data.groups), ("labels", data.y))
    }
    told = [f"{n:,} across {what}" for what, n in across.items() if n]
    severity = "note"
    if across["parts of the split"] or across["labels"]:
        severity = "severe"
    elif across["groups"] or (data.groups is None and (data.splits is None or name == "overlapping_fields")):
        severity = "warning"
    text += "; " + ", ".join(told) if told else ""
    worth = reference.gain_of_twins(pairs)
    return Finding(name, severity, text + ".", worth, images=np.unique(pairs), advice=advice)


def _leak(data: Dataset, reference: Reference) -> Finding:
    """Groups with images in more than one part of the split."""
    name = "split_leak"
    if data.splits is None:
        return Finding(name, "not tested", "No split was given.")
    if data.groups is None:
        leaks = _differ(data.splits, data.links)
        if not len(leaks):
            text = "No groups (patients, slides) were given; no image shows the same in two parts of the split."
            return Finding(name, "not tested", text)
        text = f"No groups were given; {count(len(leaks), 'pair')} of images that show the same stand in different parts of the split."
        advice = "Split anew, by the column `group` of the manifest."
        return Finding(name, "severe", text, reference.gain_of_twins(leaks), images=np.unique(leaks), advice=advice)
    n_groups = count(len(data.groups.categories), "group")
    known = (data.splits.codes >= 0) & (data.groups.codes >= 0)
    places = np.unique(np.column_stack([data.groups.codes, data.splits.codes])[known], axis=0)
    spread = np.flatnonzero(np.bincount(places[:, 0]) > 1)
    if not len(spread):
        return Finding(name, "passed", f"Each of {n_groups} lies in one part of the split.")
    images = np.flatnonzero(known & np.isin(data.groups.codes, spread))
    text = (
        f"{len(spread):,} of {n_groups} ({len(images):,} images) lie in more than one part of the split, "
        f"{some(data.groups.categories[spread].tolist())}."
    )
    worth = reference.gain_of_split()
    if np.isfinite(worth):
        text += f" A plain colour machine reads {worth:.1f} points higher on this split than on groups it has not seen."
    return Finding(name, "severe", text, worth, images=images, advice="Split anew, whole groups to one part.")


def _conflicts(data: Dataset) -> Finding:
    """Images that show the same and carry different labels."""
    name = "label_conflicts"
    if data.y is None:
        return Finding(name, "not tested", "No labels were given.")
    conflicts = _differ(data.y, data.links)
    if not len(conflicts):
        text = "Images that show the same carry the same label." if data.links else "No two images show the same."
        return Finding(name, "passed", text)
    images = np.unique(conflicts)
    first, second = (f"{data.paths[i]} ({data.y[i]})" for i in conflicts[0])
    text = (
        f"{count(len(conflicts), 'pair')} of images that show the same carry different labels "
        f"({len(images):,} images), such as {first} and {second}."
    )
    worth = 100 * len(images) / max(1, len(data.labelled))
    advice = "Look at each; the manifest flags them in `conflict`."
    return Finding(name, "severe", text, worth, images=images, advice=advice)


def _differ(column: pd.Categorical | None, pairs: Ends) -> np.ndarray:
    """Those of the pairs whose two images differ in a column, (m, 2)."""
    ends = np.array(pairs, np.int64).reshape(-1, 2)
    if column is None:
        return ends[:0]
    codes = column.codes[ends]
    return ends[(codes[:, 0] != codes[:, 1]) & (codes >= 0).all(axis=1)]
