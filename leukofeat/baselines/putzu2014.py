"""The SVM of Putzu, Caocci and Di Ruberto (2014)."""

from typing import Any

from sklearn.pipeline import Pipeline, make_pipeline

from leukofeat.base import ImageStage
from leukofeat.baselines.pieces import NUCLEUS_SHAPES, Steps, imputed_svm, opening
from leukofeat.baselines.recipe import BINARY, Recipe
from leukofeat.features import ColorFeatures, FeatureSet, GeometryFeatures, TextureFeatures
from leukofeat.segmentation import Cleanup, TriangleSegmenter

_STATISTICS = ("mean", "std", "skewness", "kurtosis", "entropy")
# 18 of shape, 30 of colour, 26 of texture
ZACK_COLUMNS = (
    *NUCLEUS_SHAPES,
    *(name.replace("nucleus_", "cell_") for name in NUCLEUS_SHAPES),
    "cytoplasm_area_mean",
    "nc_area_ratio_mean",
    *(f"{region}_rgb_?_{name}_mean" for region in ("nucleus", "cytoplasm") for name in _STATISTICS),
    *(f"{region}_haralick_*_d1_mean" for region in ("nucleus", "cytoplasm")),
)


def measured_by_zack(
    channel: Any, equalize: bool, *, crop_bar: bool, clear_border: bool, segmenter: ImageStage | str | None
) -> Steps:
    """First steps of the systems by Zack's threshold: leukocytes on an ink of CMYK, their shape, colour and texture."""
    cleanup = Cleanup(min_solidity=0.3, max_hole=1000, clear_border=clear_border)
    zack = TriangleSegmenter(channel, equalize=equalize, min_contrast=0.0, cleanup=cleanup)
    families = [GeometryFeatures(summary=("mean",)), ColorFeatures(summary=("mean",)), TextureFeatures()]
    return (*opening(crop_bar, segmenter, zack), FeatureSet(families, columns=ZACK_COLUMNS))


def putzu2014_svm(
    *,
    channel: str = "yellow",
    equalize: bool = True,
    C: float = 1.0,
    crop_bar: bool = False,
    clear_border: bool = True,
    segmenter: ImageStage | str | None = None,
) -> Pipeline:
    """Shape, colour and texture of leukocytes by Zack's threshold on an ink of CMYK, RBF-SVM.

    Putzu, Caocci, Di Ruberto, Artificial Intelligence in Medicine 62(3):179-191, 2014. Data: 368 images, as many as ALL-IDB1 and ALL-IDB2
    together. Task: normal or blast. Published: 0.92, as cited by Shafique and Tehsin (2018); whether that is the rate of cells found or
    of images classified could not be read.

    Known at second hand are Zack's threshold, shape, colour and texture, and an SVM; not which, nor how many. The segmentation is that of
    the nearest relative of which more is known, Sahlol et al. (2019), in a public re-implementation: Y of CMYK, equalised globally,
    thresholded by the triangle method, parts of a solidity under 0.3 dropped, holes filled (here those under 1,000 pixels). Decided here:
    the nucleus by Otsu's threshold on green within the cell; no least contrast, under which an image would count as blank, for none is
    published; all columns; RBF-SVM with C = 1, columns scaled.

    74 columns. Shape, means over the cells, 18: area, perimeter, circularity, eccentricity, solidity, extent, major and minor axis of the
    nucleus and of the cell; area of the cytoplasm; nucleus to cell by area. Colour, means over the cells, 30: mean, standard deviation,
    skewness, kurtosis and entropy of R, G and B in nucleus and cytoplasm. Texture, all nuclei and all cytoplasm of an image each taken as
    one, 26: Haralick's 13 co-occurrence features at distance 1 on 64 grey levels, means over the four directions.

    In the fields of Aria et al. (2021) slide and bluish grey red cells have as little yellow as leukocytes: the threshold parts hardly
    any of them, and the "nuclei", what Otsu's takes within, are often red cells or clumps. `channel="cyan", equalize=False` is a relative
    that finds more of the leukocytes, not what was published.
    """
    return make_pipeline(
        *measured_by_zack(channel, equalize, crop_bar=crop_bar, clear_border=clear_border, segmenter=segmenter),
        *imputed_svm(C=C),
    )


RECIPES = (
    Recipe(
        make=putzu2014_svm,
        year=2014,
        citation="Putzu, Caocci, Di Ruberto, Artif. Intell. Med. 62(3):179-191, 2014",
        data="ALL-IDB1 and ALL-IDB2, 368 images",
        task=BINARY,
        published="0.92",
        caveat="as cited by Shafique and Tehsin 2018; whether of cells found or of images classified is not known",
        firmness="c",
        variants=("putzu2014_svm:channel=cyan,equalize=false",),
    ),
)
