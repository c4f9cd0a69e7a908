"""Classical computer vision for leukaemia on stained blood smears; research use only, not a medical device.

Import stages from their subpackages, for example::

    from leukofeat.datasets import load_images, make_smears
    from leukofeat.segmentation import LabKMeansSegmenter
    from leukofeat.features import FeatureSet, GeometryFeatures
    from leukofeat.baselines import make_baseline

This module itself imports nothing until it is used.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_SUBMODULES = (
    "audit",
    "augmentation",
    "baselines",
    "calibration",
    "datasets",
    "deep",
    "evaluation",
    "features",
    "persistence",
    "plotting",
    "preprocessing",
    "report",
    "segmentation",
    "selection",
    "whitening",
)
_NAMES = {
    "Smear": "smear",
    "ImageSequence": "sequence",
    "as_sequence": "sequence",
    "ImageError": "decode",
    "read_image": "decode",
    "read_labels": "decode",
    "write_labels": "decode",
    "Scale": "scale.record",
    "estimate_scale": "scale.estimate",
    "Store": "store",
}

__all__ = [
    "ImageError",
    "ImageSequence",
    "Scale",
    "Smear",
    "Store",
    "__version__",
    "as_sequence",
    "estimate_scale",
    "read_image",
    "read_labels",
    "write_labels",
]


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        return import_module(f"{__name__}.{name}")
    if name in _NAMES:
        return getattr(import_module(f"{__name__}.{_NAMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *_SUBMODULES])
