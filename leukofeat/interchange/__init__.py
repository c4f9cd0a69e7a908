"""Cells of other programs, and for other programs: GeoJSON (QuPath), ImageJ ROI, COCO, AnnData."""

from leukofeat.interchange.geojson import read_geojson, write_geojson
from leukofeat.interchange.maps import LabelMaps
from leukofeat.interchange.tables import to_anndata

__all__ = ["LabelMaps", "read_geojson", "to_anndata", "write_geojson"]
