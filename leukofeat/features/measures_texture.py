"""Entries of the catalogue: texture, gradients, chromatin, filters and contours."""

from __future__ import annotations

from functools import partial

from leukofeat.features.measure import Measure

_HARALICK = {
    "energy": ("evenness of the pairs (angular second moment)", "1", "Σ p(i,j)²"),
    "contrast": ("local contrast", "level²", "Σ (i − j)² p(i,j)"),
    "correlation": ("how well a neighbour is foretold", "1", "(Σ ij p(i,j) − μ²) / σ²"),
    "variance": ("spread of the levels", "level²", "σ² = Σ (i − μ)² p(i)"),
    "homogeneity": ("inverse difference moment", "1", "Σ p(i,j) / (1 + (i − j)²)"),
    "sum_average": ("twice the mean level", "level", "Σ k p₊(k), p₊ of k = i + j"),
    "sum_variance": ("spread of the sums", "level²", "Σ (k − sum_average)² p₊(k)"),
    "sum_entropy": ("disorder of the sums", "bit", "−Σ p₊ log₂ p₊"),
    "entropy": ("disorder of the pairs", "bit", "Hxy = −Σ p(i,j) log₂ p(i,j)"),
    "difference_variance": ("spread of the differences", "level²", "variance of p₋, of k = |i − j|"),
    "difference_entropy": ("disorder of the differences", "bit", "−Σ p₋ log₂ p₋"),
    "information_1": ("first information measure of correlation", "1", "(Hxy − 2Hx) / Hx"),
    "information_2": ("second one", "1", "√(1 − exp(−2 (2Hx − Hxy)))"),
}

TEXTURE = (
    *(
        Measure(
            f"{{region}}_haralick_{name}_d{{distance}}_{{over}}",
            meaning,
            unit,
            formula,
            "Haralick et al. 1973",
            "quarter",
            "no",
            "no",
        )
        for name, (meaning, unit, formula) in _HARALICK.items()
    ),
    Measure(
        "{region}_lbp_{points}_{radius}_{k}",
        "share of the local binary pattern with k of the points not darker than the centre; the last: not uniform",
        "1",
        "pixels of the pattern / pixels",
        "Ojala et al. 2002",
        "quarter, nearly",
        "no",
        "no",
    ),
)

_RUNS = {
    "short_run_emphasis": ("weight of short runs", "1", "Σ 1/l² / n, over n runs of level g and length l"),
    "long_run_emphasis": ("weight of long runs", "px²", "Σ l² / n"),
    "gray_level_nonuniformity": ("how few levels hold the runs", "1", "Σ n(g)² / n²"),
    "run_length_nonuniformity": ("how few lengths hold the runs", "1", "Σ n(l)² / n²"),
    "run_percentage": ("runs by pixels", "1", "n / A"),
    "low_gray_level_emphasis": ("weight of dark runs", "1", "Σ 1/g² / n"),
    "high_gray_level_emphasis": ("weight of bright runs", "level²", "Σ g² / n"),
    "short_run_low_gray_level_emphasis": ("weight of short dark runs", "1", "Σ 1/(l²g²) / n"),
    "short_run_high_gray_level_emphasis": ("weight of short bright runs", "level²", "Σ g²/l² / n"),
    "long_run_low_gray_level_emphasis": ("weight of long dark runs", "px²", "Σ l²/g² / n"),
    "long_run_high_gray_level_emphasis": ("weight of long bright runs", "px² level²", "Σ l²g² / n"),
}


def _run_source(name: str) -> str:
    if name.count("run") and "gray_level_emphasis" in name:
        return "Dasarathy and Holder 1991"
    return "Chu et al. 1990" if "gray_level_emphasis" in name else "Galloway 1975"


RUN_LENGTH = tuple(
    Measure(
        f"{{region}}_run_{name}_{{over}}",
        meaning,
        unit,
        formula,
        _run_source(name),
        "quarter",
        "no",
        "no",
    )
    for name, (meaning, unit, formula) in _RUNS.items()
)

_nuclear = partial(Measure, level="cell")

CHROMATIN = (
    _nuclear(
        "nucleus_integrated_density",
        "amount of stain",
        "px²",
        "Σ D, D the optical density",
        "Caspersson 1936",
        "any",
        "area",
        "no",
    ),
    _nuclear("nucleus_density_mean", "mean density", "1", "μ = Σ D / A", "", "any", "same", "no"),
    _nuclear("nucleus_density_cv", "unevenness", "1", "σ / μ", "after Young et al. 1986", "any", "same", "stain"),
    _nuclear(
        "nucleus_condensed_share",
        "share of condensed chromatin",
        "1",
        "n(D > μ + σ) / A",
        "after Young et al. 1986",
        "any",
        "same",
        "stain",
    ),
    _nuclear(
        "nucleus_clump_count",
        "clumps of condensed chromatin",
        "1",
        "8-connected clumps of at least 4 such pixels",
        "after Young et al. 1986",
        "quarter",
        "no",
        "no",
    ),
    _nuclear(
        "nucleus_clump_area",
        "size of the clumps",
        "1",
        "their mean area / A",
        "after Young et al. 1986",
        "quarter",
        "no",
        "no",
    ),
    _nuclear(
        "nucleus_open_share",
        "share of open chromatin and nucleoli",
        "1",
        "n(D < μ − σ) / A",
        "after Young et al. 1986",
        "any",
        "same",
        "stain",
    ),
    _nuclear(
        "nucleus_rim_ratio",
        "rim against centre",
        "1",
        "mean D up to the median depth / mean D deeper",
        "after Young et al. 1986",
        "any",
        "same",
        "both",
    ),
    _nuclear(
        "nucleus_radial_trend",
        "whether density rises with depth",
        "1",
        "correlation of D with the distance to the outside",
        "",
        "quarter",
        "same",
        "both",
    ),
    _nuclear(
        "nucleus_mass_offset",
        "lopsidedness of the stain",
        "1",
        "distance of the centre of ΣD from the centroid / equivalent diameter",
        "",
        "any",
        "same",
        "both",
    ),
)

_STATISTICS = {
    "max": ("largest", "max x", "level"),
    "mean": ("mean", "Σx / n", "level"),
    "std": ("standard deviation", "√(Σ(x − mean)² / n)", "level"),
    "active": ("share above 0", "n(x > 0) / n", "1"),
}

HOG = (
    *(
        Measure(
            f"image_hog_{name}",
            f"{meaning} of the HOG picture, a stroke for each direction of each grid cell",
            unit,
            formula,
            "scikit-image hog; Jin et al. 2023",
            "no",
            "no",
            "no",
            "image",
        )
        for name, (meaning, formula, unit) in _STATISTICS.items()
    ),
    *(
        Measure(
            f"{{region}}_gradient_{name}",
            f"{meaning} of the gradient's magnitude",
            unit,
            f"{formula}, x = √(gx² + gy²), g = next − previous pixel",
            "Jin et al. 2023",
            "quarter",
            "no",
            "no",
        )
        for name, (meaning, formula, unit) in _STATISTICS.items()
    ),
    Measure(
        "image_hog_vector_{k}",
        "descriptor of the scaled image",
        "1",
        "gradient histograms of grid cells, blocks to unit length, clipped at 0.2",
        "Dalal and Triggs 2005",
        "no",
        "no",
        "no",
        "image",
    ),
)

GABOR = (
    Measure(
        "{region}_gabor_f{frequency}_{angle}_mean",
        "mean response to a wave of that frequency (0.01 / px) and angle (degrees)",
        "level",
        "mean |I ∗ g|, g a Gaussian times exp(2πi f x)",
        "Jain and Farrokhnia 1991",
        "no",
        "no",
        "no",
    ),
    Measure(
        "{region}_gabor_f{frequency}_{angle}_std",
        "its standard deviation",
        "level",
        "√(mean |I ∗ g|² − mean²)",
        "Jain and Farrokhnia 1991",
        "no",
        "no",
        "no",
    ),
    Measure(
        "{region}_gabor_f{frequency}_all_mean",
        "mean response over all angles",
        "level",
        "mean over the angles",
        "Jain and Farrokhnia 1991",
        "quarter",
        "no",
        "no",
    ),
)

WAVELET = (
    Measure(
        "{region}_{wavelet}_{scale}_{direction}_energy",
        "detail of 2ˢ pixels in one direction",
        "level²",
        "mean d², d the undecimated wavelet coefficients",
        "Mallat 1989",
        "no",
        "no",
        "no",
    ),
)

GRANULOMETRY = (
    Measure(
        "{region}_{plane}_bright_{radius}",
        "bright grains of that radius",
        "level",
        "mean of opening(r₋) − opening(r), r₋ the radius before r",
        "Maragos 1989",
        "quarter",
        "no",
        "no",
    ),
    Measure(
        "{region}_{plane}_dark_{radius}",
        "dark grains of that radius",
        "level",
        "mean of closing(r) − closing(r₋)",
        "Maragos 1989",
        "quarter",
        "no",
        "no",
    ),
)
