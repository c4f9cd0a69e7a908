"""What a parameter may be: scikit-learn's own constraints, and the few forms of them that stages need beside those.

A stage declares them once, as scikit-learn's own estimators do, and its base class checks them::

    class MyStage(ImageStage):
        _parameter_constraints = {"size": [Number(Integral, 1, 255, odd=True)], "method": [OneOf("median", "mean"), None]}
"""

from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils._param_validation import Interval, InvalidParameterError, StrOptions, make_constraint

__all__ = ["EachIn", "Empty", "Integral", "Number", "OneOf", "Real", "SomeOf", "check"]


class Number(Interval):
    """A number that is no bool: `low` to `high` inclusive, or finite from `low` on where there is no `high`.

    Parameters
    ----------
    kind : {Integral, Real}
    low, high : number, optional
    above : bool, default=False
        More than `low`.
    odd : bool, default=False

    Examples
    --------
    >>> size = Number(Integral, 1, 255, odd=True)
    >>> size.is_satisfied_by(3), size.is_satisfied_by(4), size.is_satisfied_by(True)
    (True, False, False)
    >>> str(size)
    'an odd int in the range [1, 255]'
    """

    def __init__(self, kind: Any, low: Any = None, high: Any = None, *, above: bool = False, odd: bool = False) -> None:
        left, right = low is not None and not above, high is not None
        closed = {(True, True): "both", (True, False): "left", (False, True): "right", (False, False): "neither"}
        super().__init__(kind, low, high, closed=closed[left, right])
        self.odd = odd

    def is_satisfied_by(self, val: Any) -> bool:
        """Whether `val` is such a number."""
        if isinstance(val, (bool, np.bool_)) or not super().is_satisfied_by(val):
            return False
        return not self.odd or val % 2 == 1

    def __str__(self) -> str:
        text = super().__str__()
        return text.replace("an int", "an odd int") if self.odd else text


class OneOf(StrOptions):
    """One of several strings, named in messages in the order given.

    Examples
    --------
    >>> str(OneOf("red", "a"))
    "one of 'red', 'a'"
    """

    def __init__(self, *options: str) -> None:
        super().__init__(dict.fromkeys(options).keys())

    def __str__(self) -> str:
        return f"one of {', '.join(map(repr, self.options))}"


class SomeOf(OneOf):
    """A list or tuple of one or more of several strings, none of them twice.

    Examples
    --------
    >>> some = SomeOf("mean", "std")
    >>> some.is_satisfied_by(["std"]), some.is_satisfied_by([]), some.is_satisfied_by("mean")
    (True, False, False)
    """

    def is_satisfied_by(self, val: Any) -> bool:
        """Whether `val` is such a list."""
        if not isinstance(val, (list, tuple)) or not all(map(super().is_satisfied_by, val)):
            return False
        return len(val) > 0 and len(set(val)) == len(val)

    def __str__(self) -> str:
        return f"a list or tuple of one or more of {', '.join(map(repr, self.options))}, none twice"


class EachIn(Number):
    """A list or tuple of one or more numbers in an interval, or of a given number of them.

    Examples
    --------
    >>> str(EachIn(Integral, 1))
    'a list or tuple, each of it an int in the range [1, inf)'
    >>> pair = EachIn(Integral, 1, size=2)
    >>> pair.is_satisfied_by((8, 8)), pair.is_satisfied_by((8, 8, 8)), str(pair)
    (True, False, 'a list or tuple of 2, each of it an int in the range [1, inf)')
    """

    def __init__(self, kind: Any, low: Any = None, high: Any = None, *, size: int | None = None) -> None:
        super().__init__(kind, low, high)
        self.size = size

    def is_satisfied_by(self, val: Any) -> bool:
        """Whether `val` is such a list."""
        if not isinstance(val, (list, tuple)) or not all(map(super().is_satisfied_by, val)):
            return False
        return len(val) > 0 if self.size is None else len(val) == self.size

    def __str__(self) -> str:
        number = "" if self.size is None else f" of {self.size}"
        return f"a list or tuple{number}, each of it {super().__str__()}"


class Empty(StrOptions):
    """An empty list or tuple: none of what another constraint allows.

    Examples
    --------
    >>> Empty().is_satisfied_by(()), Empty().is_satisfied_by(None)
    (True, False)
    """

    def __init__(self) -> None:
        super().__init__(set())

    def is_satisfied_by(self, val: Any) -> bool:
        """Whether `val` is empty."""
        return isinstance(val, (list, tuple)) and len(val) == 0

    def __str__(self) -> str:
        return "an empty list or tuple"


def check(name: str, value: Any, constraint: Any) -> None:
    """Raise unless `value` meets `constraint`: for arguments of functions, and what several parameters say together.

    Raises
    ------
    InvalidParameterError
        scikit-learn's, a ValueError and a TypeError.

    Examples
    --------
    >>> check("margin", -1, Number(Integral, 0))
    Traceback (most recent call last):
    ...
    sklearn.utils._param_validation.InvalidParameterError: margin must be an int in the range [0, inf). Got -1 instead.
    """
    constraint = make_constraint(constraint)
    if not constraint.is_satisfied_by(value):
        raise InvalidParameterError(f"{name} must be {constraint}. Got {value!r} instead.")
