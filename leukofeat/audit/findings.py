"""What a check says: one line of the table."""

from dataclasses import dataclass, field

import numpy as np

SEVERITIES = ("severe", "warning", "note", "passed", "not tested")


@dataclass(frozen=True)
class Finding:
    """Result of one check.

    Attributes
    ----------
    name : str
    severity : {"severe", "warning", "note", "passed", "not tested"}
    finding : str
        A plain sentence with the figures.
    worth : float
        Accuracy points (0 to 100) that the fault can lend to or take from a model; NaN where it has no such worth.
    p : float
        p-value, corrected for the number of tests of the audit; NaN where nothing is tested.
    effect : float
        Effect size: epsilon squared (by-class checks) or balanced accuracy (checks of what can be predicted).
    images : ndarray of int
        The images concerned.
    advice : str
        What to do about it.

    Examples
    --------
    >>> Finding("odd_images", "note", "1 image unlike the rest: 1 blank.", images=np.array([3])).fired
    True
    """

    name: str
    severity: str
    finding: str
    worth: float = np.nan
    p: float = np.nan
    effect: float = np.nan
    images: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    advice: str = ""

    @property
    def fired(self) -> bool:
        """Whether something is wrong."""
        return self.severity in ("severe", "warning", "note")


def count(n: int, one: str, many: str | None = None) -> str:
    """Number with its noun.

    Examples
    --------
    >>> count(1, "image"), count(2100, "image"), count(2, "copy", "copies")
    ('1 image', '2,100 images', '2 copies')
    """
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def some(names: list[str], n: int = 3) -> str:
    """The first few names."""
    return ", ".join(names[:n]) + (f" and {len(names) - n:,} more" if len(names) > n else "")
