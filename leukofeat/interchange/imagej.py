"""Regions of interest as ImageJ and Fiji keep them: a .roi file, or a RoiSet.zip of the ROI Manager."""

import io
import os
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from leukofeat.atomic import write_whole
from leukofeat.decode import ImageError, limits
from leukofeat.decode.content import read_content
from leukofeat.extras import import_extra
from leukofeat.interchange.documents import fraction, whole_number
from leukofeat.interchange.maps import LabelMaps, as_maps
from leukofeat.interchange.polygons import Outline, Polygon, check_length, maps_of, pair_up, trace_labels

_NAME = re.compile(r"(cell|nucleus)[ _-]*(\d{1,16})", re.IGNORECASE)
_FARTHEST = 32_767  # pixels: coordinates of a ROI are 16 bits
_MOVE, _LINE, _CLOSE = 0.0, 1.0, 4.0  # of java.awt.geom.PathIterator
_ONE_DAY = (1980, 1, 1, 0, 0, 0)  # the same cells give the same file

__doctest_requires__ = {("read_imagej", "write_imagej"): ["roifile"]}


def write_imagej(path: str | os.PathLike[str], cells: Any) -> None:
    """Write the cells of an image as a RoiSet.zip, which the ROI Manager of ImageJ and Fiji opens.

    Outlines run along the edges of pixels, as those of ImageJ's wand; what has holes or several parts is a composite. :func:`read_imagej`
    gives the same pixels, labels and confidence.

    Parameters
    ----------
    path : str or path-like
        Ends in .zip.
    cells : Smear or LabelMaps
        A segmented image, or its label maps. Regions are named "cell 12" and "nucleus 12"; the confidence is a property of the cell.

    Raises
    ------
    ImportError
        Without the package roifile.
    TypeError, ValueError
        For what holds no cells, another ending, an image of more than 32,767 pixels a side.
    OSError
        When the file cannot be written.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "RoiSet.zip"
    >>> write_imagej(path, LabelMaps(cells=[[0, 7, 7], [0, 7, 0]]))
    >>> read_imagej(path, (2, 3)).named("cells").tolist()
    [[0, 7, 7], [0, 7, 0]]
    """
    roifile, maps, name = import_extra("roifile"), as_maps(cells), os.fspath(path)
    if Path(name).suffix.lower() != ".zip":
        raise ValueError(f"{name}: regions of interest are written as .zip, which holds any number of them.")
    if max(maps.cells.shape) > _FARTHEST:
        raise ValueError(f"{name}: ImageJ's regions reach to {_FARTHEST:,} pixels; write larger fields as .geojson.")
    written = io.BytesIO()
    outlines, nuclei = trace_labels(maps.cells), trace_labels(maps.nuclei)
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for i, number in enumerate(maps.label_ids.tolist()):
            sure = float(maps.confidence[i])
            props = "" if np.isnan(sure) else f"Confidence: {sure!r}\n"
            for what, polygons in (("cell", outlines[i]), ("nucleus", nuclei[i] if i < len(nuclei) else [])):
                if polygons:
                    roi = _region(roifile, polygons, f"{what} {number}", props if what == "cell" else "")
                    entry = zipfile.ZipInfo(f"{what} {number}.roi", _ONE_DAY)
                    entry.compress_type = zipfile.ZIP_DEFLATED
                    archive.writestr(entry, roi.tobytes())
    write_whole(name, written.getvalue())


def read_imagej(path: str | os.PathLike[str], shape: tuple[int, int]) -> LabelMaps:
    """Read the cells of an image from a .roi file or a RoiSet.zip.

    Parameters
    ----------
    path : str or path-like
        Polygons, freehand and traced outlines, rectangles, ovals, composites. Lines, angles, points and text are passed over. Told from its
        content, not from its name.
    shape : (height, width)
        Of the image.

    Returns
    -------
    LabelMaps
        In the file's order, by the rules of :func:`read_geojson`. "cell 12" and "nucleus 12" belong together; a nucleus that names no cell goes to
        the one that holds most of it. Splines are read by their corners, and corners of rectangles are not rounded.

    Raises
    ------
    ImportError
        Without the package roifile.
    ImageError
        When the file cannot be read, is damaged, or something else; the message names it.

    Warns
    -----
    UserWarning
        Where cells overlap, and where some hold no pixel of the image.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from roifile import ImagejRoi
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "drawn.roi"
    >>> ImagejRoi.frompoints([[0.2, 0], [2.4, 0.1], [2.3, 1.9], [0, 2]]).tofile(path)
    >>> read_imagej(path, (3, 3)).cells.tolist()
    [[1, 1, 0], [1, 1, 0], [0, 0, 0]]
    """
    roifile = import_extra("roifile")
    name, data = read_content(path)
    try:
        found = [roi for one in _members(name, data) if (roi := _outline(roifile, one)) is not None]
    except (ImageError, MemoryError):
        raise
    except Exception as error:  # roifile and zipfile answer damage with errors of many kinds
        raise ImageError(
            f"{name}: damaged regions of interest ({type(error).__name__}: {error}); save them again."
        ) from error
    cells = [outline for outline in found if outline.cell is not None]
    return maps_of(pair_up(cells, [outline for outline in found if outline.cell is None]), shape, name)


def _members(name: str, data: bytes) -> list[bytes]:
    """Regions of a file, each as its bytes; told from the headers before they take memory."""
    if data.startswith(b"Iout"):
        return [data]
    if not data.startswith(b"PK"):
        raise ImageError(
            f"{name}: is no .roi and no .zip of such (it begins with {data[:8]!r}); save it in ImageJ's ROI Manager."
        )
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = [entry for entry in archive.infolist() if entry.filename.lower().endswith(".roi")]
        if not entries and archive.infolist():
            raise ImageError(f"{name}: holds no .roi; save it in ImageJ's ROI Manager.")
        check_length(name, sum(entry.file_size for entry in entries), limits.MAX_PIXELS)
        found = []
        for entry in entries:
            with archive.open(entry) as file:
                found.append(file.read(entry.file_size))
        return found


def _outline(roifile: Any, data: bytes) -> Outline | None:
    roi = roifile.ImagejRoi.frombytes(data)
    polygons = _polygons(roifile, roi)
    if not polygons:
        return None
    known, properties = (
        _NAME.fullmatch(roi.name.strip()),
        dict(line.partition(": ")[::2] for line in roi.props.splitlines()),
    )
    number = whole_number(known[2] if known else roi.name)
    try:
        confidence = fraction(float(properties.get("Confidence", "")))
    except ValueError:
        confidence = None
    if known and known[1].casefold() == "nucleus":
        return Outline(None, polygons, number, confidence)
    return Outline(polygons, None, number, confidence)


def _polygons(roifile: Any, roi: Any) -> list[Polygon]:
    kinds = roifile.ROI_TYPE
    if roi.composite:
        return [[ring for ring in _rings(np.asarray(roi.multi_coordinates, np.float64)) if len(ring) > 2]]
    if roi.roitype == kinds.UNKNOWN:
        raise ValueError("a region of an unknown kind")
    if roi.subtype == roifile.ROI_SUBTYPE.TEXT:
        return []
    if roi.roitype in (kinds.RECT, kinds.OVAL):
        left, top, right, bottom = roi.left, roi.top, roi.right, roi.bottom
        if roi.subpixelrect:
            left, top, right, bottom = roi.xd, roi.yd, roi.xd + roi.widthd, roi.yd + roi.heightd
        if roi.roitype == kinds.RECT:
            return [[np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)]]
        turns = np.arange(720) * np.pi / 360
        ring = np.column_stack([np.cos(turns), np.sin(turns)])
        return [[np.array([left + right, top + bottom]) / 2 + ring * np.array([right - left, bottom - top]) / 2]]
    if roi.roitype in (kinds.POLYGON, kinds.FREEHAND, kinds.TRACED):
        ring = np.asarray(roi.coordinates(), np.float64)
        return [[ring]] if len(ring) > 2 else []
    return []


def _rings(path: np.ndarray) -> list[np.ndarray]:
    """Rings of a composite, which is filled by the even-odd rule over all of them."""
    rings: list[list[list[float]]] = []
    values, i = path.tolist(), 0
    while i < len(values):
        what = values[i]
        if what == _MOVE:
            rings.append([])
        if what in (_MOVE, _LINE):
            rings[-1].append([values[i + 1], values[i + 2]])
        elif what != _CLOSE:
            raise ValueError(f"curves or an unknown step {what:g} in a composite; simplify it in ImageJ")
        i += 1 if what == _CLOSE else 3
    return [np.array(ring) for ring in rings]


def _region(roifile: Any, polygons: list[Polygon], name: str, props: str) -> Any:
    rings = [ring for polygon in polygons for ring in polygon]
    points = np.concatenate(rings)
    (left, top), (right, bottom) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    box = {"left": left, "top": top, "right": right, "bottom": bottom, "name": name, "props": props}
    roi = roifile.ImagejRoi(**box)
    if len(rings) == 1 and len(points) < 2**16:
        roi.roitype, roi.n_coordinates = roifile.ROI_TYPE.TRACED, len(points)
        roi.integer_coordinates = points - np.array([left, top])
        return roi
    steps = []
    for ring in rings:
        drawn = np.insert(ring.astype(np.float32), 0, _LINE, axis=1)
        drawn[0, 0] = _MOVE
        steps += [drawn.ravel(), np.array([_CLOSE], np.float32)]
    roi.roitype, roi.multi_coordinates = roifile.ROI_TYPE.RECT, np.concatenate(steps)
    roi.shape_roi_size = len(roi.multi_coordinates)
    return roi
