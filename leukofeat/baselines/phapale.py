"""The selection of Phapale et al., by three methods."""

from sklearn.pipeline import Pipeline, make_pipeline

from leukofeat.base import ImageStage
from leukofeat.baselines.pieces import imputed_svm, opening
from leukofeat.baselines.plain_kmeans import kmeans_cells
from leukofeat.baselines.recipe import BINARY, Recipe
from leukofeat.constraints import OneOf, check
from leukofeat.features import (
    ChromatinFeatures,
    ColorFeatures,
    ContourFeatures,
    FeatureSet,
    FractalFeatures,
    GaborFeatures,
    GeometryFeatures,
    GranulometryFeatures,
    HOGFeatures,
    OutlineFeatures,
    RelativeColorFeatures,
    RunLengthFeatures,
    TextureFeatures,
    WaveletFeatures,
)
from leukofeat.selection import make_selector


def phapale_selection(
    *,
    method: str = "rf",
    k: int = 100,
    clear_border: bool = True,
    crop_bar: bool = False,
    segmenter: ImageStage | str | None = None,
) -> Pipeline:
    """All hand-crafted columns, the best 100 by random forest, elimination or ANOVA, RBF-SVM.

    Phapale et al., review, AISSMS IOIT Pune; its year and DOI are not known. Data: Kaggle, not named (C-NMC, "IDB" and SN-AM are mentioned). Task:
    malignant against benign.

    Published: no figure. Feature selection by random forest, recursive elimination (RFE) and ANOVA is said to be used in the study; nothing is said of
    what they select from, how many columns they keep, or what decides after them.

    So all of it was decided here: every family of hand-crafted features of leukofeat with its default columns, behind k-means of a* and b* into four
    (nucleus by the highest a*, cytoplasm by the lowest red of the others); `method="rf"`, "rfe" or "anova" keeps `k` = 100 of the scaled columns
    (:func:`~leukofeat.selection.make_selector`: impurity importance in 300 trees; elimination of a tenth of the columns a round by a linear SVM;
    F values); RBF-SVM with C = 1 and gamma "scale". What is selected is selected in training images only.

    Columns: 967 before the selection, of which 100 are kept. 105 of geometry, 152 of outlines, 7 of contours, 8 of gradients, 340 of colour, 33 of
    colour against the surroundings, 160 of co-occurrence and local binary patterns, 44 of run lengths, 20 of chromatin, 54 of Gabor filters, 18 of
    wavelets, 20 of granulometry, 6 of fractal dimension and energy. The number of cells and columns of the whole image are among them.

    `clear_border=False` keeps leukocytes that the frame cuts, as crops of single cells need it; `crop_bar=True` crops a scale bar first.
    """
    check("method", method, OneOf("rf", "rfe", "anova"))
    families = [
        GeometryFeatures(),
        OutlineFeatures(),
        ContourFeatures(),
        HOGFeatures(),
        ColorFeatures(),
        RelativeColorFeatures(),
        TextureFeatures(),
        RunLengthFeatures(),
        ChromatinFeatures(),
        GaborFeatures(),
        WaveletFeatures(),
        GranulometryFeatures(),
        FractalFeatures(),
    ]
    return make_pipeline(
        *opening(crop_bar, segmenter, kmeans_cells(clear_border)),
        FeatureSet(families),
        *imputed_svm(make_selector(method, k=k)),
    )


RECIPES = (
    Recipe(
        make=phapale_selection,
        citation="Phapale et al., review, AISSMS IOIT Pune",
        data="Kaggle, not named",
        task=BINARY,
        caveat="no figure is given",
        firmness="c",
        variants=("phapale_selection:method=rfe", "phapale_selection:method=anova"),
    ),
)
