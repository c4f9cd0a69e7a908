"""The systems of Rawat, Singh, Bhadauria and others (2015, 2017)."""

from sklearn.ensemble import VotingClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import SVC

from leukofeat.base import ImageStage
from leukofeat.baselines.pieces import Components, imputed, imputed_svm, opening
from leukofeat.baselines.plain_kmeans import kmeans_cells
from leukofeat.baselines.recipe import BINARY, Recipe
from leukofeat.calibration import CalibratedClassifier
from leukofeat.classification import ProbabilisticNeuralNetwork, SugenoClassifier
from leukofeat.constraints import OneOf, check
from leukofeat.features import ColorFeatures, FeatureSet, GeometryFeatures, RunLengthFeatures, TextureFeatures

_SHAPES = (
    "area",
    "perimeter",
    "equivalent_diameter",
    "major_axis",
    "minor_axis",
    "eccentricity",
    "extent",
    "convex_area",
    "solidity",
    "circularity",
    "compactness",
)
# of both, the nucleus alone gives shapes, so that there are 13 + 13 + 11 columns
_TEXTURED = {"both": ("nucleus", "cytoplasm"), "nucleus": ("nucleus",), "cytoplasm": ("cytoplasm",)}
_SHAPED = {"both": "nucleus", "nucleus": "nucleus", "cytoplasm": "cell"}


def rawat2015_glcm_svm(
    *,
    part: str = "both",
    use: str = "both",
    clear_border: bool = True,
    crop_bar: bool = False,
    segmenter: ImageStage | str | None = None,
) -> Pipeline:
    """Co-occurrence of nucleus and cytoplasm, shape of the nucleus, RBF-SVM.

    Rawat, Singh, Bhadauria, Virmani, Procedia Comput. Sci. 70:748-756, 2015. Data: ALL-IDB. Task: lymphoblast against lymphocyte, in cells.

    Published, in the abstract: accuracy 0.898 for 37 columns, which are 13 co-occurrence columns each of nucleus and cytoplasm and 11 of shape
    (the sum is ours; the abstract has its parts). Co-occurrence alone: 0.867 for the cytoplasm, 0.724 for the nucleus; shape alone: 0.561 for the
    cytoplasm, 0.724 for the nucleus. `part` and `use` build these.

    The source leaves open, and was decided here: the segmentation (k-means of a* and b* into four, of which the highest a* is the nucleus and of the others the lowest red the cytoplasm), distance (1), directions
    (the mean of four), grey levels (64 of the grey image), which 11 shapes, whose shapes the 37 have (the nucleus's), and the SVM (RBF, C = 1,
    gamma "scale", scaled columns). One row is an image, not a cell: pairs of pixels of all nuclei are counted together, likewise of all cytoplasm, and
    shapes are averaged over the cells. Where no cytoplasm is found, as in about a fifth of the fields of Aria et al. (2021), its columns are those of the median
    training image.

    Columns: 37, in this order. 11 of the nucleus, means over the cells: area, perimeter, equivalent diameter, major and minor axis, eccentricity,
    extent, convex area, solidity, circularity, compactness. 13 of Haralick's measures of the nucleus, then of the cytoplasm. `part="nucleus"`: the
    24 of the nucleus; `part="cytoplasm"`: 13 of the cytoplasm and 11 of the outline of the whole cell, which is that of the cytoplasm outside.
    `use="glcm"` and `use="shape"` keep the co-occurrence or the shapes of these; with shapes alone, both parts are the nucleus.

    `clear_border=False` keeps leukocytes that the frame cuts, as crops of single cells need it; `crop_bar=True` crops a scale bar first.
    """
    check("part", part, OneOf(*_TEXTURED))
    check("use", use, OneOf("both", "glcm", "shape"))
    shapes = [f"{_SHAPED[part]}_{name}_mean" for name in _SHAPES] if use != "glcm" else []
    texture = [f"{region}_haralick_*_mean" for region in _TEXTURED[part]] if use != "shape" else []
    return make_pipeline(
        *opening(crop_bar, segmenter, kmeans_cells(clear_border)),
        FeatureSet([GeometryFeatures(summary=("mean",)), TextureFeatures()], columns=[*shapes, *texture]),
        *imputed_svm(),
    )


def rawat2017_ensemble(
    *, clear_border: bool = True, crop_bar: bool = False, segmenter: ImageStage | str | None = None
) -> Pipeline:
    """Shape, texture and colour, principal components, vote of SVM, k-NN, PNN and Sugeno rules.

    Rawat, Singh, Bhadauria and others, Multimed. Tools Appl. 76(18):19057-19085, 2017. Data: 260 images. Task: malignant against benign.

    Published: accuracy 0.992, as cited by Shafique and Tehsin (2018), who name hybrid hierarchical classifiers of SVM, k-NN, ANFIS and PNN; the
    paper itself could not be read, and no more of it is known.

    So nearly all was decided here. Segmentation: k-means of a* and b* into four, of which the highest a* is the nucleus and of the others the lowest red the cytoplasm. Columns as below. Principal components that hold
    95 % of the variance of the scaled columns, brought to unit variance, for the bandwidth and the clusters of what follows mean the same then
    whatever their number. Instead of a hierarchy, of which nothing is known, a vote: the mean of the probabilities of an RBF-SVM (C = 1, gamma
    "scale"), 5 nearest neighbours (Euclidean), a probabilistic neural network (bandwidth 1) and 3 first-order Sugeno rules. These stand in
    for ANFIS, which would train its premises too (:class:`~leukofeat.classification.SugenoClassifier`).

    Columns: 488 before the components. 52 of shape: means over the cells of the size and shape of nuclei and cells, their ratios and distances, without
    the number of cells. 52 of co-occurrence and 44 of run lengths, means and ranges over four directions, of nucleus and cytoplasm. 340 of colour, of
    nucleus and cytoplasm.

    `clear_border=False` keeps leukocytes that the frame cuts, as crops of single cells need it; `crop_bar=True` crops a scale bar first.
    """
    of_cells = [GeometryFeatures(summary=("mean",)), ColorFeatures(summary=("mean",))]
    names = [name for family in of_cells for name in family.row_names() if name != "cell_count"]
    svm = CalibratedClassifier(SVC(decision_function_shape="ovo"), decision_function_shape="ovo")
    vote = VotingClassifier(
        [
            ("svm", svm),
            ("knn", KNeighborsClassifier(5, algorithm="brute")),
            ("pnn", ProbabilisticNeuralNetwork()),
            ("sugeno", SugenoClassifier()),
        ],
        voting="soft",
    )
    return make_pipeline(
        *opening(crop_bar, segmenter, kmeans_cells(clear_border)),
        FeatureSet([*of_cells, TextureFeatures(), RunLengthFeatures()], columns=[*names, "*_haralick_*", "*_run_*"]),
        *imputed(Components(0.95, whiten=True, svd_solver="full"), vote),
    )


RECIPES = (
    Recipe(
        make=rawat2015_glcm_svm,
        year=2015,
        citation="Rawat, Singh, Bhadauria, Virmani, Procedia Comput. Sci. 70:748-756, 2015",
        data="ALL-IDB",
        task=BINARY,
        published="acc 0.898 (co-occurrence alone 0.867 cytoplasm, 0.724 nucleus; shape alone 0.561, 0.724)",
        caveat="abstract only; lymphoblast against lymphocyte, in cells",
        firmness="b",
        variants=(
            "rawat2015_glcm_svm:part=cytoplasm,use=glcm",
            "rawat2015_glcm_svm:part=nucleus,use=glcm",
            "rawat2015_glcm_svm:part=cytoplasm,use=shape",
            "rawat2015_glcm_svm:part=nucleus,use=shape",
        ),
    ),
    Recipe(
        make=rawat2017_ensemble,
        year=2017,
        citation="Rawat, Singh, Bhadauria et al., Multimed. Tools Appl. 76(18):19057-19085, 2017",
        data="260 images",
        task=BINARY,
        published="acc 0.992",
        caveat="as cited by others; columns, selection and hierarchy are not known, ANFIS is replaced",
        firmness="c",
    ),
)
