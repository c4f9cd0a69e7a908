"""Entries of the catalogue: colour, and colour relative to what is beside it."""

from __future__ import annotations

from leukofeat.features.measure import Measure

_STATISTICS = {
    "mean": ("mean", "μ = Σx / n"),
    "std": ("standard deviation", "σ = √(Σ(x − μ)² / n)"),
    "skewness": ("skewness", "Σ(x − μ)³ / n / σ³"),
    "kurtosis": ("excess kurtosis", "Σ(x − μ)⁴ / n / σ⁴ − 3"),
    "entropy": ("entropy", "−Σ p log₂ p over the 256 bins"),
    "p5": ("5th percentile", "interpolated linearly"),
    "p25": ("lower quartile", "interpolated linearly"),
    "p50": ("median", "interpolated linearly"),
    "p75": ("upper quartile", "interpolated linearly"),
    "p95": ("95th percentile", "interpolated linearly"),
}
# columns, what they are of, unit, source
_SCALES = {
    "{space}_{c}": ("channel c of RGB, HSV, LAB or YCrCb", "8 bit", "OpenCV"),
    "od_{c}": ("optical density −log₁₀((I + 1)/256) of R, G or B", "1", "Beer-Lambert"),
    "hed_{stain}": ("haematoxylin or eosin by colour deconvolution", "0.01", "Ruifrok and Johnston 2001"),
}
# what a few pixels at the border of a region decide follows how they are sampled
_BORDER = ("std", "skewness", "kurtosis", "entropy")


def _unit(statistic: str, unit: str) -> str:
    return {"entropy": "bit", "skewness": "1", "kurtosis": "1"}.get(statistic, unit)


COLOR = tuple(
    Measure(
        f"{{region}}_{columns}_{statistic}",
        f"{meaning} of {of}",
        _unit(statistic, unit),
        formula,
        source,
        "quarter" if statistic in _BORDER else "any",
        "same",
        "light" if (columns, statistic) == ("od_{c}", "std") else "no",
    )
    for columns, (of, unit, source) in _SCALES.items()
    for statistic, (meaning, formula) in _STATISTICS.items()
)

RELATIVE_COLOR = (
    Measure(
        "{part}_minus_{reference}_{lab}",
        "mean LAB against that of cytoplasm, light background or red cells",
        "8 bit",
        "μ(part) − μ(reference)",
        "",
        "any",
        "same",
        "no",
    ),
    Measure(
        "{part}_minus_{reference}_{od}",
        "the same of optical density",
        "1",
        "μ(part) − μ(reference), a logarithm of a ratio of light",
        "Beer-Lambert",
        "any",
        "same",
        "light",
    ),
    Measure(
        "nucleus_per_redcell_{od}",
        "nuclear density in units of the red cells'",
        "1",
        "(μ(nucleus) − μ(background)) / (μ(red cells) − μ(background))",
        "",
        "any",
        "same",
        "both",
    ),
)
