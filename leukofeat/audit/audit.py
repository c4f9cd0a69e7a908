"""The audit: every image is visited once, every check is made, and the result says it in words."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from leukofeat.audit.checks import classes, columns, copies, files
from leukofeat.audit.dataset import Dataset, as_categories
from leukofeat.audit.findings import SEVERITIES, Finding, count
from leukofeat.audit.pairs import Pair, cluster
from leukofeat.audit.visit import describe_all
from leukofeat.parallel import progress_bar
from leukofeat.sequence import as_sequence, printable
from leukofeat.store import as_store

_CHECKS = {
    "single images": files.check_files,
    "labels, groups and splits": columns.check_columns,
    "copies and leaks": copies.check_copies,
    "what goes along with the class": classes.check_classes,
}
_COLUMNS = ("name", "severity", "finding", "worth", "p", "effect", "n_images", "advice")
_MEASURED = (
    *("format", "n_bytes", "is_gray", "level", "contrast", "brightness"),
    *("sharpness", "red_cell_sharpness", "cell_size"),
)


@dataclass(frozen=True)
class AuditResult:
    """Result of :func:`audit_dataset`.

    Attributes
    ----------
    verdict : str
        What is wrong and what it is worth, in plain sentences, the worst first.
    table : DataFrame
        A row a check: `name`, `severity`, `finding`, `worth` (accuracy points), `p` (corrected), `effect`, `n_images`,
        `advice`.
    findings : list of Finding
        The same with the images concerned; the order in which the checks are made.
    images : DataFrame
        A row an image, in the order given: `path`, `label`, `group`, `split`, `error`, size, format, bytes, `brightness`,
        `sharpness`, `red_cell_sharpness`, `cell_size`, `odd`, `mark` (style) with its box `mark_top`, `mark_left`, `mark_bottom`, `mark_right`,
        `mark_place`, `duplicate_of`, `cluster`.
    pairs : DataFrame
        A row a pair of images that show the same: `first`, `second`, `kind` ("exact", "copy", "crop", "overlap"), `how`,
        `correlation`, `overlap`, `across_split`, `across_group`, `across_label`.
    manifest : DataFrame
        The images to go on with: broken ones and exact copies dropped; `path`, `label`, `split`, `group` (images that show
        the same, or that had one group, share it), `conflict` (carries another label than an image that shows the same),
        `leak` (its group lies in more than one part of the split).

    Examples
    --------
    >>> from leukofeat.datasets import make_smears
    >>> images = make_smears(n_samples=4, size=64, random_state=0).images
    >>> result = audit_dataset([*images, images[0]])
    >>> result["exact_duplicates"].severity, result.images["duplicate_of"].tolist()
    ('warning', [-1, -1, -1, -1, 0])
    """

    verdict: str
    table: pd.DataFrame
    findings: list[Finding]
    images: pd.DataFrame = field(repr=False)
    pairs: pd.DataFrame = field(repr=False)
    manifest: pd.DataFrame = field(repr=False)

    def __getitem__(self, name: str) -> Finding:
        """Finding of one check, by its name; KeyError for one that there is not."""
        found = {finding.name: finding for finding in self.findings}
        if name not in found:
            raise KeyError(f"{name!r} is no check; there are {', '.join(found)}.")
        return found[name]

    def save(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Write the verdict and the tables into a folder, which is made where it is missing; returns the files.

        Raises
        ------
        OSError
            When a file cannot be written; names it. Each file is then the old one or the new one, never a part of one.
        """
        from leukofeat.atomic import replacing
        from leukofeat.markup import write_csv

        root = Path(folder)
        root.mkdir(parents=True, exist_ok=True)
        tables = {"findings": self.table, "images": self.images, "pairs": self.pairs, "manifest": self.manifest}
        with replacing(root / "verdict.txt") as new:
            new.write_text(self.verdict + "\n", encoding="utf-8")
        for name, table in tables.items():
            with replacing(root / f"{name}.csv") as new:
                write_csv(table, new)
        return [root / "verdict.txt", *(root / f"{name}.csv" for name in tables)]

    def _repr_html_(self) -> str:
        from leukofeat.markup import NOTE, card, element

        head, *lines = [line.strip() for line in self.verdict.splitlines() if line.strip()] or ["No verdict."]
        found = [line[2:].partition(": ") for line in lines if line.startswith("- ")]
        told = [element("li", element("b", severity), colon, words) for severity, colon, words in found]
        passed = self.table.loc[self.table["severity"] == "passed", "name"].astype(str).str.replace("_", " ")
        return card(
            head,
            element("ul", *told) if told else None,
            *(element("div", line) for line in lines if not line.startswith("- ")),
            element("div", f"Passed ({len(passed)}): {', '.join(passed)}.") if len(passed) else None,
            element("div", "With examples: leukofeat.report.write_report(path, audit=result)."),
            element("div", element("i", NOTE)),
        )


def audit_dataset(
    images: Any,
    y: Any = None,
    *,
    groups: Any = None,
    splits: Any = None,
    memory: Any = None,
    n_jobs: int | None = None,
    verbose: int = 0,
    random_state: int = 0,
) -> AuditResult:
    """Find what is wrong with a dataset before a model sees it, and say what each fault is worth.

    Parameters
    ----------
    images : list, ndarray, Series, one-column DataFrame or ImageSequence of n images or paths
        Each is decoded once; a broken one is listed and does not stop the audit.
    y : array-like of length n, optional
        Classes; None, NaN or blanks where there is none. Without them, nothing that concerns the class is tested.
    groups : array-like of length n, or result of `estimate_slides`, optional
        Patient or slide of each image. Where they are given, they are the units of every test: images of one slide are no
        independent witnesses. One without a group (None, NaN, blanks) counts as a group of its own.
    splits : array-like of length n, optional
        Part of each image, such as "train" and "test"; the largest part counts as training.
    memory : path, Store or None, default=None
        Folder, or :class:`~leukofeat.store.Store`, that keeps what is measured of each image, by content: an audit that was stopped
        goes on where it ended, and one of a set that has grown reads the new images only. The result is the same.
    n_jobs : int, optional
        Workers for the visit to the images, as in joblib.
    verbose : int, default=0
        Above 0, progress on standard error.
    random_state : int, default=0
        Seed of folds and permutations.

    Returns
    -------
    AuditResult

    Raises
    ------
    TypeError
        When `memory` is nothing that can be one.
    ValueError
        When there is no image, or `y`, `groups` or `splits` have another length than `images`.

    Notes
    -----
    Associations with the class are tested by ranks (Kruskal and Wallis), predictions by a cross-validated RBF machine and
    permuted labels; with groups, both by permuting whole groups. All p-values are corrected together (Holm). A fault is reported when it is both
    significant at 5 % and large enough to matter.

    Examples
    --------
    >>> from leukofeat.audit import audit_dataset
    >>> from leukofeat.datasets import make_smears
    >>> smears = make_smears(n_samples=32, size=96, n_slides=8, faults="duplicates", random_state=0)
    >>> result = audit_dataset(smears.images, smears.target, groups=smears.groups)
    >>> result["exact_duplicates"].finding
    '2 images are the exact copy of another (4 images in all); 2 across groups.'
    """
    sequence = as_sequence(images)
    n = len(sequence)
    if not n:
        raise ValueError("There is no image to audit.")
    given = as_categories("y", y, n), as_categories("groups", groups, n), as_categories("splits", splits, n)
    descriptions = describe_all(sequence, memory=as_store(memory), n_jobs=n_jobs, verbose=verbose)
    paths = [printable(sequence.source(i) or sequence.name(i)) for i in range(n)]
    data = Dataset(paths, descriptions, *given, random_state)
    findings: list[Finding] = []
    bar = progress_bar(_CHECKS.items(), desc="checking", unit="step", verbose=verbose)
    for name, check in bar:
        bar.set_postfix_str(name)
        findings += check(data)
    table = _table(findings)
    pairs = _pair_table(data)
    return AuditResult(_verdict(data, table), table, findings, _image_table(data), pairs, _manifest(data, pairs))


def _table(findings: list[Finding]) -> pd.DataFrame:
    ordered = sorted(findings, key=lambda f: (SEVERITIES.index(f.severity), -np.nan_to_num(f.worth)))
    return pd.DataFrame([vars(f) | {"n_images": len(f.images)} for f in ordered])[list(_COLUMNS)]


def _verdict(data: Dataset, table: pd.DataFrame) -> str:
    n = {severity: int((table["severity"] == severity).sum()) for severity in SEVERITIES}
    what = f"{count(len(data), 'image')}"
    if data.y is not None:
        what += f", {count(len(data.y.categories), 'class', 'classes')}"
    what += f", {count(len(data.groups.categories), 'group')}" if data.groups is not None else ", no groups given"
    head = f"Nothing serious was found ({what})."
    if data.y is None:
        head = f"Little could be tested, for no classes were given; nothing serious was found in the rest ({what})."
    if n["severe"]:
        head = f"An accuracy measured on this dataset as it is cannot be believed ({what}): {n['severe']} severe and {count(n['warning'], 'further warning')}."
    elif n["warning"]:
        head = f"This dataset needs care before an accuracy is reported ({what}): {count(n['warning'], 'warning')}."
    lines = [head]
    for row in table[table["severity"].isin(("severe", "warning", "note"))].itertuples():
        told = row.worth >= 0.05 and "points" not in row.finding
        worth = f" Worth up to {row.worth:.1f} accuracy points." if told else ""
        lines.append(
            f"- {row.severity.capitalize()}: {row.finding}{'' if row.finding.endswith('.') else '.'}{worth} {row.advice}".rstrip()
        )
    skipped = table.loc[table["severity"] == "not tested", "name"]
    if len(skipped):
        lines.append(f"Not tested: {', '.join(skipped).replace('_', ' ')}.")
    if data.groups is None:
        lines.append(
            "No patient or slide ids were given: whether slides stand on both sides of a split cannot be known, and every "
            "figure from random folds may be recognition of the slide."
        )
    return "\n".join(lines)


def _strings(column: pd.Categorical | None, n: int) -> list[str | None]:
    """A column as it is shown: None where a value is missing."""
    return [None] * n if column is None else [None if pd.isna(value) else value for value in column]


def _image_table(data: Dataset) -> pd.DataFrame:
    n, odd = len(data), files.odd_reasons(data)
    table = pd.DataFrame({"path": data.paths})
    for name, column in (("label", data.y), ("group", data.groups), ("split", data.splits)):
        table[name] = _strings(column, n)
    table["error"] = [d.error or "" for d in data.images]
    table[["height", "width"]] = np.array([d.shape for d in data.images], np.int64).reshape(n, 2)
    for name in _MEASURED:
        table[name] = [getattr(d, name) for d in data.images]
    table["odd"] = ["; ".join(odd.get(i, ())) for i in range(n)]
    table["mark"] = data.styles
    boxes = [(-1, -1, -1, -1) if mark is None else mark.box for mark in data.marks]
    table[["mark_top", "mark_left", "mark_bottom", "mark_right"]] = np.array(boxes, np.int64).reshape(n, 4)
    table["mark_place"] = [
        "" if mark is None else files.place(mark, d.shape) for mark, d in zip(data.marks, data.images, strict=True)
    ]
    table["duplicate_of"] = np.where(data.first_copy == np.arange(n), -1, data.first_copy)
    table["cluster"] = cluster(n, data.links)
    return table


def _pair_table(data: Dataset) -> pd.DataFrame:
    exact = [Pair(first, copy, "exact", "identical pixels", 1.0, 1.0) for first, copy in data.exact_pairs]
    table = pd.DataFrame([*exact, *data.pairs], columns=list(Pair._fields))
    ends = table[["first", "second"]].to_numpy(dtype=np.int64)
    for name, column in (("split", data.splits), ("group", data.groups), ("label", data.y)):
        table[f"across_{name}"] = False if column is None else column.codes[ends[:, 0]] != column.codes[ends[:, 1]]
    return table


def _manifest(data: Dataset, pairs: pd.DataFrame) -> pd.DataFrame:
    n = len(data)
    table = pd.DataFrame({"image": np.arange(n), "path": data.paths})
    for name, column in (("label", data.y), ("split", data.splits)):
        if column is not None:
            table[name] = _strings(column, n)
    table["group"] = data.units
    table["conflict"] = table["image"].isin(np.ravel(pairs.loc[pairs["across_label"], ["first", "second"]]))
    parts = pd.Series(0 if data.splits is None else data.splits.codes, table.index)
    table["leak"] = parts.groupby(data.units).transform("nunique") > 1
    return table[data.readable & (data.first_copy == np.arange(n))].reset_index(drop=True)
