"""The lazy sequence of images, and what may stand for X."""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, overload

import numpy as np

from leukofeat.containers import Given, is_given, items_of
from leukofeat.decode import read_image, read_pixel_size
from leukofeat.digest import digest
from leukofeat.remote import is_remote, local_path, masked, open_binary, read_once
from leukofeat.smear import Smear

Step = Callable[[Smear], Smear]

_ONE_AXIS = "A sequence of images has one axis: index it by an integer, a slice or an array of integers."


class SizedPath(os.PathLike):
    """Path of an image whose pixels have a known side, which goes before what the file says.

    Parameters
    ----------
    path : str
    pixel_size : float
        Side of a pixel in micrometres.

    Examples
    --------
    >>> as_sequence([SizedPath("a.jpg", 0.1)]).name(0)
    'a.jpg'
    """

    def __init__(self, path: str, pixel_size: float) -> None:
        self.path, self.pixel_size = path, pixel_size

    def __fspath__(self) -> str:
        return self.path

    def __repr__(self) -> str:
        return f"SizedPath({masked(self.path)!r}, {self.pixel_size:g})"


class ImageSequence(Sequence):
    """Images with what is to be done to them; nothing is computed until an item is asked for.

    Made by :func:`as_sequence` and by the `transform` of image stages. An integer gives one image (an
    ndarray, or a :class:`~leukofeat.smear.Smear` once a segmenter is among the steps); a slice, an integer
    array or a boolean mask gives a lazy sub-sequence, so scikit-learn's splitters decode nothing.

    Parameters
    ----------
    items : list or ndarray
        Paths, images or smears; an ndarray of shape (n, height, width, 3) is kept as it is.
    steps : tuple of callables
        Each takes and returns a :class:`~leukofeat.smear.Smear`; applied in order.
    row_labels : pandas Index or ndarray, optional
        Index of the DataFrame the images came from, so that `set_output("pandas")` keeps rows aligned.

    Examples
    --------
    >>> import numpy as np
    >>> images = as_sequence([np.zeros((4, 4, 3), np.uint8), np.full((6, 5, 3), 9, np.uint8)])
    >>> images
    ImageSequence(2 images)
    >>> images[1].shape, len(images[[1, 1, 0]])
    ((6, 5, 3), 3)
    """

    def __init__(self, items: Any, steps: tuple[Step, ...] = (), row_labels: Any = None) -> None:
        self._items = items
        self._positions = np.arange(len(items))
        # What an image is called in messages: unlike its position, it outlives the way to a worker.
        self._numbers = self._positions
        self.steps = steps
        self.row_labels = row_labels

    @property
    def shape(self) -> tuple[int]:
        """(n_images,): what scikit-learn takes the number of samples from."""
        return (len(self._positions),)

    def __len__(self) -> int:
        return len(self._positions)

    def __repr__(self) -> str:
        steps = "".join(f" -> {type(getattr(step, '__self__', step)).__name__}" for step in self.steps)
        return f"ImageSequence({len(self)} image{'s' * (len(self) != 1)}{steps})"

    @overload
    def __getitem__(self, key: int) -> np.ndarray | Smear: ...
    @overload
    def __getitem__(self, key: Any) -> Any: ...
    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, tuple):  # scikit-learn indexes whatever has a shape as X[rows, ...]
            if len(key) != 2 or key[1] is not Ellipsis:
                raise IndexError(_ONE_AXIS)
            key = key[0]
        if isinstance(key, (int, np.integer)):
            smear = self.smear(int(key))
            return smear if smear.is_segmented else smear.image
        if not isinstance(key, slice):
            key = np.asarray(key)
            if key.ndim != 1:
                raise IndexError(_ONE_AXIS)
            if key.size == 0:
                key = key.astype(np.intp)
        row_labels = None if self.row_labels is None else self.row_labels[key]
        return self._with(_positions=self._positions[key], _numbers=self._numbers[key], row_labels=row_labels)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __getstate__(self) -> dict[str, Any]:
        # Only the selected items travel to a worker.
        items = [self._items[p] for p in self._positions]
        # joblib.Memory takes what is pickled for the content: a file that was written anew has to look so
        stamps = [_stamp(item) for item in items]
        return self.__dict__ | {"_items": items, "_positions": np.arange(len(items)), "_stamps": stamps}

    def _with(self, **changes: Any) -> "ImageSequence":
        changed = object.__new__(type(self))
        changed.__dict__ |= self.__dict__ | changes
        return changed

    def with_step(self, step: Step) -> "ImageSequence":
        """Copy of the sequence that also does `step`."""
        return self._with(steps=(*self.steps, step))

    def without_steps(self) -> "ImageSequence":
        """The same images as they come."""
        return self._with(steps=())

    def followed_by(self, others: "Sequence[np.ndarray | Smear | ImageSequence]") -> "ImageSequence":
        """Sequence of these images, with their steps, and behind them others that are past these steps.

        Another that is a sequence stands for its one image.

        Examples
        --------
        >>> images = as_sequence([np.zeros((4, 4, 3), np.uint8)])
        >>> both = images.with_step(lambda smear: smear.replace(image=smear.image + 9)).followed_by(images[:])
        >>> both[0].max(), both[1].max()
        (np.uint8(9), np.uint8(0))
        """
        return ImageSequence([*(self[[i]] for i in range(len(self))), *others])

    def numbered(self, start: int) -> "ImageSequence":
        """Copy in which images without a file are called by numbers from `start` on, as where several sets are joined.

        Examples
        --------
        >>> as_sequence([np.zeros((4, 4, 3), np.uint8)]).numbered(12).name(0)
        'image 12'
        """
        return self._with(_numbers=np.arange(start, start + len(self)))

    def source(self, i: int) -> str | None:
        """File of image `i`, or None when it was given as an array."""
        item = self._items[self._positions[i]]
        if isinstance(item, ImageSequence):
            return item.source(0)
        if isinstance(item, Smear):
            return item.source
        return os.fspath(item) if isinstance(item, (str, os.PathLike)) else None

    def digest(self, i: int) -> str:
        """Digest of the content of image `i` as it comes, before the sequence's own steps; a file counts by its bytes.

        Raises
        ------
        OSError
            When the file cannot be read.

        Examples
        --------
        >>> images = as_sequence([np.zeros((4, 4, 3), np.uint8), np.ones((4, 4, 3), np.uint8)])
        >>> images.digest(0) == images[::-1].digest(1), images.digest(0) == images.digest(1)
        (True, False)
        """
        item = self._items[self._positions[i]]
        if isinstance(item, ImageSequence):
            return digest(item.digest(0), item.steps) if item.steps else item.digest(0)
        if isinstance(item, (str, os.PathLike)):
            with open_binary(item) as file:  # the format is read from the content, too, and not from the name
                content = hashlib.file_digest(file, "blake2b").digest()
            return digest(content, item.pixel_size) if isinstance(item, SizedPath) else digest(content)
        if isinstance(item, Given):
            item = item.read()
        if isinstance(item, Smear):
            return digest(item.image, item.nuclei, item.cells, item.of_cells, item.pixel_size, item.given_scale)
        return digest(item)

    def identity(self) -> list[Any]:
        """What tells these images from others: their content, and the steps."""
        return [[self.content(i) for i in range(len(self))], self.steps]

    def content(self, i: int) -> str | None:
        """:meth:`digest` of image `i`, or None where it is none that can be read: who measures it says so."""
        try:
            return self.digest(i)
        except (OSError, TypeError, ValueError):
            return None

    def name(self, i: int) -> str:
        """What to call image `i` in a message: its file, or its number in the set this sequence was taken from."""
        item = self._items[self._positions[i]]
        if isinstance(item, ImageSequence):
            return item.name(0)
        source = self.source(i)
        return printable(source) if source else f"image {self._numbers[i]}"

    def smear(self, i: int) -> Smear:
        """Image `i` as a record: decoded, with every step applied.

        Raises
        ------
        ImageError
            When the file cannot be read. Any other error of a step carries a note that names the image.
        """
        if not -len(self) <= i < len(self):
            raise IndexError(f"Image {i} of a sequence of {len(self)}.")
        item = self._items[self._positions[i]]
        if isinstance(item, ImageSequence):  # of one image, see followed_by
            item = item.smear(0)
        elif isinstance(item, (str, os.PathLike)):
            with read_once():
                given = item.pixel_size if isinstance(item, SizedPath) else read_pixel_size(item)
                item = Smear(read_image(item), source=masked(os.fspath(item)), pixel_size=given)
        try:
            if isinstance(item, Given):
                item = item.read()
            smear = item if isinstance(item, Smear) else Smear(item)
            for step in self.steps:
                smear = take_step(step, smear)
        except Exception as error:
            error.add_note(f"While processing {self.name(i)}.")
            raise
        return smear

    def _repr_html_(self) -> str:
        from leukofeat.pictures import sequence_card

        return sequence_card(self)


def take_step(step: Step, smear: Smear) -> Smear:
    """What a step makes of a record.

    Raises
    ------
    TypeError
        When that is no record, as of an `apply` that forgets to return one, or returns the image alone.

    Examples
    --------
    >>> take_step(lambda smear: smear.replace(image=255 - smear.image), Smear(np.zeros((4, 4, 3), np.uint8))).image.max()
    np.uint8(255)
    """
    made = step(smear)
    if not isinstance(made, Smear):
        raise TypeError(
            f"{type(getattr(step, '__self__', step)).__name__} returned an object of type {type(made).__name__}, and no Smear; "
            "let apply return smear.replace(image=...), or smear.replace(nuclei=..., cells=...)."
        )
    return made


def _stamp(item: Any) -> tuple[int, int] | None:
    """When a file was written, and its size."""
    if not isinstance(item, (str, os.PathLike)) or is_remote(item):
        return None
    try:
        found = os.stat(local_path(item))
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size


def printable(name: str) -> str:
    r"""A file's name as it can be written into a table or a message: bytes that are no UTF-8 as escapes, a URL's credentials as ***.

    Examples
    --------
    >>> print(printable(os.fsdecode(b"caf\xe9.png")))
    caf\xe9.png
    """
    return masked(os.fsencode(name).decode("utf-8", "backslashreplace"))


def as_sequence(X: Any) -> ImageSequence:
    """Lazy sequence of whatever may stand for a set of images.

    Parameters
    ----------
    X : ImageSequence, list, ndarray, Series or one-column DataFrame
        n images as paths or URLs, (height, width, 3) or (height, width) uint8 arrays, Smears, Pillow's pictures or tensors of torch, in a
        list, a tuple, a 1-D object array, a column (pandas or polars), or one (n, height, width, 3) array. Sizes may differ. Also a
        data set of torch or torchvision (items are images, or have theirs first), one of Hugging Face (its column of images), an
        array of dask or zarr (n, height, width, 3) and a tensor (n, 3, height, width), of which one image is read at a time.
        :func:`leukofeat.containers.pixels_of` says what becomes of pictures and tensors.

    Returns
    -------
    ImageSequence of length n

    Raises
    ------
    TypeError, ValueError
        For a single path or image, a bare 3-D array (is it one RGB image or n grey ones?), a DataFrame
        of several columns, an iterator, or an item of another kind; the message says what to pass.

    Examples
    --------
    >>> as_sequence(["a.jpg", "b.jpg"])
    ImageSequence(2 images)
    """
    if isinstance(X, ImageSequence):
        return X
    if isinstance(X, (str, os.PathLike)):
        raise TypeError(
            f"Expected a set of images, got the single path {masked(os.fspath(X))!r}; pass a list of paths, or "
            "leukofeat.datasets.load_images(folder).images for a folder."
        )
    if isinstance(X, Smear):
        raise TypeError("Expected a set of images, got a single Smear; pass [smear].")
    row_labels = None
    items = items_of(X)
    if items is not None:
        return ImageSequence(items)
    if hasattr(X, "columns"):
        if len(X.columns) != 1:
            raise ValueError(
                f"Expected a DataFrame of one column of images or paths, got {len(X.columns)} columns; select one, as in X[['path']]."
            )
        row_labels = getattr(X, "index", None)
        X = X[X.columns[0]]
    if hasattr(X, "to_list") and not isinstance(X, np.ndarray):
        row_labels = getattr(X, "index", row_labels)
        X = X.to_list()
    if isinstance(X, np.ndarray):
        X = _from_array(X)
    elif not isinstance(X, (list, tuple)):
        raise TypeError(f"Expected a list or array of images or paths, got {type(X).__name__}.")
    if not isinstance(X, np.ndarray):
        X = list(X)
        for i, item in enumerate(X):
            if is_given(item):
                X[i] = item if isinstance(item, Given) else Given(item)
            elif not isinstance(item, (str, os.PathLike, np.ndarray, Smear)):
                raise TypeError(f"Item {i} is of type {type(item).__name__}; images are paths, uint8 arrays or Smears.")
    return ImageSequence(X, row_labels=row_labels)


def _from_array(X: np.ndarray) -> np.ndarray | list[Any]:
    if X.ndim == 4:
        return X
    if X.ndim == 2 and X.shape[1] == 1 and X.dtype.kind in "OUT":
        X = X[:, 0]
    if X.ndim == 1 and X.dtype.kind in "OUT":
        return list(X)
    if X.ndim == 3:
        raise ValueError(
            f"An array of shape {X.shape} is ambiguous: one RGB image or a stack of grey ones? Pass [image] for one image, "
            "or list(stack) for a stack."
        )
    raise ValueError(
        f"Expected (n, height, width, 3) uint8 or a 1-D array of paths or images, got shape {X.shape} and dtype {X.dtype}."
    )
