"""Checks of what goes along with the class, and of what the class can be predicted from without looking at a cell."""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from leukofeat.audit.dataset import Dataset
from leukofeat.audit.findings import Finding
from leukofeat.statistics.association import associate, predict
from leukofeat.statistics.inference import holm

ALPHA = 0.05
_EFFECTS = {"severe": 0.3, "warning": 0.14, "note": 0.06}
_GAINS = {"severe": 0.5, "warning": 0.2, "note": 0.1}  # share of the way from chance to certainty
# The whole image holds the leukocytes too: some of the class is in its colours by right.
_GAINS_WHOLE = {"severe": 0.6, "warning": 0.4}
_WORTH_IMAGES = 1000
_MANY_IMAGES, _MAX_CATEGORIES = 5000, 200  # in a set of more images, categories that are told apart

_Columns = Callable[[Dataset, np.ndarray], np.ndarray]


class _Check(NamedTuple):
    """What is looked at: in words, how it is taken from the images (row by row), and what to do when it fires."""

    what: str
    columns: _Columns
    advice: str


def _each(name: str) -> _Columns:
    return lambda data, rows: np.array([getattr(data.images[i], name) for i in rows])


def _file_size(data: Dataset, rows: np.ndarray) -> np.ndarray:
    size = np.array([data.images[i].n_bytes or np.nan for i in rows], float)
    pixels = np.array([np.prod(data.images[i].shape) for i in rows], float)
    return np.column_stack([np.log(size), np.log(size / pixels)])


def _metadata(data: Dataset, rows: np.ndarray) -> np.ndarray:
    """One column for each value of a field of the file header that several images share, (n, p); p may be 0."""
    columns = []
    for key in sorted({key for i in rows for key in data.images[i].metadata}):
        values = np.array([data.images[i].metadata.get(key, "") for i in rows])
        names, counts = np.unique(values, return_counts=True)
        shared = names[(counts >= 2) & (counts < len(rows))][:20]
        columns += [values == name for name in shared]
    return np.array(columns, float).reshape(len(columns), len(rows)).T


ASSOCIATIONS = {
    "resolution_by_class": _Check(
        "The image size",
        lambda d, r: np.array([f"{h}x{w}" for h, w in _each("shape")(d, r)]),
        "Bring all images to one size by the same way, and report what is left of the score.",
    ),
    "format_by_class": _Check(
        "The file format",
        _each("format"),
        "Convert all images to one format from the raw ones, if there are any.",
    ),
    "focus_by_class": _Check(
        "The focus (sharpness of the red cells)",
        _each("red_cell_sharpness"),
        "Report the score on classes matched in focus, or blur all to the weakest.",
    ),
    "brightness_by_class": _Check(
        "The brightness of the empty slide",
        _each("brightness"),
        "Balance the background (ColorNormalizer('white_balance')).",
    ),
    "magnification_by_class": _Check(
        "The size of the red cells in pixels",
        _each("cell_size"),
        "Measure in units of red cells or micrometres, not in pixels.",
    ),
    "mark_style_by_class": _Check(
        "The style of the burned-in bar",
        lambda d, r: d.styles[r].astype(str),
        "Crop the strip in every image (ScaleBarCropper) before anything is measured.",
    ),
}
PREDICTIONS = {
    "predict_from_background": _Check(
        "background and red cells, without any leukocyte,",
        _each("background"),
        "Mask the background, normalise it, and test on slides not seen; quote this control beside any score.",
    ),
    "predict_from_corner": _Check(
        "the four corners alone",
        _each("corner"),
        "Crop the strip with the bar in every image; quote this control beside any score.",
    ),
    "predict_from_four_colors": _Check(
        "four numbers (mean R, G, B and the deviation of L*)",
        _each("colors"),
        "Quote this control (baseline 'four_colors') beside any score.",
    ),
    "predict_from_file_size": _Check(
        "the file size",
        _file_size,
        "Do not let a model see file sizes or anything compressed differently.",
    ),
    "predict_from_metadata": _Check(
        "the file's header (program, tables, resolution)",
        _metadata,
        "Decode all images to one format without headers before sharing or splitting them.",
    ),
}


class _Sample(NamedTuple):
    """The images that statistics are made on."""

    data: Dataset
    rows: np.ndarray
    y: np.ndarray
    groups: np.ndarray | None

    @property
    def units(self) -> str:
        """What a test counts."""
        return "images" if self.groups is None else "groups"


def check_classes(data: Dataset) -> list[Finding]:
    """All checks of this module; their p-values are corrected together (Holm)."""
    rows = data.evaluated
    sample = _Sample(data, rows, data.target(rows), data.group(rows))
    if len(np.unique(sample.y)) < 2:
        why = "No labels were given." if data.y is None else "Fewer than two classes can be read."
        return [Finding(name, "not tested", why) for name in (*ASSOCIATIONS, *PREDICTIONS)]
    tests = [(check, _associate(name, check, sample), _settle_association) for name, check in ASSOCIATIONS.items()]
    tests += [(check, _predict(name, check, sample), _settle_prediction) for name, check in PREDICTIONS.items()]
    corrected = holm([finding.p for _, finding, _ in tests])
    return [
        finding if np.isnan(p) else settle(check, replace(finding, p=p), sample)
        for (check, finding, settle), p in zip(tests, corrected, strict=True)
    ]


def _associate(name: str, check: _Check, sample: _Sample) -> Finding:
    values = check.columns(sample.data, sample.rows)
    if len(np.unique(values)) < 2:
        return Finding(name, "passed", f"{check.what} is the same in all images.")
    found = associate(_common(values), sample.y, sample.groups, np.random.default_rng(sample.data.seed))
    if found is None:
        return Finding(name, "not tested", f"{check.what}: too few groups a class to tell.")
    how = f"epsilon² {found.effect:.2f}, {found.n_units:,} {sample.units}"
    text = f"{check.what} does not go along with the class beyond chance ({how})."
    return Finding(name, "passed", text, p=found.p, effect=found.effect)


def _predict(name: str, check: _Check, sample: _Sample) -> Finding:
    of_files = name in ("predict_from_file_size", "predict_from_metadata")
    if of_files and not any(sample.data.images[i].n_bytes for i in sample.rows):
        return Finding(name, "not tested", "The images are not files.")
    X = check.columns(sample.data, sample.rows)
    if (np.ptp(X, axis=0) == 0).all():
        return Finding(name, "passed", f"Nothing differs between images in {check.what}.")
    found = predict(X, sample.y, sample.groups, sample.data.seed)
    if found is None:
        return Finding(name, "not tested", f"Too few {sample.units} a class to predict from {check.what}.")
    over = f"on groups not seen ({found.n_units:,} groups)" if found.grouped else "in stratified cross-validation"
    text = f"From {check.what} the class is read with balanced accuracy {found.accuracy:.3f} {over}; chance is {found.chance:.3f}"
    return Finding(name, "passed", text, p=found.p, effect=found.accuracy)


def _settle_prediction(check: _Check, finding: Finding, sample: _Sample) -> Finding:
    """Severity by what is gained over chance, and the worth in points."""
    chance = 1 / (int(sample.y.max()) + 1)
    gain = max(0.0, finding.effect - chance)
    levels = _GAINS_WHOLE if finding.name == "predict_from_four_colors" else _GAINS
    severity = _grade(gain / (1 - chance), finding.p, levels)
    if severity is None:
        return replace(finding, finding=f"{finding.finding} (p = {finding.p:.2g} after correction).")
    text = f"{finding.finding}: {100 * gain:.1f} points to be had without looking at a leukocyte ({_p(finding.p)})."
    if sample.groups is None:
        text += " Without groups, slides stand on both sides of the folds: part of this is recognising the slide."
    return replace(finding, severity=severity, worth=100 * gain, finding=text, images=sample.rows, advice=check.advice)


def _settle_association(check: _Check, finding: Finding, sample: _Sample) -> Finding:
    """Severity by effect, and what it is worth to a machine that sees nothing else."""
    severity = _grade(finding.effect, finding.p, _EFFECTS)
    if severity is None:
        return finding
    values = check.columns(sample.data, sample.rows)
    found = predict(_as_columns(values), sample.y, sample.groups, sample.data.seed, _WORTH_IMAGES)
    text = f"{check.what} goes along with the class (epsilon² {finding.effect:.2f}, {_p(finding.p)}): {_by_class(values, sample)}."
    worth = np.nan
    if found is not None:
        worth = 100 * max(0.0, found.accuracy - found.chance)
        text += f" It alone is worth {worth:.1f} points of balanced accuracy."
    return replace(finding, severity=severity, worth=worth, finding=text, images=sample.rows, advice=check.advice)


def _grade(value: float, p: float, levels: dict[str, float]) -> str | None:
    """Severity of an effect; None where it is too small or may be chance."""
    return next((name for name, level in levels.items() if value >= level), None) if p < ALPHA else None


def _p(p: float) -> str:
    return "p < 0.0001" if p < 1e-4 else f"p = {p:.2g}"


def _common(values: np.ndarray) -> np.ndarray:
    """Values as they are; in a large set, rare categories as one, since the test takes a column for each of them."""
    if values.dtype.kind == "f" or len(values) <= _MANY_IMAGES:
        return values
    names, counts = np.unique(values, return_counts=True)
    rare = names[np.argsort(-counts, kind="stable")[_MAX_CATEGORIES:]]
    return np.where(np.isin(values, rare), "another", values)


def _as_columns(values: np.ndarray) -> np.ndarray:
    """A quantity as one column, a category as a column for each of its twenty commonest values."""
    if values.dtype.kind == "f":
        return values[:, None]
    names, counts = np.unique(values, return_counts=True)
    return (values[:, None] == names[np.argsort(-counts)[:20]]).astype(float)


def _by_class(values: np.ndarray, sample: _Sample) -> str:
    """Median, or the commonest values, of each class."""
    told, labels = [], np.asarray(sample.data.y)[sample.rows]
    for name in np.unique(labels):
        own = values[labels == name]
        if values.dtype.kind == "f":
            told.append(f"{name} {np.nanmedian(own):.3g}")
            continue
        names, counts = np.unique(own, return_counts=True)
        order = np.argsort(-counts)[:3]
        told.append(f"{name} " + ", ".join(f"{names[k]} {counts[k] / len(own):.0%}" for k in order))
    return "; ".join(told)
