import numpy as np
import pytest

from leukofeat.smear import Smear
from tests.cells import drawn_field


@pytest.fixture
def smear():
    return Smear(*drawn_field())


@pytest.fixture(
    params=["1x1 empty", "1x1 cell", "blank", "all nucleus", "no cell", "no nucleus", "missing label", "constant cell"]
)
def odd_smear(request):
    """Records in which something is missing."""
    image, nuclei, cells = drawn_field()
    nothing = np.zeros_like(cells)
    return {
        "1x1 empty": Smear(np.full((1, 1, 3), 7, np.uint8), np.zeros((1, 1), int), np.zeros((1, 1), int)),
        "1x1 cell": Smear(np.full((1, 1, 3), 7, np.uint8), np.ones((1, 1), int)),
        "blank": Smear(np.full((40, 30, 3), 255, np.uint8), np.zeros((40, 30), int), np.zeros((40, 30), int)),
        "all nucleus": Smear(image, np.ones_like(cells)),
        "no cell": Smear(image, nothing, nothing),
        "no nucleus": Smear(image, nothing, cells),
        "missing label": Smear(image, np.where(nuclei == 2, 0, nuclei), np.where(cells == 2, 0, cells)),
        "constant cell": Smear(np.full_like(image, 100), nuclei, cells),
    }[request.param]
