"""The texture of nuclei by Singhal and Singh (2014, 2016)."""

from sklearn.pipeline import Pipeline, make_pipeline

from leukofeat.base import ImageStage
from leukofeat.baselines.pieces import Steps, cleanup_for, imputed_knn, imputed_svm, opening
from leukofeat.baselines.recipe import BINARY, Recipe
from leukofeat.constraints import OneOf, check
from leukofeat.features import FeatureSet, TextureFeatures
from leukofeat.segmentation import LabKMeansSegmenter


def singhal2014_lbp_svm(
    *,
    mapping: str = "uniform",
    C: float = 1.0,
    crop_bar: bool = False,
    clear_border: bool = True,
    segmenter: ImageStage | str | None = None,
) -> Pipeline:
    """Local binary patterns of the nuclei, RBF-SVM.

    Singhal, Singh, NCC 2014, 10.1109/NCC.2014.6811261. Data: ALL-IDB2, 260 crops. Task: malignant against benign. Published: accuracy
    0.8972, as cited by Sahlol et al. (2020), who name the SVM, too.

    Left open: segmentation, number of points and radius, which patterns are told apart, the kernel. Decided here: k-means on a* and b*, the nucleus
    by the highest a*; patterns of the grey image at 8 points on radius 1; all nuclei of an image taken as one, its pixels the centres of the
    patterns; RBF-SVM with C = 1 and gamma "scale", columns scaled.

    59 columns: the share of each of the 58 uniform patterns, those of at most two changes round the circle, and that of all others. With
    `mapping="rotation_invariant"` 10 columns: uniform patterns by the number of their bits, wherever these stand, and all others.

    `clear_border=False` keeps leukocytes that the frame cuts, as the crops of ALL-IDB2 may need it; `crop_bar=True` crops a scale bar first.
    """
    check("mapping", mapping, OneOf("uniform", "rotation_invariant"))
    invariant = FeatureSet([TextureFeatures()], columns=("nucleus_lbp_8_1_*",))
    return make_pipeline(
        *_nuclei(crop_bar, clear_border, segmenter),
        _uniform_patterns() if mapping == "uniform" else invariant,
        *imputed_svm(C=C),
    )


def singhal2016_texture_knn(
    *,
    texture: str = "lbp",
    k: int = 5,
    crop_bar: bool = False,
    clear_border: bool = True,
    segmenter: ImageStage | str | None = None,
) -> Pipeline:
    """Local binary patterns (or co-occurrence) of the nuclei, k-NN.

    Singhal, Singh, AISC 409:535-543, 2016, 10.1007/978-981-10-0135-2_52. Data: ALL-IDB2, 260 crops. Task: malignant against benign. Published:
    accuracy 0.9384 with k-NN, as cited by Sahlol et al. (2020); local binary patterns were better than co-occurrence, as the abstract says.

    Left open: segmentation, number of points and radius, which patterns are told apart, distances, directions and measures of the co-occurrence, k
    and the metric. Decided here: k-means on a* and b*, the nucleus by the highest a*; the grey image, all nuclei of one taken as one; 5 neighbours,
    Euclidean, columns scaled.

    59 columns, those of `singhal2014_lbp_svm`: the share of each of the 58 uniform local binary patterns at 8 points on radius 1, and that of all others.
    With `texture="glcm"` 13 columns: Haralick's co-occurrence measures at distance 1 on 64 grey levels, means over the four directions.

    `clear_border=False` keeps leukocytes that the frame cuts, as the crops of ALL-IDB2 may need it; `crop_bar=True` crops a scale bar first.
    """
    check("texture", texture, OneOf("lbp", "glcm"))
    pairs = FeatureSet([TextureFeatures()], columns=("nucleus_haralick_*_d1_mean",))
    return make_pipeline(
        *_nuclei(crop_bar, clear_border, segmenter),
        _uniform_patterns() if texture == "lbp" else pairs,
        *imputed_knn(k=k),
    )


def _nuclei(crop_bar: bool, clear_border: bool, segmenter: ImageStage | str | None) -> Steps:
    return opening(crop_bar, segmenter, LabKMeansSegmenter(rank="a", cleanup=cleanup_for(clear_border)))


def _uniform_patterns() -> FeatureSet:
    family = TextureFeatures(regions=("nucleus",), distances=(), circles=((8, 1),), lbp_method="nri_uniform")
    return FeatureSet([family])


RECIPES = (
    Recipe(
        make=singhal2014_lbp_svm,
        year=2014,
        citation="Singhal, Singh, NCC 2014, 10.1109/NCC.2014.6811261",
        data="ALL-IDB2, 260 crops",
        task=BINARY,
        published="acc 0.8972",
        caveat="as cited by Sahlol et al. 2020",
        firmness="b",
        variants=("singhal2014_lbp_svm:mapping=rotation_invariant",),
    ),
    Recipe(
        make=singhal2016_texture_knn,
        year=2016,
        citation="Singhal, Singh, AISC 409:535-543, 2016, 10.1007/978-981-10-0135-2_52",
        data="ALL-IDB2, 260 crops",
        task=BINARY,
        published="acc 0.9384",
        caveat="as cited by Sahlol et al. 2020",
        firmness="b",
        variants=("singhal2016_texture_knn:texture=glcm",),
    ),
)
