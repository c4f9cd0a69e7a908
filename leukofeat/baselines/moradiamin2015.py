"""The two systems of MoradiAmin and others (2015)."""

from sklearn.pipeline import Pipeline, make_pipeline

from leukofeat.base import ImageStage
from leukofeat.baselines.pieces import NUCLEUS_SHAPES, Components, cleanup_for, imputed_svm, opening
from leukofeat.baselines.recipe import BINARY, Recipe
from leukofeat.features import ColorFeatures, FeatureSet, GeometryFeatures
from leukofeat.preprocessing import HistogramEqualizer
from leukofeat.segmentation import FuzzyCMeansSegmenter, LabKMeansSegmenter

# 8 geometric, 30 statistical
NUCLEUS_COLUMNS = (
    *NUCLEUS_SHAPES,
    *(
        f"nucleus_{space}_?_{name}_mean"
        for space in ("rgb", "hsv")
        for name in ("mean", "std", "skewness", "kurtosis", "entropy")
    ),
)


def nucleus_features() -> FeatureSet:
    """Geometric and statistical columns of the nucleus, 38, means over the cells."""
    return FeatureSet([GeometryFeatures(summary=("mean",)), ColorFeatures(summary=("mean",))], columns=NUCLEUS_COLUMNS)


def moradiamin2015_kmeans_svm(
    *,
    equalize: bool = True,
    C: float = 1.0,
    crop_bar: bool = False,
    clear_border: bool = True,
    segmenter: ImageStage | str | None = None,
) -> Pipeline:
    """Nuclei by k-means on hue and saturation of the equalised image, their shape and colour statistics, RBF-SVM.

    MoradiAmin, Kermani, Talebi, Oghli, J. Med. Signals Sens. 5(1):49-58, 2015. Data: smears of blood and marrow of their own, 312 images.
    Task: cancer or not. Published, in the abstract, in 10-fold cross-validation: sensitivity 0.98, specificity 0.95, accuracy 0.97. Subtypes, by
    a multi-class SVM: 0.843, 0.973 and 0.956 in the mean. A sensitivity of 0.843 beside an accuracy of 0.956 means that each subtype was held against
    the rest: no accuracy of several classes.

    Known are equalisation and linear stretching, HSV, k-means, geometric and statistical features of the nucleus, and the SVM, whose kernel is RBF as
    Jin et al. (2023) cite it. A public re-implementation equalises V, goes back to RGB, clusters hue and saturation into four from four starts, takes
    the best cluster by the true mask, and opens and closes it with a disc of radius 7. Another account has hue and value. Left open: the features,
    their number, C and gamma.

    Decided here: V equalised, no stretching; four clusters of hue and saturation from four starts, the nucleus that of the lowest red, and no bound on
    how dark it may be; the clean-up of the other segmenters instead of the disc; what is measured is the equalised image; C = 1 and gamma "scale",
    columns scaled.

    38 columns, means over the cells of an image. Geometric, 8: area, perimeter, circularity, eccentricity, solidity, extent, major and minor axis of the
    nucleus. Statistical, 30: mean, standard deviation, skewness, kurtosis and entropy of R, G, B, hue (on the circle), saturation and value in it.

    Equalised, the nuclei are nearly black, and what rounding leaves of their hue says little: in the fields of Aria et al. (2021), the cluster
    of the lowest red is mostly not the nucleus, and a good part of the images yields nothing. `equalize=False` leaves the equalisation out
    and finds most of them there; it is a relative, not what was published. `clear_border=False` keeps leukocytes that the frame cuts, as crops of
    single cells need it; `crop_bar=True` crops a scale bar first.
    """
    kmeans = LabKMeansSegmenter(space="hsv", threshold=0.0, n_init=4, cleanup=cleanup_for(clear_border))
    before = [HistogramEqualizer()] if equalize else []
    return make_pipeline(*opening(crop_bar, segmenter, kmeans, before=before), nucleus_features(), *imputed_svm(C=C))


def moradiamin2015_pca_svm(
    *,
    equalize: bool = True,
    C: float = 1.0,
    crop_bar: bool = False,
    clear_border: bool = True,
    segmenter: ImageStage | str | None = None,
) -> Pipeline:
    """Nuclei by fuzzy c-means on hue and saturation of the equalised image, principal components, RBF-SVM.

    MoradiAmin, Samadzadehaghdam, Kermani, Talebi, Front. Biomed. Technol. 2(3):128-136, 2015. Data: of their own. Task: normal or blast.
    Published: Shafique and Tehsin (2018) print 312 images, accuracy 0.97 and 0.956 for subtypes beside it, which are the figures of the other paper's
    abstract (`moradiamin2015_kmeans_svm`), so that whose they are is not sure.

    Known, as cited there, are fuzzy c-means, "different shape-based features", principal components and an SVM. Left open: the preprocessing, the plane
    that is clustered, the fuzziness, the features and their number, how many components, the kernel.

    So most was decided here: all as in `moradiamin2015_kmeans_svm`, but with fuzzy c-means (fuzziness 2) on hue and saturation, and with the components
    that hold 95 % of the variance of the scaled columns before the RBF-SVM, C = 1 and gamma "scale". The statistical columns stay, though shapes
    alone are named.

    38 columns before the components, means over the cells of an image: area, perimeter, circularity, eccentricity, solidity, extent, major and minor
    axis of the nucleus; mean, standard deviation, skewness, kurtosis and entropy of R, G, B, hue (on the circle), saturation and value in it.

    As there, few nuclei are found in the equalised fields of Aria et al. (2021), and `equalize=False` is a relative that finds them.
    `clear_border=False` keeps leukocytes that the frame cuts, as crops of single cells need it; `crop_bar=True` crops a scale bar first.
    """
    fuzzy = FuzzyCMeansSegmenter(space="hsv", rank="red", cleanup=cleanup_for(clear_border))
    before = [HistogramEqualizer()] if equalize else []
    return make_pipeline(
        *opening(crop_bar, segmenter, fuzzy, before=before), nucleus_features(), *imputed_svm(Components(0.95), C=C)
    )


RECIPES = (
    Recipe(
        make=moradiamin2015_kmeans_svm,
        year=2015,
        citation="MoradiAmin, Kermani, Talebi, Oghli, J. Med. Signals Sens. 5(1):49-58, 2015",
        data="own, 312 images",
        task=BINARY,
        published="acc 0.97 (subtypes: 0.956)",
        caveat="abstract; of the subtypes the mean of each against the rest",
        firmness="b",
        variants=("moradiamin2015_kmeans_svm:equalize=false",),
    ),
    Recipe(
        make=moradiamin2015_pca_svm,
        year=2015,
        citation="MoradiAmin, Samadzadehaghdam, Kermani, Talebi, Front. Biomed. Technol. 2(3):128-136, 2015",
        data="own, 312 images as cited",
        task=BINARY,
        published="acc 0.97 (subtypes: 0.956)",
        caveat="as cited by Shafique and Tehsin 2018; the same figures as in the abstract of the other paper",
        firmness="c",
        variants=("moradiamin2015_pca_svm:equalize=false",),
    ),
)
