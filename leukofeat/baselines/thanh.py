"""The networks of Thanh et al. (2017, 2018)."""

from sklearn.pipeline import Pipeline

from leukofeat.baselines.recipe import BINARY, DEEP, Recipe
from leukofeat.baselines.trained import trained


def thanh2017_cnn(
    *,
    weights: str | None = None,
    input_size: int = 50,
    n_epochs: int = 30,
    batch_size: int = 32,
    crop_bar: bool = False,
    checkpoint: str | None = None,
    device: str = "auto",
    random_state: int = 0,
    verbose: int = 0,
) -> Pipeline:
    """Network of two 5 x 5 convolutions on 50 x 50 pixels.

    Thanh et al., ICAITA 2017. Data: ALL-IDB1. Task: malignant against benign.

    Published: accuracy 0.9643, as cited by others; the paper itself could not be read.

    Known from a public re-implementation (ALL-IDB-Classifiers): two convolutions of 5 x 5 with 30 maps, max pooling 2 x 2, softmax, input
    50 x 50.

    The sources leave open, and was decided here: a pooling after each convolution; torchvision's normalisation; images as they are, with no
    alteration; cross-entropy; Adam at a constant 0.001, batches of 32, 30 epochs; nothing held out, so that the probabilities are the
    network's own, not calibrated.

    `weights` is a file of this network's; None starts from random weights, as in the paper. With another `input_size` the maps are brought
    to the 9 x 9 that one of 50 leaves. `n_epochs`, `batch_size`, `checkpoint`, `device`, `random_state` and `verbose` are those of
    :class:`~leukofeat.deep.CNNClassifier`. `crop_bar=True` crops a scale bar first.
    """
    return trained(
        "thanh2017",
        crop_bar=crop_bar,
        weights=weights,
        input_size=input_size,
        least=16,
        optimizer="adam",
        learning_rate=1e-3,
        n_epochs=n_epochs,
        batch_size=batch_size,
        checkpoint=checkpoint,
        device=device,
        random_state=random_state,
        verbose=verbose,
    )


def thanh2018_cnn(
    *,
    weights: str | None = None,
    input_size: int = 128,
    n_epochs: int = 30,
    batch_size: int = 32,
    crop_bar: bool = False,
    checkpoint: str | None = None,
    device: str = "auto",
    random_state: int = 0,
    verbose: int = 0,
) -> Pipeline:
    """Network of seven layers, deeper and on larger images than that of 2017.

    Thanh, Vununu, Atoev, Lee, Kwon, Int. J. Comput. Theory Eng. 10, 2018. Data: 1,188 augmented images, 831 to learn from and 357 to test.
    Task: malignant against benign.

    Published: accuracy 0.966, as cited by others; the paper itself could not be read. 1,188 is 11 times the 108 images of ALL-IDB1, so that
    copies of one image may stand on both sides of that split.

    Known from others: it is deeper than the network of 2017 and takes larger images; "7-layer CNN" in the table of Shalini and Angel
    Viji (2022) has its figure.

    The sources leave open, and was decided here: five convolutions of 3 x 3 with 16, 32, 64, 128 and 128 maps and max pooling 2 x 2 after
    each, dense layers of 128 and of the classes; input 128 x 128; torchvision's normalisation; flips and rotation, drawn anew in each batch,
    in place of copies; cross-entropy; Adam at a constant 0.001, batches of 32, 30 epochs; nothing held out, so that the probabilities are
    the network's own, not calibrated.

    `weights` is a file of this network's, or None; the other parameters are those of :class:`~leukofeat.deep.CNNClassifier`.
    `crop_bar=True` crops a scale bar first.
    """
    return trained(
        "thanh2018",
        crop_bar=crop_bar,
        weights=weights,
        input_size=input_size,
        transforms={"flip": 0.5, "rotation": 180.0},
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
        make=thanh2017_cnn,
        year=2017,
        citation="Thanh et al., ICAITA 2017",
        data="ALL-IDB1",
        task=BINARY,
        published="acc 0.9643",
        caveat="as cited by others",
        firmness="b",
        needs=DEEP,
    ),
    Recipe(
        make=thanh2018_cnn,
        year=2018,
        citation="Thanh, Vununu, Atoev, Lee, Kwon, Int. J. Comput. Theory Eng. 10, 2018",
        data="1,188 augmented images, 831 to learn from and 357 to test",
        task=BINARY,
        published="acc 0.966",
        caveat="as cited by others; augmented before the split",
        firmness="c",
        needs=DEEP,
    ),
)
