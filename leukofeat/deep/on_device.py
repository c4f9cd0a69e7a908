"""Alterations of a batch of images where the network is: all of a batch at once, on the processor or on the graphics card."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from leukofeat.augmentation.image import check_transforms
from leukofeat.deep.extra import import_torch

# maps that are warped together: what the frame leaves open is mirrored, so that a margin needs no transform of its own
TRANSFORMS = ("crop", "flip", "rotation", "shear", "zoom", "shift", "brightness", "stain")


def check_batch_transforms(transforms: Any) -> dict[str, float]:
    """Strength of each transform, as in :func:`~leukofeat.augmentation.augment_image`; all of them but "pad".

    Examples
    --------
    >>> check_batch_transforms(["flip"])
    {'flip': 0.5}
    """
    if not isinstance(transforms, str) and len(transforms) == 0:
        return {}
    strengths = check_transforms(transforms)
    if "pad" in strengths:
        raise ValueError(f"transforms: a network's are {', '.join(TRANSFORMS)}; 'pad' is for images of another shape.")
    return strengths


def alter_batch(images: Any, strengths: Mapping[str, float], generator: Any) -> Any:
    """Randomly altered copies of a batch, each image by draws of its own.

    Parameters
    ----------
    images : Tensor of shape (n, 3, height, width), float32
        RGB, 0 to 255.
    strengths : dict of name to float
        See :func:`check_batch_transforms`.
    generator : torch.Generator
        On the processor, so that every device gets the same draws.

    Returns
    -------
    Tensor of shape (n, 3, height, width), float32
    """
    torch = import_torch()
    theta = _draw_maps(len(images), images.shape[-2:], strengths, generator)
    if theta is not None:
        grid = torch.nn.functional.affine_grid(theta.to(images.device), list(images.shape), align_corners=False)
        images = torch.nn.functional.grid_sample(images, grid, padding_mode="reflection", align_corners=False)
    return _stain(images, strengths, generator)


def swap_backgrounds(images: Any, slides: Any, cells: Any, onto: Any, onto_slides: Any, onto_cells: Any) -> Any:
    """Leukocytes of a batch on the fields of another, as :func:`~leukofeat.datasets.paste_cells` puts them there.

    Parameters
    ----------
    images, onto : Tensor of shape (n, 3, height, width), float32
        RGB, 0 to 255: where the leukocytes come from, and where they go.
    slides, onto_slides : Tensor of shape (n, 3), float32
        Colour of the empty slide of each.
    cells, onto_cells : Tensor of shape (n, 1, height, width), float32
        Weight of the leukocytes that are pasted, and of those that are painted over, 0 to 1.

    Returns
    -------
    Tensor of shape (n, 3, height, width), float32
    """
    slides, onto_slides = slides[:, :, None, None], onto_slides[:, :, None, None]
    ground = onto * (1 - onto_cells) + onto_slides * onto_cells
    pasted = onto_slides * ((images + 1) / (slides + 1)).clamp(max=1)
    return (ground * (1 - cells) + pasted * cells).clamp(0, 255)


def to_color_space(images: Any, space: str) -> Any:
    """A batch in another colour model, each channel over 0 to 255; as :func:`~leukofeat.deep.image.to_color_space`, unrounded."""
    torch = import_torch()
    if space == "rgb":
        return images
    red, green, blue = images.unbind(1)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    if space != "hsv":
        first = luma if space == "ycbcr" else _hue(images)
        return torch.stack([first, 0.564 * (blue - luma) + 128, 0.713 * (red - luma) + 128], 1).clamp(0, 255)
    value = images.amax(1)
    saturation = 255 * (value - images.amin(1)) / value.clamp(min=1e-6)
    return torch.stack([_hue(images), saturation, value], 1)


def _hue(images: Any) -> Any:
    torch = import_torch()
    red, green, blue = images.unbind(1)
    value = images.amax(1)
    spread = (value - images.amin(1)).clamp(min=1e-6)
    turn = torch.where(
        value == red,
        (green - blue) / spread,
        torch.where(value == green, 2 + (blue - red) / spread, 4 + (red - green) / spread),
    )
    return torch.remainder(turn * (256 / 6), 256).clamp(0, 255)


def _draw_maps(n: int, size: tuple[int, int], strengths: Mapping[str, float], generator: Any) -> Any:
    """Where each pixel of the results comes from, (n, 2, 3) over -1 to 1; None where nothing moves."""
    torch = import_torch()
    if not set(strengths) - {"brightness", "stain"}:
        return None
    height, width = size

    def draw(*shape: int) -> Any:
        return torch.rand((n, *shape), generator=generator)

    theta = torch.eye(2).repeat(n, 1, 1)
    offset = torch.zeros(n, 2)
    if "flip" in strengths:
        theta = theta @ torch.diag_embed(torch.where(draw(2) < strengths["flip"], -1.0, 1.0))
    if "rotation" in strengths:
        angle = (2 * draw() - 1) * float(np.deg2rad(strengths["rotation"]))
        cos, sin = angle.cos(), angle.sin()
        theta = theta @ torch.stack([torch.stack([cos, -sin], 1), torch.stack([sin, cos], 1)], 1)
    if "shear" in strengths:
        slope = ((2 * draw() - 1) * float(np.deg2rad(strengths["shear"]))).tan()
        shear = torch.eye(2).repeat(n, 1, 1)
        shear[:, 0, 1] = slope
        theta = theta @ shear
    if "zoom" in strengths:
        theta = theta * ((1 + strengths["zoom"]) ** (2 * draw() - 1))[:, None, None]
    if "crop" in strengths:
        part = 1 - strengths["crop"] * draw()
        offset = offset + (2 * draw(2) - 1) * (1 - part)[:, None]
        theta = theta * part[:, None, None]
    if "shift" in strengths:
        offset = offset + (2 * draw(2) - 1) * 2 * strengths["shift"]
    # turned in pixels, which are not square where the image is not
    aspect = torch.tensor([width, height], dtype=torch.float32)
    theta = theta * aspect[None, None, :] / aspect[None, :, None]
    return torch.cat([theta, offset[:, :, None]], 2)


def _stain(images: Any, strengths: Mapping[str, float], generator: Any) -> Any:
    torch = import_torch()
    n = len(images)
    if "stain" in strengths:
        gains = 1 + (2 * torch.rand((n, 3, 1, 1), generator=generator) - 1) * strengths["stain"]
        images = 255 * (images / 255).clamp(min=1e-6) ** gains.to(images.device)
    if "brightness" in strengths:
        light = 1 + (2 * torch.rand((n, 1, 1, 1), generator=generator) - 1) * strengths["brightness"]
        images = (images * light.to(images.device)).clamp(0, 255)
    return images
