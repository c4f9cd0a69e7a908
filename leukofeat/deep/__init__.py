"""Networks beside the hand-crafted features: as feature families, as classifiers that are trained, and where they look."""

from leukofeat.deep.cam_inside import HeatShares, cam_inside, cam_table
from leukofeat.deep.classifier import CNNClassifier
from leukofeat.deep.embedding import CNNEmbedding
from leukofeat.deep.grad_cam import ClassActivation, GradCAM, grad_cam
from leukofeat.deep.image import fit_image
from leukofeat.deep.saving import load_network, save_network

__all__ = [
    "CNNClassifier",
    "CNNEmbedding",
    "ClassActivation",
    "GradCAM",
    "HeatShares",
    "cam_inside",
    "cam_table",
    "fit_image",
    "grad_cam",
    "load_network",
    "save_network",
]
