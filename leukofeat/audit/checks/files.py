"""Checks of single images: broken files, odd ones, burned-in marks."""

from collections import Counter

import numpy as np

from leukofeat.audit.dataset import Dataset
from leukofeat.audit.findings import Finding, count, some
from leukofeat.preprocessing.marks import Mark

_USUAL = 0.8  # share from which a size or a grey picture is the rule and others are odd


def check_files(data: Dataset) -> list[Finding]:
    """All checks of this module."""
    return [_broken(data), _odd(data), _marks(data)]


def _broken(data: Dataset) -> Finding:
    """Files that cannot be decoded."""
    broken = np.flatnonzero(~data.readable)
    if not len(broken):
        return Finding("broken_files", "passed", f"All {count(len(data), 'image')} can be read.")
    text = f"{count(len(broken), 'file')} of {len(data):,} cannot be read: {some([str(data.images[i].error) for i in broken])}"
    return Finding("broken_files", "warning", text, images=broken, advice="Copy them again or leave them out.")


def _odd(data: Dataset) -> Finding:
    """Images unlike the rest: another size, grey, blank, far out of focus, far too dark or bright."""
    if data.readable.sum() < 3:
        return Finding("odd_images", "not tested", "Fewer than three images can be read.")
    reasons = odd_reasons(data)
    images = np.array(sorted(reasons), np.int64)
    if not len(images):
        return Finding("odd_images", "passed", "No image stands out by size, colour, focus or brightness.")
    kinds = Counter(reason for found in reasons.values() for reason in found)
    told = ", ".join(f"{n:,} {kind}" for kind, n in kinds.most_common())
    text = f"{count(len(images), 'image')} unlike the rest: {told}."
    advice = "Look at them before they are measured (column `odd`)."
    return Finding("odd_images", "note", text, images=images, advice=advice)


def odd_reasons(data: Dataset) -> dict[int, list[str]]:
    """What is odd about each odd image; nothing where fewer than three can be read."""
    rows = np.flatnonzero(data.readable)
    if len(rows) < 3:
        return {}
    seen = [data.images[i] for i in rows]
    shapes = np.array([d.shape for d in seen])
    usual, n = Counter(d.shape for d in seen).most_common(1)[0]
    gray, contrast, level, sharpness = (
        np.array([getattr(d, name) for d in seen]) for name in ("is_gray", "contrast", "level", "sharpness")
    )
    blank = contrast < 3
    usual_level = np.median(level)
    away = np.abs(level - usual_level)
    far = away / max(1.4826 * float(np.median(away)), 1e-6) > 8  # in standard deviations, robustly
    usual_sharpness = np.nanmedian(sharpness) if np.isfinite(sharpness).any() else np.nan
    found = {
        "of another size": (shapes != usual).any(axis=1) & (n >= _USUAL * len(rows)),
        "smaller than 32 pixels": shapes.min(axis=1) < 32,
        "grey": gray & (gray.mean() <= 1 - _USUAL),
        "blank": blank,
        "very dark": ~blank & ((level < 0.45 * usual_level) | (far & (level < usual_level - 40))),
        "very bright": ~blank & ((level > 253) | (far & (level > usual_level + 40))),
        "out of focus": ~blank & (sharpness < 0.2 * usual_sharpness),
    }
    odd: dict[int, list[str]] = {}
    for reason, which in found.items():
        for i in rows[which].tolist():
            odd.setdefault(i, []).append(reason)
    return odd


def _marks(data: Dataset) -> Finding:
    """Bars and text burned into images, and where."""
    places = Counter(place(mark, d.shape) for mark, d in zip(data.marks, data.images, strict=True) if mark is not None)
    if not places:
        return Finding("burned_in_marks", "passed", "No burned-in bar or text was found.")
    marked = np.flatnonzero(data.styles != "none")
    usual, n_usual = places.most_common(1)[0]
    styles = ", ".join(f"{style} {n:,}" for style, n in Counter(data.styles[marked]).most_common(6))
    text = (
        f"{len(marked):,} of {int(data.readable.sum()):,} images carry a burned-in bar or text, at the {usual} "
        f"({n_usual / len(marked):.0%}): {styles}."
    )
    advice = "Mask or crop the strip in every image, bar or not (ScaleBarCropper)."
    return Finding("burned_in_marks", "note", text, images=marked, advice=advice)


def place(mark: Mark, shape: tuple[int, int]) -> str:
    """Corner of the image that a mark lies in, in words."""
    top, left, bottom, right = mark.box
    row, column = "top" if top + bottom < shape[0] else "bottom", "left" if left + right < shape[1] else "right"
    return f"{row} {column}"
