"""Checks of single images: broken files, odd ones, burned-in marks."""

from __future__ import annotations

from collections import Counter

import numpy as np

from leukofeat.audit.dataset import Dataset
from leukofeat.audit.findings import Finding, count, passed, some, untested
from leukofeat.audit.marks import Mark

_USUAL = 0.8  # share from which a size or a grey picture is the rule and others are odd


def check_broken(data: Dataset) -> Finding:
    """Files that cannot be decoded."""
    broken = np.flatnonzero(~data.readable)
    if not len(broken):
        return passed("broken_files", f"All {count(len(data), 'image')} can be read.")
    text = f"{count(len(broken), 'file')} of {len(data):,} cannot be read: {some([str(data.images[i].error) for i in broken])}"
    return Finding("broken_files", "warning", text, images=broken, advice="Copy them again or leave them out.")


def check_odd(data: Dataset) -> Finding:
    """Images unlike the rest: another size, grey, blank, far out of focus, far too dark or bright."""
    rows = np.flatnonzero(data.readable)
    if len(rows) < 3:
        return untested("odd_images", "Fewer than three images can be read.")
    reasons = odd_reasons(data)
    images = np.array(sorted(reasons), np.int64)
    if not len(images):
        return passed("odd_images", "No image stands out by size, colour, focus or brightness.")
    kinds = Counter(reason for found in reasons.values() for reason in found)
    text = f"{count(len(images), 'image')} unlike the rest: " + ", ".join(
        f"{n:,} {kind}" for kind, n in kinds.most_common()
    )
    return Finding(
        "odd_images", "note", text + ".", images=images, advice="Look at them before they are measured (column `odd`)."
    )


def odd_reasons(data: Dataset) -> dict[int, list[str]]:
    """What is odd about each odd image."""
    rows = np.flatnonzero(data.readable)
    seen = [data.images[i] for i in rows]
    odd: dict[int, list[str]] = {}

    def add(which: np.ndarray, reason: str) -> None:
        for i in rows[which]:
            odd.setdefault(int(i), []).append(reason)

    shapes = Counter(d.shape for d in seen)
    usual, n = shapes.most_common(1)[0]
    if n >= _USUAL * len(rows):
        add(np.array([d.shape != usual for d in seen]), "of another size")
    add(np.array([min(d.shape) < 32 for d in seen]), "smaller than 32 pixels")
    gray = np.array([d.is_gray for d in seen])
    if gray.mean() <= 1 - _USUAL:
        add(gray, "grey")
    contrast = np.array([d.contrast for d in seen])
    blank = contrast < 3
    add(blank, "blank")
    level, sharpness = (np.array([getattr(d, name) for d in seen]) for name in ("level", "sharpness"))
    usual_level = np.median(level)
    far = _distance(level) > 8
    add(~blank & ((level < 0.45 * usual_level) | (far & (level < usual_level - 40))), "very dark")
    add(~blank & ((level > 253) | (far & (level > usual_level + 40))), "very bright")
    middle = np.nanmedian(sharpness) if np.isfinite(sharpness).any() else np.nan
    add(~blank & (sharpness < 0.2 * middle), "out of focus")
    return odd


def _distance(values: np.ndarray) -> np.ndarray:
    """Robust z-scores; the scale is the median absolute deviation."""
    middle = np.nanmedian(values) if np.isfinite(values).any() else 0.0
    spread = 1.4826 * np.nanmedian(np.abs(values - middle)) if np.isfinite(values).any() else 1.0
    return np.abs(np.nan_to_num(values - middle)) / max(float(spread), 1e-6)


def check_marks(data: Dataset) -> Finding:
    """Bars and text burned into images, and where."""
    marked = np.array([i for i, mark in enumerate(data.marks) if mark is not None], np.int64)
    if not len(marked):
        return passed("burned_in_marks", "No burned-in bar or text was found.")
    places = Counter(place(data.marks[i], data.images[i].shape) for i in marked)
    styles = Counter(str(style) for style in data.styles[marked])
    text = (
        f"{len(marked):,} of {int(data.readable.sum()):,} images carry a burned-in bar or text, at the "
        f"{places.most_common(1)[0][0]} ({places.most_common(1)[0][1] / len(marked):.0%}): "
        + ", ".join(f"{style} {n:,}" for style, n in styles.most_common(6))
    )
    advice = "Mask or crop the strip in every image, bar or not (ScaleBarCropper)."
    return Finding("burned_in_marks", "note", text + ".", images=marked, advice=advice)


def place(mark: Mark, shape: tuple[int, int]) -> str:
    """Corner of the image that a mark lies in, in words."""
    row = "top" if mark.top + mark.bottom < shape[0] else "bottom"
    return f"{row} {'left' if mark.left + mark.right < shape[1] else 'right'}"
