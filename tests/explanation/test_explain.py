"""Explanations of images: they add up, hold under deletion, and say what cannot be said."""

import numpy as np
import pandas as pd
import pytest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from leukofeat import Smear
from leukofeat.baselines import make_baseline
from leukofeat.datasets import make_smears
from leukofeat.explanation import describe_columns, explain, linear_form, without_cells
from leukofeat.features import ColorFeatures, FeatureSet, GeometryFeatures, list_features

COLUMNS = ["cell_count", "nucleus_*_mean", "nc_*_std", "cell_neighbor_*"]


@pytest.fixture(scope="module")
def fields():
    bunch = make_smears(n_samples=24, size=160, n_slides=8, random_state=1)
    records = [Smear(*parts) for parts in zip(bunch.images, bunch.nuclei, bunch.cells, strict=True)]
    return records, bunch.target_names[bunch.target]


def linear_model(classifier=None, **options):
    features = FeatureSet([GeometryFeatures(), ColorFeatures(regions=("nucleus", "cytoplasm"))], **options)
    steps = (SimpleImputer(keep_empty_features=True), StandardScaler(), classifier or SVC(kernel="linear", C=0.01))
    return make_pipeline(features, *steps)


@pytest.fixture(scope="module")
def model(fields):
    return linear_model().fit(*fields)


@pytest.fixture(scope="module")
def explained(model, fields):
    return explain(model, fields[0])


def test_contributions_add_up_to_the_decision_value(explained, model, fields):
    assert [why.verdict for why in explained] == model.predict(fields[0]).tolist()
    form = linear_form(model[1:])
    rows = model[:1].transform(fields[0])
    for why, row in zip(explained, rows, strict=True):
        pair = form.pair(form.classes.tolist().index(why.verdict), form.classes.tolist().index(why.against))
        assert why.value == pytest.approx(pair.decide(row[None])[0, 0], abs=1e-12)
        assert abs(why.base + why.columns["contribution"].sum() - why.value) < 1e-9
        assert abs(why.base + why.groups["contribution"].sum() - why.value) < 1e-9
        magnitude = why.columns["contribution"].abs()
        assert magnitude.is_monotonic_decreasing
        assert sorted(why.columns["column"]) == sorted(model[0].get_feature_names_out())


def test_columns_at_their_reference_change_the_value_by_their_contributions(explained, model, fields):
    names = model[0].get_feature_names_out().tolist()
    form = linear_form(model[1:])
    for why, row in zip(explained, model[:1].transform(fields[0]), strict=True):
        top = why.columns.head(10)
        changed = row.copy()
        changed[[names.index(name) for name in top["column"]]] = top["reference"]
        pair = form.pair(form.classes.tolist().index(why.verdict), form.classes.tolist().index(why.against))
        fallen = why.value - pair.decide(changed[None])[0, 0]
        assert fallen == pytest.approx(top["contribution"].sum(), abs=1e-9)


def test_leaving_cells_out_does_to_the_verdict_what_was_said(model):
    bunch = make_smears(
        n_samples=24, size=128, n_slides=8, random_state=2
    )  # not seen in training, so that some are close
    records, changed = [Smear(*parts) for parts in zip(bunch.images, bunch.nuclei, bunch.cells, strict=True)], 0
    for why, record in zip(explain(model, records), records, strict=True):
        cells = why.cells
        assert sorted(cells["label"]) == list(range(1, record.n_cells + 1))
        if record.n_cells < 2:
            assert cells["push"].isna().all()
            continue
        assert cells["push"].is_monotonic_decreasing
        for one in cells.head(2).itertuples():
            (alone,) = explain(model, [without_cells(record, [one.label])], against=why.against, max_cells=0)
            assert alone.verdict == one.verdict_without
            if alone.verdict == why.verdict:
                assert alone.value == pytest.approx(one.value_without, abs=1e-9)
                assert why.value - alone.value == pytest.approx(one.push, abs=1e-9)
        if why.decisive:
            assert model.predict([without_cells(record, why.decisive)])[0] != why.verdict
            fewer = why.decisive[:-1]
            assert model.predict([without_cells(record, fewer)])[0] == why.verdict
            changed += 1
    assert changed


def test_the_class_against_can_be_chosen(model, fields):
    for why in explain(model, fields[0][:6], against="Pro", max_cells=0):
        assert (why.against == "Pro") == (why.verdict != "Pro")
        assert why.cells.empty
    with pytest.raises(ValueError, match="no class of the model; there are Benign"):
        explain(model, fields[0][:1], against="Late")


def test_the_other_class_is_by_default_the_nearest(explained, model, fields):
    for why, record in zip(explained[:6], fields[0], strict=False):
        values = [explain(model, [record], against=other, max_cells=0)[0].value for other in model.classes_]
        assert why.value == pytest.approx(min(values))


def test_what_was_filled_in_is_told_apart(model, fields):
    alone = without_cells(fields[0][0], range(2, fields[0][0].n_cells + 1))
    alone = Smear(alone.image, (alone.cells > 0).astype(int))  # a cell without cytoplasm
    (why,) = explain(model, [alone])
    filled = why.columns[why.columns["imputed"]]
    assert "cytoplasm" in set(filled["region"])
    assert filled["value"].isna().all()
    assert "not measured, filled in" in set(why.groups["group"])
    assert "were filled in (" in why.text
    assert "one cell" in why.text
    assert why.decisive == ()
    assert abs(why.base + why.columns["contribution"].sum() - why.value) < 1e-9


def test_images_without_a_cell_and_broken_ones_have_a_reason(fields, tmp_path):
    model = linear_model(on_error="nan").fit(*fields)
    empty = Smear(fields[0][0].image, np.zeros((160, 160), int))
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no image")
    with pytest.warns(UserWarning, match=r"broken\.png"):
        found = explain(model, [empty, str(broken), fields[0][0]])
    assert [bool(why.reason) for why in found] == [True, True, False]
    assert "no leukocyte" in found[0].text
    assert found[1].smear is None
    assert found[0].smear is not None
    assert found[0].groups.empty
    assert [why.row for why in found] == [0, 1, 2]
    assert all("Research use only" in why._repr_html_() for why in found)
    assert explain(model, []) == []


def test_of_many_cells_the_largest_are_tried(model, fields):
    record = max(fields[0], key=lambda record: record.n_cells)
    assert record.n_cells > 3
    (why,) = explain(model, [record], max_cells=2)
    tried = why.cells.dropna(subset="push")["label"]
    areas = record.region_boxes("cell")[:, 4]
    assert sorted(areas[tried - 1]) == sorted(np.sort(areas)[-2:])
    assert why.n_tried == 2
    assert "2 largest cells" in why.text
    assert why.cells["push"].isna().sum() == record.n_cells - 2
    with pytest.raises(ValueError, match="max_cells"):
        explain(model, [record], max_cells=-1)


def test_columns_of_a_table(fields):
    records, y = fields
    features = FeatureSet([GeometryFeatures()], columns=COLUMNS).set_output(transform="pandas")
    table = features.fit_transform(records)
    model = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression()).fit(table, y)
    found = explain(model, table)
    assert [why.verdict for why in found] == model.predict(table).tolist()
    assert found[0].probability == pytest.approx(model.predict_proba(table)[0].max())
    assert found[0].smear is None
    assert "log-odds" in found[0].text
    assert set(found[0].columns["column"]) == set(table.columns)
    model.fit(table.to_numpy(), y)
    assert "column_0" in set(explain(model, table.to_numpy())[0].columns["column"])


def test_baselines_and_own_label_maps(fields):
    records, y = fields
    model = make_baseline("leukofeat_svm", segmenter="passthrough").fit(records, y)
    (why,) = explain(model, records[:1])
    assert abs(why.base + why.columns["contribution"].sum() - why.value) < 1e-9
    assert why.unit == "log-odds"
    assert why.probability == pytest.approx(model.predict_proba(records[:1]).max())
    assert len(why.cells) == records[0].n_cells


def test_an_image_that_nothing_segmented(fields):
    images = [record.image for record in fields[0]]
    model = make_pipeline(ColorFeatures(regions=("image",)), StandardScaler(), LogisticRegression())
    (why,) = explain(model.fit(images, fields[1]), images[:1])
    assert why.cells.empty
    assert why.groups["group"].tolist() == ["colour of the image"]
    assert "<img" in why._repr_html_()


def test_models_that_have_no_exact_shares_are_refused(fields):
    records, y = fields
    model = linear_model(KNeighborsClassifier()).fit(records, y)
    with pytest.raises(TypeError, match="not linear in its columns"):
        explain(model, records[:1])
    with pytest.raises(TypeError, match="ends in no classifier"):
        explain(model[:-1], records[:1])
    union = make_pipeline(StandardScaler(), LogisticRegression()).fit(np.eye(4), [0, 0, 1, 1])
    with pytest.raises(TypeError, match="FeatureSet"):
        explain(union, records[:1])


def test_without_cells_keeps_the_others_as_they_are(fields):
    record = next(record for record in fields[0] if record.n_cells > 2)
    record = record.replace(nuclei=record.nuclei, cells=record.cells, confidence=np.linspace(0, 1, record.n_cells))
    left = without_cells(record, [2])
    assert left.label_ids.tolist() == np.delete(record.label_ids, 1).tolist()
    assert [body.reason for body in left.dropped[len(record.dropped) :]] == ["left out"]
    assert left.confidence.tolist() == np.delete(record.confidence, 1).tolist()
    assert (left.cells > 0).sum() == ((record.cells > 0) & (record.cells != 2)).sum()
    for label in (0, record.n_cells + 1):
        with pytest.raises(ValueError, match="No cell"):
            without_cells(record, [label])
    assert without_cells(record, []).n_cells == record.n_cells


def test_what_columns_are_about():
    names = {
        "nucleus_area_mean": "size of the nucleus",
        "cell_feret_max_um_std": "size of the cell",
        "nucleus_solidity_mean": "shape of the nucleus",
        "nc_area_ratio_mean": "nucleus to cell",
        "cell_count": "number and spacing of cells",
        "cytoplasm_rgb_r_mean": "colour of the cytoplasm",
        "nucleus_per_redcell_od_r": "colour of the nucleus",
        "nucleus_haralick_energy_d1_mean": "texture of the nucleus",
        "nucleus_clump_count_mean": "chromatin of the nucleus",
        "no such column": "other columns",
    }
    found = describe_columns(list(names))
    assert found["group"].to_dict() == names
    assert found.loc["cell_feret_max_um_std", "unit"] == "µm"
    assert found.loc["nucleus_area_mean", "meaning"] == "area, mean over the cells"
    assert found.loc["cytoplasm_rgb_r_mean", "meaning"].startswith("mean of")


def test_every_built_in_measure_has_a_kind():
    pages = list_features()
    assert len(pages["family"].unique()) > 10
    known = FeatureSet([GeometryFeatures(), ColorFeatures(regions=("nucleus", "cytoplasm", "background"))]).row_names()
    found = describe_columns(known)
    assert set(found["kind"]) == {"size", "shape", "nucleus to cell", "number", "colour"}
    assert isinstance(found, pd.DataFrame)
