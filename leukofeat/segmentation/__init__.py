"""Stages that find nuclei and cells, and what is done with the regions found."""

from leukofeat.segmentation.cells import split_cells
from leukofeat.segmentation.lab_kmeans import LabKMeansSegmenter, segment_lab_kmeans
from leukofeat.segmentation.mask import RegionMasker, mask_region

__all__ = ["LabKMeansSegmenter", "RegionMasker", "mask_region", "segment_lab_kmeans", "split_cells"]
