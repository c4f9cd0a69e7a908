"""Images from disk, and synthetic smears with exact ground truth."""

from leukofeat.datasets.binary import binary_target
from leukofeat.datasets.composite import blend_cells, paste_cells
from leukofeat.datasets.load import load_images
from leukofeat.datasets.smears import make_smears

__all__ = ["binary_target", "blend_cells", "load_images", "make_smears", "paste_cells"]
