"""A TIFF of strips or tiles, read a region at a time: only what the region touches is decoded, and kept for its neighbours."""

import os
import weakref
from collections import OrderedDict
from math import ceil
from typing import Any

import numpy as np

from leukofeat.decode.alpha import FLIPS, turned
from leukofeat.decode.damage import DamagedError, UnsuitedError
from leukofeat.decode.pixel_size import PLAUSIBLE, read_pixel_size
from leukofeat.decode.rgb import to_rgb
from leukofeat.decode.tiff import PLAIN, check_promise, quiet_tifffile
from leukofeat.tiling.coded import PALETTE, decode_coded
from leukofeat.tiling.field import Field, damaged, judge_depth

CACHE = 96 * 2**20  # bytes of decoded strips and tiles that are kept: a row of windows over 10,000 columns
_CODED = (5, 6, 7)  # LZW and JPEG, which libtiff decodes
_GREYS, _RGB, _YCBCR = (0, 1), 2, 6
_TRANSPOSED = 4


class TiffField(Field):
    """Field of a level of the first picture in a TIFF file.

    Parameters
    ----------
    path : path-like
    level : int, default=0

    Raises
    ------
    ImageError
        For a damaged file, and a level that there is not.
    UnsuitedError
        For what cannot be read a region at a time.

    Examples
    --------
    >>> import pathlib, tempfile, tifffile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "field.tif"
    >>> tifffile.imwrite(path, np.full((500, 700, 3), 200, np.uint8), tile=(64, 64), photometric="rgb")
    >>> TiffField(path).read(490, 0, 10, 20).shape
    (10, 20, 3)
    """

    def __init__(self, path: str | os.PathLike[str], level: int = 0) -> None:
        self.path = os.fspath(path)
        try:
            self.file = quiet_tifffile().TiffFile(self.path)
            weakref.finalize(self, self.file.close)
            series = self.file.series[0]
            levels = list(series.levels)
            self.planes, self.turned = _colour_planes(series), _orientation(self.file.pages.first)
            sizes = [_size(one, self.turned) for one in levels]
        except UnsuitedError:
            raise
        except Exception as error:  # tifffile answers damage with errors of many kinds
            raise damaged(self.path, error) from error
        super().__init__(self.path, sizes, level, source=self.path)
        side = read_pixel_size(self.path)
        if side is not None:
            side = float(f"{side * (np.prod(sizes[0]) / np.prod(self.shape)) ** 0.5:.6g}")
            self.pixel_size = side if PLAUSIBLE[0] <= side <= PLAUSIBLE[1] else None
        series = levels[level]
        self.pages = [series.pages[i].aspage() for i in range(self.planes)]
        self.cache: OrderedDict[tuple[int, int], np.ndarray] = OrderedDict()
        self.cached = 0
        for page in self.pages:
            self._check(page)
        judge_depth(self, self.pages[0].dtype, self._values)

    def __reduce__(self) -> tuple[Any, ...]:
        return reopened, (TiffField, self.path, self.level, os.stat(self.path).st_mtime_ns)

    def _check(self, page: Any) -> None:
        if page.dtype is None or page.dtype.kind not in "bu" or page.dtype.itemsize > 2:
            what = page.dtype or f"of {page.bitspersample} bits"
            raise UnsuitedError(f"its values are {what}; scale them to 0..255 and convert it to 8-bit RGB")
        plain = page.compression in PLAIN or (page.compression not in _CODED and _decodes(page))
        jpeg = page.compression in _CODED[1:]
        if not plain and (
            page.compression not in _CODED or page.planarconfig == 2 or page.bitspersample not in (8, 16)
        ):
            raise UnsuitedError(
                f"its compression ({page.compression.name}) cannot be read a region at a time; save it with deflate, or "
                "pip install imagecodecs"
            )
        kinds = (*_GREYS, _RGB, _YCBCR) if jpeg else (*_GREYS, _RGB, PALETTE)
        if page.photometric not in kinds or page.samplesperpixel > 4 or len(page.extrasamples) > 1:
            raise UnsuitedError(
                f"its colours ({page.photometric.name}, {page.samplesperpixel} samples a pixel) are not read a region at a time; "
                "convert it to 8-bit RGB"
            )
        try:
            check_promise(page, os.path.getsize(self.path))
            n = ceil(page.imagelength / _rows(page)) * (ceil(page.imagewidth / page.tilewidth) if page.is_tiled else 1)
            n *= page.samplesperpixel if page.planarconfig == 2 else 1
            if len(page.dataoffsets) < n or len(page.databytecounts) < n:
                raise DamagedError(f"it has {len(page.dataoffsets)} strips or tiles of the {n} that its size asks for")
        except DamagedError as error:
            raise damaged(self.path, error) from error

    def read_region(self, top: int, left: int, height: int, width: int) -> np.ndarray:
        page = self.pages[0]
        values = self._values(top, left, height, width)
        if page.photometric == PALETTE:
            table = np.asarray(page.colormap)
            return (table >> 8 if table.max(initial=0) > 255 else table).T.astype(np.uint8)[values[:, :, 0]]
        inverted = page.photometric == 0 and page.compression not in _CODED
        return to_rgb(values, inverted=inverted, extra=tuple(page.extrasamples))

    def _values(self, top: int, left: int, height: int, width: int) -> np.ndarray:
        """Values of a region as the file holds them, turned as its orientation says."""
        flips = FLIPS.get(self.turned, ())
        if 0 in flips:
            top = self.shape[0] - top - height
        if 1 in flips:
            left = self.shape[1] - left - width
        if self.turned > _TRANSPOSED:
            top, left, height, width = left, top, width, height
        parts = [self._stored(k, top, left, height, width) for k in range(len(self.pages))]
        values = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=2)
        return turned(values, self.turned)

    def _stored(self, k: int, top: int, left: int, height: int, width: int) -> np.ndarray:
        """Values of a region of page k as it is stored, (height, width, samples)."""
        page = self.pages[k]
        rows, columns = _rows(page), page.tilewidth if page.is_tiled else page.imagewidth
        across, down = ceil(page.imagewidth / columns), ceil(page.imagelength / rows)
        planes = page.samplesperpixel if page.planarconfig == 2 else 1
        out: np.ndarray | None = None
        for plane in range(planes):
            for row in range(top // rows, (top + height - 1) // rows + 1):
                for column in range(left // columns, (left + width - 1) // columns + 1):
                    part = self._segment(k, (plane * down + row) * across + column)
                    if out is None:
                        out = np.empty((height, width, planes * part.shape[2]), part.dtype)
                    y, x = row * rows, column * columns
                    y0, y1 = max(y, top), min(y + rows, top + height)
                    x0, x1 = max(x, left), min(x + columns, left + width)
                    if y1 - y > part.shape[0] or x1 - x > part.shape[1]:
                        raise DamagedError(f"a strip or tile of {part.shape[1]} x {part.shape[0]} pixels is too small")
                    own = slice(plane, plane + 1) if planes > 1 else slice(None)
                    out[y0 - top : y1 - top, x0 - left : x1 - left, own] = part[y0 - y : y1 - y, x0 - x : x1 - x]
        assert out is not None
        return out

    def _segment(self, k: int, index: int) -> np.ndarray:
        """A strip or tile, (height, width, samples), from what is kept or from the file."""
        key = k, index
        if key in self.cache:
            self.cache.move_to_end(key)
            return self.cache[key]
        part = self._decoded(self.pages[k], index)
        self.cache[key] = part
        self.cached += part.nbytes
        while self.cached > CACHE and len(self.cache) > 1:
            self.cached -= self.cache.popitem(last=False)[1].nbytes
        return part

    def _decoded(self, page: Any, index: int) -> np.ndarray:
        offset, size = page.dataoffsets[index], page.databytecounts[index]
        if size == 0:  # a tile that was never written: empty slide
            shape = _rows(page), page.tilewidth if page.is_tiled else page.imagewidth
            samples = page.samplesperpixel if page.planarconfig == 1 else 1
            return np.full((*shape, samples), 0 if page.photometric == 0 else np.iinfo(np.uint8).max, page.dtype)
        handle = self.file.filehandle
        with handle.lock:
            handle.seek(offset)
            data = handle.read(size)
        if len(data) < size:
            raise DamagedError(f"the file ends within the strip or tile at byte {offset}")
        if page.compression in _CODED:
            return decode_coded(page, data, *self._extent(page, index))
        values, _, shape = page.decode(data, index, jpegtables=page.jpegtables)
        if values is None:
            raise DamagedError(f"the strip or tile at byte {offset} is empty")
        return values.reshape(shape)[0]

    @staticmethod
    def _extent(page: Any, index: int) -> tuple[int, int]:
        """Rows and columns of a strip or tile as it is stored; the last strip is shorter."""
        if page.is_tiled:
            return page.tilelength, page.tilewidth
        return min(_rows(page), page.imagelength - index * _rows(page)), page.imagewidth


_open: OrderedDict[tuple[Any, ...], Field] = OrderedDict()
_KEPT_OPEN = 2


def reopened(kind: Any, path: str, level: int, changed: int) -> Field:
    """The field of a file, opened once a process, so that batches of tiles share what was decoded; `changed` is when the file was."""
    key = kind, path, level, changed
    if key not in _open:
        _open[key] = kind(path, level)
        while len(_open) > _KEPT_OPEN:
            _open.popitem(last=False)
    _open.move_to_end(key)
    return _open[key]


def _size(series: Any, turned: int) -> tuple[int, int]:
    sizes = dict(zip(series.axes, series.shape, strict=True))
    height, width = sizes["Y"], sizes["X"]
    return (width, height) if turned > _TRANSPOSED else (height, width)


def _orientation(page: Any) -> int:
    tag = page.tags.get(274)
    return 1 if tag is None or tag.value not in range(1, 9) else int(tag.value)


def _colour_planes(series: Any) -> int:
    """On how many pages the colours of the picture stand."""
    sizes = dict(zip(series.axes, series.shape, strict=True))
    channels = sizes.get("C", 1)
    if series.keyframe.samplesperpixel > 1:
        return 1
    stack = sizes.get("Q", sizes.get("I", 1))
    if channels not in (1, 3) or (channels == 1 and stack in (3, 4)):
        what = f"{channels} channels" if channels > 1 else f"{stack} grey pages, colour planes or a stack,"
        raise UnsuitedError(f"{what} on pages of their own; choose three and convert it to 8-bit RGB")
    return int(channels)


def _rows(page: Any) -> int:
    return int(page.tilelength if page.is_tiled else min(page.rowsperstrip, page.imagelength))


def _decodes(page: Any) -> bool:
    """Whether tifffile finds what decodes a compression, mostly in the package imagecodecs; of some it finds out on the first use."""
    try:
        quiet_tifffile().TIFF.DECOMPRESSORS[page.compression](b"")
    except (KeyError, ImportError):
        return False
    except Exception:  # of nothing it makes nothing
        return True
    return True
