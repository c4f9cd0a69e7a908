"""Portraits cut out as closely as published crops are: red cells that the frame cuts tell no size, and neighbours are cut, too."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from leukofeat.segmentation import LeukocyteSegmenter

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from outlines.changed import Cropped
from outlines.masked import Boxed


# half way between what held before cut red cells were told from whole ones, and after it
@pytest.mark.parametrize(("name", "mean", "failing"), [("pbc5", 0.968, 0.045), ("apl", 0.98, 0.02)])
def test_a_close_crop_shows_the_nucleus_that_the_whole_portrait_does(data_folder, name, mean, failing):
    if not (data_folder / name).is_dir():
        pytest.skip(f"the data home has no {name}")
    portraits = Cropped.read(data_folder / name, 100)

    def segment(image):
        return LeukocyteSegmenter().transform([image])[0]

    values = np.array([portraits.measure(i, segment).get("within_2", np.nan) for i in range(len(portraits))])
    values = values[~np.isnan(values)]
    assert len(values) > 75
    assert values.mean() > mean
    assert (values < 0.8).mean() <= failing


# half way between what held before corners told what is outside, and what the frame only touches was whole, and after
@pytest.mark.parametrize(
    ("part", "figures"),
    [
        (0, {"cell_0": 0.935, "cell_0.05": 0.968, "cell_0_under_.8": 12}),
        (1, {"nucleus_0": 0.96, "cell_0": 0.88, "cell_0.05": 0.94, "cell_0_under_.8": 6}),
    ],
)
def test_a_cell_cut_out_by_its_box_is_outlined_whole(data_folder, part, figures):
    if not (data_folder / "wbcseg").is_dir():
        pytest.skip("the data home has no wbcseg")
    boxed = list(Boxed.read(data_folder / "wbcseg", 75))[part]

    def segment(image):
        return LeukocyteSegmenter().transform([image])[0]

    found = boxed.summary(pd.DataFrame([boxed.measure(i, segment) for i in range(len(boxed))]))
    for name, bound in figures.items():
        assert (found[name] <= bound) if "under" in name else (found[name] >= bound), (name, found[name])
