"""The SVM of Agaian, Madhukar and Chronopoulos (2014)."""

from sklearn.pipeline import Pipeline, make_pipeline

from leukofeat.base import ImageStage
from leukofeat.baselines.pieces import NUCLEUS_SHAPES, cleanup_for, imputed_svm, opening
from leukofeat.baselines.recipe import Recipe
from leukofeat.features import (
    ColorFeatures,
    FeatureSet,
    FractalFeatures,
    GeometryFeatures,
    OutlineFeatures,
    TextureFeatures,
)
from leukofeat.segmentation import LabKMeansSegmenter


def agaian2014_fractal_svm(
    *,
    lbp: bool = True,
    C: float = 1.0,
    crop_bar: bool = False,
    clear_border: bool = True,
    segmenter: ImageStage | str | None = None,
) -> Pipeline:
    """Fractal dimension of nuclei after local binary patterns, their energy, texture, shape and colour, RBF-SVM.

    Agaian, Madhukar, Chronopoulos, IEEE Syst. J. 8(3):995-1004, 2014, 10.1109/JSYST.2014.2308452. Data: 80 images of acute myeloid
    leukaemia, whole fields and parts of them. Published, in the abstract: 0.98 for the localisation of the blasts, which is another task than telling
    images apart. Its forerunner (Madhukar, Agaian, Chronopoulos, SMC 2012) has 0.935 on 50 images, half of them for testing.

    Known are the Hausdorff dimension before and after local binary patterns, from the abstract, and at second hand the energy of the cell; colour,
    segmentation and classification are said to be shared by the systems that it compares. Left open: the space that is clustered, how the
    patterns are taken, the lists of co-occurrence, shape and colour, and all of the SVM.

    So most was decided here: k-means on a* and b*, the nucleus by the highest a*; box counting for the Hausdorff dimension, of the nucleus's outline and of
    Canny's edges (75, 150) inside it, found in the map of its local binary patterns (8 points, radius 1, all 256 told apart), or with `lbp=False` in
    the grey levels; RBF-SVM with C = 1 and gamma "scale", columns scaled. Both forms have as many columns and differ in one, so that they are the
    comparison that the paper made.

    39 columns. Means over the cells of an image, 26: area, perimeter, circularity, eccentricity, solidity, extent, major and minor axis of the nucleus;
    dimension of its outline; dimension of its edges; energy, the sum of its squared grey levels over 255; mean, standard deviation, skewness, kurtosis
    and entropy of R, G and B in it. Texture, all nuclei of an image taken as one, 13: Haralick's co-occurrence measures at distance 1 on 64 grey levels,
    means over the four directions.

    `clear_border=False` keeps leukocytes that the frame cuts, as crops of single cells need it; `crop_bar=True` crops a scale bar first.
    """
    edges = "lbp_edge" if lbp else "edge"
    columns = (
        *NUCLEUS_SHAPES,
        "nucleus_box_dimension_mean",
        f"nucleus_{edges}_dimension_mean",
        "nucleus_energy_mean",
        *(f"nucleus_rgb_?_{name}_mean" for name in ("mean", "std", "skewness", "kurtosis", "entropy")),
        "nucleus_haralick_*_d1_mean",
    )
    families = [
        GeometryFeatures(summary=("mean",)),
        OutlineFeatures(),
        FractalFeatures(),
        ColorFeatures(summary=("mean",)),
        TextureFeatures(),
    ]
    kmeans = LabKMeansSegmenter(rank="a", cleanup=cleanup_for(clear_border))
    return make_pipeline(
        *opening(crop_bar, segmenter, kmeans), FeatureSet(families, columns=columns), *imputed_svm(C=C)
    )


RECIPES = (
    Recipe(
        make=agaian2014_fractal_svm,
        year=2014,
        citation="Agaian, Madhukar, Chronopoulos, IEEE Syst. J. 8(3):995-1004, 2014, 10.1109/JSYST.2014.2308452",
        data="80 images of AML",
        task="localisation",
        published="0.98",
        caveat="abstract; localisation of blasts, another task",
        firmness="c",
        variants=("agaian2014_fractal_svm:lbp=false",),
    ),
)
