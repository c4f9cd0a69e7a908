"""Networks whose input is known: recognised by their content, so that a renamed file keeps its meaning."""

from dataclasses import dataclass

Channels = tuple[float, float, float]


@dataclass(frozen=True)
class Card:
    """How a network wants its images: (x - mean) * scale with x in 0 to 255, channels in its own order; and what the architecture has to do otherwise (see `adapt`)."""

    name: str
    mean: Channels
    scale: Channels
    channels: str = "rgb"
    output: str | None = None
    adapted: str = ""


# What torchvision's and most other PyTorch networks are trained with; the default for a network that is not known.
TORCHVISION = Card(
    "torchvision's ImageNet normalisation", (123.675, 116.28, 103.53), (1 / 58.395, 1 / 57.12, 1 / 57.375)
)

KNOWN = {
    "3b76449424fdd3e47fc19f0478e91d08d299e4d5bc0b90ba90d91faa8cb29f02": Card(
        "MobileNetV2 1.0 224 (google-coral/test_data, Apache-2.0)", (127.0,) * 3, (0.0078431,) * 3, output="features"
    ),
    "056b7842daba74e97ba2340e3cd44d9cd15c8037a736d46b813cc3d595e99dbb": Card(
        "MobileNetV1 0.25 128 (google-coral/test_data, Apache-2.0)", (128.0,) * 3, (1 / 128,) * 3, output="features"
    ),
    "74b43b11ddc3f383148ccccb106b8cd59bce888d5754a0496793e43c854c3107": Card(
        "SqueezeNet 1.1 (DeepCognition/keras-squeezenet, MIT)", (103.939, 116.779, 123.68), (1.0,) * 3, "bgr"
    ),
    "399095f1b8ae6ab79f0dada3d62d06e0caf4466f7dda43f3902e5ee6029ecc73": Card(
        "MobileNetV2 1.0 224 as a state_dict (google-coral/test_data, Apache-2.0)",
        (127.0,) * 3,
        (0.0078431,) * 3,
        adapted="tensorflow",
    ),
    "feade9d6fd4ab22e16b2f078c294894b597145a92a494f86a17aa34a56f7b7ad": Card(
        "EfficientNet-Lite0 224 (ImageNet, Apache-2.0)", (127.0,) * 3, (1 / 128,) * 3, output="features"
    ),
    "213d3352b117816bb3678614d59b7e4c4feb0b19d415de0bcfaa4665a172a639": Card(
        "VGG16, its convolutions (ImageNet, in half precision)", (103.939, 116.779, 123.68), (1.0,) * 3, "bgr"
    ),
}
