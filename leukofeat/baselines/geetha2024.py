"""The network of Geetha and Haridas (2024)."""

from sklearn.pipeline import Pipeline

from leukofeat.baselines.recipe import BINARY, DEEP, Recipe
from leukofeat.baselines.trained import trained
from leukofeat.preprocessing import ContrastStretcher, MedianDenoiser


def geetha2024_secnn(
    *,
    weights: str | None = None,
    input_size: int = 224,
    n_epochs: int = 30,
    batch_size: int = 32,
    crop_bar: bool = False,
    checkpoint: str | None = None,
    device: str = "auto",
    random_state: int = 0,
    verbose: int = 0,
) -> Pipeline:
    """Convolutional network with squeeze-and-excitation, on filtered and stretched images.

    Geetha, Haridas, Afr. J. Biol. Sci. 6(15), 2024, 10.48047/AFJBS.6.15.2024.8546-8561. Data: not named; the test part has 200 images of
    each class. Task: malignant against benign.

    Published: accuracy 0.925, precision 0.918, recall 0.905, F1 0.911, specificity 0.942 and an area of 0.95 in its table; its confusion
    matrix gives an accuracy of 0.9125, precision 0.923, recall 0.900, F1 0.911, specificity 0.925.

    From the paper: images of 224 x 224 with values of 0 to 1 or -1 to 1; "Gaussian or median" filter; contrast and brightness adjusted;
    rotation by 0 to 360 degrees, flips, zoom by 0.8 to 1.2, shifts and shear; convolutions (3 x 3, for example) with ReLU, max pooling,
    squeeze-and-excitation, a dense layer, dropout, softmax; cross-entropy; SGD or Adam; a validation part that is watched.

    The source leaves open, and was decided here: median of 3; contrast stretched with 1 % of the pixels at each end; values of -1 to 1;
    zoom by a factor of up to 1.2 either way, shifts of up to 0.05 of a side, shear of up to 5 degrees; four blocks of 32, 64, 128 and 256
    maps, the reduction by 16 in each, a dense layer of 128 behind the mean over each map, dropout 0.5; Adam at a constant 0.001, batches of
    32, 30 epochs, none skipped for what the validation part says; a tenth is held out for it, which also calibrates the probabilities
    (leukofeat's addition: verdicts are the same).

    `weights` is a file of this network's, or None, as in the paper: it starts from random weights. Smaller `input_size`, `n_epochs` and
    `batch_size` are for machines without a graphics card; `checkpoint`, `device`, `random_state` and `verbose` are those of
    :class:`~leukofeat.deep.CNNClassifier`. `crop_bar=True` crops a scale bar first.
    """
    return trained(
        "secnn",
        crop_bar=crop_bar,
        before=[MedianDenoiser(3), ContrastStretcher()],
        weights=weights,
        input_size=input_size,
        mean=127.5,
        scale=1 / 127.5,
        transforms={"rotation": 180.0, "flip": 0.5, "zoom": 0.2, "shift": 0.05, "shear": 5.0},
        optimizer="adam",
        learning_rate=1e-3,
        n_epochs=n_epochs,
        batch_size=batch_size,
        validation=0.1,
        checkpoint=checkpoint,
        device=device,
        random_state=random_state,
        verbose=verbose,
    )


RECIPES = (
    Recipe(
        make=geetha2024_secnn,
        year=2024,
        citation="Geetha, Haridas, Afr. J. Biol. Sci. 6(15), 2024, 10.48047/AFJBS.6.15.2024.8546-8561",
        data="not named; test part of 400",
        task=BINARY,
        published="acc 0.925",
        caveat="of the table; the printed confusion matrix gives 0.9125",
        firmness="c",
        needs=DEEP,
    ),
)
