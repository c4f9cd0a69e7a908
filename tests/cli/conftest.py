"""A labelled folder with everything in its manifest that splits can go by."""

import cv2
import numpy as np
import pandas as pd
import pytest

from leukofeat.datasets import make_smears


@pytest.fixture(scope="session")
def labelled(tmp_path_factory):
    """Class folders with 24 small smears of 8 slides, one class folder with a blank in its name, and a manifest."""
    root = tmp_path_factory.mktemp("labelled")
    smears = make_smears(n_samples=24, size=96, n_slides=8, random_state=0)
    rows = []
    for i, (image, code) in enumerate(zip(smears.images, smears.target, strict=True)):
        label = {"Pre": "Early Pre"}.get(str(smears.target_names[code]), str(smears.target_names[code]))
        (root / label).mkdir(exist_ok=True)
        assert cv2.imwrite(str(root / label / f"{i}.png"), image[:, :, ::-1])
        rows.append((f"{label}/{i}.png", label, f"s{smears.groups[i]}"))
    frame = pd.DataFrame(rows, columns=["path", "label", "group"])
    turn = frame.groupby("label").cumcount()
    frame["split"] = np.where(turn % 3 == 0, "valid", "train")
    frame["cluster0"] = turn % 2
    frame["odd"] = np.where(turn == 0, "", "x")
    frame.to_csv(root / "manifest.csv", index=False)
    return root
