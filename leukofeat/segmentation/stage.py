"""What every segmenting stage shares: its clean-up, and the way from a function to a stage."""

from typing import Any, ClassVar, Self

import numpy as np

from leukofeat.base import ImageStage
from leukofeat.constraints import Integral, Number, Real
from leukofeat.parallel import note_image
from leukofeat.segmentation.cleanup import Cleanup
from leukofeat.smear import Smear


class Segmenter(ImageStage):
    """Base of the segmenters: `segment` finds nuclei and cells in a record, given the stage's parameters by name."""

    cleanup: Cleanup | None = None
    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "cleanup": [Cleanup, None],
        "min_contrast": [Number(Real, 0)],
        "random_state": [Number(Integral, 0)],
    }

    def set_params(self, **params: Any) -> Self:
        """Set parameters; those of the clean-up by `cleanup__min_area` and so on, whether one has been given or not.

        Returns
        -------
        self
        """
        # scikit-learn sets parameters of objects, and the default clean-up is none yet
        if self.cleanup is None and "cleanup" not in params and any(name.startswith("cleanup__") for name in params):
            self.cleanup = Cleanup()
        return super().set_params(**params)

    def check_params(self) -> None:
        super().check_params()
        if self.cleanup is not None:
            self.cleanup.check_params()

    def segment(self, smear: Smear, **params: Any) -> tuple[np.ndarray, np.ndarray]:
        """Label maps of nuclei and of cells, (H, W) int32 with shared ids 1..n."""
        raise NotImplementedError

    def apply(self, smear: Smear) -> Smear:
        note_redrawn(self, smear)
        nuclei, cells = self.segment(smear, **self.get_params(deep=False))
        return smear.replace(nuclei=nuclei, cells=cells)


def note_redrawn(stage: ImageStage, smear: Smear) -> None:
    """Warn where a stage draws outlines over those that an image came with; once a pass.

    Examples
    --------
    >>> import warnings
    >>> from leukofeat.segmentation import OtsuSegmenter
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     note_redrawn(OtsuSegmenter(), Smear(np.zeros((4, 4, 3), np.uint8), np.eye(4, dtype=int)))
    >>> str(caught[0].message)[:64]
    'an image: its label maps are replaced by those of OtsuSegmenter;'
    """
    if smear.is_segmented:
        note_image(
            smear.source or "an image",
            f"its label maps are replaced by those of {type(stage).__name__}; leave that stage out to measure those given, as "
            "make_baseline(name, segmenter='passthrough') does.",
        )
