"""Columns chosen by their names or by shell patterns."""

import difflib
from collections.abc import Collection, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache

from leukofeat.features.summary import SUMMARIES


def choose(names: Sequence[str], columns: Sequence[str]) -> list[int]:
    """Places of the names that are among `columns` or match one of them, in the order of the names.

    Parameters
    ----------
    names : sequence of str
    columns : sequence of str
        Names, or shell patterns as in :mod:`fnmatch`: ``*`` for anything, ``?`` for one character, ``[ab]`` for one of
        several; upper and lower case differ.

    Raises
    ------
    ValueError
        For one that matches nothing, with the nearest name.

    Examples
    --------
    >>> choose(["cell_count", "nucleus_area_mean", "nucleus_area_std"], ["nucleus_*_mean", "cell_count"])
    [0, 1]
    """
    return list(_chosen(tuple(names), tuple(columns)))


def choose_cells(names: Sequence[str], columns: Sequence[str], rows: Collection[str]) -> list[int]:
    """Places of the columns of single cells that go with chosen columns `rows` of the image's row.

    That are those of which one is in `rows`, by itself or summarised over the cells, and those that `columns` matches.

    Examples
    --------
    >>> choose_cells(["nucleus_area", "nucleus_perimeter"], ["nucleus_area_mean"], {"nucleus_area_mean"})
    [0]
    """
    return list(_chosen_of_cells(tuple(names), tuple(columns), frozenset(rows)))


# kept, since they are asked for at every image
@lru_cache(maxsize=64)
def _chosen(names: tuple[str, ...], columns: tuple[str, ...]) -> tuple[int, ...]:
    for column in columns:
        if not any(_is_chosen(name, [column]) for name in names):
            near = difflib.get_close_matches(column, names, n=1, cutoff=0)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise ValueError(f"columns: {column!r} matches none of the {len(names):,} columns{hint}.")
    return tuple(i for i, name in enumerate(names) if _is_chosen(name, columns))


@lru_cache(maxsize=64)
def _chosen_of_cells(names: tuple[str, ...], columns: tuple[str, ...], rows: frozenset[str]) -> tuple[int, ...]:
    return tuple(
        i
        for i, name in enumerate(names)
        if name in rows or _is_chosen(name, columns) or any(f"{name}_{how}" in rows for how in SUMMARIES)
    )


def _is_chosen(name: str, columns: Sequence[str]) -> bool:
    return any(name == column or fnmatchcase(name, column) for column in columns)
