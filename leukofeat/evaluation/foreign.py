"""Predictions made elsewhere, by a network of one's own for one, as a row beside pipelines."""

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from leukofeat.evaluation.foreign_columns import ForeignColumns, are_shares
from leukofeat.evaluation.foreign_files import SEVERAL, UNKNOWN, as_text, first_of_same, match_paths, read_table

_TRAINED = ("train", "training")


def read_predictions(source: str | os.PathLike[str] | pd.DataFrame) -> "Predictions":
    r"""Read predictions that were made elsewhere, to compare them as a row beside pipelines.

    Parameters
    ----------
    source : path or DataFrame
        CSV (comma, semicolon or tab; UTF-8, with or without a byte order mark; behind semicolons a decimal comma will do),
        parquet, or a table in memory; what `leukofeat predict` writes can be read as it is. A row an image, in any order:

        - `path`: the image's file. It is found by as much of the end of its path as tells images apart: relative to the data
          folder, absolute, from another machine, or the name of the file alone where that is unique; `\` counts as `/`.
        - `predicted`: the class; or a column a class, `score_<class>`, `probability_<class>` or the bare `<class>`, of which the
          highest counts; or both. Of two classes one such column is enough, if it has a prefix. They are taken for probabilities where each is in
          [0, 1] and those of an image sum to 1 (or for percentages, where they sum to 100), else for scores.
        - `fold` or `split`, as far as there are: the part of the data that the model was tested on when it predicted the image.
          Rows whose `split` (or `fold`) is "train" are no predictions: they say what was trained on, in their fold where there is one.

        Further columns are left alone.

    Returns
    -------
    Predictions
        Give it to :func:`~leukofeat.evaluation.compare` as if it were a pipeline; there it is checked against images, classes and splits.

    Raises
    ------
    OSError
        When there is no such file.
    ValueError
        For a table that cannot be read, without rows, without `path`, or without a column that could be a prediction.

    Examples
    --------
    >>> read_predictions(pd.DataFrame({"path": ["a/1.png", "b/2.png"], "predicted": ["a", "a"], "fold": [0, 1]}))
    Predictions(2 rows of the table of predictions, sha256 b9c570ef4614)
    """
    if isinstance(source, pd.DataFrame):
        return Predictions(as_text(source), "the table of predictions")
    table, decimal = read_table(Path(source))
    return Predictions(table, os.fspath(source), decimal=decimal)


class _Judged(NamedTuple):
    """Predictions set against images and classes."""

    where: np.ndarray  # by row of the table: its image, the first of the same file
    first: np.ndarray  # by image: the first of the same file
    said: np.ndarray  # rows that predict something
    codes: np.ndarray  # class of each row
    scores: np.ndarray | None
    are_probabilities: bool


class Predictions:
    """Predictions made elsewhere, as :func:`read_predictions` reads them.

    Parameters
    ----------
    table : DataFrame of str
        A row a prediction, blank where there is nothing.
    source : str
        What to call it in messages.
    decimal : {".", ","}
        May stand in numbers for the point.

    Examples
    --------
    >>> found = read_predictions(pd.DataFrame({"path": ["1.png", "2.png"], "a": [0.9, 0.2], "b": [0.1, 0.8]}))
    >>> names, labels = ["folder/1.png", "folder/2.png"], np.array(["a", "b"])
    >>> found.check(names, [([1], [0]), ([0], [1])], labels)
    >>> found.outcome([1], names, labels)
    (array(['b'], dtype='<U1'), array([[0.2, 0.8]]), True)
    """

    def __init__(self, table: pd.DataFrame, source: str, *, decimal: str = ".") -> None:
        table = table.rename(columns=lambda name: str(name).strip()).reset_index(drop=True)
        columns = ", ".join(table.columns)
        self.table, self.source = table, source
        if "path" not in table:
            raise ValueError(
                f"{source}: no column 'path'; it has {columns}. Rename the one that names the images' files."
            )
        if not len(table):
            raise ValueError(f"{source}: holds no row.")
        if not set(table.columns) - {"path", "fold", "split"}:
            raise ValueError(
                f"{source}: no column 'predicted' (the class), nor a column a class (score_<class>); it has {columns}."
            )
        parts = [name for name in ("split", "fold") if name in table and (table[name].str.strip() != "").any()]
        self.part_column = parts[-1] if parts else None
        self.part = None if self.part_column is None else table[self.part_column].str.strip().to_numpy(dtype=object)
        self.trained = np.zeros(len(table), bool)
        if parts:
            self.trained = table[parts[0]].str.strip().str.casefold().isin(_TRAINED).to_numpy(dtype=bool)
        # what was trained on belongs to a fold only where another column tells it apart from what was tested
        self.trained_by_fold = len(parts) == 2
        self.columns = ForeignColumns(table, source, self.trained, decimal)
        self._known: tuple[Any, _Judged] | None = None

    def __repr__(self) -> str:
        digest = hashlib.sha256(self.table.to_csv(index=False).encode()).hexdigest()
        return f"Predictions({len(self.table)} rows of {self.source}, sha256 {digest[:12]})"

    def check(
        self,
        names: Sequence[str],
        splits: Sequence[tuple[Any, Any]],
        labels: np.ndarray,
        readable: Callable[[int], bool] | None = None,
    ) -> None:
        """Check the predictions against images, splits and classes: once, before any work.

        Parameters
        ----------
        names : sequence of n str
            Each image's file, by row.
        splits : list of (train, test)
            Rows of each fold.
        labels : ndarray of shape (k,)
            The classes, sorted.
        readable : callable, optional
            Whether the image of a row can be read; asked only of test images without a prediction, which are let pass where they
            are left out for every pipeline.

        Raises
        ------
        ValueError
            When a test image has no prediction or several, a path leads to no image or to several, a class or a column of scores
            belongs to no class, a number is missing, or the images of a fold were predicted by several models or trained on.
        """
        judged = self._judge(names, labels)
        tests = [np.asarray(test, np.int64) for _, test in splits]
        tested = np.unique(np.concatenate(tests))
        wanted = judged.first[tested]
        self._check_single(judged.where, np.isin(judged.where, wanted) & ~self.trained)
        used = judged.said & np.isin(judged.where, wanted)
        lacking = tested[~np.isin(wanted, judged.where[used])].tolist()
        lacking = [row for row in lacking if readable is None or readable(row)]
        if lacking:
            raise ValueError(
                f"{self.source}: {len(lacking)} of {len(tested)} test images {'has' if len(lacking) == 1 else 'have'} no prediction, "
                f"{names[lacking[0]]} for one{self._reason(judged.where == judged.first[lacking[0]])}; every test image needs one. Add "
                "them, or leave these images out of the data for every pipeline."
            )
        self._check_numbers(judged.scores, used, labels)
        for fold, test in enumerate(tests):
            self._check_fold(fold, np.isin(judged.where, judged.first[test]), used)

    def _reason(self, rows: np.ndarray) -> str:
        """Why some rows predict nothing, where `leukofeat predict` wrote them."""
        told = [text for text in self.table["error"][rows] if text.strip()] if "error" in self.table else []
        return f" ({told[0]}; `leukofeat predict --judge-empty` judges what has no leukocyte, too)" if told else ""

    def outcome(
        self, rows: Any, names: Sequence[str], labels: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray | None, bool]:
        """Predictions of some images, all of which :meth:`check` has seen to have one.

        Parameters
        ----------
        rows : array-like of m int
        names : sequence of n str
        labels : ndarray of shape (k,)
            As in :meth:`check`.

        Returns
        -------
        predicted : ndarray of shape (m,), of the dtype of `labels`
        scores : ndarray of shape (m, k), dtype float64, or None
        are_probabilities : bool
        """
        judged = self._judge(names, labels)
        place = np.full(len(names), -1)
        place[judged.where[judged.said]] = np.flatnonzero(judged.said)
        own = place[judged.first[np.asarray(rows, np.int64)]]
        return (
            labels[judged.codes[own]],
            None if judged.scores is None else judged.scores[own],
            judged.are_probabilities,
        )

    def notes(self, name: str) -> list[str]:
        """What cannot be known of these predictions, which stand in the row `name`."""
        if self.part is not None:
            return []
        return [
            f"{name}: predictions made elsewhere, without a column 'fold' or 'split': nobody can check that they were made by "
            "models which were not trained on the image, or on others of its slide or patient."
        ]

    def _judge(self, names: Sequence[str], labels: np.ndarray) -> _Judged:
        key = (list(names), labels.tolist())
        if self._known is not None and self._known[0] == key:
            return self._known[1]
        where = match_paths(self.table["path"].tolist(), names)
        self._check_paths(where, names)
        codes, scores = self.columns.codes(labels), self.columns.scores(labels)
        if codes is not None:
            said = (codes >= 0) & ~self.trained
        elif scores is not None:
            said = ~np.isnan(scores).all(axis=1) & ~self.trained
            codes = np.where(np.isnan(scores), -np.inf, scores).argmax(axis=1)
        else:
            raise ValueError(
                f"{self.source}: no column 'predicted', nor one for each of the classes {', '.join(map(str, labels))} "
                f"(score_<class>); it has {', '.join(self.table.columns)}."
            )
        are_probabilities = scores is not None and are_shares(scores[said])
        found = _Judged(where, first_of_same(names), said, codes, scores, are_probabilities)
        self._known = (key, found)
        return found

    def _check_paths(self, where: np.ndarray, names: Sequence[str]) -> None:
        for code, what, way_out in (
            (UNKNOWN, "lead to no image", "leave these rows out, or check that it is the same data set"),
            (SEVERAL, "fit several images", "give more of the path, as far as it tells them apart"),
        ):
            strange = np.flatnonzero(where == code)
            if len(strange):
                path = self.table["path"][strange[0]]
                raise ValueError(
                    f"{self.source}: {len(strange)} of {len(where)} paths {what}, {path!r} for one (an image is called {names[0]}); "
                    f"{way_out}."
                )

    def _check_single(self, where: np.ndarray, rows: np.ndarray) -> None:
        images, counts = np.unique(where[rows], return_counts=True)
        if (counts > 1).any():
            n = int(counts[counts > 1][0])
            written = dict.fromkeys(self.table["path"][rows & (where == images[counts > 1][0])])
            raise ValueError(
                f"{self.source}: {(counts > 1).sum()} test images have several predictions, {' or '.join(written)} for one ({n}); each "
                "needs one. Average those of an ensemble first; rows of images that a model was trained on are left out, or marked "
                "as 'train' in a column 'split'."
            )

    def _check_numbers(self, scores: np.ndarray | None, used: np.ndarray, labels: np.ndarray) -> None:
        bad = np.zeros((len(used), 0), bool) if scores is None else ~np.isfinite(scores) & used[:, None]
        if bad.any():
            row, c = np.argwhere(bad)[0]
            raise ValueError(
                f"{self.source}: the score of class {labels[c]} is missing or no finite number for {bad.any(axis=1).sum()} test images, "
                f"{self.table['path'][row]} for one; fill it in, or leave the columns of scores out."
            )

    def _check_fold(self, fold: int, own: np.ndarray, used: np.ndarray) -> None:
        """Refuse a fold of ours that several of theirs predicted, or whose images its model was trained on; `own` are its rows."""
        if self.part is None:
            return
        paths, judged = self.table["path"], np.flatnonzero(own & used)
        parts = list(dict.fromkeys(self.part[judged]))
        way_out = (
            "Compare under the splits that the predictions were made with (cv=PredefinedSplit(folds), or --cv COLUMN of the manifest), "
            "or make them anew with these, which `predictions` of a comparison names."
        )
        if len(parts) > 1:
            seen = self.part[judged].tolist()
            one, other = (judged[seen.index(part)] for part in parts[:2])
            raise ValueError(
                f"{self.source}: test images of fold {fold} stand in {len(parts)} parts of its column {self.part_column!r}, "
                f"{paths[one]} in {parts[0]!r} and {paths[other]} in {parts[1]!r}: what is held out together here was trained on by "
                f"models of that file. {way_out}"
            )
        trained = own & self.trained
        if self.trained_by_fold:
            trained &= np.isin(self.part, parts)
        if trained.any():
            raise ValueError(
                f"{self.source}: {len(set(paths[trained]))} test images of fold {fold} are marked there as trained on, "
                f"{paths[trained].iloc[0]} for one. {way_out}"
            )
