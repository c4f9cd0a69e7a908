"""The ranked attributes of Acharya and Kumar (2019)."""

from typing import Any

from sklearn.pipeline import Pipeline, make_pipeline

from leukofeat.base import ImageStage
from leukofeat.baselines.pieces import cleanup_for, imputed_svm, opening
from leukofeat.baselines.recipe import Recipe
from leukofeat.constraints import OneOf, check
from leukofeat.features import ColorFeatures, FeatureSet, GeometryFeatures, TextureFeatures
from leukofeat.segmentation import LabKMeansSegmenter
from leukofeat.selection import make_selector


def acharya2019_infogain(
    *,
    rank: str = "red",
    k: int = 20,
    C: float = 1.0,
    crop_bar: bool = False,
    clear_border: bool = True,
    segmenter: ImageStage | str | None = None,
) -> Pipeline:
    """Shape, texture and colour of nucleus and cytoplasm, the 20 columns of the highest information gain, RBF-SVM.

    Acharya, Kumar, Med. Biol. Eng. Comput. 57(8):1783-1811, 2019, 10.1007/s11517-019-01984-1. Data: not known. Task: not known; the
    introduction treats L1 to L3. Published: no figure was found.

    Known is the segmentation, which Jin et al. (2023) took from here: clusters of a* and b*, area opening at 100 and holes at 15 pixels, cleared
    border, watershed; the cytoplasm by three clusters inside, adaptive equalisation and Otsu's threshold. Attributes are ranked by information
    gain; the ratio of nucleus to cytoplasm, the effective diameter and the number of cells are named. Left open: the rest of the attributes, how
    much gain is enough, the classifier, figures.

    Decided here: k-means, though the code of Jin et al. keeps a call of k-medoids, turned off, with this paper as its source; k-means
    is taken as near enough; the nucleus by the lowest red, as in the text of Jin et al.; the columns; the gain on 10 bins of equally many
    training images, of which the first `k` = 20 columns are kept; RBF-SVM with C = 1 and gamma "scale", columns scaled.

    109 columns before the selection. The number of cells. Shape, means over the cells of an image, 52: 23 each of nucleus and cell (area, perimeter, diameter
    of the disc of equal area, axes, eccentricity, hull, Feret diameters, roundness and the like, seven moments of Hu), area of the cytoplasm,
    nucleus to cell by area and by diameter, nucleus to cytoplasm, offset of the nucleus, distance to the next cell. Colour, means over the cells, 30: mean,
    standard deviation, skewness, kurtosis and entropy of R, G and B in nucleus and cytoplasm. Texture, all nuclei and all cytoplasm of an image each taken
    as one, 26: Haralick's 13 co-occurrence measures at distance 1 on 64 grey levels, means over the four directions.

    In fields of grey-blue red cells, as many of those of Aria et al. (2021) are, the lowest red is often not the nucleus; `rank="a"`, the highest a*,
    finds far more there, as in the code of Jin et al. With either, the innermost of the three clusters leaves no cytoplasm in most of those fields: its
    columns are then missing and filled by their medians, and those of the cell are those of the nucleus.

    `clear_border=False` keeps leukocytes that the frame cuts, as crops of single cells need it; `crop_bar=True` crops a scale bar first.
    """
    check("rank", rank, OneOf("red", "a"))
    geometry = GeometryFeatures(summary=("mean",))
    columns = (
        *geometry.row_names(),
        *(f"*_rgb_?_{name}_mean" for name in ("mean", "std", "skewness", "kurtosis", "entropy")),
        "*_haralick_*_d1_mean",
    )
    families = [geometry, ColorFeatures(summary=("mean",)), TextureFeatures()]
    how: dict[str, Any] = {"rank": rank, "cleanup": cleanup_for(clear_border)}
    return make_pipeline(
        *opening(crop_bar, segmenter, LabKMeansSegmenter(**how)),
        FeatureSet(families, columns=columns),
        *imputed_svm(make_selector("information_gain", k=k), C=C),
    )


RECIPES = (
    Recipe(
        make=acharya2019_infogain,
        year=2019,
        citation="Acharya, Kumar, Med. Biol. Eng. Comput. 57(8):1783-1811, 2019, 10.1007/s11517-019-01984-1",
        data="not known",
        task="not known",
        caveat="no figure was found",
        firmness="c",
        variants=("acharya2019_infogain:rank=a",),
    ),
)
