"""Immature myeloid cells outlined by hand, which have no published masks: nuclei, and that they are not their cells."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from leukofeat.segmentation import LeukocyteSegmenter
from leukofeat.segmentation.metrics import dice

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from outlines.drawn import OUTLINES, Drawn, fill_outlines, read_outlines

pytestmark = pytest.mark.skipif(not OUTLINES.is_file(), reason=f"{OUTLINES.name} is not in tests/segmentation")


def test_outlines_are_sound():
    alike = []
    for name, regions in read_outlines(OUTLINES).items():
        assert "nucleus" in regions, name
        far = max(corners.max() for polygons in regions.values() for corners in polygons)
        shape = (int(far) + 2, int(far) + 2)
        nucleus = fill_outlines(regions["nucleus"], shape)
        assert nucleus.any(), name
        if "cell" in regions:
            cell = fill_outlines(regions["cell"], shape)
            assert (nucleus & cell).sum() > 0.97 * nucleus.sum(), name
            alike.append(dice(nucleus, cell))
    # a nucleus made as large as its cell must not pass
    assert not alike or np.mean(alike) < 0.95


@pytest.fixture(scope="module")
def drawn_dice(data_folder):
    """Dice of the nuclei of all cells that are outlined."""
    data = Drawn.read(data_folder / "apl", 1000)
    smears = LeukocyteSegmenter().transform([data.image(i) for i in range(len(data))])
    return np.array([data.score(i, smear)["dice"] for i, smear in enumerate(smears)])


def test_nuclei_outlined_by_hand(drawn_dice):
    assert drawn_dice.mean() >= 0.95
    assert np.median(drawn_dice) >= 0.95
    assert (drawn_dice < 0.9).sum() <= 6
