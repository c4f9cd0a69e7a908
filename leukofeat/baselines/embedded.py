"""First steps of recipes on frozen networks."""

from typing import Any

from leukofeat.baselines.recipe import NETWORK
from leukofeat.deep import CNNEmbedding
from leukofeat.features import FeatureSet
from leukofeat.preprocessing import ScaleBarCropper


def embedded(crop_bar: bool, network: str | None, *more: str | None) -> tuple[Any, ...]:
    """Steps that measure whole images by one network or several, whose columns stand side by side; the bar cropped if wanted.

    Parameters
    ----------
    crop_bar : bool
    network : path
        ONNX file; its columns are called `embedding_0`, ...
    *more : path or None
        Further files; columns of the second are called `embedding_2nd_0`, ..., of the third `embedding_3rd_0`.

    Raises
    ------
    ValueError
        When `network` is None.

    Examples
    --------
    >>> embedded(True, "vgg19.onnx")
    (ScaleBarCropper(), FeatureSet(families=[CNNEmbedding(model='vgg19.onnx')]))
    """
    if network is None:
        raise ValueError(f"network is None; this pipeline needs {NETWORK}, as in network='file.onnx'.")
    named = zip(more, ("2nd", "3rd"), strict=False)
    families = [CNNEmbedding(path, prefix=f"embedding_{rank}") for path, rank in named if path is not None]
    cropper = (ScaleBarCropper(),) if crop_bar else ()
    return (*cropper, FeatureSet([CNNEmbedding(network), *families]))
