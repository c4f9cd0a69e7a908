"""FeatureSet: one pass, every row kept, and failures that say what and why."""

from __future__ import annotations

import os
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from leukofeat import ImageError, Smear
from leukofeat.features import (
    ChromatinFeatures,
    EmptyWarning,
    FeatureSet,
    FunctionFeatures,
    GeometryFeatures,
    ImageWarning,
)
from tests.stages import Area, Darker, DarkSegmenter, MeanColor


@pytest.fixture
def mixed(paths, tmp_path) -> list[str]:
    """A good file, a text file, a missing file and a good file."""
    (tmp_path / "notes.jpg").write_text("no image")
    return [paths[0], str(tmp_path / "notes.jpg"), str(tmp_path / "gone.png"), paths[1]]


def red(smear: Smear) -> float:
    return float(smear.image[:, :, 0].mean())


def fails_on_dark(smear: Smear) -> float:
    if smear.image.max() < 5:
        raise ZeroDivisionError("nothing but black")
    return 1.0


def test_columns_stand_side_by_side(records):
    both = FeatureSet([Area(), MeanColor()])
    values = both.fit_transform(records)
    assert values.dtype == np.float64
    np.testing.assert_array_equal(values, np.hstack([Area().transform(records), MeanColor().transform(records)]))
    assert both.get_feature_names_out().tolist() == [
        "n_cells",
        "nucleus_area_mean",
        "image_r_mean",
        "image_g_mean",
        "image_b_mean",
    ]


def test_works_before_fit(records):
    features = FeatureSet([Area()])
    np.testing.assert_array_equal(features.transform(records), clone(features).fit_transform(records))


def test_an_unreadable_file_stops_the_pass_by_default(mixed):
    with pytest.raises(ImageError, match=r"notes\.jpg: not a JPEG"):
        FeatureSet([MeanColor()]).fit_transform(mixed)


def test_on_error_nan_keeps_every_row_and_lists_what_failed(mixed):
    with pytest.warns(ImageWarning) as caught:
        values = FeatureSet([MeanColor()], on_error="nan").fit_transform(mixed)
    assert np.isnan(values).all(axis=1).tolist() == [False, True, True, False]
    np.testing.assert_array_equal(values[[0, 3]], MeanColor().transform([mixed[0], mixed[3]]))
    (warning,) = [w.message for w in caught]
    assert [(f.row, f.name) for f in warning.failures] == [(1, mixed[1]), (2, mixed[2])]
    assert "not a JPEG" in warning.failures[0].reason
    assert "No such file" in warning.failures[1].reason
    text = str(warning)
    assert text.startswith("2 of 4 images could not be measured")
    assert text.count("notes.jpg") == text.count("gone.png") == 1


def test_a_failed_image_has_no_row_among_the_cells_and_the_warning_says_so(mixed):
    features = FeatureSet([GeometryFeatures()], on_error="nan")
    with pytest.warns(
        ImageWarning, match=r"^2 of 4 images could not be measured and have no row in the table of cells: "
    ) as caught:
        table = features.measure_cells(DarkSegmenter().transform(mixed))
    assert not table["image"].isin([1, 2]).any()
    assert str(pickle.loads(pickle.dumps(caught[0].message))) == str(caught[0].message)


def test_the_warning_can_travel_between_processes(mixed):
    with pytest.warns(ImageWarning) as caught:
        FeatureSet([MeanColor()], on_error="nan").fit_transform(mixed)
    again = pickle.loads(pickle.dumps(caught[0].message))
    assert again.failures == caught[0].message.failures
    assert str(again) == str(caught[0].message)


def test_a_long_list_of_failures_is_cut_in_the_message_only(tmp_path):
    with pytest.warns(ImageWarning, match="and 15 more$") as caught:
        FeatureSet([MeanColor()], on_error="nan").transform([str(tmp_path / f"{i}.png") for i in range(25)])
    assert len(caught[0].message.failures) == 25


def test_a_family_that_fails_names_the_image():
    images = [np.full((4, 4, 3), value, np.uint8) for value in [200] * 37 + [0] + [200] * 12]
    features = FeatureSet([MeanColor(), FunctionFeatures(fails_on_dark)])
    with pytest.raises(ZeroDivisionError, match="nothing but black") as caught:
        features.fit_transform(images)
    assert caught.value.__notes__ == ["While measuring image 37."]
    with pytest.warns(ImageWarning, match="1 of 50.*image 37: ZeroDivisionError: nothing but black"):
        values = features.set_params(on_error="nan").fit_transform(images)
    assert np.flatnonzero(np.isnan(values).any(axis=1)).tolist() == [37]


def test_an_error_in_an_earlier_stage_is_a_failure_of_the_row(paths):
    with pytest.warns(ImageWarning, match="n_cells|needs a segmented smear"):
        values = FeatureSet([Area()], on_error="nan").fit_transform(Darker().transform(paths[:2]))
    assert np.isnan(values).all()


def test_an_image_without_cells_keeps_its_row(records):
    blank = Smear(np.full((8, 8, 3), 230, np.uint8), np.zeros((8, 8), np.int32), source="blank.png")
    values = FeatureSet([Area()]).fit_transform([records[0], blank])
    assert values[1, 0] == 0
    assert np.isnan(values[1, 1])
    with pytest.raises(ValueError, match=r"blank\.png: no cell found; .*on_empty='nan'"):
        FeatureSet([Area()], on_empty="raise").fit_transform([records[0], blank])
    with pytest.warns(ImageWarning, match=r"blank\.png: ValueError: no cell found"):
        values = FeatureSet([Area()], on_empty="raise", on_error="nan").fit_transform([records[0], blank])
    assert np.isnan(values[1]).all()


def test_images_without_cells_are_told_of_once_a_pass(records):
    blank = [Smear(np.full((8, 8, 3), 230, np.uint8), np.zeros((8, 8), np.int32), source=f"{i}.png") for i in range(7)]
    features = FeatureSet([Area(), MeanColor()])
    with pytest.warns(EmptyWarning) as caught:
        values = features.fit_transform([records[0], *blank])
    (warning,) = [w.message for w in caught]
    assert warning.names == [f"{i}.png" for i in range(7)]
    assert str(warning).startswith("7 of 8 images: no leukocyte was found")
    assert "(0.png, 1.png, 2.png, 3.png, 4.png and 2 more)" in str(warning)
    assert str(pickle.loads(pickle.dumps(warning))) == str(warning)
    with pytest.warns(EmptyWarning):
        Area().transform(blank)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(features.set_params(on_empty="nan").transform([records[0], *blank]), values)
        FeatureSet([MeanColor()]).transform(blank)  # rests on no cell


def test_sources_of_cells_can_be_written_whatever_the_files_are_called(records, tmp_path):
    named = records[0].replace(source=os.fsdecode(b"caf\xe9.png"))
    table = FeatureSet([Area()]).measure_cells([named, records[1]])
    table.to_parquet(tmp_path / "cells.parquet")
    found = pd.read_parquet(tmp_path / "cells.parquet")["source"]
    assert found.dropna().unique().tolist() == ["caf\\xe9.png"]
    assert found.isna().any()


def test_an_image_that_was_never_segmented_is_not_empty(smears):
    FeatureSet([MeanColor()], on_empty="raise").fit_transform(smears.images)
    with pytest.raises(ValueError, match="put a segmenter") as caught:
        FeatureSet([Area()]).fit_transform(smears.images)
    assert "image 0" in "".join(caught.value.__notes__)


@pytest.mark.parametrize(
    ("parameters", "error", "reason"),
    [
        ({"families": []}, ValueError, "at least one feature family, as in FeatureSet"),
        ({"families": MeanColor()}, ValueError, "must be a list"),
        ({"families": 5}, ValueError, "must be a list"),
        ({"families": [MeanColor]}, TypeError, "is not a feature family"),
        ({"families": [red]}, TypeError, "wrap a function of one Smear as FunctionFeatures"),
        ({"families": [Darker()]}, TypeError, "is not a feature family"),
        ({"families": [MeanColor(), MeanColor()]}, ValueError, "Two families give the column 'image_r_mean'"),
        ({"families": [FunctionFeatures(red, per="pixel")]}, ValueError, "one of 'image', 'cell'. Got 'pixel'"),
        (
            {"on_error": "skip"},
            ValueError,
            "'on_error' parameter of FeatureSet must be one of 'raise', 'nan'. Got 'skip'",
        ),
        (
            {"on_empty": "drop"},
            ValueError,
            "'on_empty' parameter of FeatureSet must be one of 'warn', 'nan', 'raise'. Got 'drop'",
        ),
        ({"n_jobs": "2"}, ValueError, r"'n_jobs' parameter of FeatureSet must be an int in .* or None. Got '2'"),
        ({"n_jobs": 0}, ValueError, r"'n_jobs' parameter of FeatureSet must be an int in .* or None. Got 0"),
        ({"verbose": None}, ValueError, "'verbose' parameter of FeatureSet must be an int in the range"),
    ],
)
def test_bad_parameters_are_refused_in_fit_and_transform(parameters, error, reason, smears):
    features = FeatureSet(**{"families": [MeanColor()], **parameters})
    with pytest.raises(error, match=reason):
        features.fit(smears.images)
    with pytest.raises(error, match=reason):
        features.transform(smears.images)


def test_parameters_of_families_by_name(smears):
    features = FeatureSet([MeanColor(), FunctionFeatures(red, names=["a"]), FunctionFeatures(red, names=["b"])])
    params = features.get_params()
    assert params["functionfeatures-2__names"] == ["b"]
    assert params["meancolor"] is features.families[0]
    features.set_params(**{"functionfeatures-1__names": ["c"], "on_error": "nan"})
    assert features.get_feature_names_out().tolist()[3:] == ["c", "b"]
    features.set_params(**{"functionfeatures-2": FunctionFeatures(red, names=["d"])})
    assert features.get_feature_names_out().tolist()[3:] == ["c", "d"]
    with pytest.raises(ValueError, match="Invalid parameter 'nothing'"):
        features.set_params(nothing=1)
    with pytest.raises(ValueError, match="Invalid parameter 'colour'"):
        features.set_params(meancolor__colour=1)


def test_new_families_and_their_parameters_in_one_call():
    features = FeatureSet([MeanColor()])
    features.set_params(families=[FunctionFeatures(red)], functionfeatures__names=["a"])
    assert features.get_feature_names_out().tolist() == ["a"]


def test_a_clone_shares_nothing(records):
    features = FeatureSet([FunctionFeatures(red, names=["a"])])
    clone(features).set_params(functionfeatures__names=["b"])
    assert features.get_feature_names_out().tolist() == ["a"]


def test_sets_nest(records):
    inner = FeatureSet([Area()])
    np.testing.assert_array_equal(
        FeatureSet([inner, MeanColor()]).transform(records), FeatureSet([Area(), MeanColor()]).transform(records)
    )


def test_cells_as_a_table(records):
    table = FeatureSet([Area(), MeanColor()]).measure_cells(records)
    assert table.columns.tolist() == [
        "image",
        "source",
        "cell",
        "bbox_top",
        "bbox_left",
        "bbox_bottom",
        "bbox_right",
        "touches_border",
        "confidence",
        "nucleus_area",
        "centroid_x",
        "centroid_y",
        "centroid_x_um",
        "centroid_y_um",
    ]
    assert len(table) == sum(smear.n_cells for smear in records)
    for row in table.itertuples():
        smear = records[row.image]
        rows, columns = np.nonzero(smear.cells == row.cell)
        assert (row.bbox_top, row.bbox_left) == (rows.min(), columns.min())
        assert (row.bbox_bottom, row.bbox_right) == (rows.max() + 1, columns.max() + 1)
        height, width = smear.cells.shape
        edge = rows.min() == 0 or columns.min() == 0 or rows.max() == height - 1 or columns.max() == width - 1
        assert row.touches_border == edge
        assert row.nucleus_area == (smear.nuclei == row.cell).sum()
        assert row.source is None
    assert table["touches_border"].dtype == bool
    assert table["cell"].dtype.kind == "i"
    per_image = table.groupby("image")["nucleus_area"].mean()
    np.testing.assert_allclose(per_image, FeatureSet([Area()]).transform(records)[:, 1])


@pytest.mark.parametrize(
    ("families", "name"),
    [
        ([FunctionFeatures(len, names=["confidence"], per="cell")], "confidence"),
        ([FunctionFeatures(len, names=["image"], per="cell")], "image"),
        (
            [ChromatinFeatures(summary=["mean"]), ChromatinFeatures(channel="red", summary=["max"])],
            "nucleus_integrated_density",
        ),
    ],
)
def test_a_column_of_cells_is_there_once(families, name, records):
    features = FeatureSet(families)
    assert len(set(features.get_feature_names_out())) == len(features.get_feature_names_out())
    with pytest.raises(ValueError, match=f"{name!r} twice"):
        features.measure_cells(records)


def test_cells_of_files_carry_their_source(paths):
    table = FeatureSet([Area()]).measure_cells(DarkSegmenter().transform(paths))
    assert set(table["source"]) <= set(paths)
    assert [paths[i] for i in table["image"]] == table["source"].tolist()


def test_cells_that_are_no_more_leave_no_row():
    cells = np.zeros((8, 8), np.int32)
    cells[2:4, 2:4] = 3
    table = FeatureSet([Area()]).measure_cells([Smear(np.zeros((8, 8, 3), np.uint8), cells)])
    assert table[["cell", "nucleus_area"]].to_numpy().tolist() == [[3, 4]]


def test_where_the_centres_of_cells_are(records):
    sized = [smear.replace(pixel_size=0.1 * (i + 1)) for i, smear in enumerate(records[:2])]
    table = FeatureSet([Area()]).measure_cells([*sized, records[2]])
    for row in table.itertuples():
        rows, columns = np.nonzero(records[row.image].cells == row.cell)
        assert (row.centroid_x, row.centroid_y) == (columns.mean(), rows.mean())
        size = (0.1, 0.2, np.nan)[row.image]
        np.testing.assert_allclose((row.centroid_x_um, row.centroid_y_um), (columns.mean() * size, rows.mean() * size))


def test_no_cell_and_no_image_give_an_empty_table(records):
    full = FeatureSet([Area()]).measure_cells(records)
    blank = Smear(np.zeros((8, 8, 3), np.uint8), np.zeros((8, 8), np.int32))
    for X in ([], [blank]):
        table = FeatureSet([Area()]).measure_cells(X)
        assert len(table) == 0
        assert table.columns.tolist() == full.columns.tolist()


def test_cells_without_a_family_that_measures_them(records):
    table = FeatureSet([MeanColor()]).measure_cells(records)
    assert len(table) == sum(smear.n_cells for smear in records)
    assert table.columns[-5] == "confidence"


def test_cells_of_broken_files(mixed):
    segmented = DarkSegmenter().transform(mixed)
    with pytest.raises(ImageError, match=r"notes\.jpg"):
        FeatureSet([Area()]).measure_cells(segmented)
    with pytest.warns(ImageWarning, match="2 of 4"):
        table = FeatureSet([Area()], on_error="nan").measure_cells(segmented)
    assert set(table["image"]) <= {0, 3}
    with pytest.raises(ValueError, match="put a segmenter") as caught:
        FeatureSet([Area()]).measure_cells([np.zeros((4, 4, 3), np.uint8)])
    assert "image 0" in "".join(caught.value.__notes__)


def test_table_output_keeps_row_labels_of_a_frame(paths):
    frame = pd.DataFrame({"path": paths}, index=[f"slide {i}" for i in range(len(paths))]).iloc[::-1]
    table = FeatureSet([MeanColor()]).set_output(transform="pandas").fit_transform(frame)
    assert table.index.tolist() == frame.index.tolist()


def test_a_progress_bar_only_on_request(records, capsys):
    FeatureSet([MeanColor()]).transform(records)
    assert capsys.readouterr().err == ""
    FeatureSet([MeanColor()], verbose=1).transform(records)
    assert "measuring" in capsys.readouterr().err


def test_good_images_cause_no_warning(records):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        FeatureSet([Area()], on_error="nan").transform(records)


def test_a_set_of_what_is_no_family_can_be_printed_and_is_refused(smears):
    features = FeatureSet([len])
    assert "len" in repr(features)
    with pytest.raises(TypeError, match="FunctionFeatures"):
        features.fit(smears.images)
