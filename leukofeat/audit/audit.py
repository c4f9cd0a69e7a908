"""The audit: every image is visited once, every check is made, and the result says it in words."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from leukofeat.audit.checks import classes, copies, files
from leukofeat.audit.dataset import Codes, Dataset
from leukofeat.audit.describe import describe
from leukofeat.audit.findings import SEVERITIES, Finding, count
from leukofeat.audit.pairs import cluster
from leukofeat.audit.reference import Reference
from leukofeat.parallel import map_images
from leukofeat.sequence import as_sequence


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
    """

    verdict: str
    table: pd.DataFrame
    findings: list[Finding]
    images: pd.DataFrame = field(repr=False)
    pairs: pd.DataFrame = field(repr=False)
    manifest: pd.DataFrame = field(repr=False)

    def __getitem__(self, name: str) -> Finding:
        """Finding of one check, by its name."""
        return next(finding for finding in self.findings if finding.name == name)

    def save(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Write the verdict and the tables into a folder, which is made where it is missing; returns the files."""
        root = Path(folder)
        root.mkdir(parents=True, exist_ok=True)
        (root / "verdict.txt").write_text(self.verdict + "\n", encoding="utf-8")
        tables = {"findings": self.table, "images": self.images, "pairs": self.pairs, "manifest": self.manifest}
        for name, table in tables.items():
            table.to_csv(root / f"{name}.csv", index=False)
        return [root / "verdict.txt", *(root / f"{name}.csv" for name in tables)]


def audit_dataset(
    images: Any,
    y: Any = None,
    *,
    groups: Any = None,
    splits: Any = None,
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
        Classes. Without them, nothing that concerns the class is tested.
    groups : array-like of length n, optional
        Patient or slide of each image. Where they are given, they are the units of every test: images of one slide are no
        independent witnesses.
    splits : array-like of length n, optional
        Part of each image, such as "train" and "test"; the largest part counts as training.
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
    ValueError
        When `y`, `groups` or `splits` have another length than `images`.

    Notes
    -----
    Associations with the class are tested by ranks (Kruskal and Wallis), predictions by a cross-validated RBF machine; with
    groups, both by permuting whole groups. All p-values are corrected together (Holm). A fault is reported when it is both
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
    columns = Codes.of("y", y, n), Codes.of("groups", groups, n), Codes.of("splits", splits, n)
    descriptions = map_images(describe, sequence, n_jobs=n_jobs, verbose=verbose, description="reading")
    data = Dataset(
        [sequence.name(i) for i in range(n)],
        [sequence.source(i) for i in range(n)],
        descriptions,
        *columns,
        random_state,
    )
    findings = _check(data, verbose)
    table = _table(findings)
    return AuditResult(_verdict(data, table), table, findings, _image_table(data), _pair_table(data), _manifest(data))


def _check(data: Dataset, verbose: int) -> list[Finding]:
    reference = Reference(data)
    steps: list[Any] = [
        ("broken and odd files", lambda: [files.check_broken(data), files.check_odd(data)]),
        ("burned-in marks", lambda: [files.check_marks(data)]),
        ("exact duplicates", lambda: [copies.check_exact(data, reference)]),
        ("near-duplicates", lambda: [copies.check_near(data, reference), copies.check_overlaps(data, reference)]),
        ("leaks", lambda: [copies.check_leak(data, reference), copies.check_conflicts(data)]),
        ("what goes along with the class", lambda: classes.check_classes(data)),
    ]
    from tqdm import tqdm

    findings: list[Finding] = []
    bar = tqdm(steps, desc="checking", unit="step", disable=verbose < 1, dynamic_ncols=True)
    for name, step in bar:
        bar.set_postfix_str(name)
        findings += step()
    return findings


def _table(findings: list[Finding]) -> pd.DataFrame:
    rows = [
        {
            "name": f.name,
            "severity": f.severity,
            "finding": f.finding,
            "worth": f.worth,
            "p": f.p,
            "effect": f.effect,
            "n_images": len(f.images),
            "advice": f.advice,
        }
        for f in findings
    ]
    table = pd.DataFrame(rows)
    order = table["severity"].map(SEVERITIES.index)
    return table.assign(order=order, gain=-table["worth"].fillna(0)).sort_values(
        ["order", "gain"], kind="stable", ignore_index=True
    )[list(rows[0])]


def _verdict(data: Dataset, table: pd.DataFrame) -> str:
    n = {severity: int((table["severity"] == severity).sum()) for severity in SEVERITIES}
    what = f"{count(len(data), 'image')}"
    if data.y is not None:
        what += f", {count(len(data.y.names), 'class', 'classes')}"
    what += f", {count(len(data.groups.names), 'group')}" if data.groups is not None else ", no groups given"
    if n["severe"]:
        head = f"An accuracy measured on this dataset as it is cannot be believed ({what}): {n['severe']} severe and {count(n['warning'], 'further warning')}."
    elif n["warning"]:
        head = f"This dataset needs care before an accuracy is reported ({what}): {count(n['warning'], 'warning')}."
    else:
        head = f"Nothing serious was found ({what})."
    lines = [head]
    for row in table.itertuples():
        if row.severity in ("severe", "warning", "note"):
            worth = (
                f" Worth up to {row.worth:.1f} accuracy points."
                if row.worth >= 0.05 and "points" not in row.finding
                else ""
            )
            lines.append(f"- {row.severity.capitalize()}: {row.finding}{worth} {row.advice}".rstrip())
    skipped = table.loc[table["severity"] == "not tested", "name"].tolist()
    if skipped:
        lines.append(f"Not tested: {', '.join(name.replace('_', ' ') for name in skipped)}.")
    if data.groups is None:
        lines.append(
            "No patient or slide ids were given: whether slides stand on both sides of a split cannot be known, and every "
            "figure from random folds may be recognition of the slide."
        )
    return "\n".join(lines)


def _column(codes: Codes | None, n: int) -> list[str | None]:
    return [None] * n if codes is None else [codes.names[c] if c >= 0 else None for c in codes.codes]


def _image_table(data: Dataset) -> pd.DataFrame:
    n = len(data)
    odd = files.odd_reasons(data) if data.readable.sum() >= 3 else {}
    table = pd.DataFrame({"path": [source or name for source, name in zip(data.sources, data.names, strict=True)]})
    for name, codes in (("label", data.y), ("group", data.groups), ("split", data.splits)):
        table[name] = _column(codes, n)
    table["error"] = [d.error or "" for d in data.images]
    table["height"], table["width"] = zip(*(d.shape for d in data.images), strict=True) if n else ((), ())
    for name in (
        "format",
        "n_bytes",
        "is_gray",
        "level",
        "contrast",
        "brightness",
        "sharpness",
        "red_cell_sharpness",
        "cell_size",
    ):
        table[name] = [getattr(d, name) for d in data.images]
    table["odd"] = ["; ".join(odd.get(i, ())) for i in range(n)]
    table["mark"] = data.styles
    for name in ("top", "left", "bottom", "right"):
        table[f"mark_{name}"] = [-1 if mark is None else getattr(mark, name) for mark in data.marks]
    table["mark_place"] = [
        "" if mark is None else files.place(mark, d.shape) for mark, d in zip(data.marks, data.images, strict=True)
    ]
    table["duplicate_of"] = np.where(data.first_copy == np.arange(n), -1, data.first_copy)
    table["cluster"] = data.clusters
    return table


def _pair_table(data: Dataset) -> pd.DataFrame:
    rows: list[tuple] = [(a, b, "exact", "identical pixels", 1.0, 1.0) for a, b in data.exact_pairs]
    rows += [tuple(pair) for pair in data.pairs]
    table = pd.DataFrame(rows, columns=["first", "second", "kind", "how", "correlation", "overlap"])
    for name, codes in (("split", data.splits), ("group", data.groups), ("label", data.y)):
        ends = table[["first", "second"]].to_numpy(dtype=np.int64)
        table[f"across_{name}"] = False if codes is None else codes.codes[ends[:, 0]] != codes.codes[ends[:, 1]]
    return table


def _manifest(data: Dataset) -> pd.DataFrame:
    n = len(data)
    links = [*data.exact_pairs, *((p.first, p.second) for p in data.pairs)]
    conflict = np.zeros(n, bool)
    if data.y is not None and links:
        ends = np.array(links)
        conflict[np.unique(ends[data.y.codes[ends[:, 0]] != data.y.codes[ends[:, 1]]])] = True
    if data.groups is not None:
        for code in range(len(data.groups.names)):
            own = np.flatnonzero(data.groups.codes == code)
            links += [(int(own[0]), int(other)) for other in own[1:]]
    group = cluster(n, links)
    leak = np.zeros(n, bool)
    if data.splits is not None:
        parts = pd.Series(data.splits.codes).groupby(group).transform("nunique").to_numpy()
        leak = parts > 1
    table = pd.DataFrame(
        {
            "image": np.arange(n),
            "path": [source or name for source, name in zip(data.sources, data.names, strict=True)],
            "label": _column(data.y, n),
            "split": _column(data.splits, n),
            "group": group,
            "conflict": conflict,
            "leak": leak,
        }
    )
    keep = data.readable & (data.first_copy == np.arange(n))
    empty = [name for name, codes in (("label", data.y), ("split", data.splits)) if codes is None]
    return table[keep].drop(columns=empty).reset_index(drop=True)
