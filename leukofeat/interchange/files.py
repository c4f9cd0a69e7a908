"""Which files hold outlines of cells, told from their endings, and what reads them."""

import os
from pathlib import PurePath

from leukofeat.interchange.geojson import read_geojson
from leukofeat.interchange.imagej import read_imagej
from leukofeat.interchange.maps import LabelMaps


def read_outlines(path: str | os.PathLike[str], shape: tuple[int, int]) -> LabelMaps:
    """Read the cells of an image from a file of outlines, by its ending.

    Parameters
    ----------
    path : str or path-like
        .geojson or .json: :func:`read_geojson`; .roi or .zip: :func:`read_imagej`.
    shape : (height, width)
        Of the image.

    Returns
    -------
    LabelMaps

    Raises
    ------
    ValueError
        For another ending; ImageError, which is one, as the two readers.

    See Also
    --------
    leukofeat.read_labels : Label maps, as PNG, TIFF or .npy.
    read_coco : One file for many images.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from leukofeat.interchange import write_geojson
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "cells.geojson"
    >>> write_geojson(path, LabelMaps(cells=[[0, 7]]))
    >>> read_outlines(path, (1, 2)).label_ids
    array([7])
    """
    suffix = PurePath(os.fspath(path)).suffix.lower()
    if suffix in (".geojson", ".json"):
        return read_geojson(path, shape)
    if suffix in (".roi", ".zip"):
        return read_imagej(path, shape)
    raise ValueError(
        f"{os.fspath(path)}: outlines are read from .geojson, .json, .roi and .zip; read_labels reads label maps."
    )
