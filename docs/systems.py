"""Page of the systems by name: what each is, where it is from, and what is not known of it, as the registry has it."""

from importlib import import_module
from pathlib import Path

from leukofeat.baselines.recipe import FIRMNESS
from leukofeat.baselines.registry import RECIPES

_HEAD = """Systems by name
===============

``make_baseline(NAME)`` and ``leukofeat compare FOLDER -p NAME`` run these. A name is a reading of a paper, not the original: most papers leave out thresholds,
parameters or whole lists of columns, and what was decided here stands below. A published figure was measured on other images, mostly under random splits. How they all
do under the same protocols: :doc:`baselines`. Research use only; not a medical device.
"""


def write(path):
    """Write the page."""
    built = [recipe for recipe in RECIPES.values() if recipe.make is not None]
    other = [recipe for recipe in RECIPES.values() if recipe.make is None]
    parts = [_HEAD, _table(built), _title("What each is"), *(_section(recipe) for recipe in built)]
    parts += [_title("Looked at and not built"), _reasons(other)]
    Path(path).write_text("\n".join(parts), encoding="utf-8")


def _title(text, line="-"):
    return f"{text}\n{line * len(text)}\n"


def _plain(text):
    return (
        str(text).replace("\\", "\\\\").replace("*", "\\*").replace("`", "\\`").replace("|", "\\|").replace("_", "\\_")
    )


def _rows(header, rows, widths):
    lines = [f".. list-table::\n   :header-rows: 1\n   :widths: {widths}\n"]
    for row in [header, *rows]:
        lines += [f"   {'*' if i == 0 else ' '} - {cell}" for i, cell in enumerate(row)]
    return "\n".join(lines) + "\n"


def _table(recipes):
    rows = [
        (f":ref:`{recipe.name} <{_label(recipe)}>`", recipe.year or "", _plain(recipe.idea), _plain(recipe.published))
        for recipe in recipes
    ]
    return _rows(("name", "year", "what it looks at, and decides with", "published figure"), rows, "22 8 45 25")


def _reasons(recipes):
    rows = [(f"``{recipe.name}``", recipe.year or "", _plain(recipe.idea), _plain(recipe.reason)) for recipe in recipes]
    return _rows(("name", "year", "idea", "why not"), rows, "22 8 35 35")


def _label(recipe):
    return f"system-{recipe.name}".replace("_", "-")


def _section(recipe):
    known = {
        "Source": recipe.citation,
        "Task": recipe.task,
        "Data": recipe.data,
        "Published": recipe.published,
        "Read with care": recipe.caveat,
        "How much is known": FIRMNESS[recipe.firmness],
        "Needs": recipe.needs,
    }
    fields = "\n".join(f":{name}: {_plain(value)}" for name, value in known.items() if value)
    make = recipe.make
    found = getattr(import_module(make.__module__), make.__name__, None) is make
    told = (
        f".. autofunction:: {make.__module__}.{make.__name__}\n"
        if found
        else f"{_plain(make.__doc__ or recipe.idea)}\n"
    )
    return f".. _{_label(recipe)}:\n\n{_title(recipe.name, '~')}\n{fields}\n\n{told}"
