"""What a notebook shows of a FeatureSet."""

from __future__ import annotations

import re

import pytest
import sklearn

from leukofeat.features import ColorFeatures, FeatureSet, FunctionFeatures, GeometryFeatures, HOGFeatures
from tests.page import Page


def without_ids(text):
    return re.sub("(container|estimator)-id-[0-9]+", "", text)


def shown(features):
    bundle = features._repr_mimebundle_()
    assert bundle["text/plain"] == repr(features)
    assert without_ids(bundle["text/html"]) == without_ids(features._repr_html_())
    return bundle["text/html"]


def test_a_notebook_shows_the_diagram_and_the_columns_of_each_family():
    features = FeatureSet([GeometryFeatures(), ColorFeatures(regions=("image",)), FeatureSet([HOGFeatures()])])
    text = shown(features)
    assert "sk-top-container" in text
    table = text[text.rindex("</body>") :]
    rows = re.findall(r"<td>([^<]*)</td><td[^>]*>([^<]*)</td><td[^>]*>([^<]*)</td>", table)
    assert [name for name, *_ in rows] == ["geometryfeatures", "colorfeatures", "featureset"]
    for (_, columns, of_cell), family in zip(rows, features.families, strict=True):
        assert int(columns) == len(family.get_feature_names_out())
        assert int(of_cell) == len(family.cell_names())
    assert f"<b>{len(features.get_feature_names_out())} columns</b>" in table


def test_a_notebook_shows_text_where_scikit_learn_is_told_so():
    features = FeatureSet([GeometryFeatures()])
    with sklearn.config_context(display="text"):
        assert not hasattr(features, "_repr_html_")
        assert features._repr_mimebundle_() == {"text/plain": repr(features)}


@pytest.mark.parametrize(
    "families", [[], None, [len], [GeometryFeatures(), GeometryFeatures()], [GeometryFeatures(pixel_size=-1)]]
)
def test_a_set_that_is_not_right_can_be_shown(families):
    assert re.search("(Value|Type|InvalidParameter)Error: ", shown(FeatureSet(families)))


def test_what_a_notebook_shows_of_a_set_is_never_markup():
    name = "<img src=x onerror=alert(1)>"
    page = Page(shown(FeatureSet([FunctionFeatures(len, names=[name]), FunctionFeatures(len, names=[name])])))
    assert set(page.tags) == {"div", "b"}
    assert f"Two families give the column '{name}'" in page.text
