"""The wing's own warm-up compiles what a segmentation needs and nothing else."""

from __future__ import annotations

import cv2
import numpy as np

from leukofeat.cli.warmup import count_kernels
from leukofeat.segmentation.leukocyte.segment import segment_leukocytes
from leukofeat.segmentation.leukocyte.warmup import compile_outlines


def test_a_segmentation_has_all_that_it_compiles():
    image = np.full((120, 120, 3), (240, 236, 244), np.uint8)
    image = cv2.circle(image, (60, 60), 18, (90, 50, 150), -1)
    assert segment_leukocytes(image)[0].max() == 1
    before = count_kernels()
    compile_outlines()
    assert count_kernels() == before
