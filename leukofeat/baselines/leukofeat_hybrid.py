"""leukofeat's own network, and its vote with the hand-crafted recipe."""

from sklearn.ensemble import StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from leukofeat.base import ImageStage
from leukofeat.baselines.leukofeat_svm import leukofeat_svm
from leukofeat.baselines.recipe import DEEP, Recipe
from leukofeat.classification import LogOpinionPool
from leukofeat.constraints import OneOf, check
from leukofeat.deep import CNNClassifier
from leukofeat.preprocessing import ColorNormalizer, ScaleBarCropper


def leukofeat_cnn(
    *,
    architecture: str = "mobilenet_v2",
    weights: str | None = None,
    swap: float = 0.75,
    size: int = 168,
    n_epochs: int = 14,
    segmenter: ImageStage | None = None,
    checkpoint: str | None = None,
    device: str = "auto",
    random_state: int = 0,
    verbose: int = 0,
) -> Pipeline:
    """Network fine-tuned on whole fields whose leukocytes are put on other fields while it learns.

    The bar is cropped and the light balanced on the empty slide, as for the hand-crafted recipe; MobileNetV2, all of it trained (AdamW, 1e-3,
    one cycle), flipped, turned, zoomed and stained anew in each batch. Of three images of four the leukocytes are shown on another training
    image's field (`swap`), so that the field says nothing of the class; with `swap=0` it is the usual network, which reads the field.
    A tenth of the images is held out, and calibrates the probabilities.

    Parameters
    ----------
    architecture : str, default="mobilenet_v2"
    weights : str, optional
        What the training starts from, as :class:`~leukofeat.deep.CNNClassifier` has it; without them it starts from nothing, which wants
        more images than most sets have.
    swap : float, default=0.75
    size : int, default=168
        Longer side in pixels of what the network sees; six sevenths of it high, the shape of a field of 224 x 224 without the strip of its bar.
    n_epochs : int, default=14
    segmenter : stage, optional
        Finds the leukocytes for the swap.
    checkpoint : path, optional
    device : str, default="auto"
    random_state : int, default=0
    verbose : int, default=0
    """
    network = CNNClassifier(
        architecture,
        weights=weights,
        input_size=(size * 6 // 7, size),
        resize="crop",
        n_epochs=n_epochs,
        swap=swap,
        segmenter=segmenter,
        checkpoint=checkpoint,
        device=device,
        random_state=random_state,
        verbose=verbose,
    )
    return make_pipeline(ScaleBarCropper(), ColorNormalizer("white_balance"), network)


def leukofeat_hybrid(
    *,
    how: str = "log_mean",
    architecture: str = "mobilenet_v2",
    weights: str | None = None,
    swap: float = 0.75,
    size: int = 168,
    n_epochs: int = 14,
    segmenter: ImageStage | None = None,
    checkpoint: str | None = None,
    device: str = "auto",
    random_state: int = 0,
    verbose: int = 0,
) -> Pipeline:
    """Hand-crafted columns and a fine-tuned network, the mean of their log-probabilities.

    :func:`leukofeat_svm` and :func:`leukofeat_cnn` as they are, side by side: what they get wrong they get wrong on other images.

    Parameters
    ----------
    how : {"log_mean", "stack"}, default="log_mean"
        "stack" learns what each is worth by a logistic regression on five inner folds' probabilities, at six times the cost.
    architecture, weights, swap, size, n_epochs, checkpoint, device, random_state, verbose
        Of the network.
    segmenter : stage, optional
        Of both.
    """
    check("how", how, OneOf("log_mean", "stack"))
    network = leukofeat_cnn(
        architecture=architecture,
        weights=weights,
        swap=swap,
        size=size,
        n_epochs=n_epochs,
        segmenter=segmenter,
        checkpoint=checkpoint,
        device=device,
        random_state=random_state,
        verbose=verbose,
    )
    parts = [("handcrafted", leukofeat_svm(segmenter=segmenter)), ("network", network)]
    if how == "log_mean":
        return make_pipeline(LogOpinionPool(parts))
    return make_pipeline(
        StackingClassifier(parts, LogisticRegression(max_iter=1000), stack_method="predict_proba", cv=5)
    )


RECIPES = tuple(
    Recipe(make=make, data="leukemia4, training part", caveat=caveat, firmness="ours", needs=DEEP)
    for make, caveat in (
        (leukofeat_cnn, "figures need pretrained weights, which leukofeat does not bring"),
        (leukofeat_hybrid, "figures need pretrained weights, which leukofeat does not bring"),
    )
)
