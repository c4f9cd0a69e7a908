"""Deep features beside the hand-crafted ones: pretrained networks as feature families."""

from leukofeat.deep.embedding import CNNEmbedding
from leukofeat.deep.image import fit_image

__all__ = ["CNNEmbedding", "fit_image"]
