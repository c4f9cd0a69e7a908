"""Cells of other programs, and for other programs: GeoJSON (QuPath), ImageJ's regions of interest, COCO, AnnData."""

from leukofeat.interchange.coco import read_coco, write_coco
from leukofeat.interchange.files import read_outlines
from leukofeat.interchange.geojson import read_geojson, write_geojson
from leukofeat.interchange.imagej import read_imagej, write_imagej
from leukofeat.interchange.maps import LabelMaps
from leukofeat.interchange.tables import to_anndata

__all__ = [
    "LabelMaps",
    "read_coco",
    "read_geojson",
    "read_imagej",
    "read_outlines",
    "to_anndata",
    "write_coco",
    "write_geojson",
    "write_imagej",
]
