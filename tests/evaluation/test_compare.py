import numpy as np
import pandas as pd
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, roc_auc_score
from sklearn.model_selection import LeaveOneGroupOut, RepeatedStratifiedKFold, StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from leukofeat.augmentation import augment
from leukofeat.baselines import make_baseline
from leukofeat.datasets import load_images, make_smears
from leukofeat.evaluation import compare, estimate_slides, mcnemar
from leukofeat.evaluation.stress_tests import STRESS_TESTS
from leukofeat.evaluation.tables import Outcome, summarise
from leukofeat.features import FeatureSet
from leukofeat.segmentation import LabKMeansSegmenter
from leukofeat.statistics.metrics import CLASS_METRICS, OVERALL_METRICS
from tests.stages import MeanColor


@pytest.fixture(scope="module")
def slides():
    """48 small fields of 12 slides."""
    return make_smears(n_samples=48, size=96, n_slides=12, random_state=0)


def _lda():
    return make_pipeline(FeatureSet([MeanColor()]), StandardScaler(), LinearDiscriminantAnalysis())


@pytest.fixture(scope="module")
def result(slides):
    pipelines = {"svm": make_pipeline(FeatureSet([MeanColor()]), StandardScaler(), SVC()), "lda": _lda()}
    return compare(pipelines, slides.images, slides.target, cv=3, groups=slides.groups, n_bootstrap=100)


def test_compare_agrees_with_scikit_learn(smears):
    pipelines = {"a": make_baseline("four_colors"), "b": make_baseline("four_colors", C=0.1)}
    cv = StratifiedGroupKFold(2)
    result = compare(pipelines, smears.images, smears.target, cv=cv, groups=smears.groups)
    assert list(result.table.index) == ["a", "b"]
    for name, pipeline in pipelines.items():
        expected = cross_val_predict(pipeline, smears.images, smears.target, cv=cv, groups=smears.groups)
        found = result.predictions[result.predictions["pipeline"] == name].sort_values("row")
        np.testing.assert_array_equal(found["predicted"], expected)
        assert result.table.loc[name, "accuracy"] == accuracy_score(smears.target, expected)
        assert result.table.loc[name, "macro_f1"] == pytest.approx(f1_score(smears.target, expected, average="macro"))
        assert result.table.loc[name, "ms_per_image"] > 0


def test_what_does_not_fit_is_refused(smears):
    with pytest.raises(ValueError, match="'mine' is the text 'four_colors', and no pipeline; make_baseline"):
        compare({"mine": "four_colors"}, smears.images, smears.target)
    pipelines = {"a": make_baseline("four_colors")}
    with pytest.raises(ValueError, match="8 images and 7 values of y"):
        compare(pipelines, smears.images, smears.target[:-1])
    with pytest.raises(ValueError, match="8 images and 7 values of groups"):
        compare(pipelines, smears.images, smears.target, groups=smears.groups[:-1])
    with pytest.raises(ValueError, match="no pipeline"):
        compare({}, smears.images, smears.target)
    with pytest.raises(ValueError, match="leave-one-slide-out"):
        compare(pipelines, smears.images, smears.target, cv="somehow")
    for n in (-1, 2.5, True):
        with pytest.raises(ValueError, match="n_bootstrap"):
            compare(pipelines, smears.images, smears.target, n_bootstrap=n)


def test_the_table_holds_every_metric_with_its_interval(result):
    for name in OVERALL_METRICS:
        assert {name, f"{name}_low", f"{name}_high"} <= set(result.table)
    for pipeline, row in result.table.iterrows():
        for name in ("accuracy", "balanced_accuracy", "macro_f1", "auc", "macro_fpr"):
            assert row[f"{name}_low"] <= row[name] <= row[f"{name}_high"]
        assert np.isfinite(row["brier"]) == (pipeline == "lda")  # the SVM gives no probabilities
    assert {"support", *CLASS_METRICS, "auc_low", "sensitivity_high"} <= set(result.by_class)
    assert result.by_class.groupby("pipeline")["support"].sum().tolist() == [48, 48]


def test_tables_agree_with_the_predictions(result, slides):
    for name, own in result.predictions.groupby("pipeline"):
        expected = confusion_matrix(own["target"], own["predicted"])
        np.testing.assert_array_equal(result.confusion[name], expected)
        scores = own[[f"score_{c}" for c in range(4)]].to_numpy()
        area = np.mean([roc_auc_score(own["target"] == c, scores[:, c]) for c in range(4)])
        assert result.table.loc[name, "auc"] == pytest.approx(area)
        folds = result.by_fold[result.by_fold["pipeline"] == name]
        expected = (own["target"] == own["predicted"]).groupby(own["fold"]).mean()
        np.testing.assert_allclose(folds["accuracy"], expected)
        np.testing.assert_array_equal(folds["n_test"] + folds["n_train"], 48)
        np.testing.assert_array_equal(own["group"], slides.groups[own["row"]])


def test_a_class_of_two_slides_is_not_more_certain_for_the_slides_of_others():
    slides = np.arange(80) // 4
    target = np.where(slides < 2, "rare", "usual")
    right = Outcome(np.zeros(80, int), np.arange(80), target, target, None, False, 0.0, 0.0)
    table, by_class, _ = summarise({"right": right}, np.unique(target), slides, 100, 0)
    np.testing.assert_allclose(by_class["sensitivity_low"], 0.025 ** (1 / np.array([2, 18])))
    assert table["accuracy_low"].item() == pytest.approx(0.025 ** (1 / 20))
    assert table["balanced_accuracy_low"].item() == pytest.approx(0.025 ** (1 / 4))


def test_slides_are_judged_by_vote_and_by_mean_score(result):
    by_group = result.by_group[result.by_group["pipeline"] == "lda"].set_index("group")
    own = result.predictions[result.predictions["pipeline"] == "lda"]
    assert len(by_group) == 12
    for group, members in own.groupby("group"):
        row = by_group.loc[group]
        assert row["vote"] == members["predicted"].mode()[0]
        mean = members[[f"score_{c}" for c in range(4)]].mean().to_numpy().argmax()
        assert row["mean"] == mean
        assert row["mean_right"] == (mean == members["target"].iloc[0])
    assert result.table.loc["lda", "group_accuracy_vote"] == by_group["vote_right"].mean()


def test_pairs_are_tested_by_image_by_slide_and_by_fold(result):
    pairs = result.pairs.set_index("method")
    assert set(pairs["first"]) == {"svm"}
    kinds = {method.split(",")[0] for method in pairs.index}
    assert kinds == {"McNemar", "sign flips over groups", "corrected resampled t", "DeLong"}
    right = {
        name: (own["target"] == own["predicted"]).to_numpy() for name, own in result.predictions.groupby("pipeline")
    }
    expected = mcnemar(right["svm"], right["lda"])
    assert pairs.loc[expected.method, "p"] == expected.p
    difference = result.table.loc["svm", "accuracy"] - result.table.loc["lda", "accuracy"]
    assert pairs.loc[expected.method, "difference"] == pytest.approx(difference)


def test_three_pipelines_are_corrected_for_three_comparisons(slides):
    pipelines = {"a": make_baseline("four_colors"), "b": _lda(), "c": make_baseline("four_colors", C=0.01)}
    pairs = compare(pipelines, slides.images, slides.target, cv=3, n_bootstrap=10).pairs
    for _, own in pairs.groupby(pairs["method"].str.split(",").str[0]):
        assert len(own) == 3
        smallest = own["p"].idxmin()
        assert own.loc[smallest, "p_corrected"] == pytest.approx(min(1.0, 3 * own.loc[smallest, "p"]))


def test_a_number_of_folds_keeps_groups_together(slides):
    pipelines = {"a": make_baseline("four_colors")}
    grouped = compare(pipelines, slides.images, slides.target, cv=3, groups=slides.groups, n_bootstrap=10)
    for _, own in grouped.predictions.groupby("group"):
        assert own["fold"].nunique() == 1
    assert grouped.notes == []
    random = compare(pipelines, slides.images, slides.target, cv="random", groups=slides.groups, n_bootstrap=10)
    assert "12 of 12 groups stand on both sides" in random.notes[0]
    bare = compare(pipelines, slides.images, slides.target, cv=3, n_bootstrap=10)
    assert "No groups were given" in bare.notes[0]
    assert bare.by_group.empty
    assert np.isnan(bare.table["group_accuracy_vote"]).all()


def test_splits_by_name_by_rows_and_by_mask(slides):
    pipelines = {"a": make_baseline("four_colors")}
    published = compare(pipelines, slides.images, slides.target, cv="60-20-20", n_bootstrap=10)
    assert len(published.predictions) == 4 * 2
    train = np.arange(48) < 30
    masks = compare(pipelines, slides.images, slides.target, cv=[(train, ~train)], n_bootstrap=10)
    rows = compare(pipelines, slides.images, slides.target, cv=[(np.arange(30), np.arange(30, 48))], n_bootstrap=10)
    pd.testing.assert_frame_equal(masks.predictions, rows.predictions)
    assert set(masks.pairs.columns) >= {"p", "p_corrected"}


def test_repeated_folds_count_each_image_once_in_intervals_and_tests(slides):
    pipelines = {"a": make_baseline("four_colors"), "b": _lda()}
    cv = RepeatedStratifiedKFold(n_splits=3, n_repeats=4, random_state=0)
    many = compare(pipelines, slides.images, slides.target, cv=cv, n_bootstrap=200)
    once = compare(pipelines, slides.images, slides.target, cv="random", n_bootstrap=200)
    assert set(many.pairs["method"]) == {"corrected resampled t"}
    width = [r.table["accuracy_high"] - r.table["accuracy_low"] for r in (many, once)]
    assert (width[0] > 0.6 * width[1]).all()  # four times the predictions are not four times the evidence


def test_classes_that_a_fold_was_not_trained_on_and_names_of_classes(slides):
    names = slides.target_names[slides.target]
    lost = [(np.flatnonzero(names != "Pro"), np.flatnonzero(names == "Pro"))]
    result = compare(
        {"svm": make_baseline("four_colors"), "lda": _lda()}, slides.images, names, cv=lost, n_bootstrap=10
    )
    assert (result.table["accuracy"] == 0).all()
    assert (result.predictions.loc[result.predictions["pipeline"] == "lda", "score_Pro"] == 0).all()
    assert result.by_class.set_index(["pipeline", "class"]).loc[("lda", "Pro"), "sensitivity"] == 0
    alone = compare({"lda": _lda()}, slides.images, names, cv=LeaveOneGroupOut(), groups=slides.groups, n_bootstrap=10)
    assert len(alone.by_fold) == 12


def test_two_classes(slides):
    rows = np.flatnonzero(slides.target < 2)
    images, y = [slides.images[i] for i in rows], slides.target[rows]
    result = compare({"svm": make_baseline("four_colors"), "lda": _lda()}, images, y, cv=3, n_bootstrap=20)
    own = result.predictions[result.predictions["pipeline"] == "svm"]
    assert result.table.loc["svm", "auc"] == pytest.approx(roc_auc_score(own["target"], own["score_1"]))
    assert 0 <= result.table.loc["lda", "brier"] <= 1


def test_protocols_share_the_features_and_give_what_each_gives_alone(slides):
    pipelines = {"a": make_baseline("four_colors")}
    ways, groups = {"random": "random", "slides": 3}, {"slides": slides.groups}
    both = compare(pipelines, slides.images, slides.target, cv=ways, groups=groups, n_bootstrap=10)
    assert list(both) == list(ways)
    for name, cv in ways.items():
        alone = compare(pipelines, slides.images, slides.target, cv=cv, groups=groups.get(name), n_bootstrap=10)
        pd.testing.assert_frame_equal(both[name].predictions, alone.predictions)
    for_all = compare(pipelines, slides.images, slides.target, cv=ways, groups=slides.groups, n_bootstrap=10)
    assert [found.configuration["n_groups"] for found in for_all.values()] == [12, 12]
    with pytest.raises(ValueError, match="groups= is for the protocols 'slide'; cv= has 'random', 'slides'"):
        compare(pipelines, slides.images, slides.target, cv=ways, groups={"slide": slides.groups})


def test_stress_tests_every_pipeline_with_models_that_did_not_see_the_image():
    smears = make_smears(n_samples=32, size=96, n_slides=8, random_state=0, faults="stain")
    pipelines = {"shared": make_baseline("four_colors"), "learns": make_baseline("jin2023_svm")}
    result = compare(
        pipelines, smears.images, smears.target, cv=2, groups=smears.groups, stress=True, n_stress=16, n_bootstrap=20
    )
    stress = result.stress.set_index(["pipeline", "test"])
    assert len(stress) == 2 * len(STRESS_TESTS)
    assert stress["n_images"].between(10, 16).all()
    assert (stress.groupby("pipeline")["clean"].nunique() == 1).all()
    own = result.predictions.set_index(["pipeline", "row"])
    assert stress.loc[("shared", "other background"), "points_lost"] > 0
    assert own.loc["shared"].shape[0] == 32
    assert compare({"a": pipelines["shared"]}, smears.images, smears.target, cv=2, n_bootstrap=10).stress is None


def test_an_image_that_several_folds_tested_is_stressed_once(slides):
    cv = RepeatedStratifiedKFold(n_splits=2, n_repeats=2, random_state=0)
    result = compare(
        {"a": make_baseline("four_colors")},
        slides.images,
        slides.target,
        cv=cv,
        stress=True,
        n_stress=48,
        n_bootstrap=10,
    )
    assert (result.stress["n_images"] == result.stress["n_images"].iloc[0]).all()
    assert result.stress["n_images"].iloc[0] == len(_with_cells(slides))
    first = result.predictions[result.predictions["fold"] < 2].set_index("row")
    right = (first["predicted"] == first["target"])[first.index.isin(_with_cells(slides))]
    np.testing.assert_allclose(result.stress["clean"], right.mean())
    assert len(result.predictions) == 2 * 48


def _with_cells(slides):
    cells = LabKMeansSegmenter(rank="a").transform(slides.images)
    return [i for i in range(len(cells)) if cells.smear(i).n_cells]


def test_stress_of_altered_copies():
    smears = make_smears(n_samples=8, size=96, n_slides=8, random_state=0)
    images, y, groups = augment(smears.images, smears.target, n_copies=1)
    result = compare({"a": make_baseline("four_colors")}, images, y, cv=2, groups=groups, stress=True, n_bootstrap=10)
    assert len(result.predictions) == 16
    assert len(result.stress) == len(STRESS_TESTS)


def test_the_result_prints_as_its_summary(result):
    text = repr(result)
    assert "Comparison of 2 pipelines, 3 folds" in text
    assert "group_accuracy_vote" in text
    assert len(text.splitlines()) == 5
    assert list(result.summary().index) == ["svm", "lda"]


def test_the_configuration_is_enough_to_repeat_it(result):
    configuration = result.configuration
    assert "StandardScaler" in configuration["pipelines"]["lda"]
    assert configuration["versions"].keys() >= {"leukofeat", "scikit-learn", "python"}
    assert (configuration["n_images"], configuration["n_groups"], configuration["n_folds"]) == (48, 12, 3)


@pytest.mark.parametrize("n_classes", [3, 4])  # three classes have as many pairs
def test_one_versus_one_scores_are_left_out(slides, n_classes):
    ovo = make_pipeline(MeanColor(), StandardScaler(), SVC(decision_function_shape="ovo"))
    target = np.minimum(slides.target, n_classes - 1)
    result = compare({"ovo": ovo}, slides.images, target, cv=2, groups=slides.groups, n_bootstrap=10)
    assert np.isnan(result.table.loc["ovo", "auc"])
    assert result.by_group["mean"].isna().all()
    assert result.table.loc["ovo", "accuracy"] > 0


def test_random_splits_flatter_real_images(data_folder):
    bunch = load_images(data_folder / "leukemia4")
    rows = np.sort(np.random.default_rng(0).permutation(len(bunch.target))[:300])
    found = compare(
        {"four": make_baseline("four_colors")},
        bunch.images[rows],
        bunch.target[rows],
        cv={"random": "random", "clusters": "stratified-grouped"},
        groups={"clusters": bunch.frame["cluster0"].to_numpy()[rows]},
        n_bootstrap=10,
    )
    assert found["random"].table.loc["four", "accuracy"] > found["clusters"].table.loc["four", "accuracy"] + 0.03


def test_what_pipelines_in_a_vote_measure_is_kept(smears, paths, tmp_path, monkeypatch):
    from leukofeat.baselines import make_baseline
    from leukofeat.classification import LogOpinionPool
    from leukofeat.measuring import image

    pool = LogOpinionPool([("colours", make_baseline("four_colors")), ("lbp", make_baseline("singhal2014_lbp_svm"))])
    options = {"cv": 2, "n_bootstrap": 10, "memory": tmp_path}
    measured, run_node = [], image._run_node

    def spy(plan, node, *arguments):
        measured.extend([1] * (node == 0))
        return run_node(plan, node, *arguments)

    monkeypatch.setattr(image, "_run_node", spy)
    compare({"pool": pool}, paths, smears.target, **options)
    assert len(measured) == 3 * len(paths)  # read once, measured once for each of the two
    assert pool.estimators[0][1][-2].memory is None


def test_groups_that_are_an_estimate_say_so(slides):
    estimate = estimate_slides(slides.images, slides.target)
    found = compare({"lda": _lda()}, slides.images, slides.target, cv=2, groups=estimate, n_bootstrap=20)
    given = compare({"lda": _lda()}, slides.images, slides.target, cv=2, groups=estimate.groups, n_bootstrap=20)
    assert found.notes == [estimate.note, *given.notes]
    pd.testing.assert_frame_equal(found.predictions, given.predictions)
