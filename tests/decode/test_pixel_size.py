"""The size of a pixel, where a file says it and a microscope can have it."""

from __future__ import annotations

import os

import cv2
import numpy as np
import pytest
import tifffile

from leukofeat import as_sequence
from leukofeat.decode import read_pixel_size

PIXELS = np.full((8, 9, 3), 200, np.uint8)


def written(tmp_path, **options):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, PIXELS, **options)
    return path


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ({"resolution": (1e5, 1e5), "resolutionunit": "CENTIMETER"}, 0.1),
        ({"resolution": (101600, 101600), "resolutionunit": "INCH"}, 0.25),
        ({"resolution": (40000, 160000), "resolutionunit": "CENTIMETER"}, 0.125),  # same area
        ({"resolution": (4, 4), "imagej": True, "metadata": {"unit": "um"}}, 0.25),
        ({"resolution": (4, 4), "imagej": True, "metadata": {"unit": "micron"}}, 0.25),
        ({"resolution": (4, 4), "imagej": True, "metadata": {"unit": r"\u00B5m"}}, 0.25),
        ({"resolution": (4000, 4000), "imagej": True, "metadata": {"unit": "mm"}}, 0.25),
        ({"ome": True, "metadata": {"PhysicalSizeX": 0.2, "PhysicalSizeY": 0.2}}, 0.2),
        ({"ome": True, "metadata": {"PhysicalSizeX": 200, "PhysicalSizeXUnit": "nm", "PhysicalSizeY": 0.2}}, 0.2),
        ({"bigtiff": True, "resolution": (1e5, 1e5), "resolutionunit": "CENTIMETER"}, 0.1),
        ({"byteorder": ">", "resolution": (1e5, 1e5), "resolutionunit": "CENTIMETER"}, 0.1),
    ],
)
def test_resolution_of_a_microscope_is_read(options, size, tmp_path):
    assert read_pixel_size(written(tmp_path, **options)) == pytest.approx(size, rel=1e-5)


@pytest.mark.parametrize(
    "options",
    [
        {},
        *({"resolution": (dpi, dpi), "resolutionunit": "INCH"} for dpi in (1, 72, 96, 300, 600, 1200)),
        {"resolution": (1e5, 1e5), "resolutionunit": "NONE"},
        {"resolution": (4, 4), "imagej": True, "metadata": {"unit": "pixel"}},
        {"resolution": (4, 4), "imagej": True},
        {"resolution": (1e7, 1e7), "resolutionunit": "CENTIMETER"},
        {"ome": True, "metadata": {"PhysicalSizeX": 0.2}},
        {"ome": True, "metadata": {"PhysicalSizeX": 1, "PhysicalSizeXUnit": "pixel", "PhysicalSizeY": 1}},
        {"resolution": ((0, 1), (0, 1)), "resolutionunit": "CENTIMETER"},
    ],
)
def test_what_no_microscope_has_is_passed_over(options, tmp_path):
    assert read_pixel_size(written(tmp_path, **options)) is None


def test_other_and_damaged_files_say_nothing(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), PIXELS)
    (tmp_path / "b.tif").write_bytes(b"II*\x00\xff\xff")
    (tmp_path / "c.tif").write_bytes(b"")
    assert [read_pixel_size(tmp_path / name) for name in ("a.png", "b.tif", "c.tif", "none.tif")] == [None] * 4


def test_the_smear_of_a_file_carries_it(tmp_path):
    path = written(tmp_path, resolution=(1e5, 1e5), resolutionunit="CENTIMETER")
    smear = as_sequence([os.fspath(path)]).smear(0)
    assert smear.pixel_size == 0.1
    assert smear.scale.pixels == 72
