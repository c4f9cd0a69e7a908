"""The six networks of Shalini and Angel Viji (2022)."""

from typing import Any

from sklearn.pipeline import Pipeline

from leukofeat.baselines.recipe import BINARY, DEEP, Recipe
from leukofeat.baselines.trained import trained

# torchvision's name, the paper's, and its accuracy, sensitivity and specificity
_NETWORKS = (
    ("resnet50", "ResNet-50", 0.9962, 1.0, 0.9923),
    ("googlenet", "GoogLeNet", 0.9538, 0.9615, 0.9462),
    ("resnet101", "ResNet-101", 0.9692, 0.9538, 0.9846),
    ("resnet152", "ResNet-152", 0.9731, 0.9692, 0.9769),
    ("vgg16", "VGG16", 0.9808, 1.0, 0.9615),
    ("vgg19", "VGG19", 0.9885, 0.9846, 0.9923),
)
_DOC = """{title}, all of it trained, on turned, shifted, zoomed and sheared fields.

    Shalini, Angel Viji, "Integration of convolutional features and residual neural network", 2022; its journal and DOI are not known here.
    Data: ALL-IDB, described as the 108 fields of 2592 x 1944; augmented to 2,470 images, 1,235 of each class; every figure is a multiple of
    1/260, so that it was measured on 260 images. Task: malignant against benign.

    Published: accuracy {accuracy:.4f}, sensitivity {sensitivity:.4f}, specificity {specificity:.4f}. Whether images were augmented before
    the split is not said. Areas of 0.91 and 0.90 under the curves that are shown for ResNet-50 do not fit its figures.

    From the paper: images are resized; rotation, shifts along both sides, horizontal flip, zoom and shear; softmax over two classes; 100
    epochs; MATLAB. It calls the networks pre-trained and says that no stored weights were used, and gives ResNet-50 152 layers: both
    starts are offered, and ResNet-50 is the one of 50 layers.

    The source leaves open, and was decided here: input 224 x 224; the architecture as torchvision builds it, GoogLeNet without its
    classifiers at the side; strengths (rotation by any angle, shifts of up to 0.05 of a side, zoom of up to 1.1, shear of up to 5 degrees)
    and that they are drawn anew in each batch; SGD with momentum 0.9 at a constant 0.001, weight decay 0.0001, batches of 32; nothing held
    out, so that the probabilities are the network's own, not calibrated.

    `weights` is a file, a name of torchvision's ("IMAGENET1K_V1" is the pre-trained network, which torchvision fetches), or None: random
    weights, which want more images than most sets have. Smaller `input_size`, `n_epochs` and `batch_size` are for machines without a
    graphics card; `checkpoint`, `device`, `random_state` and `verbose` are those of :class:`~leukofeat.deep.CNNClassifier`.
    `crop_bar=True` crops a scale bar first.
    """


def _system(architecture: str, title: str, accuracy: float, sensitivity: float, specificity: float) -> Recipe:
    # torchvision's GoogLeNet has its weights from TensorFlow, whose inputs are -1 to 1
    values: dict[str, Any] = {"mean": 127.5, "scale": 1 / 127.5} if architecture == "googlenet" else {}

    def make(
        *,
        weights: str | None = None,
        input_size: int = 224,
        n_epochs: int = 100,
        batch_size: int = 32,
        crop_bar: bool = False,
        checkpoint: str | None = None,
        device: str = "auto",
        random_state: int = 0,
        verbose: int = 0,
    ) -> Pipeline:
        return trained(
            architecture,
            crop_bar=crop_bar,
            weights=weights,
            input_size=input_size,
            transforms={"rotation": 180.0, "flip": 0.5, "shift": 0.05, "zoom": 0.1, "shear": 5.0},
            optimizer="sgd",
            learning_rate=1e-3,
            weight_decay=1e-4,
            n_epochs=n_epochs,
            batch_size=batch_size,
            checkpoint=checkpoint,
            device=device,
            random_state=random_state,
            verbose=verbose,
            **values,
        )

    make.__name__ = make.__qualname__ = f"shalini2022_{architecture}"
    make.__doc__ = _DOC.format(title=title, accuracy=accuracy, sensitivity=sensitivity, specificity=specificity)
    return Recipe(
        make=make,
        year=2022,
        citation="Shalini, Angel Viji, Integration of convolutional features and residual neural network, 2022",
        data="ALL-IDB",
        task=BINARY,
        published=f"acc {accuracy:.4f}",
        caveat="of 260 images; whether it was augmented before the split is not said; areas of 0.91 and 0.90 under its curves do not fit",
        firmness="b",
        needs=DEEP,
    )


RECIPES = tuple(_system(*network) for network in _NETWORKS)
