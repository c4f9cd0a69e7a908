"""The nearest neighbour of Chatap and Shibu (2014)."""

from sklearn.pipeline import Pipeline, make_pipeline

from leukofeat.base import ImageStage
from leukofeat.baselines.pieces import NUCLEUS_SHAPES, cleanup_for, imputed_knn, imputed_svm, opening
from leukofeat.baselines.recipe import BINARY, Recipe
from leukofeat.constraints import OneOf, check
from leukofeat.features import FeatureSet, GeometryFeatures
from leukofeat.segmentation import OtsuSegmenter


def chatap2014_knn(
    *,
    classifier: str = "knn",
    n_classes: int = 2,
    crop_bar: bool = False,
    clear_border: bool = True,
    segmenter: ImageStage | str | None = None,
) -> Pipeline:
    """Size and shape of the nucleus by a global Otsu threshold, nearest neighbour (or SVM).

    Chatap, Shibu, IOSR Journal of Computer Engineering 16(5) III:79-87, 2014. Data: 368 images, of which set is not known. Task: normal or blast.
    Published: accuracy 0.93, as cited by Shafique and Tehsin (2018).

    Known are the global threshold by Otsu, shape features, and from the title that an SVM and the nearest neighbour were tried. Left
    open: which shapes, k, the split, and which of the two classifiers gave the figure. Decided here: the threshold on the grey plane; the
    shapes as in `joshi2013_knn`; k = 1, for the title says nearest neighbour; Euclidean, columns scaled. `classifier="svm"` is an RBF-SVM
    of C = 1 in its place.

    Eight columns, means over the nuclei of an image: area, perimeter, circularity, eccentricity, solidity, extent, major and minor axis.

    With two classes the darker one holds the red cells, too, where they are many or dark, and then "nuclei" are clumps of cells.
    `n_classes=3` takes the darkest of three classes instead: a relative that finds more nuclei, not what was published.
    """
    check("classifier", classifier, OneOf("knn", "svm"))
    otsu = OtsuSegmenter(n_classes, "gray", cleanup=cleanup_for(clear_border))
    return make_pipeline(
        *opening(crop_bar, segmenter, otsu),
        FeatureSet([GeometryFeatures(summary=("mean",))], columns=NUCLEUS_SHAPES),
        *(imputed_knn(k=1) if classifier == "knn" else imputed_svm()),
    )


RECIPES = (
    Recipe(
        make=chatap2014_knn,
        year=2014,
        citation="Chatap, Shibu, IOSR J. Comput. Eng. 16(5) III:79-87, 2014",
        data="368 images",
        task=BINARY,
        published="acc 0.93",
        caveat="as cited by Shafique and Tehsin 2018; which of two classifiers gave it is not known",
        firmness="b",
        variants=("chatap2014_knn:classifier=svm", "chatap2014_knn:n_classes=3"),
    ),
)
