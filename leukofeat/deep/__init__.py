"""Deep features beside the hand-crafted ones: pretrained networks as feature families."""

from leukofeat.deep.classifier import CNNClassifier
from leukofeat.deep.embedding import CNNEmbedding
from leukofeat.deep.image import fit_image

__all__ = ["CNNClassifier", "CNNEmbedding", "fit_image"]
