"""Large fields: whole slides and mosaics, read and measured tile by tile."""

from leukofeat.tiling.extract import FieldCells, extract_field, summarize_field
from leukofeat.tiling.field import Field
from leukofeat.tiling.open import open_field

__all__ = ["Field", "FieldCells", "extract_field", "open_field", "summarize_field"]
