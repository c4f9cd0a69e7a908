"""The manifest's column of pixel sizes."""

import numpy as np
import pandas as pd

from leukofeat.decode import PLAUSIBLE, ImageError
from leukofeat.sequence import SizedPath

COLUMN = "pixel_size"


def read_pixel_sizes(frame: pd.DataFrame, table: object) -> None:
    """Turn the column `pixel_size` of a manifest, read as text, into micrometres, NaN for blanks; in place.

    Raises
    ------
    ImageError
        For what is no number from 0.02 to 2, with the line.

    Examples
    --------
    >>> frame = pd.DataFrame({"path": ["a.png", "b.png"], "pixel_size": ["0.1", None]})
    >>> read_pixel_sizes(frame, "manifest.csv")
    >>> frame["pixel_size"].tolist()
    [0.1, nan]
    """
    if COLUMN not in frame:
        return
    text = frame[COLUMN].fillna("").astype(str).str.strip()
    sizes = pd.to_numeric(text, errors="coerce").astype(np.float64)
    bad = np.flatnonzero((text != "") & ~sizes.between(*PLAUSIBLE))
    if len(bad):
        more = f" and {len(bad) - 1} more" if len(bad) > 1 else ""
        raise ImageError(
            f"{table}: {COLUMN} {text.iloc[bad[0]]!r} in line {bad[0] + 2}{more}; it is the side of a pixel in micrometres, from "
            f"{PLAUSIBLE[0]} to {PLAUSIBLE[1]:g} under a microscope (0.1 with an oil immersion, say), or blank where it is unknown."
        )
    frame[COLUMN] = sizes


def sized(files: list[str], frame: pd.DataFrame) -> list[str | SizedPath]:
    """Files of a table, with the size of their pixels where it is known."""
    sizes = frame[COLUMN] if COLUMN in frame else [np.nan] * len(files)
    return [path if np.isnan(size) else SizedPath(path, float(size)) for path, size in zip(files, sizes, strict=True)]
