"""Large fields: whole slides and mosaics, read and measured tile by tile."""

from leukofeat.tiling.field import Field
from leukofeat.tiling.open import open_field

__all__ = ["Field", "open_field"]
