"""Networks whose input is known: recognised by their content, so that a renamed file keeps its meaning."""

from dataclasses import dataclass

Channels = tuple[float, float, float]


@dataclass(frozen=True)
class Card:
    """How a network wants its images: (x - mean) * scale with x in 0 to 255, channels in its own order."""

    name: str
    mean: Channels
    scale: Channels
    channels: str = "rgb"
    output: str | None = None


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
}
