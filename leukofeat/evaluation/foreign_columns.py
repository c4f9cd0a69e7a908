"""What predictions made elsewhere say of the classes: a column of names, and columns of scores."""

import numpy as np
import pandas as pd

from leukofeat.datasets.load import find_twins

_PREFIXES = ("score_", "probability_")
_NO_CLASS = ("path", "predicted", "fold", "split")
# how far from 1 the sum of probabilities may be that were written with few digits
_ROUNDED = 0.01


class ForeignColumns:
    """Columns of a table of predictions, read as far as the classes are known.

    Parameters
    ----------
    table : DataFrame of str
        Blank where there is nothing.
    source : str
        What to call it in messages.
    trained : ndarray of bool
        Rows that are no predictions.
    decimal : {".", ","}
        May stand in numbers for the point.

    Examples
    --------
    >>> table = pd.DataFrame({"predicted": ["b", ""], "score_b": ["0,9", "0,1"]})
    >>> columns = ForeignColumns(table, "own.csv", np.array([False, False]), ",")
    >>> columns.codes(np.array(["a", "b"]))
    array([ 1, -1])
    >>> columns.scores(np.array(["a", "b"]))
    array([[0.1, 0.9],
           [0.9, 0.1]])
    """

    def __init__(self, table: pd.DataFrame, source: str, trained: np.ndarray, decimal: str = ".") -> None:
        self.table, self.source, self.trained, self.decimal = table, source, trained, decimal

    def codes(self, labels: np.ndarray) -> np.ndarray | None:
        """Code of each row's class into `labels`, -1 where it is blank or no prediction; None without the column."""
        if "predicted" not in self.table:
            return None
        codes = {str(label): code for code, label in enumerate(labels)}
        if labels.dtype.kind in "iu":  # beside a blank, whole numbers are written as 1.0
            codes |= {f"{label}.0": code for code, label in enumerate(labels)}
        told = self.table["predicted"].where(~self.trained, "")
        found = np.array([codes.get(value, -1) for value in told], np.int64)
        strange = told[(found < 0) & (told.str.strip() != "")]
        if len(strange):
            raise self._no_class(f"predicted is no class in {len(strange)} rows, one of them", strange.iloc[0], labels)
        return found

    def scores(self, labels: np.ndarray) -> np.ndarray | None:
        """Score of each class, NaN where there is no number; None without any."""
        columns = self._of_classes(labels)
        if columns is None or all((self.table[name].str.strip() == "").all() for name in columns if name):
            return None
        values = np.full((len(self.table), len(labels)), np.nan)
        for c, name in enumerate(columns):
            if name is not None:
                text = self.table[name].str.strip()
                text = text.str.replace(",", ".", regex=False) if self.decimal == "," else text
                values[:, c] = pd.to_numeric(text, errors="coerce")
        if None in columns:
            other = columns.index(None)
            given = values[:, 1 - other]
            known = given[~self.trained & ~np.isnan(given)]
            if np.all((known >= 0) & (known <= 100)) and np.any(known > 1):
                raise ValueError(
                    f"{self.source}: {columns[1 - other]} goes from {known.min():g} to {known.max():g}, which is neither a probability nor "
                    "a score about 0; divide percentages by 100, or give both classes a column."
                )
            values[:, other] = 1 - given if np.all((known >= 0) & (known <= 1)) else -given
        told = values[~self.trained & ~np.isnan(values).any(axis=1)]
        return values / 100 if are_shares(told / 100) and len(told) else values

    def _of_classes(self, labels: np.ndarray) -> list[str | None] | None:
        """Column of each class, None for the one that follows from the other; None without such columns."""
        wanted = [str(label) for label in labels]
        for prefix in _PREFIXES:
            own = [name for name in self.table if name.startswith(prefix)]
            if not own:
                continue
            strange = [name for name in own if name.removeprefix(prefix) not in wanted]
            if strange:
                raise self._no_class(f"has {prefix} of", strange[0].removeprefix(prefix), labels)
            missing = [name for name in wanted if prefix + name not in own]
            if missing and len(wanted) > 2:
                raise ValueError(
                    f"{self.source}: no column {prefix + missing[0]!r}; where classes have scores, each needs them."
                )
            return [None if name in missing else prefix + name for name in wanted]
        bare: list[str | None] = [name for name in wanted if name in self.table and name not in _NO_CLASS]
        return bare if len(bare) == len(wanted) else None

    def _no_class(self, what: str, value: str, labels: np.ndarray) -> ValueError:
        twins = find_twins([value, *map(str, labels)])
        hint = f" {twins[0]} differ in case or blanks only." if twins else ""
        return ValueError(f"{self.source}: {what} {value!r}; the classes are {', '.join(map(str, labels))}.{hint}")


def are_shares(scores: np.ndarray) -> bool:
    """Whether all scores are in [0, 1] and those of each image, a row, sum to 1, but for rounding.

    Examples
    --------
    >>> are_shares(np.array([[0.33, 0.66]])), are_shares(np.array([[0.2, 0.2]])), are_shares(np.array([[1.2, -0.2]]))
    (True, False, False)
    """
    inside = bool(np.all((scores >= 0) & (scores <= 1)))
    return inside and bool(np.all(np.abs(scores.sum(axis=1) - 1) <= _ROUNDED + 1e-9))
