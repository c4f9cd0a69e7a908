"""Real images: masks of others and fields segmented here give the same rows behind a file of outlines, to the last byte."""

from __future__ import annotations

import warnings
from pathlib import Path

import pandas as pd
import pytest

from leukofeat.datasets import load_images
from leukofeat.datasets.mask_files import mask_stem
from leukofeat.features import ColorFeatures, FeatureSet, GeometryFeatures
from leukofeat.interchange import write_coco, write_geojson
from leukofeat.segmentation import LeukocyteSegmenter

FEATURES = FeatureSet([GeometryFeatures(), ColorFeatures()], on_empty="nan")


@pytest.mark.parametrize("name", ["wbcseg/dataset1", "wbcseg/dataset2", "leukemia4"])
def test_rows_are_the_same(name, data_folder, tmp_path):
    root = data_folder / name
    given = {"nuclei": "*_mask.png", "cells": "*_mask.png", "numbered": False} if name.startswith("wbcseg") else {}
    listed = tmp_path / "listed.csv"
    load_images(root, **given).frame[["path"]].to_csv(listed, index=False)  # without masks that pass for images
    bunch = load_images(root, manifest=listed, **given)
    rows = range(0, len(bunch.images), max(1, len(bunch.images) // 24))
    images = bunch.images[list(rows)] if given else LeukocyteSegmenter().fit_transform(bunch.images[list(rows)])
    stems = [mask_stem(root, bunch.filenames[i]) for i in rows]
    maps = dict(zip(stems, images, strict=True))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # nothing overlaps, and nothing is lost
        for stem, smear in maps.items():
            (tmp_path / stem).parent.mkdir(parents=True, exist_ok=True)
            write_geojson(tmp_path / f"{stem}.geojson", smear)
        named = {f"{stem}{Path(bunch.filenames[i]).suffix}": maps[stem] for stem, i in zip(stems, rows, strict=True)}
        write_coco(tmp_path / "annotations.json", named)
        for where in (f"{tmp_path}/*.geojson", f"{tmp_path}/annotations.json"):
            outlined = load_images(root, manifest=listed, cells=where).images[list(rows)]
            pd.testing.assert_frame_equal(
                FEATURES.measure_cells(outlined), FEATURES.measure_cells(images), check_exact=True
            )
            assert FEATURES.transform(outlined).tobytes() == FEATURES.transform(images).tobytes()
