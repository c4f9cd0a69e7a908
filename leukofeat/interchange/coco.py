"""COCO: one JSON file with the cells of many images, as polygons or run lengths."""

import os
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from leukofeat.decode import ImageError
from leukofeat.decode.damage import UnsuitedError
from leukofeat.decode.limits import check_size
from leukofeat.interchange.documents import fraction, read_json, text, whole_number, write_json
from leukofeat.interchange.maps import LabelMaps, as_maps
from leukofeat.interchange.polygons import Outline, Polygon, maps_of, pair_up
from leukofeat.interchange.rle import counts_of, decode, encode
from leukofeat.kernels.regions.boxes import region_boxes

_CATEGORIES = ("cell", "nucleus")
_STACKED = 50, 10_000_000  # as of polygons: how often masks may cover their picture


class CocoImage(NamedTuple):
    """What a COCO file says of one image.

    Parameters
    ----------
    file : str
        The COCO file, as messages call it.
    file_name : str
        The image, as the file calls it.
    shape : (height, width)
    annotations : list of dict
        Each with the name of its category in the place of its id.

    Examples
    --------
    >>> CocoImage("a.json", "1.png", (2, 3), []).read().cells.shape
    (2, 3)
    """

    file: str
    file_name: str
    shape: tuple[int, int]
    annotations: list[dict[str, Any]]

    def read(self) -> LabelMaps:
        """Label maps of the image.

        Raises
        ------
        ImageError
            For annotations that are damaged, or of a picture of another size.
        """
        where = f"{self.file} ({self.file_name})"
        cells, nuclei, n_painted = [], [], 0
        try:
            if self.annotations and not any(one.get("segmentation") for one in self.annotations):
                raise ValueError("its annotations are boxes without a mask")
            for one in self.annotations:
                polygons, n = _polygons(one.get("segmentation"), self.shape)
                n_painted += n
                if n_painted > _STACKED[0] * self.shape[0] * self.shape[1] + _STACKED[1]:
                    raise ValueError(f"its masks cover the image more than {_STACKED[0]} times, as no cells do")
                number, kind = whole_number(one.get("label")), str(one.get("category", "")).casefold()
                if kind in ("nucleus", "nuclei"):
                    nuclei.append(Outline(None, polygons, number, fraction(one.get("score"))))
                else:
                    named = None if kind in ("cell", "cells") else text(one.get("category"))
                    cells.append(Outline(polygons, None, number, fraction(one.get("score")), named))
        except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
            raise ImageError(f"{where}: is no COCO file of outlines: {error}; export it again.") from error
        return maps_of(pair_up(cells, nuclei), self.shape, where)


def annotate(cells: Any) -> tuple[tuple[int, int], list[dict[str, Any]]]:
    """Shape of an image, and its annotations as yet without ids.

    Examples
    --------
    >>> annotate(LabelMaps(cells=[[0, 7]]))[1][0]["segmentation"]
    {'size': [1, 2], 'counts': [1, 1]}
    """
    maps = as_maps(cells)
    height, width = shape = maps.cells.shape
    found = []
    for category, labels in enumerate((maps.cells, maps.nuclei), 1):
        for k, (top, left, bottom, right, area, *_) in enumerate(region_boxes(labels).tolist()):
            if not area:
                continue
            counts = encode(labels[top:bottom, left:right] == k + 1, top, left, height)
            rest = height * width - sum(counts)
            one: dict[str, Any] = {
                "category_id": category,
                "segmentation": {"size": [height, width], "counts": counts + [rest] * (rest > 0)},
                "area": area,
                "bbox": [left, top, right - left, bottom - top],
                "iscrowd": 0,
                "label": int(maps.label_ids[k]),
            }
            if category == 1 and not np.isnan(maps.confidence[k]):
                one["score"] = float(maps.confidence[k])
            found.append(one)
    return (shape[0], shape[1]), found


def write_annotations(
    path: str | os.PathLike[str], found: Mapping[str, tuple[tuple[int, int], list[dict[str, Any]]]]
) -> None:
    """Write what :func:`annotate` gave for each file name.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "annotations.json"
    >>> write_annotations(path, {"1.png": annotate(LabelMaps(cells=[[0, 7]]))})
    >>> read_coco(path, "1.png").label_ids
    array([7])
    """
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, (name, ((height, width), some)) in enumerate(found.items(), 1):
        images.append({"id": number, "file_name": name, "width": width, "height": height})
        annotations += [{"id": len(annotations) + i, "image_id": number} | one for i, one in enumerate(some, 1)]
    categories = [{"id": i, "name": name, "supercategory": "leukocyte"} for i, name in enumerate(_CATEGORIES, 1)]
    write_json(path, {"images": images, "categories": categories, "annotations": annotations})


def write_coco(path: str | os.PathLike[str], cells: Mapping[str, Any]) -> None:
    """Write the cells of images as one COCO file.

    Parameters
    ----------
    path : str or path-like
        By custom it ends in .json.
    cells : mapping of str to Smear or LabelMaps
        Segmented images, or their label maps, by the images' file names.

    Raises
    ------
    TypeError, ValueError
        For what holds no cells.
    OSError
        When the file cannot be written.

    Notes
    -----
    The categories are "cell" and "nucleus". Each mask is written as run lengths, by which no pixel is lost, with `label` (the cell's, by
    which nucleus and cell belong together) and, where it is known, `score`.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "annotations.json"
    >>> write_coco(path, {"1.png": LabelMaps([[0, 7, 0]], [[0, 7, 7]])})
    >>> found = read_coco(path, "1.png")
    >>> found.nuclei.tolist(), found.cells.tolist(), found.label_ids
    ([[0, 1, 0]], [[0, 1, 1]], array([7]))
    """
    if not isinstance(cells, Mapping):
        raise TypeError(
            f"cells must be a dict of file name to segmented Smear, as in {{'1.png': smear}}, not {type(cells).__name__}."
        )
    write_annotations(path, {name: annotate(one) for name, one in cells.items()})


def read_coco(path: str | os.PathLike[str], file_name: str) -> LabelMaps:
    """Read the cells of one image from a COCO file.

    Parameters
    ----------
    path : str or path-like
        An instances file: `images`, `annotations`, `categories`. Masks are polygons, of which one annotation may have several, or run lengths,
        as a list or packed as text.
    file_name : str
        The image, as `images` calls it.

    Returns
    -------
    LabelMaps
        In the file's order, of the size that the file says, by the rules of :func:`read_geojson`. Annotations of a category "nucleus" are
        nuclei: of the cell with the same `label`, else of the one that holds most of it; all others are cells, whose category is their class.

    Raises
    ------
    ImageError
        When the file cannot be read, is damaged, something else, or does not have the image; the message names it.

    Warns
    -----
    UserWarning
        Where cells overlap, and where some hold no pixel of the image.

    Notes
    -----
    A polygon holds the pixels whose centres lie inside. pycocotools rounds corners to a fifth of a pixel and counts some pixels on the edge
    otherwise.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "annotations.json"
    >>> write_coco(path, {"1.png": LabelMaps(cells=[[0, 7]])})
    >>> read_coco(path, "2.png")
    Traceback (most recent call last):
    ...
    leukofeat.decode.damage.ImageError: ...annotations.json: has no image '2.png'; it has 1.png.
    """
    name, found = coco_images(path)
    if file_name not in found:
        raise ImageError(f"{name}: has no image {file_name!r}; it has {', '.join([*found][:3]) or 'none'}.")
    return found[file_name].read()


def coco_images(path: str | os.PathLike[str]) -> tuple[str, dict[str, CocoImage]]:
    """What a COCO file is called in messages, and its images by their file names.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "annotations.json"
    >>> write_coco(path, {"1.png": LabelMaps(cells=[[0, 7]])})
    >>> list(coco_images(path)[1])
    ['1.png']
    """
    name, document = read_json(path)
    try:
        if not isinstance(document, dict) or not {"images", "annotations"} <= document.keys():
            raise ValueError("it has no lists `images` and `annotations`")
        categories = {one["id"]: one["name"] for one in document.get("categories") or ()}
        found, by_id = {}, {}
        for one in document["images"]:
            file_name = str(PurePosixPath(str(one["file_name"]).replace("\\", "/")))
            height, width = whole_number(one["height"]), whole_number(one["width"])
            if height is None or width is None:
                raise ValueError(
                    f"the size of the image {file_name!r:.60} is {one['width']!r:.20} x {one['height']!r:.20}"
                )
            check_size(width, height, np.inf)
            if file_name in found:
                raise ValueError(f"it has the image {file_name!r:.60} twice")
            found[file_name] = by_id[one["id"]] = CocoImage(name, file_name, (height, width), [])
        for one in document["annotations"]:
            by_id[one["image_id"]].annotations.append(one | {"category": categories.get(one.get("category_id"), "")})
    except KeyError as error:
        raise ImageError(f"{name}: is no COCO file of outlines: {error} is missing; export it again.") from error
    except (TypeError, ValueError, AttributeError, UnsuitedError) as error:
        raise ImageError(f"{name}: is no COCO file of outlines: {error}; export it again.") from error
    return name, found


def _polygons(segmentation: Any, shape: tuple[int, int]) -> tuple[list[Polygon], int]:
    """Polygons of an annotation, and how many pixels its run lengths took to read."""
    if isinstance(segmentation, dict):
        if segmentation.get("size") != list(shape):
            raise ValueError(f"a mask has the size {segmentation.get('size')!r:.40}, but its image {list(shape)}")
        return decode(counts_of(segmentation.get("counts")), shape)
    if segmentation is None:  # a box beside others that have masks
        return [], 0
    if not isinstance(segmentation, list):
        raise ValueError(f"a segmentation is no list and no run lengths but {type(segmentation).__name__}")
    found = []
    for values in segmentation:
        flat = np.array(values, np.float64)
        if flat.ndim != 1 or len(flat) % 2:
            raise ValueError("a polygon is no list of x and y by turns")
        if len(flat) >= 6:
            found.append([flat.reshape(-1, 2)])
    return found, 0
