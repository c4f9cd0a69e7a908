"""Stages that find nuclei and cells, the watershed that splits them, and how well it was done.

The plain functions (`segment_otsu`, `segment_leukocytes`, `refine_grabcut` and so on) take one image and return two label
maps, nuclei and cells; the stages over them turn an image into a :class:`~leukofeat.smear.Smear` that holds both.
"""

from leukofeat.segmentation.cells import split_cells
from leukofeat.segmentation.cleanup import Cleanup
from leukofeat.segmentation.dual_threshold import DualThresholdSegmenter, segment_dual_threshold
from leukofeat.segmentation.fuzzy import FuzzyCMeansSegmenter, segment_fuzzy_c_means
from leukofeat.segmentation.grabcut import GrabCutSegmenter, refine_grabcut
from leukofeat.segmentation.lab_kmeans import LabKMeansSegmenter, segment_lab_kmeans
from leukofeat.segmentation.leukocyte.segment import LeukocyteSegmenter, find_leukocytes, segment_leukocytes
from leukofeat.segmentation.mask import RegionMasker, mask_region
from leukofeat.segmentation.match import match_labels
from leukofeat.segmentation.metrics import (
    aggregated_jaccard,
    count_error,
    dice,
    evaluate_segmentation,
    iou,
    panoptic_quality,
)
from leukofeat.segmentation.otsu import OtsuSegmenter, segment_otsu
from leukofeat.segmentation.split import WatershedSplitter, split_smear
from leukofeat.segmentation.triangle import TriangleSegmenter, segment_triangle
from leukofeat.segmentation.watershed import split_touching

__all__ = [
    "Cleanup",
    "DualThresholdSegmenter",
    "FuzzyCMeansSegmenter",
    "GrabCutSegmenter",
    "LabKMeansSegmenter",
    "LeukocyteSegmenter",
    "OtsuSegmenter",
    "RegionMasker",
    "TriangleSegmenter",
    "WatershedSplitter",
    "aggregated_jaccard",
    "count_error",
    "dice",
    "evaluate_segmentation",
    "find_leukocytes",
    "iou",
    "mask_region",
    "match_labels",
    "panoptic_quality",
    "refine_grabcut",
    "segment_dual_threshold",
    "segment_fuzzy_c_means",
    "segment_lab_kmeans",
    "segment_leukocytes",
    "segment_otsu",
    "segment_triangle",
    "split_cells",
    "split_smear",
    "split_touching",
]
