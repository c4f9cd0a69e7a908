"""What each column of cytology says, from what, and what it withstands."""

from leukofeat.features.measure import Measure


def _of_cell(
    name: str,
    meaning: str,
    formula: str,
    source: str = "Bain 2022",
    *,
    rotation: str = "no",
    scale: str = "no",
    stain: str = "no",
) -> Measure:
    return Measure(name, meaning, "1", formula, source, rotation, scale, stain, "cell")


# dN, dC: diameters of nucleus and cell; D: optical density above the slide's, over the nucleus's mean; G(s): Gaussian of
# standard deviation s within the region
MEASURES: tuple[Measure, ...] = (
    _of_cell(
        "nucleoli_count",
        "nucleoli: round blue spots paler than the chromatin around them",
        "blobs of B > max(0.035, 1.7 σ(B)) inside a rim of 0.07 dN, 0.1 to 0.4 dN across, axes at least 0.55; B = (G(0.055 dN) − G(0.15 dN)) ∗ (D_R − D_G), D density / nuclear mean",
        rotation="quarter, nearly",
        stain="both",
    ),
    _of_cell(
        "nucleoli_share",
        "share of the nucleus that is nucleoli",
        "their area / A",
        rotation="quarter, nearly",
        stain="both",
    ),
    _of_cell(
        "nucleolus_size",
        "largest nucleolus",
        "its equivalent diameter / dN; 0 if none",
        rotation="quarter, nearly",
        stain="both",
    ),
    _of_cell(
        "nucleolus_contrast",
        "blue of the bluest pale spot, nucleolus or not",
        "max B where G(0.055 dN) ∗ D_G < G(0.15 dN) ∗ D_G",
        rotation="any, nearly",
        stain="both",
    ),
    _of_cell(
        "chromatin_dense_share",
        "share of condensed chromatin, however the rest is",
        "n(D > t) / n, D_G smoothed by 0.03 dN, t Otsu's threshold",
        "Otsu 1979",
        rotation="any, nearly",
        stain="light",
    ),
    _of_cell(
        "chromatin_contrast",
        "condensed chromatin against open",
        "(mean D above t − mean D below) / mean D",
        "",
        rotation="any, nearly",
        stain="both",
    ),
    _of_cell(
        "chromatin_coarseness",
        "whether the chromatin is in blocks or in fine threads",
        "Var(D smoothed by 0.055 dN) / Var(D smoothed by 0.03 dN)",
        "",
        rotation="any, nearly",
        stain="both",
    ),
    _of_cell(
        "nucleus_cleft_depth",
        "deepest cleft or bay, also between lobes",
        "(greatest depth within the convex hull of what is not nucleus − 1 px) / dN",
        rotation="quarter, nearly",
        scale="same",
        stain="both",
    ),
    _of_cell(
        "nucleus_fold_length",
        "fold: longest pale line across the nucleus",
        "length / dN of the longest valley of D_G (curvature × (0.03 dN)² above 0.03 and 2.5 root mean squares, thrice as long as wide, at least 0.2 dN)",
        "Lindeberg 1998",
        rotation="quarter, nearly",
    ),
    _of_cell(
        "nucleus_fold_contrast",
        "sharpness of the pale lines",
        "98th percentile of that curvature",
        "Lindeberg 1998",
        rotation="any, nearly",
        scale="same",
        stain="both",
    ),
    _of_cell(
        "vacuole_count",
        "vacuoles of the cytoplasm: round holes near the slide's light",
        "blobs of D < half of G(0.07 dC) ∗ D and 0.08 below, 0.03 to 0.25 dC across, axes at least 0.5, off the edge; D of R, G, B together",
        rotation="quarter, nearly",
    ),
    _of_cell(
        "vacuole_share",
        "share of the cytoplasm that is vacuoles",
        "their area / A(cytoplasm)",
        rotation="quarter, nearly",
    ),
    _of_cell(
        "granule_count",
        "granules: how many there are in a hundredth of the cell's area",
        "peaks of E > 0.02 / A(cytoplasm) × A(cell) / 100; E = −(larger curvature) × (0.012 dC)² of G(0.012 dC) ∗ D_G, steep on spots, 0 on lines and edges",
        rotation="quarter, nearly",
    ),
    _of_cell(
        "granule_share",
        "share of the cytoplasm that is granules",
        "n(E > 0.02) / n",
        rotation="quarter, nearly",
        stain="light",
    ),
    _of_cell(
        "granule_contrast",
        "granularity of the cytoplasm",
        "root mean square of max(E, 0)",
        rotation="any, nearly",
        stain="both",
    ),
    _of_cell(
        "granule_azure",
        "red that granules absorb: little where eosinophil, some where azurophil, much where basophil",
        "Σ E ΔD_R / Σ E ΔD_G over E > 0, ΔD = (G(0.012 dC) − G(0.045 dC)) ∗ D; none where the contrast is under 0.002",
        rotation="any, nearly",
        stain="both",
    ),
    _of_cell(
        "granule_orange",
        "blue that granules absorb: most where eosinophil",
        "Σ E ΔD_B / Σ E ΔD_G over E > 0",
        rotation="any, nearly",
        stain="both",
    ),
    _of_cell(
        "rod_length",
        "Auer rod: longest dark red streak of the cytoplasm",
        "length / dC of the longest ridge of D_G (curvature × (0.012 dC)² above 0.03, 3.5 times as long as wide, 0.1 dC) that is 1.2 times as dense as the cytoplasm and redder; 0 if none",
        "Bennett et al. 1976",
        rotation="quarter, nearly",
    ),
    _of_cell(
        "rod_elongation",
        "elongation of that streak",
        "major / minor axis; 1 if none",
        "Bennett et al. 1976",
        rotation="quarter, nearly",
    ),
    _of_cell(
        "cytoplasm_basophilia",
        "blue cytoplasm: red absorbed against blue",
        "(D_R − D_B) / (D_R + D_B) of the mean densities",
        rotation="any, nearly",
        stain="both",
    ),
    _of_cell(
        "cytoplasm_density",
        "depth of the cytoplasm's blue against the nucleus",
        "mean D_R of cytoplasm / of nucleus",
        rotation="any, nearly",
        stain="both",
    ),
    _of_cell(
        "cytoplasm_per_redcell",
        "depth of the cytoplasm's blue against red cells",
        "mean D_R of cytoplasm / mean D_G of the image's red cells",
        rotation="any, nearly",
        stain="both",
    ),
    _of_cell(
        "cytoplasm_rim",
        "basophil rim: outer half of the cytoplasm against the inner half",
        "(mean D_R up to the median depth − mean D_R deeper) / nuclear mean",
        rotation="any, nearly",
        stain="both",
    ),
    _of_cell(
        "cytoplasm_hof",
        "hof: pale zone beside the nucleus",
        "mean D − min of G(0.07 dC) ∗ D within 0.2 dC of the nucleus",
        rotation="any, nearly",
        stain="both",
    ),
)
