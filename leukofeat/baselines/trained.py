"""Pipelines of recipes on networks that are trained."""

from collections.abc import Sequence
from typing import Any

from sklearn.pipeline import Pipeline, make_pipeline

from leukofeat.base import ImageStage
from leukofeat.constraints import Integral, Number, check
from leukofeat.deep import CNNClassifier
from leukofeat.preprocessing import ScaleBarCropper


def trained(
    architecture: str,
    *,
    crop_bar: bool,
    input_size: int,
    least: int = 32,
    before: Sequence[ImageStage | str] = (),
    network: type[CNNClassifier] = CNNClassifier,
    **options: Any,
) -> Pipeline:
    """The bar cropped if wanted, the stages `before`, and a network that is trained as plainly as papers do it.

    Parameters
    ----------
    architecture : str
    crop_bar : bool
    input_size : int
    least : int, default=32
        Of the sizes that the architecture can take.
    before : sequence of stages
    network : class, default=CNNClassifier
        What trains it.
    **options
        Parameters of :class:`~leukofeat.deep.CNNClassifier`, whose defaults are set aside for what a paper that is silent does: no
        alteration of the images, a constant rate, no decay of the weights, nothing held out, one look at an image.

    Raises
    ------
    ValueError
        When `input_size` is less.

    Examples
    --------
    >>> trained("thanh2017", crop_bar=True, input_size=50)[-1].schedule
    'constant'
    """
    check("input_size", input_size, Number(Integral, least))
    plain: dict[str, Any] = {
        "transforms": (),
        "schedule": "constant",
        "weight_decay": 0.0,
        "validation": 0.0,
        "flips": False,
    }
    cropper = (ScaleBarCropper(),) if crop_bar else ()
    return make_pipeline(*cropper, *before, network(architecture, input_size=input_size, **(plain | options)))
