"""What a saved model says of itself: the record, and the one entry of the archive that holds it."""

import json
import math
import os
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Self

from leukofeat.markup import Markup
from leukofeat.persistence import words

ENTRY = "leukofeat_card.json"
_FORMAT = 1
_LARGEST = 16 * 2**20  # bytes of the entry, unpacked: a hundred thousand columns by name
_LONGEST, _LONGEST_KEY, _MOST = 200_000, 1_000, 1_000  # characters of a text and of a key, and rows of scores
_DATE = (1980, 1, 1, 0, 0, 0)  # of the entry: a card has the same bytes whenever it is written
# what opening and unpacking a file of somebody else may end in
_DAMAGE = (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, KeyError, OSError, ValueError)


@dataclass(frozen=True)
class ModelCard:
    r"""What a fitted pipeline was made from, how well it did where that was looked at, and what it is not for.

    Made by :func:`~leukofeat.evaluation.make_card`, kept in the model's file by :func:`save`, and read by :func:`read_card`. It shows
    itself in a notebook.

    Parameters
    ----------
    name : str
        What the pipeline is called, as "leukofeat_svm".
    pipeline : str
        Its stages and their parameters in words.
    classes : mapping of str to int or None
        Images of each class that it was fitted on; None where that is not known.
    columns : tuple of str
        Columns that its classifier is given; empty where they have no names.
    versions : mapping of str to str
        Versions of leukofeat and of what it computes with.
    data : mapping of str to number, text or None
        Of the training data: `n_images` (fitted on), `n_failed`, `n_without_cell`, `n_groups` (None: no groups are known), `digest` (of
        the images' content and classes, in any order), `manifest_sha256` and `label_maps` (True where these came with the images).
    scale, measured_scale : mapping of str to number
        Diameter of a red cell in pixels, in the images as they come and where the columns are measured: `median`, `low` and `high` (5th
        and 95th percentile), `n_known`, and `n_images` that were looked at.
    sizes : mapping of str to int
        `min_height`, `max_height`, `min_width` and `max_width` in pixels, of the images that were looked at.
    scores : tuple of mappings
        A row a `protocol` and `pipeline`: `control` (whether it looks at no leukocyte), `n_images`, `n_groups`, and metrics with
        `_low` and `_high`, the ends of their 95 % intervals. Of a model with a verdict by patient also `n_patients`,
        `patients_undecided`, `patient_accuracy` (of those who got a verdict) and `patient_calibration_error`.
    notes : tuple of str
        What a reader has to know before believing the scores.

    Examples
    --------
    >>> card = ModelCard("mine", "SVC()", {"Benign": 40, "Pro": 60}, data={"n_images": 100, "n_groups": 12})
    >>> print(card.to_text(72).split("\n\n")[0])
    mine: tells Benign and Pro apart on images of stained smears.
    """

    name: str
    pipeline: str
    classes: Mapping[str, int | None]
    columns: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, int | str | bool | None] = field(default_factory=dict)
    scale: Mapping[str, float | int | None] = field(default_factory=dict)
    measured_scale: Mapping[str, float | int | None] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    scores: tuple[Mapping[str, Any], ...] = ()
    notes: tuple[str, ...] = ()

    def to_text(self, width: int = 100) -> str:
        """The card as text, wrapped at `width` characters; whatever steers a terminal is written out.

        Parameters
        ----------
        width : int, default=100

        Returns
        -------
        str
        """
        return words.as_text(self, width)

    def to_markdown(self) -> str:
        """The card as Markdown in which no name is taken for markup.

        Examples
        --------
        >>> ModelCard("mine", "SVC()", {"Benign": 40, "Pro": 60}).to_markdown().splitlines()[0]
        '# Model card: mine'
        """
        return words.as_markdown(self)

    def to_json(self) -> str:
        """The card as JSON in ASCII, as it stands in the model's file.

        Examples
        --------
        >>> ModelCard.from_json(ModelCard("mine", "SVC()", {"Pro": 2}).to_json()).classes
        {'Pro': 2}
        """
        fields = {name: _plain(value) for name, value in vars(self).items()}
        return json.dumps({"format": _FORMAT} | fields, indent=1, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Card from what :meth:`to_json` gave; what this version does not know of is left out.

        Raises
        ------
        ValueError
            When the text is no JSON, or anything in it has another type than it must.
        """
        try:
            found = json.loads(text, parse_constant=_refuse)
        except RecursionError:
            raise ValueError("nested too deeply") from None
        if not isinstance(found, dict) or found.get("format") != _FORMAT or found["format"] is True:
            raise ValueError(f"not of format {_FORMAT}, the one that this version of leukofeat reads")
        fields: dict[str, Any] = {name: kind(found[name], name) for name, kind in _KINDS.items() if name in found}
        missing = [name for name in ("name", "pipeline", "classes") if name not in fields]
        if missing:
            raise ValueError(f"{missing[0]} is missing")
        return cls(**fields)

    def _repr_html_(self) -> str:
        return words.as_html(self)

    def sections(self) -> list[tuple[str, Markup]]:
        """Heading and HTML of each part, for a page that holds more; whatever the card says is escaped.

        Examples
        --------
        >>> [heading for heading, _ in ModelCard("mine", "SVC()", {"<b>": 2}).sections()]
        ['Limits', 'Training data', 'Pipeline']
        """
        return words.html_sections(self)


def read_card(path: str | os.PathLike[str]) -> ModelCard | None:
    """Card of a model that :func:`save` wrote; the model itself is not loaded, and nothing in the file is run.

    Parameters
    ----------
    path : path

    Returns
    -------
    ModelCard or None
        None where the file holds none, as those of earlier versions, and those of `save` without `card`.

    Raises
    ------
    ValueError
        When there is no such file, when it is no archive, or when its card is damaged, larger than 16 MiB or holds anything else than
        a card does; the message names the file. :func:`load` does not look at the card, and reads the model all the same.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from leukofeat.persistence import save
    >>> from leukofeat.preprocessing import MedianDenoiser
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "stage.skops"
    >>> save(MedianDenoiser(5), path)
    >>> read_card(path) is None
    True
    >>> save(MedianDenoiser(5), path, ModelCard("median", "MedianDenoiser(size=5)", {}))
    >>> read_card(path).pipeline
    'MedianDenoiser(size=5)'
    """
    name = os.fspath(path)
    if not os.path.isfile(name):
        raise ValueError(f"{name}: no such file.")
    try:
        archive = zipfile.ZipFile(name)
    except _DAMAGE as error:
        raise ValueError(f"{name}: not a model that leukofeat saved ({error}).") from error
    with archive:
        if ENTRY not in archive.namelist():
            return None
        try:
            with archive.open(ENTRY) as entry:
                data = entry.read(_LARGEST + 1)  # what the archive says of the size need not be true
            if len(data) > _LARGEST:
                raise ValueError(f"larger than {_LARGEST // 2**20} MiB")
            return ModelCard.from_json(data.decode("utf-8"))
        except _DAMAGE as error:
            raise ValueError(f"{name}: its card cannot be read ({error}); the model itself may be whole.") from error


def add_card(archive: BinaryIO, card: Any) -> None:
    """Append a card to a skops archive."""
    if not isinstance(card, ModelCard):
        raise TypeError(f"card must be a ModelCard, as make_card() gives it, not a {type(card).__name__}.")
    text = card.to_json()
    ModelCard.from_json(text)  # what could not be read again is refused here
    if len(text) > _LARGEST:
        raise ValueError(
            f"The card has {len(text):,} bytes, more than the {_LARGEST:,} that are read; give it fewer columns."
        )
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr(zipfile.ZipInfo(ENTRY, _DATE), text)


def _plain(value: Any) -> Any:
    """Value as JSON has it: what is no number there is null."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no number")


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{what} must be text, not {type(value).__name__}")
    if len(value) > _LONGEST:
        raise ValueError(f"{what} has {len(value):,} characters, more than {_LONGEST:,}")
    return value


def _texts(value: Any, what: str) -> tuple[str, ...]:
    return tuple(_text(item, what) for item in _list(value, what))


def _list(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{what} must be a list, not {type(value).__name__}")
    return value


def _scores(value: Any, what: str) -> tuple[dict[str, Any], ...]:
    if len(_list(value, what)) > _MOST:
        raise ValueError(f"{what} has {len(value):,} rows, more than {_MOST:,}")
    return tuple(_mapping(row, what, int, float, str, bool, _NONE) for row in value)


def _mapping(value: Any, what: str, *kinds: type) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{what} must be an object, not {type(value).__name__}")
    for key, item in value.items():
        if len(key) > _LONGEST_KEY:
            raise ValueError(f"{what}: {key[:40]!r}... is longer than {_LONGEST_KEY:,} characters")
        if isinstance(item, str):
            _text(item, f"{what}: {key[:40]!r}")
        if type(item) not in kinds:
            raise ValueError(f"{what}: {key[:40]!r} may not be {type(item).__name__}")
    return value


_NONE = type(None)
_KINDS: dict[str, Callable[[Any, str], Any]] = {
    "name": _text,
    "pipeline": _text,
    "classes": lambda value, what: _mapping(value, what, int, _NONE),
    "columns": _texts,
    "versions": lambda value, what: _mapping(value, what, str),
    "data": lambda value, what: _mapping(value, what, int, str, bool, _NONE),
    "scale": lambda value, what: _mapping(value, what, int, float, _NONE),
    "measured_scale": lambda value, what: _mapping(value, what, int, float, _NONE),
    "sizes": lambda value, what: _mapping(value, what, int),
    "scores": _scores,
    "notes": _texts,
}
