"""The visit to all images, each of which is described once; what a store knows of its pixels is not measured again."""

import warnings
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from leukofeat.audit.describe import Description, describe, describe_file
from leukofeat.audit.fingerprint import Fingerprint
from leukofeat.audit.shelf import LARGE, Shelf, put_away
from leukofeat.digest import digest, environment
from leukofeat.parallel import map_images
from leukofeat.preprocessing.marks import Mark, Traces
from leukofeat.sequence import ImageSequence
from leukofeat.store import Store

_PLAIN = ("pixel_hash", "is_gray", "level", "contrast", "sharpness", "red_cell_sharpness", "brightness", "cell_size")
_ARRAYS = ("colors", "corner", "background")
_STROKES = "strokes "  # what the arrays of stroke pixels are called in a record, with the color


class _Visited(NamedTuple):
    """Description of an image, and the key to keep it by; None where it is known already, or not to be kept."""

    description: Description
    key: str | None


def describe_all(
    images: ImageSequence, *, memory: Store | None = None, n_jobs: int | None = None, verbose: int = 0
) -> list[Description]:
    """Describe every image, in order.

    Parameters
    ----------
    images : ImageSequence
    memory : Store, optional
        What it holds of an image's pixels, by content, is not measured again; what is measured goes into it batch by batch. What
        the file says of itself is read each time, and images that cannot be read are tried again each time.
    n_jobs, verbose
        As in :func:`~leukofeat.parallel.map_images`.

    Returns
    -------
    list of Description
        The same with and without memory.
    """
    made_by = None if memory is None else _made_by(images)
    shelf = Shelf() if len(images) > LARGE else None

    def keep(_: int, batch: list[_Visited]) -> None:
        if memory is not None:
            records = {one.key: to_record(one.description) for one in batch if one.key is not None}
            memory.put(records, "description", "audit_dataset")
        if shelf is not None:
            away = put_away([one.description for one in batch], shelf)
            batch[:] = [_Visited(description, None) for description in away]

    visit = partial(_visit, memory if made_by is not None else None, made_by)
    visited = map_images(visit, images, on_batch=keep, n_jobs=n_jobs, verbose=verbose, description="reading")
    return [one.description for one in visited]


def _made_by(images: ImageSequence) -> str | None:
    """Digest of what makes a description of an image: the audit's own code, what it calls, and the steps the images come with."""
    code = [(file.name, file.read_bytes()) for file in sorted(Path(__file__).parent.glob("*.py"))]
    try:
        return digest("audit", environment(), code, images.steps)
    except (TypeError, ValueError) as error:
        warnings.warn(f"The images are described anew each time, the store cannot keep them ({error}).", stacklevel=4)
        return None


def _visit(memory: Store | None, made_by: str | None, images: ImageSequence, i: int) -> _Visited:
    content = None if memory is None else images.content(i)
    if memory is None or content is None:
        return _Visited(describe(images, i), None)
    key = digest(content, made_by)
    known = memory.get([key])
    if known:
        return _Visited(from_record(known[key], describe_file(images.source(i))), None)
    description = describe(images, i)
    # a file that was replaced while it was described is nobody's
    kept = description.error is None and (images.source(i) is None or images.content(i) == content)
    return _Visited(description, key if kept else None)


def to_record(description: Description) -> dict[str, Any]:
    """What is known of the pixels of an image, as a store keeps it."""
    traces = description.traces
    marks = [[[*map(int, m.box)], m.color, bool(m.boxed), bool(m.sure), [*map(int, m.strokes)]] for m in traces.marks]
    return {
        **{name: getattr(description, name) for name in (*_PLAIN, *_ARRAYS)},
        **description.fingerprint._asdict(),
        "shape": list(description.shape),
        "marks": marks,
        **{_STROKES + color: pixels for color, pixels in traces.strokes.items()},
    }


def from_record(record: dict[str, Any], file: dict[str, Any]) -> Description:
    """Description of an image of a record, and of what its file says of itself."""
    height, width = record["shape"]
    marks = [
        Mark(tuple(box), color, boxed, sure, tuple(strokes)) for box, color, boxed, sure, strokes in record["marks"]
    ]
    strokes = {name.removeprefix(_STROKES): pixels for name, pixels in record.items() if name.startswith(_STROKES)}
    return Description(
        **file,
        **{name: record[name] for name in (*_PLAIN, *_ARRAYS)},
        shape=(height, width),
        traces=Traces((height, width), marks, strokes),
        fingerprint=Fingerprint(*(record[name] for name in Fingerprint._fields)),
    )
