"""What a haematologist names in a cell: nucleoli, chromatin, folds, vacuoles, granules, rods, basophilia."""

from leukofeat.features.cytology.family import CytologyFeatures

__all__ = ["CytologyFeatures"]
