"""The selection of Phapale et al., by three methods, and their network."""

from sklearn.pipeline import Pipeline, make_pipeline

from leukofeat.base import ImageStage
from leukofeat.baselines.pieces import imputed_svm, opening
from leukofeat.baselines.plain_kmeans import kmeans_cells
from leukofeat.baselines.recipe import BINARY, DEEP, Recipe
from leukofeat.baselines.trained import trained
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

    So all of it was decided here: thirteen families of hand-crafted features of leukofeat with their default columns, all but cytology and
    covariance, behind k-means of a* and b* into four (nucleus by the highest a*, cytoplasm by the lowest red of the others); `method="rf"`, "rfe" or "anova" keeps `k` = 100 of the scaled columns
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


def phapale_cnn(
    *,
    weights: str | None = None,
    input_size: int = 128,
    n_epochs: int = 10,
    batch_size: int = 32,
    crop_bar: bool = False,
    checkpoint: str | None = None,
    device: str = "auto",
    random_state: int = 0,
    verbose: int = 0,
) -> Pipeline:
    """Small convolutional network, on scaled, cropped, flipped, turned and shifted images.

    Phapale et al., review, AISSMS IOIT Pune; its year and DOI are not known. Data: Kaggle, not named (C-NMC, "IDB" and SN-AM are mentioned). Task:
    malignant against benign.

    Published: no figure. The review names convolution, max pooling and dense layers, 10 epochs, four fifths of the images to learn from, and
    augmentation by scaling, cropping, flipping, padding, rotation and translation.

    All else was decided here: three blocks of 3 x 3 convolution with 32, 64 and 128 maps, ReLU and max pooling 2 x 2, dense layers of 128
    and of the classes; input 128 x 128; torchvision's normalisation; the package's own strengths of the alterations, drawn anew in each
    batch, where what zoom and shift leave open is mirrored in place of padded; cross-entropy; Adam at a constant 0.001, batches of 32;
    nothing held out, so that the probabilities are the network's own, not calibrated.

    `weights` is a file of this network's, or None: it starts from random weights. With another `input_size` the maps are brought to the
    16 x 16 that one of 128 leaves. `n_epochs`, `batch_size`, `checkpoint`, `device`, `random_state` and `verbose` are those of
    :class:`~leukofeat.deep.CNNClassifier`. `crop_bar=True` crops a scale bar first.
    """
    return trained(
        "phapale_cnn",
        crop_bar=crop_bar,
        weights=weights,
        input_size=input_size,
        transforms=("zoom", "crop", "flip", "rotation", "shift"),
        optimizer="adam",
        learning_rate=1e-3,
        n_epochs=n_epochs,
        batch_size=batch_size,
        checkpoint=checkpoint,
        device=device,
        random_state=random_state,
        verbose=verbose,
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
    Recipe(
        make=phapale_cnn,
        citation="Phapale et al., review, AISSMS IOIT Pune",
        data="Kaggle, not named",
        task=BINARY,
        caveat="no figure is given",
        firmness="c",
        needs=DEEP,
    ),
)
