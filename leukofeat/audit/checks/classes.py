"""Checks of what goes along with the class, and of what the class can be predicted from without looking at a cell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from leukofeat.audit.dataset import Dataset
from leukofeat.audit.findings import Finding, passed, untested
from leukofeat.statistics.association import Prediction, associate, predict
from leukofeat.statistics.inference import holm

ALPHA = 0.05
_EFFECTS = {"severe": 0.3, "warning": 0.14, "note": 0.06}
_GAINS = {"severe": 0.5, "warning": 0.2, "note": 0.1}  # share of the way from chance to certainty
# The whole image holds the leukocytes too: some of the class is in its colours by right.
_GAINS_WHOLE = {"severe": 0.6, "warning": 0.4}
_WORTH_IMAGES = 1000

_Columns = Callable[[Dataset, np.ndarray], np.ndarray]


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
        columns += [values == name for name, n in zip(names, counts, strict=True) if 2 <= n < len(rows)][:20]
    return np.array(columns, float).reshape(len(columns), len(rows)).T


ASSOCIATIONS: dict[str, tuple[str, _Columns]] = {
    "resolution_by_class": ("The image size", lambda d, r: np.array([f"{h}x{w}" for h, w in _each("shape")(d, r)])),
    "format_by_class": ("The file format", _each("format")),
    "focus_by_class": ("The focus (sharpness of the red cells)", _each("red_cell_sharpness")),
    "brightness_by_class": ("The brightness of the empty slide", _each("brightness")),
    "magnification_by_class": ("The size of the red cells in pixels", _each("cell_size")),
    "mark_style_by_class": ("The style of the burned-in bar", lambda d, r: d.styles[r].astype(str)),
}
PREDICTIONS: dict[str, tuple[str, _Columns]] = {
    "predict_from_background": ("the background and red cells alone, no leukocyte", _each("background")),
    "predict_from_corner": ("the four corners alone", _each("corner")),
    "predict_from_four_colors": ("four numbers (mean R, G, B and the deviation of L*)", _each("colors")),
    "predict_from_file_size": ("the file size", _file_size),
    "predict_from_metadata": ("the file's header (program, tables, resolution)", _metadata),
}


def check_classes(data: Dataset) -> list[Finding]:
    """All checks of this module; their p-values are corrected together (Holm)."""
    names = [*ASSOCIATIONS, *PREDICTIONS]
    rows = data.evaluated
    if data.y is None or len(rows) == 0 or len(np.unique(data.target(rows))) < 2:
        why = "No labels were given." if data.y is None else "Fewer than two classes can be read."
        return [untested(name, why) for name in names]
    y, groups = data.target(rows), data.group(rows)
    findings = [_associate(name, data, rows, y, groups) for name in ASSOCIATIONS]
    findings += [_predict(name, data, rows, y, groups) for name in PREDICTIONS]
    corrected = holm(np.array([finding.p for finding in findings]))
    return [_settle(finding, p, data, rows, y, groups) for finding, p in zip(findings, corrected, strict=True)]


def _associate(name: str, data: Dataset, rows: np.ndarray, y: np.ndarray, groups: np.ndarray | None) -> Finding:
    what, columns = ASSOCIATIONS[name]
    values = columns(data, rows)
    if len(np.unique(values)) < 2:
        return passed(name, f"{what} is the same in all images.")
    found = associate(values, y, groups, np.random.default_rng(data.seed))
    if found is None:
        return untested(name, f"{what}: too few groups a class to tell.")
    how = f"epsilon² {found.effect:.2f}, {found.n_units:,} {'groups' if groups is not None else 'images'}"
    return passed(
        name, f"{what} does not go along with the class beyond chance ({how}).", p=found.p, effect=found.effect
    )


def _predict(name: str, data: Dataset, rows: np.ndarray, y: np.ndarray, groups: np.ndarray | None) -> Finding:
    what, columns = PREDICTIONS[name]
    if name in ("predict_from_file_size", "predict_from_metadata") and not any(data.images[i].n_bytes for i in rows):
        return untested(name, "The images are not files.")
    X = columns(data, rows)
    if X.shape[1] == 0 or (np.ptp(X, axis=0) == 0).all():
        return passed(name, f"Nothing differs between images in {what}.")
    found = predict(X, y, groups, data.seed)
    if found is None:
        return untested(name, f"Too few {'groups' if groups is not None else 'images'} a class to predict from {what}.")
    return passed(name, _told(what, found, data, rows, y), p=found.p, effect=found.accuracy)


def _told(what: str, found: Prediction, data: Dataset, rows: np.ndarray, y: np.ndarray) -> str:
    over = f"on groups not seen ({found.n_units:,} groups)" if found.grouped else "in stratified cross-validation"
    return f"From {what} the class is read with balanced accuracy {found.accuracy:.3f} {over}; chance is {found.chance:.3f}"


def _settle(
    finding: Finding, p: float, data: Dataset, rows: np.ndarray, y: np.ndarray, groups: np.ndarray | None
) -> Finding:
    """Severity by effect where the corrected p-value allows it, and the worth in points."""
    if np.isnan(p):
        return finding
    chance = 1 / (int(y.max()) + 1)
    if finding.name in PREDICTIONS:
        gain = max(0.0, finding.effect - chance)
        levels = _GAINS_WHOLE if finding.name == "predict_from_four_colors" else _GAINS
        severity = _grade(gain / (1 - chance), levels) if p < ALPHA else None
        if severity is None:
            return replace(finding, p=p, finding=f"{finding.finding} (p = {p:.2g} after correction).")
        text = f"{finding.finding}: {100 * gain:.1f} points to be had without looking at a leukocyte (p = {_small(p)})."
        if groups is None:
            text += " Without groups, slides stand on both sides of the folds: part of this is recognising the slide."
        return replace(
            finding, p=p, severity=severity, worth=100 * gain, finding=text, images=rows, advice=_ADVICE[finding.name]
        )
    severity = _grade(finding.effect, _EFFECTS) if p < ALPHA else None
    what, columns = ASSOCIATIONS[finding.name]
    if severity is None:
        return replace(finding, p=p)
    values = columns(data, rows)
    found = predict(_as_columns(values), y, groups, data.seed, _WORTH_IMAGES)
    worth = np.nan if found is None else 100 * max(0.0, found.accuracy - chance)
    text = f"{what} goes along with the class (epsilon² {finding.effect:.2f}, p = {_small(p)}): {_by_class(values, data, rows)}."
    if np.isfinite(worth):
        text += f" It alone is worth {worth:.1f} points of balanced accuracy."
    return replace(
        finding, p=p, severity=severity, worth=worth, finding=text, images=rows, advice=_ADVICE[finding.name]
    )


def _grade(value: float, levels: dict[str, float]) -> str | None:
    return next((name for name, level in levels.items() if value >= level), None)


def _small(p: float) -> str:
    return "< 0.0001" if p < 1e-4 else f"{p:.2g}"


def _as_columns(values: np.ndarray) -> np.ndarray:
    if values.dtype.kind == "f":
        return values[:, None]
    _, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (codes[:, None] == np.argsort(-counts)[:20]).astype(float)


def _by_class(values: np.ndarray, data: Dataset, rows: np.ndarray) -> str:
    """Median, or the commonest values, of each class."""
    assert data.y is not None
    told = []
    for code in np.unique(data.y.codes[rows]):
        own = values[data.y.codes[rows] == code]
        if values.dtype.kind == "f":
            told.append(f"{data.y.names[code]} {np.nanmedian(own):.3g}")
            continue
        names, counts = np.unique(own, return_counts=True)
        order = np.argsort(-counts)[:3]
        told.append(f"{data.y.names[code]} " + ", ".join(f"{names[k]} {counts[k] / len(own):.0%}" for k in order))
    return "; ".join(told)


_ADVICE = {
    "resolution_by_class": "Bring all images to one size by the same way, and report what is left of the score.",
    "format_by_class": "Convert all images to one format from the raw ones, if there are any.",
    "focus_by_class": "Report the score on classes matched in focus, or blur all to the weakest.",
    "brightness_by_class": "Balance the background (ColorNormalizer('white_balance')).",
    "magnification_by_class": "Measure in units of red cells or micrometres, not in pixels.",
    "mark_style_by_class": "Crop the strip in every image (ScaleBarCropper) before anything is measured.",
    "predict_from_background": "Mask the background, normalise it, and test on slides not seen; quote this control beside any score.",
    "predict_from_corner": "Crop the strip with the bar in every image; quote this control beside any score.",
    "predict_from_four_colors": "Quote this control (baseline 'four_colors') beside any score.",
    "predict_from_file_size": "Do not let a model see file sizes or anything compressed differently.",
    "predict_from_metadata": "Decode all images to one format without headers before sharing or splitting them.",
}
