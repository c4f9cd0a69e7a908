"""The AlexNet of Shafique and Tehsin (2018)."""

from typing import Any, Self

import numpy as np
from sklearn.pipeline import Pipeline

from leukofeat.baselines.recipe import BINARY, DEEP, Recipe
from leukofeat.baselines.trained import trained
from leukofeat.constraints import Integral, Number, OneOf, check
from leukofeat.datasets import binary_target
from leukofeat.deep import CNNClassifier
from leukofeat.statistics.held_out import check_labelled


def shafique2018_alexnet(
    *,
    task: str = "subtypes",
    color_space: str = "rgb",
    n_features: int = 1024,
    weights: str | None = None,
    input_size: int = 227,
    n_epochs: int = 100,
    batch_size: int = 28,
    crop_bar: bool = False,
    checkpoint: str | None = None,
    device: str = "auto",
    random_state: int = 0,
    verbose: int = 0,
) -> Pipeline:
    """AlexNet, all of it trained and its new layers faster, in one of four colour models.

    Shafique, Tehsin, Technol. Cancer Res. Treat. 17, 2018, 10.1177/1533033818802789. Data: ALL-IDB2 (260 crops of 257 x 257, half of them
    malignant) and 50 images from the web; turned and mirrored to 760. Task: malignant against benign ("detection"); and L1, L2, L3 and
    normal ("subtypes"), by labels that are not public.

    Published, "detection" and "subtypes": 0.9950 and 0.9606 in RGB, 0.9899 and 0.8313 in HSV, 0.9707 and 0.8508 in YCbCr, 0.9686 and 0.8412
    in hue, Cb and Cr. These are means of the class recalls; the printed matrices give plain accuracies of 301/303 = 0.993 and 295/304 =
    0.970. The test parts, 303 and 304 images, are 40 % of 760: images were augmented before they were split, and copies of one may stand
    on both sides.

    From the paper: AlexNet as trained on ImageNet, at 227 x 227; its last layer replaced by one of `n_features` units with ReLU (4096, 3072,
    2048 or 1024: 1024 was best in both tasks) and one of the classes; the old layers keep their rate and the new ones learn faster; batches
    of 28; at most 100 epochs; rotation and mirroring; the classes of the training part cut to the smallest.

    The source leaves open, and was decided here: SGD with momentum 0.9, weight decay 0.0001 and a constant rate of 0.0001, 0.001 for the new
    layers; all 100 epochs; alterations drawn anew in each batch, and so of training images only; classes weighted in place of cut; the
    network's own mean and deviation of RGB for every colour model; nothing held out, so that the probabilities are the network's own, not
    calibrated.

    Here the tasks differ in the classes alone, as in the paper. `task="subtypes"` learns those that it is given, two or more;
    `task="detection"` takes all but the benign for malignant first, by the names of the classes, and so gives "benign" or "malignant"
    (:func:`~leukofeat.datasets.binary_target`).

    `color_space` is "rgb", "hsv", "ycbcr" or "hcbcr". `weights` is a file, a name of torchvision's ("IMAGENET1K_V1" is the paper's start,
    which torchvision fetches; its AlexNet has the widths of Krizhevsky's later paper), or None: random weights, which want more images than
    most sets have, and a higher rate. Smaller `input_size` (63 at least), `n_epochs` and `batch_size` are for machines without a graphics
    card; `checkpoint`, `device`, `random_state` and `verbose` are those of :class:`~leukofeat.deep.CNNClassifier`. `crop_bar=True` crops a
    scale bar first.
    """
    check("task", task, OneOf("detection", "subtypes"))
    check("n_features", n_features, Number(Integral, 1))
    return trained(
        "alexnet",
        crop_bar=crop_bar,
        network=MalignancyCNN if task == "detection" else CNNClassifier,
        weights=weights,
        hidden=(n_features,),
        input_size=input_size,
        least=63,
        color_space=color_space,
        transforms={"rotation": 180.0, "flip": 0.5},
        class_weight="balanced",
        optimizer="sgd",
        learning_rate=1e-4,
        head_factor=10.0,
        weight_decay=1e-4,
        n_epochs=n_epochs,
        batch_size=batch_size,
        checkpoint=checkpoint,
        device=device,
        random_state=random_state,
        verbose=verbose,
    )


class MalignancyCNN(CNNClassifier):
    """A CNNClassifier that takes all classes but the benign for malignant; two classes are learned as they are.

    Parameters and attributes are those of :class:`~leukofeat.deep.CNNClassifier`; `classes_` are "benign" and "malignant" where there were
    more than two.
    """

    def fit(self, X: Any, y: Any, groups: Any = None) -> Self:
        """Train on images, of classes by name where there are more than two.

        Raises
        ------
        ValueError
            When none of three classes or more is benign by its name, or they are numbers; when an image has no class.
        """
        check_labelled(y)
        if len(np.unique(np.asarray(y))) > 2:
            y = binary_target(y)
        return super().fit(X, y, groups)


RECIPES = (
    Recipe(
        make=shafique2018_alexnet,
        year=2018,
        citation="Shafique, Tehsin, Technol. Cancer Res. Treat. 17, 2018, 10.1177/1533033818802789",
        data="ALL-IDB2 and 50 images from the web",
        task=BINARY,
        published="acc 0.995 (subtypes L1 to L3 and normal: 0.9606)",
        caveat="mean of the class recalls; augmented before the split",
        firmness="a",
        needs=DEEP,
        variants=tuple(f"shafique2018_alexnet:color_space={space}" for space in ("hsv", "ycbcr", "hcbcr")),
    ),
)
