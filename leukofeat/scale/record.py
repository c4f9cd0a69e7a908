"""How large a red cell is in an image: the record, and what is known of red cells in general."""

import math
from typing import Any, NamedTuple

# Diameter of a red cell on a dried smear in micrometres: the middle of the normal range of means, 6.7 to 7.7 (Price-Jones 1933,
# in Dacie and Lewis, Practical Haematology; in wet blood they are wider, 7.8 by Evans and Fung 1972).
DIAMETER = 7.2
# Standard deviation from one smear to another: .25 in health, and more in the anaemias that come with leukaemia.
SPREAD = 0.4


class Scale(NamedTuple):
    """Diameter of a red cell in an image, in pixels: the yardstick that every smear brings along.

    Parameters
    ----------
    pixels : float
        Diameter in pixels; NaN where it is unknown.
    error : float
        Standard deviation of `pixels`, in pixels; NaN where it is unknown.
    source : {"pixel size", "red cells", "unknown"}
        How it is known: from the size of a pixel, from the red cells in the image, or not at all.
    n_red_cells : int
        Red cells, whole or in part, that it was measured on; 0 unless it was.

    Examples
    --------
    >>> Scale(72.0, 4.0, "pixel size").known, Scale.unknown()
    (True, Scale(pixels=nan, error=nan, source='unknown', n_red_cells=0))
    """

    pixels: float
    error: float
    source: str
    n_red_cells: int = 0

    @property
    def known(self) -> bool:
        """Whether there is a diameter."""
        return self.source != "unknown"

    @property
    def relative_error(self) -> float:
        """Error as a share of the diameter; NaN where it is unknown.

        Examples
        --------
        >>> Scale(50.0, 4.0, "red cells", 7).relative_error
        0.08
        """
        return self.error / self.pixels

    def times(self, factor: float) -> "Scale":
        """Scale of the same field `factor` times as large.

        Examples
        --------
        >>> Scale(72.0, 4.0, "pixel size").times(0.5)
        Scale(pixels=36.0, error=2.0, source='pixel size', n_red_cells=0)
        """
        return self._replace(pixels=self.pixels * factor, error=self.error * factor)

    @classmethod
    def unknown(cls) -> "Scale":
        """Scale of an image that says nothing of it."""
        return cls(math.nan, math.nan, "unknown")

    @classmethod
    def from_pixel_size(cls, pixel_size: float) -> "Scale":
        """Scale of an image whose pixels have a side of `pixel_size` micrometres.

        A red cell on a dried smear measures 7.2 µm, give or take 0.4 from one person to another, ill ones included.

        Examples
        --------
        >>> Scale.from_pixel_size(0.1)
        Scale(pixels=72.0, error=4.0, source='pixel size', n_red_cells=0)
        """
        return cls(round(DIAMETER / pixel_size, 3), round(SPREAD / pixel_size, 3), "pixel size")


def check_pixel_size(value: Any, source: str | None = None) -> float:
    """Side of a pixel as a float.

    Raises
    ------
    ValueError
        For what is no positive number; it names the file that the image came from.

    Examples
    --------
    >>> check_pixel_size("0.25")
    0.25
    """
    try:
        size = float(value)
    except (TypeError, ValueError):
        size = float("nan")
    if not 0 < size < float("inf"):
        raise ValueError(
            f"{source + ': ' if source else ''}pixel_size must be a positive number, the side of a pixel in micrometres, or None; got {value!r}."
        )
    return size
