"""Deep features beside the hand-crafted ones: pretrained networks as feature families."""

from leukofeat.deep.cam_inside import HeatShares, cam_inside, cam_table
from leukofeat.deep.embedding import CNNEmbedding
from leukofeat.deep.grad_cam import ClassActivation, GradCAM, grad_cam
from leukofeat.deep.image import fit_image

__all__ = [
    "CNNEmbedding",
    "ClassActivation",
    "GradCAM",
    "HeatShares",
    "cam_inside",
    "cam_table",
    "fit_image",
    "grad_cam",
]
