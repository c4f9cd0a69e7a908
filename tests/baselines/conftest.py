from __future__ import annotations

import pytest
from sklearn.utils import Bunch

from leukofeat.datasets import make_smears


@pytest.fixture(scope="session")
def three() -> Bunch:
    """Three fields of the size of the published ones."""
    return make_smears(3, random_state=0)
