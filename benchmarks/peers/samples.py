"""What is measured: an image, its nuclei and cells, and what a pipeline has at hand by the time it measures."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from places import data_folder

from leukofeat import Smear
from leukofeat.datasets import make_smears
from leukofeat.features.parts import parts_of
from leukofeat.kernels.regions.boxes import region_boxes
from leukofeat.segmentation import LabKMeansSegmenter
from leukofeat.sequence import as_sequence

EXTENSIONS = {".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff"}
Box = tuple[slice, slice]


class Sample:
    """An image with its label maps, and everything that libraries are handed ready-made."""

    def __init__(self, image: np.ndarray, nuclei: np.ndarray, cells: np.ndarray) -> None:
        self.image, self.nuclei, self.cells = image, nuclei, cells
        # grey starts at 1: peers that ignore zeros then ignore nothing inside a nucleus
        self.gray = np.maximum(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), 1)
        self.n = int(nuclei.max())
        # nuclei alone: colour conversion is outside every clock
        self.smear = Smear(image, nuclei)
        stacks = [image, self.smear.hsv, self.smear.lab, self.smear.ycrcb]
        self.planes = [np.ascontiguousarray(stack[:, :, k]) for stack in stacks for k in range(3)]
        self.boxes = region_boxes(nuclei, self.n)
        self.slices: list[Box] = [np.s_[r0:r1, c0:c1] for r0, c0, r1, c1 in self.boxes[:, :4]]
        # nuclei and cytoplasm of each cell, and none outside
        self.parts = parts_of(Smear(image, nuclei, cells), ["nucleus", "cytoplasm"], per_cell=True)
        self.inside = np.flatnonzero(self.parts.map >= 0)
        self.part = self.parts.map.ravel()[self.inside]
        _ = self.parts.runs

    @cached_property
    def mask(self) -> np.ndarray:
        """A raw mask with its specks and holes, as segmenters find it: 0 and 1, uint8."""
        return cv2.threshold(self.image[:, :, 1], 0, 1, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)[1]

    def crops(self) -> list[tuple[Box, np.ndarray]]:
        """Box and mask of each nucleus."""
        return [(box, self.nuclei[box] == k) for k, box in enumerate(self.slices, start=1)]


def load_samples(folder: str | None, n_images: int) -> list[Sample]:
    """Samples of synthetic smears, or of images below a folder, with at least one nucleus."""
    if folder is None:
        bunch = make_smears(n_samples=n_images, random_state=0)
        smears = [Smear(*fields) for fields in zip(bunch.images, bunch.nuclei, bunch.cells, strict=True)]
    else:
        segmented = as_sequence(LabKMeansSegmenter(rank="a").transform(find_images(folder, n_images)))
        smears = [segmented.smear(k) for k in range(len(segmented))]
    samples = [without_specks(smear) for smear in smears]
    return [sample for sample in samples if sample.n]


def find_images(folder: str, n_images: int) -> list[str]:
    """Paths of about `n_images` images, spread over those below a folder."""
    every = sorted(str(file) for file in Path(data_folder(folder)).rglob("*") if file.suffix.lower() in EXTENSIONS)
    if not every:
        raise SystemExit(f"No image below {folder}.")
    return every[:: max(1, len(every) // n_images)][:n_images]


def without_specks(smear: Smear) -> Sample:
    """A sample without specks, which some peers cannot measure, and with labels in a row, which some require."""
    nuclei, cells = smear.region("nucleus"), smear.region("cell")
    large = np.bincount(nuclei.ravel(), minlength=smear.n_cells + 1) >= 30
    large[0] = False
    table: Any = (large.cumsum() * large).astype(np.int32)
    return Sample(smear.image, table[nuclei], table[cells])
