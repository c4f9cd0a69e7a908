"""The k-NN of Joshi, Karode and Suralkar (2013)."""

from sklearn.pipeline import Pipeline, make_pipeline

from leukofeat.base import ImageStage
from leukofeat.baselines.pieces import NUCLEUS_SHAPES, cleanup_for, imputed_knn, opening
from leukofeat.baselines.recipe import BINARY, Recipe
from leukofeat.features import FeatureSet, GeometryFeatures
from leukofeat.preprocessing import ContrastStretcher, HistogramEqualizer
from leukofeat.segmentation import OtsuSegmenter


def joshi2013_knn(
    *,
    equalize: bool = True,
    n_classes: int = 2,
    crop_bar: bool = False,
    clear_border: bool = True,
    segmenter: ImageStage | str | None = None,
) -> Pipeline:
    """Size and shape of the nucleus after contrast stretching, equalisation and Otsu's threshold, k-NN.

    Joshi, Karode, Suralkar, International Journal of Emerging Trends and Technology in Computer Science 2(3):147-151, 2013. Data:
    ALL-IDB1, 108 fields. Task: normal or blast. Published: accuracy 0.93, as cited by Shafique and Tehsin (2018).

    Known are contrast enhancement, histogram equalisation, Otsu's threshold, shape features and the k-NN; a companion paper selects among
    the features, which is left out for want of any detail. Left open: which shapes, k, how stretching and equalisation combine, the
    split. Decided here: stretching first, then equalisation of V; Otsu's threshold on the grey plane; k = 5, Euclidean, columns scaled.

    Eight columns, means over the nuclei of an image: area, perimeter, circularity, eccentricity, solidity, extent, major and minor axis.

    Equalised, about half of any field is dark, and the darker of two classes holds red cells and leukocytes alike: few of the "nuclei"
    are nuclei, on the fields of Aria et al. (2021) as on those of larger cells. `equalize=False, n_classes=3`, the darkest of three
    classes of the stretched image, is a relative that finds more of them, not what was published.
    """
    otsu = OtsuSegmenter(n_classes, "gray", cleanup=cleanup_for(clear_border))
    contrast = [ContrastStretcher(), HistogramEqualizer()] if equalize else [ContrastStretcher()]
    return make_pipeline(
        *opening(crop_bar, segmenter, otsu, before=contrast),
        FeatureSet([GeometryFeatures(summary=("mean",))], columns=NUCLEUS_SHAPES),
        *imputed_knn(),
    )


RECIPES = (
    Recipe(
        make=joshi2013_knn,
        year=2013,
        citation="Joshi, Karode, Suralkar, IJETTCS 2(3):147-151, 2013",
        data="ALL-IDB1, 108 fields",
        task=BINARY,
        published="acc 0.93",
        caveat="as cited by Shafique and Tehsin 2018; of 108 images",
        firmness="b",
        variants=("joshi2013_knn:equalize=false,n_classes=3",),
    ),
)
