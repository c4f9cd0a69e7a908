"""Stages that find nuclei and cells, the watershed that splits them, and how well it was done."""

from leukofeat.segmentation.cells import split_cells
from leukofeat.segmentation.fuzzy import FuzzyCMeansSegmenter, segment_fuzzy_c_means
from leukofeat.segmentation.grabcut import GrabCutSegmenter, refine_grabcut
from leukofeat.segmentation.lab_kmeans import LabKMeansSegmenter, segment_lab_kmeans
from leukofeat.segmentation.leukocyte.segment import LeukocyteSegmenter, segment_leukocytes
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
from leukofeat.segmentation.threshold_stages import DualThresholdSegmenter, OtsuSegmenter, TriangleSegmenter
from leukofeat.segmentation.thresholds import segment_dual_threshold, segment_otsu, segment_triangle
from leukofeat.segmentation.watershed import split_touching

__all__ = [
    "DualThresholdSegmenter",
    "FuzzyCMeansSegmenter",
    "GrabCutSegmenter",
    "LabKMeansSegmenter",
    "LeukocyteSegmenter",
    "OtsuSegmenter",
    "RegionMasker",
    "TriangleSegmenter",
    "aggregated_jaccard",
    "count_error",
    "dice",
    "evaluate_segmentation",
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
    "split_touching",
]
