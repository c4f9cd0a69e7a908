"""Checks of what was given beside the images: values that are missing, and names that are one name spelled in two ways."""

import numpy as np

from leukofeat.audit.dataset import Dataset
from leukofeat.audit.findings import Finding, count
from leukofeat.datasets.load import find_twins


def check_columns(data: Dataset) -> list[Finding]:
    """All checks of this module."""
    return [_missing(data), _twins(data)]


def _columns(data: Dataset) -> dict:
    columns = {"class": data.y, "group": data.groups, "part of the split": data.splits}
    return {name: column for name, column in columns.items() if column is not None}


def _missing(data: Dataset) -> Finding:
    """Images without a class, a group or a part although others have one."""
    name, columns = "missing_values", _columns(data)
    if not columns:
        return Finding(name, "not tested", "No labels, groups or split were given.")
    gaps = {what: np.flatnonzero(column.codes < 0) for what, column in columns.items()}
    told = [f"{count(len(rows), 'image')} without a {what}" for what, rows in gaps.items() if len(rows)]
    if not told:
        return Finding(name, "passed", f"Every image has a {' and a '.join(columns)}.")
    text = f"{'; '.join(told)}. What has no class is left out of what is tested by class; what has no group counts as one of its own."
    advice = "Fill them in, or leave these images out."
    return Finding(name, "warning", text, images=np.unique(np.concatenate(list(gaps.values()))), advice=advice)


def _twins(data: Dataset) -> Finding:
    """Classes, groups or parts that may be one: their names differ in case or blanks only."""
    name, columns = "names_alike", _columns(data)
    if not columns:
        return Finding(name, "not tested", "No labels, groups or split were given.")
    found = {what: find_twins(column.categories) for what, column in columns.items()}
    told = [f"{what} {'; '.join(twins)}" for what, twins in found.items() if twins]
    if not told:
        return Finding(name, "passed", "No two names differ in case or blanks only.")
    rows = [
        np.flatnonzero(
            [value is not None and any(repr(value) in twin for twin in found[what]) for value in column.astype(object)]
        )
        for what, column in columns.items()
    ]
    text = f"Names that differ in case or blanks only are counted apart: {', '.join(told)}."
    advice = "Are they the same? Then give them one name (str.strip), or every count and score by class is wrong."
    return Finding(name, "warning", text, images=np.unique(np.concatenate(rows)), advice=advice)
