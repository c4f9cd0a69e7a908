"""leukofeat's own networks, fine-tuned and frozen, and their vote with the hand-crafted recipe."""

from sklearn.ensemble import StackingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import SVC

from leukofeat.base import ImageStage
from leukofeat.baselines.leukofeat_svm import leukofeat_svm
from leukofeat.baselines.recipe import DEEP, NETWORK, Recipe
from leukofeat.calibration import CalibratedClassifier
from leukofeat.classification import LogOpinionPool
from leukofeat.constraints import OneOf, check
from leukofeat.deep import CNNClassifier, CNNEmbedding
from leukofeat.features import FeatureSet
from leukofeat.preprocessing import ColorNormalizer, ScaleBarCropper, ShadingCorrector
from leukofeat.segmentation import LeukocyteSegmenter


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
    A tenth of the images is held out, and calibrates the probabilities. On another laboratory's images, where cells have another size on other
    slides, it does not tell blasts from healthy cells, with or without swap (docs/networks.md).

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


def leukofeat_embedding(
    *, network: str | None = None, per: str = "cell", C: float = 1.0, segmenter: ImageStage | str | None = None
) -> Pipeline:
    """Frozen network on single leukocytes with nothing around them, RBF-SVM.

    Light is balanced as for the hand-crafted recipe; each leukocyte is shown to the network by itself, everything else in the network's own mean
    colour, and the vectors of an image are averaged. They go to the SVM as they are: scaled, units that hardly ever answer count as much as the
    others. `per="image"` shows the whole image instead.

    Parameters
    ----------
    network : path
        ONNX file, as :class:`~leukofeat.deep.CNNEmbedding` reads it.
    per : {"cell", "image"}, default="cell"
    C : float, default=1.0
        Of the SVM; gamma is "scale".
    segmenter : stage or "passthrough", optional
    """
    check("per", per, OneOf("cell", "image"))
    found_by = LeukocyteSegmenter() if segmenter is None else segmenter
    svm = make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True),
        SVC(C=C, class_weight="balanced", decision_function_shape="ovo"),
    )
    return make_pipeline(
        ScaleBarCropper(),
        ShadingCorrector(),
        ColorNormalizer("white_balance"),
        found_by if per == "cell" else "passthrough",
        FeatureSet([_embedding(network, per)]),
        CalibratedClassifier(svm, decision_function_shape="ovo"),
    )


def leukofeat_hybrid(
    *,
    how: str = "log_mean",
    network: str | None = None,
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
    """Hand-crafted columns and a network, the mean of their log-probabilities.

    :func:`leukofeat_svm` beside :func:`leukofeat_cnn`, or, where the file of a frozen `network` is given, beside :func:`leukofeat_embedding`: what
    they get wrong they get wrong on other images.

    Parameters
    ----------
    how : {"log_mean", "stack", "union"}, default="log_mean"
        "stack" learns what each is worth by a logistic regression on the probabilities of five inner folds, at six times the cost (they know no
        groups: it is not for slides or patients); "union" puts the
        columns of a frozen network beside the others', in front of the one whitened classifier.
    network : path, optional
        ONNX file of a frozen network. It needs no PyTorch.
    architecture, weights, swap, size, n_epochs, checkpoint, device, random_state, verbose
        Of the network that is fine-tuned where no `network` is given.
    segmenter : stage, optional
        Of both.
    """
    check("how", how, OneOf("log_mean", "stack", "union"))
    handcrafted = leukofeat_svm(segmenter=segmenter)
    if how == "union":
        # the gate in the recipe knows its own columns; these go to its first classifier
        *stages, (_, columns), (_, classifier) = leukofeat_svm(segmenter=segmenter, reach=None).steps
        families = [_embedding(network, "cell"), *columns.families]
        return make_pipeline(*(stage for _, stage in stages), FeatureSet(families), classifier)
    if network is not None:
        deep = leukofeat_embedding(network=network, segmenter=segmenter)
    else:
        deep = leukofeat_cnn(
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
    parts = [("handcrafted", handcrafted), ("network", deep)]
    if how == "log_mean":
        return make_pipeline(LogOpinionPool(parts))
    verdict = LogisticRegression(max_iter=1000)
    return make_pipeline(StackingClassifier(parts, verdict, stack_method="predict_proba", cv=5))


def _embedding(network: str | None, per: str) -> CNNEmbedding:
    if network is None:
        raise ValueError(f"network is None; this pipeline needs {NETWORK}, as in network='file.onnx'.")
    return CNNEmbedding(network, per=per, masked=per == "cell")


_FILE = "figures need pretrained weights, which leukofeat does not bring"
RECIPES = (
    Recipe(make=leukofeat_cnn, data="leukemia4, training part", caveat=_FILE, firmness="ours", needs=DEEP),
    Recipe(make=leukofeat_embedding, data="apl", caveat=_FILE, firmness="ours", needs=NETWORK),
    Recipe(make=leukofeat_hybrid, data="leukemia4, training part", caveat=_FILE, firmness="ours", needs=DEEP),
)
