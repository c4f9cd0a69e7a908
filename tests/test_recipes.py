"""What is said of a system by name: in the table, in the docstring, and on the command line."""

import re
import sys
from pathlib import Path

import pytest

from leukofeat.baselines import find_pipeline, list_baselines, make_baseline
from leukofeat.baselines.recipe import DEEP, FIRMNESS, NETWORK, Recipe
from leukofeat.baselines.registry import BASELINES, RECIPES
from leukofeat.cli.listing import print_baselines

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

from networks.operators import define_torchvision_operators

BUILT = {name: recipe for name, recipe in RECIPES.items() if recipe.built}
PUBLISHED = {name: recipe for name, recipe in BUILT.items() if recipe.firmness in "abcd"}


@pytest.mark.parametrize("name", PUBLISHED)
def test_record_and_docstring_say_the_same(name):
    recipe = PUBLISHED[name]
    text = " ".join(recipe.make.__doc__.split())
    assert recipe.year is None or str(recipe.year) in text
    for doi in re.findall(r"\b10\.\d{4,}/\S+", recipe.citation):
        assert doi in text
    for figure in re.findall(r"\d+\.\d+", recipe.published):
        assert float(figure) in [float(found) for found in re.findall(r"\d+\.\d+", text)], figure
    assert recipe.data
    assert recipe.task


@pytest.mark.parametrize("name", BUILT)
def test_the_names_are_the_functions_and_their_variants_can_be_made(name):
    recipe = BUILT[name]
    assert name == recipe.make.__name__
    assert recipe.idea == recipe.make.__doc__.split("\n")[0].removesuffix(".")
    if recipe.needs == DEEP:
        pytest.importorskip("torch")
        define_torchvision_operators()
    if recipe.needs == NETWORK:
        with pytest.raises(ValueError, match=f"{name} needs a frozen network"):
            make_baseline(name)
    else:
        for variant in recipe.variants:
            assert find_pipeline(variant)[0] == variant


@pytest.mark.parametrize("name", [name for name in RECIPES if name not in BUILT])
def test_what_is_not_built_says_why(name):
    for make in (make_baseline, find_pipeline):
        with pytest.raises(ValueError, match=f"{name} is not built: ") as raised:
            make(name)
        assert RECIPES[name].reason in str(raised.value)


def test_the_table_is_sorted_and_whole():
    table = list_baselines()
    assert table.index.is_unique
    assert table.index[0] == "leukofeat_svm"
    assert set(table.index[table["built"]]) == set(BASELINES)
    assert table["built"].is_monotonic_decreasing
    for _, part in table[~table["firmness"].isin(["ours", "control"])].groupby("built"):
        assert part["year"].fillna(9999).is_monotonic_increasing
    assert (table["reason"] == "").equals(table["built"])
    assert table.drop(columns="year").notna().all(axis=None)
    assert set(table["firmness"]) <= set(FIRMNESS)


def test_the_list_fits_into_120_columns_and_names_everything(capsys):
    print_baselines()
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 120
    assert all(name in text for name in RECIPES)
    assert "jin2023_svm: SVM of Jin et al." in text


def test_a_record_that_lacks_something_is_refused():
    for given in ({"name": "a"}, {"name": "a", "idea": "b"}, {"idea": "b", "reason": "c"}):
        with pytest.raises(ValueError, match="is missing"):
            Recipe(firmness="b", **given)
    with pytest.raises(ValueError, match="firmness must be one of"):
        Recipe(name="a", idea="b", reason="c", firmness="e")
