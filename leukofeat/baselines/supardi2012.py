"""The k-NN of Supardi et al. (2012)."""

from sklearn.pipeline import Pipeline, make_pipeline

from leukofeat.base import ImageStage
from leukofeat.baselines.pieces import cleanup_for, imputed_knn, opening
from leukofeat.baselines.recipe import Recipe
from leukofeat.features import ColorFeatures, FeatureSet, GeometryFeatures
from leukofeat.segmentation import LabKMeansSegmenter

_COLUMNS = (
    *(f"{region}_{name}_mean" for region in ("nucleus", "cell") for name in ("area", "perimeter", "circularity")),
    "nc_area_ratio_mean",
    *(f"nucleus_{channel}_mean_mean" for channel in ("rgb_r", "rgb_g", "rgb_b", "hsv_h", "hsv_s")),
)


def supardi2012_knn(
    *, crop_bar: bool = False, clear_border: bool = True, segmenter: ImageStage | str | None = None
) -> Pipeline:
    """Twelve columns of size, shape and colour, k-NN with k = 4 and the cosine distance.

    Supardi, Mashor, Harun, Bakri, Hassan, CSPA 2012:461-465. Data: blasts of its own, how many is not known. Task: AML or ALL, which is
    neither of the tasks here. Published: accuracy up to 0.80, by the abstract.

    Known are the number of features and their kinds, k and the distance. Left open: which twelve, the segmentation, scaling, the split.
    Decided here: LAB k-means with the nucleus by the highest a*; columns scaled to mean 0 and standard deviation 1, so that the angle is
    the one at the mean of the training images.

    Twelve columns, means over the cells of an image: area, perimeter and circularity of the nucleus and of the cell; nucleus to cell by
    area; mean R, G, B, hue (on the circle) and saturation of the nucleus.
    """
    kmeans = LabKMeansSegmenter(rank="a", cleanup=cleanup_for(clear_border))
    return make_pipeline(
        *opening(crop_bar, segmenter, kmeans),
        FeatureSet([GeometryFeatures(summary=("mean",)), ColorFeatures(summary=("mean",))], columns=_COLUMNS),
        *imputed_knn(k=4, metric="cosine"),
    )


RECIPES = (
    Recipe(
        make=supardi2012_knn,
        year=2012,
        citation="Supardi, Mashor, Harun, Bakri, Hassan, CSPA 2012:461-465",
        data="own, size not known",
        task="AML / ALL",
        published="acc 0.80",
        caveat="up to, by the abstract; of another task",
        firmness="b",
    ),
)
