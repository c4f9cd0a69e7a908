"""Sets of small smears that the tests of the audit share."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.utils import Bunch

from leukofeat.audit import AuditResult, audit_dataset
from leukofeat.datasets import make_smears


@pytest.fixture(scope="session")
def clean() -> Bunch:
    """96 small fields of 24 slides without a fault."""
    return make_smears(n_samples=96, size=96, n_slides=24, random_state=0)


@pytest.fixture(scope="session")
def clean_result(clean: Bunch) -> AuditResult:
    return audit_dataset(clean.images, clean.target, groups=clean.groups, splits=clean.split)


@pytest.fixture(scope="session")
def fields() -> list[np.ndarray]:
    """60 fields of usual size."""
    return make_smears(n_samples=60, size=160, n_slides=12, random_state=1).images
