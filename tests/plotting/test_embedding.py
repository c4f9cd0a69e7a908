"""Maps of images: coordinates are scikit-learn's, thumbnails apart."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from leukofeat.features import ColorFeatures
from leukofeat.plotting import EmbeddingDisplay
from leukofeat.plotting.maps import principal_components, spread


def test_the_map_is_scikit_learns_pca_of_scaled_columns(rng):
    table = rng.normal(size=(30, 5)) * [1, 10, 1e6, 1e-6, 1] @ rng.normal(size=(5, 5))
    y = np.arange(30) % 3
    display = EmbeddingDisplay.from_table(table, y=y, class_names=["a", "b", "c"])
    model = PCA(2, svd_solver="full").fit(StandardScaler().fit_transform(table))
    np.testing.assert_allclose(display.coordinates, model.transform(StandardScaler().fit_transform(table)), atol=1e-9)
    assert f"{100 * model.explained_variance_ratio_[0]:.0f} %" in display.ax_.get_xlabel()
    np.testing.assert_allclose(display.points_["b"].get_offsets(), display.coordinates[y == 1])
    assert [text.get_text() for text in display.ax_.get_legend().get_texts()] == ["a (10)", "b (10)", "c (10)"]
    (low, high), (bottom, top) = display.ax_.get_xlim(), display.ax_.get_ylim()
    assert ((display.coordinates > [low, bottom]) & (display.coordinates < [high, top])).all()
    assert display.ax_.get_aspect() == 1.0


@pytest.mark.parametrize(
    "table", [np.ones((4, 3)), np.ones((1, 3)), np.ones((4, 0)), np.full((4, 2), np.nan), np.arange(4.0)[:, None], np.empty((0, 3))],
    ids=["constant", "one", "no column", "nothing", "one column", "empty"],
)  # fmt: skip
def test_tables_without_two_directions(table):
    places, shares = principal_components(table)
    assert places.shape == (len(table), 2)
    assert all(0 <= share <= 1 for share in shares)
    assert (np.isnan(places) == np.isnan(table).all(axis=1)[:, None]).all(), "a row without a value has no place"
    EmbeddingDisplay.from_table(table).figure_.canvas.draw()


def test_missing_values_count_as_the_median_and_empty_rows_have_no_place():
    table = pd.DataFrame({"a": [0.0, 1, 2, np.nan, np.nan], "b": [5.0, 1, np.inf, 2, np.nan], "none": np.nan})
    places, _ = principal_components(table)
    filled = pd.DataFrame({"a": [0.0, 1, 2, 1], "b": [5.0, 1, 2, 2]})
    np.testing.assert_allclose(places[:4], principal_components(filled)[0])
    assert np.isnan(places[4]).all()
    display = EmbeddingDisplay.from_table(table)
    assert "1 of 5 images have no place" in next(text.get_text() for text in display.ax_.texts)


def test_thumbnails_stand_where_their_image_is_and_apart(smears):
    places = np.random.default_rng(0).normal(size=(8, 2))
    places[5] = places[2] + 1e-3
    places[6] = np.nan
    display = EmbeddingDisplay.from_coordinates(places, y=smears.target, images=smears.images, side=0.1)
    assert {2, 5} & set(display.thumbnails_) == {min({2, 5} & set(display.thumbnails_))}, "one of two at one place"
    assert 6 not in display.thumbnails_
    extents = {row: image.get_extent() for row, image in display.thumbnails_.items()}
    for row, (left, right, bottom, top) in extents.items():
        np.testing.assert_allclose([(left + right) / 2, (bottom + top) / 2], places[row])
    for a, b in itertools.combinations(extents.values(), 2):
        assert a[1] < b[0] or b[1] < a[0] or a[3] < b[2] or b[3] < a[2]
    few = EmbeddingDisplay.from_coordinates(places, images=smears.images, max_thumbnails=2)
    assert len(few.thumbnails_) == 2
    again = EmbeddingDisplay.from_coordinates(places, y=smears.target, images=smears.images, side=0.1)
    assert list(again.thumbnails_) == list(display.thumbnails_)


def test_only_the_images_that_are_shown_are_read(paths):
    broken = [paths[0], "nowhere.png", paths[2]]
    display = EmbeddingDisplay.from_coordinates([[0, 0], [1e-4, 0], [1, 1]], images=broken)
    assert sorted(display.thumbnails_) == [0, 2]


def test_a_pipeline_is_drawn_by_what_reaches_its_classifier(smears):
    front = make_pipeline(ColorFeatures(regions=("image",)), StandardScaler())
    model = make_pipeline(*(step for _, step in front.steps), LogisticRegression()).fit(smears.images, smears.target)
    display = EmbeddingDisplay.from_estimator(model, smears.images, y=smears.target)
    np.testing.assert_allclose(display.coordinates, principal_components(model[:-1].transform(smears.images))[0])
    assert display.thumbnails_
    with pytest.raises(ValueError, match="gives no columns"):
        EmbeddingDisplay.from_estimator(LogisticRegression(), smears.images)


def test_what_does_not_fit_is_told(smears):
    for wrong, match in (
        ({"coordinates": [[1, 2, 3]]}, r"shape \(n, 2\)"), ({"coordinates": [[0, 0]], "y": [0, 1]}, "y= has 2"),
        ({"coordinates": [[0, 0]], "y": [1], "class_names": ["benign"]}, "class_names has 1 names, and y the code 1"),
        ({"coordinates": [[0, 0]], "images": smears.images}, "images= has 8"), ({"coordinates": [[0, 0]], "side": 0}, "side=0"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=match):
            EmbeddingDisplay.from_coordinates(wrong.pop("coordinates"), **wrong)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(*[st.one_of(st.floats(-5, 5), st.just(np.nan))] * 2), max_size=30),
    st.floats(0.01, 3), st.integers(0, 10),
)  # fmt: skip
def test_rows_that_are_spread_lie_apart_and_leave_no_gap(points, least, most):
    places = np.array(points, float).reshape(-1, 2)
    chosen = spread(places, least, most)
    assert len(chosen) == len(set(chosen)) <= most
    for a, b in itertools.combinations(chosen, 2):
        assert np.abs(places[a] - places[b]).max() >= least
    if len(chosen) < most:
        for row in np.flatnonzero(np.isfinite(places).all(axis=1)):
            assert row in chosen or min(np.abs(places[row] - places[c]).max() for c in chosen) < least
