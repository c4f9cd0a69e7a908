"""What is known of a published system: the record beside the function that builds it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sklearn.pipeline import Pipeline

# tasks that a figure can be measured on here; a published figure stands beside a measured one only where both are of one task
FOUR_CLASSES = "4 classes"
BINARY = "malignant / benign"
NETWORK = "a frozen network (ONNX)"
DEEP = "PyTorch (pip install 'leukofeat[deep]')"
FIRMNESS = {
    "ours": "leukofeat's own",
    "control": "looks at no leukocyte",
    "a": "could be built as published",
    "b": "the main steps are known, parameters were chosen here",
    "c": "one or two sentences are known",
    "d": "known by name only",
}


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A system by name: where it is from, what was published of it, and the function that builds it.

    Parameters
    ----------
    make : callable, optional
        Function that returns the pipeline, unfitted; its parameters have defaults, but for `network` where `needs` says so. None for a
        system that was looked at and not built; then `name`, `idea` and `reason` have to be given.
    name : str
        By default the function's.
    idea : str
        One line: what it looks at, and what it decides with. By default the first line of the function's docstring.
    year : int, optional
    citation : str
        Authors, journal, year, pages; the DOI where a source shows it.
    data : str
        Images that the figure was measured on.
    task : str
        What the figure is for: `FOUR_CLASSES`, `BINARY`, or another in words ("AML / ALL", "localisation").
    published : str
        The figure as it is to be printed ("acc 0.70 / 0.835"); empty where none was published or found.
    caveat : str
        What the figure is not.
    firmness : {"a", "b", "c", "d", "ours", "control"}
        How much is known, as `FIRMNESS` says.
    needs : {"", NETWORK, DEEP}
        What a user has to give: with `NETWORK`, the function has a parameter `network`, the path of an ONNX file; with `DEEP`, PyTorch has to
        be installed.
    reason : str
        Why it is not built.
    variants : tuple of str
        Further forms that stand in tables by themselves, as :func:`~leukofeat.baselines.find_pipeline` reads them
        ("somebody2010_svm:part=nucleus").

    Raises
    ------
    ValueError
        When the name, the idea or the reason is missing, or `firmness` is none of these.

    Examples
    --------
    >>> def somebody2010_svm():
    ...     "Shape of the nucleus, RBF-SVM."
    >>> recipe = Recipe(make=somebody2010_svm, year=2010, task=BINARY, published="acc 0.93", firmness="c")
    >>> recipe.name, recipe.idea, recipe.built
    ('somebody2010_svm', 'Shape of the nucleus, RBF-SVM', True)
    """

    make: Callable[..., Pipeline] | None = None
    name: str = ""
    idea: str = ""
    year: int | None = None
    citation: str = ""
    data: str = ""
    task: str = ""
    published: str = ""
    caveat: str = ""
    firmness: str
    needs: str = ""
    reason: str = ""
    variants: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.make is not None:
            first = (self.make.__doc__ or "").strip().split("\n")[0]
            object.__setattr__(self, "name", self.name or self.make.__name__)
            object.__setattr__(self, "idea", self.idea or first.removesuffix("."))
        for what in ("name", "idea", *(() if self.make is not None else ("reason",))):
            if not getattr(self, what):
                raise ValueError(f"Recipe {self.name or self.make!r}: {what} is missing.")
        if self.firmness not in FIRMNESS:
            raise ValueError(
                f"Recipe {self.name!r}: firmness must be one of {', '.join(FIRMNESS)}, not {self.firmness!r}."
            )

    @property
    def built(self) -> bool:
        """Whether there is a function that makes it."""
        return self.make is not None

    def order(self) -> tuple[Any, ...]:
        """What a table of recipes is sorted by: what is built first; ours, the controls, ours that needs more, then by year and name."""
        own = {"ours": 2 if self.needs else 0, "control": 1}.get(self.firmness, 3)
        return (not self.built, own, self.year or 9999, self.name)
