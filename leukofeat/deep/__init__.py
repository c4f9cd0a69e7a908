"""Deep features beside the hand-crafted ones: pretrained networks as feature families."""

from leukofeat.deep._embedding import CNNEmbedding
from leukofeat.deep._image import fit_image

__all__ = ["CNNEmbedding", "fit_image"]
