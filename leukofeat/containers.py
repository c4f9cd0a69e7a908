"""Images as other libraries hold them: Pillow's pictures, tensors, data sets, arrays in chunks; read one at a time."""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from leukofeat.decode import ImageError, read_image
from leukofeat.decode.alpha import has_alpha, lay_on_white, turned
from leukofeat.decode.damage import UnsuitedError
from leukofeat.decode.depth import check_depth

_PLAIN = ("1", "L", "P", "RGB", "RGBX", "CMYK", "YCbCr", "HSV")
_ORIENTATION = 274  # EXIF's number of it
_KEYS = ("image", "img", "pixel_values")


class Given:
    """Picture or tensor that becomes an array when it is asked for; what travels to a worker is that array.

    Examples
    --------
    >>> Given(Image.new("L", (3, 2), 9)).read().shape
    (2, 3, 3)
    """

    def __init__(self, item: Any) -> None:
        self.item = item

    def read(self) -> Any:
        """8-bit RGB or grey array, as :func:`pixels_of`."""
        return pixels_of(self.item)

    def __reduce__(self) -> tuple[Any, ...]:
        # some pictures are pickled without what turns them, and views of tensors with all that they are views of
        try:
            return Given, (self.read(),)
        except Exception as error:  # told by who measures this image, and not of all that travel with it
            return _Broken, (type(error).__name__, str(error))


class _Broken(Given):
    def __init__(self, kind: str, reason: str) -> None:
        self.kind, self.reason = kind, reason

    def read(self) -> Any:
        raise {"TypeError": TypeError, "ValueError": ValueError}.get(self.kind, ImageError)(self.reason)

    def __reduce__(self) -> tuple[Any, ...]:
        return _Broken, (self.kind, self.reason)


class Entry(Given):
    """One image of a data set or an array; the set travels to a worker, and is asked there.

    Examples
    --------
    >>> Entry([(np.zeros((2, 3, 3), np.uint8), "benign")], 0).read().shape
    (2, 3, 3)
    """

    def __init__(self, images: Any, i: int, column: str | None = None) -> None:
        self.images, self.i, self.column = images, i, column

    def read(self) -> Any:
        """8-bit RGB or grey array, or a Smear where the set holds such."""
        found = self.images[self.i]
        return pixels_of(_image_of(found) if self.column is None else found[self.column])

    def __reduce__(self) -> tuple[Any, ...]:
        return Entry, (self.images, self.i, self.column)


def items_of(X: Any) -> list[Given] | None:
    """What may stand for the images of a tensor, an array in chunks or a data set, or None for anything else.

    Raises
    ------
    TypeError, ValueError
        For one of several data sets, of several columns, for shapes and items that are no images.

    Examples
    --------
    >>> items_of(["a.png"]) is None
    True
    """
    if isinstance(X, (list, tuple, np.ndarray)) or hasattr(X, "columns"):
        return None
    kind = type(X).__name__
    if is_tensor(X) or (hasattr(X, "chunks") and hasattr(X, "dtype") and hasattr(X, "shape")):
        if len(X.shape) != 4:
            layout = "(n, 3, height, width)" if is_tensor(X) else "(n, height, width, 3)"
            raise ValueError(f"Expected a set of images, {layout}, got a {kind} of shape {tuple(X.shape)}.")
        return [Given(X[i]) if is_tensor(X) else Entry(X, i) for i in range(X.shape[0])]
    if isinstance(X, Mapping):
        if X and all(hasattr(part, "column_names") for part in X.values()):
            raise TypeError(
                f"Expected one data set, got {kind} of {', '.join(map(str, X))}; name one, as X[{next(iter(X))!r}]."
            )
        return None
    is_table = hasattr(X, "column_names") and hasattr(X, "features")
    if not is_table and (hasattr(X, "to_list") or type(X).__module__ == "builtins"):
        return None
    if not (hasattr(X, "__len__") and hasattr(X, "__getitem__")) or isinstance(X, Image.Image):
        return None
    column = _image_column(X) if is_table else None
    if len(X):
        _check_first(X, column)
    return [Entry(X, i, column) for i in range(len(X))]


def is_given(item: Any) -> bool:
    """Whether an item of a list is a picture of Pillow or a tensor.

    Examples
    --------
    >>> is_given(Image.new("L", (3, 2))), is_given("a.png")
    (True, False)
    """
    return isinstance(item, (Image.Image, Given)) or is_tensor(item)


def is_tensor(item: Any) -> bool:
    """Whether something is a tensor of torch, without importing that.

    Examples
    --------
    >>> is_tensor(np.zeros(3))
    False
    """
    return any(one.__module__ == "torch" and one.__name__ == "Tensor" for one in type(item).__mro__)


def pixels_of(item: Any) -> Any:
    """Array of a picture or tensor; a Smear, and whatever is an array already, as it is.

    Parameters
    ----------
    item : PIL.Image.Image, tensor, path, Smear or array-like
        A picture of Pillow becomes RGB by the rules of :func:`leukofeat.read_image`, EXIF's orientation included; CMYK, YCbCr and HSV by
        Pillow's formulas, without a profile; of 16 bits the high byte. A tensor is (3, height, width), (1, height, width) or (height, width),
        uint8 or float from 0 to 1, which is multiplied by 255 and rounded: the inverse of torchvision's `ToTensor`.

    Raises
    ------
    ImageError
        For a picture that is damaged, or of 32 bits.
    TypeError, ValueError
        For a tensor of another shape, or with values beyond 0 to 1, as they are behind `Normalize`.

    Examples
    --------
    >>> pixels_of(Image.new("CMYK", (1, 1), (0, 255, 0, 0))).tolist()
    [[[255, 0, 255]]]
    """
    if isinstance(item, Image.Image):
        return _from_pillow(item)
    if is_tensor(item):
        return _from_tensor(item)
    if isinstance(item, (str, os.PathLike)):
        return read_image(item)
    if hasattr(item, "image") and hasattr(item, "nuclei"):  # a Smear, which stands above this module
        return item
    return np.asarray(item)


def _from_pillow(picture: Image.Image) -> np.ndarray:
    try:
        picture.load()
        if has_alpha(picture):
            return lay_on_white(picture)
        orientation = picture.getexif().get(_ORIENTATION, 1)
        if picture.mode.startswith("I;16"):
            values = np.asarray(picture).astype(np.uint16)
            check_depth(values)
            return np.ascontiguousarray(turned((values >> 8).astype(np.uint8), orientation))
        if picture.mode not in _PLAIN:
            raise UnsuitedError(f"a picture of Pillow's mode {picture.mode!r}; convert it to 8-bit RGB")
        return np.ascontiguousarray(turned(np.asarray(picture.convert("RGB")), orientation))
    except UnsuitedError as error:
        raise ImageError(f"The picture cannot be used: {error}, or leave it out.") from error
    except (OSError, SyntaxError, ValueError) as error:
        raise ImageError(f"The picture is damaged ({error}); open it again or leave it out.") from error


def _from_tensor(tensor: Any) -> np.ndarray:
    shape = tuple(tensor.shape)
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[0] not in (1, 3)):
        raise ValueError(
            f"A tensor of an image is (3, height, width), not {shape}; pass tensor.numpy() where colours come last, as of (height, width, 3)."
        )
    tensor = tensor.detach().cpu()
    if tensor.is_floating_point():
        values = tensor.float().numpy()
        if values.size and not (values.min() >= 0 and values.max() <= 1):
            raise ValueError(
                f"A tensor of floats must lie between 0 and 1, not {values.min():.3g} and {values.max():.3g}; give images without Normalize, "
                "or as uint8."
            )
        values = np.rint(values * np.float32(255)).astype(np.uint8)
    else:
        values = tensor.numpy()
    if values.ndim == 3:
        values = values[0] if values.shape[0] == 1 else values.transpose(1, 2, 0)
    return np.ascontiguousarray(values)


def _image_of(found: Any) -> Any:
    """Image of an item of a data set, which mostly has a label beside it."""
    if isinstance(found, (tuple, list)) and found:
        return found[0]
    if isinstance(found, Mapping):
        for key in _KEYS:
            if key in found:
                return found[key]
        raise TypeError(f"An item of the data set has no 'image'; it has {', '.join(map(repr, found))}.")
    return found


def _image_column(X: Any) -> str:
    """Column of a Hugging Face data set with the images."""
    columns = [name for name, feature in (X.features or {}).items() if type(feature).__name__ == "Image"]
    if len(columns) == 1 or "image" in columns:
        return columns[0] if len(columns) == 1 else "image"
    if not columns and "image" in X.column_names:
        return "image"
    some = f"{len(columns)} columns of images ({', '.join(columns)})" if columns else "no column of images"
    raise ValueError(
        f"The data set has {some} among {', '.join(X.column_names)}; select one, as X.select_columns(['image']), or cast it to datasets.Image()."
    )


def _check_first(X: Any, column: str | None) -> None:
    """Refuse at once what holds no images; one that cannot be read is told when it is measured."""
    try:
        found = X[0]
        first = _image_of(found) if column is None else found[column]
    except Exception:
        return
    is_array = hasattr(first, "shape") and hasattr(first, "dtype")
    if not (is_given(first) or is_array or isinstance(first, (str, os.PathLike)) or hasattr(first, "nuclei")):
        raise TypeError(
            f"Expected a list or array of images or paths, got {type(X).__name__} of {type(first).__name__}; images are Pillow's pictures, "
            "arrays, tensors or paths."
        )
