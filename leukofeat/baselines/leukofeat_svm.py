"""leukofeat's own recipe."""

from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from leukofeat.base import ImageStage
from leukofeat.baselines.recipe import Recipe
from leukofeat.calibration import CalibratedClassifier
from leukofeat.features import ColorFeatures, FeatureSet, GeometryFeatures, RelativeColorFeatures, TextureFeatures
from leukofeat.preprocessing import ChromaDenoiser, ColorNormalizer, MedianDenoiser, ScaleBarCropper, ShadingCorrector
from leukofeat.segmentation import LeukocyteSegmenter
from leukofeat.whitening import WithinClassWhitener


def leukofeat_svm(
    *, C: float = 0.001, shrinkage: float | str = "auto", segmenter: ImageStage | str | None = None
) -> Pipeline:
    """Shape, colour and nuclear texture of single leukocytes, whitened within classes, linear SVM; no scale bar is read.

    Left out on purpose, because they follow the slide: columns of the whole image, the cytoplasm's texture, and colour minus
    that of red cells and background; of the red cells only the density remains, as the unit of the nucleus's. Columns and
    classifier were chosen among about 190 configurations by cross-validation over blocks, colour clusters and series of the
    training part (mean 0.945) and, where that hardly told them apart, by what they lose on changed backgrounds. The whitening
    shrinks as the number of images calls for, so that small sets can be learned from, too.

    Two stages are for other cameras. Light that falls across the field is divided out before anything is measured, since it moves
    every colour and the outline of the cytoplasm. Within the cells that were found, colour follows brightness: what a coarse JPEG
    cost, and a good part of what noise cost, was the spread of blue and chroma within nuclei. Its window and strength were chosen among
    18 ways on development images of the training part, by what JPEG and changed backgrounds cost and by cross-validation (mean 0.945, as
    without it).
    """
    features = [
        GeometryFeatures(),
        ColorFeatures(summary=("mean",)),  # over the cells: a large one counts no more than a small one
        TextureFeatures(regions=("nucleus",)),
        RelativeColorFeatures(references=("cytoplasm", "per_redcell")),
    ]
    return make_pipeline(
        ScaleBarCropper(),
        ShadingCorrector(),
        ColorNormalizer("white_balance"),
        MedianDenoiser(3),
        LeukocyteSegmenter() if segmenter is None else segmenter,
        ChromaDenoiser(),
        FeatureSet(features),
        CalibratedClassifier(
            make_pipeline(
                SimpleImputer(strategy="median", keep_empty_features=True),
                StandardScaler(),
                WithinClassWhitener(shrinkage),
                SVC(C=C, kernel="linear", class_weight="balanced", decision_function_shape="ovo"),
            ),
            decision_function_shape="ovo",
        ),
    )


RECIPES = (
    Recipe(
        make=leukofeat_svm,
        data="leukemia4, training part",
        caveat="columns and classifier were chosen on the training part of leukemia4",
        firmness="ours",
    ),
)
