"""Granulometry: what openings of growing size take away inside each region."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from leukofeat.constraints import EachIn, Integral, SomeOf
from leukofeat.features.measure import Measure
from leukofeat.features.parts import flatten, means, merge, parts_of
from leukofeat.features.planes import CHANNELS, texture_plane
from leukofeat.features.region_family import RegionFamily
from leukofeat.kernels.texture.granulometry import opening_sums
from leukofeat.kernels.texture.plane_sums import plane_sums
from leukofeat.smear import Smear


class GranulometryFeatures(RegionFamily):
    """How much of each region's brightness openings and closings of growing size take away: a pattern spectrum.

    An opening by a disc of radius r removes the bright grains that the disc does not fit into, a closing fills the
    dark ones; the loss from one radius to the next is the share of grains of that size (Maragos 1989).

    Parameters
    ----------
    regions : sequence of str, default=("nucleus", "cytoplasm")
        Any of "nucleus", "cytoplasm", "cell", "background", "image". All but "image" need a segmenter.
    channels : sequence of str, default=("green",)
        Planes: any of "gray", "red", "green", "blue", "lightness", "saturation".
    radii : sequence of int, default=(1, 2, 3, 5, 7)
        Radii of the discs in pixels, rising.

    Notes
    -----
    ``nucleus_green_bright_3`` is the mean over the region of opening(2) - opening(3), if 2 is the radius before 3, and
    ``_dark_3`` of closing(3) - closing(2), in grey levels; discs of pixels do not nest perfectly, so it may fall a little
    below 0. The plane is opened as a whole, so a grain at a region's border may reach out of it.

    Examples
    --------
    >>> GranulometryFeatures(regions=["image"]).fit_transform([np.zeros((8, 8, 3), np.uint8)]).shape
    (1, 10)
    """

    measures: ClassVar[tuple[Measure, ...]] = (
        Measure(
            "{region}_{plane}_bright_{radius}",
            "bright grains of that radius",
            "level",
            "mean of opening(r₋) − opening(r), r₋ the radius before r",
            "Maragos 1989",
            "quarter",
        ),
        Measure(
            "{region}_{plane}_dark_{radius}",
            "dark grains of that radius",
            "level",
            "mean of closing(r) − closing(r₋)",
            "Maragos 1989",
            "quarter",
        ),
    )
    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **RegionFamily._parameter_constraints,
        "channels": [SomeOf(*CHANNELS)],
        "radii": [EachIn(Integral, 1)],
    }

    def __init__(
        self,
        *,
        regions: Sequence[str] = ("nucleus", "cytoplasm"),
        channels: Sequence[str] = ("green",),
        radii: Sequence[int] = (1, 2, 3, 5, 7),
    ) -> None:
        self.regions = regions
        self.channels = channels
        self.radii = radii

    def check_params(self) -> None:
        super().check_params()
        if list(self.radii) != sorted(set(self.radii)):
            raise ValueError(f"radii must rise, not {self.radii!r}.")

    def names(self, regions: Sequence[str]) -> list[str]:
        return [
            f"{region}_{channel}_{grain}_{radius}"
            for region in regions
            for channel in self.channels
            for grain in ("bright", "dark")
            for radius in self.radii
        ]

    def measure(self, smear: Smear, regions: Sequence[str], per_cell: bool) -> np.ndarray:
        parts = parts_of(smear, regions, per_cell)
        sums = []
        for channel in self.channels:
            plane = texture_plane(smear, channel)
            pixels, total, _ = plane_sums(plane, parts.runs, parts.n).T[:, :, None]
            opened, negative = (opening_sums(one, parts.runs, parts.n, self.radii) for one in (plane, ~plane))
            sums += [np.hstack([pixels, total, sizes]) for sizes in (opened, 255 * pixels - negative)]
        # (..., channels x grains, radii): openings lose brightness from one to the next, closings gain it
        mean = means(merge(np.stack(sums, axis=1), regions))
        loss = np.diff(mean, axis=-1) * np.tile([-1.0, 1.0], len(self.channels))[:, None]
        return flatten(loss, per_cell)
