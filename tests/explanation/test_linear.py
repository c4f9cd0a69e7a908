"""The composed form against what the fitted estimators decide."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import RandomForestClassifier, StackingClassifier, VotingClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import SVC, LinearSVC, NuSVC

from leukofeat.calibration import CalibratedClassifier
from leukofeat.explanation import LinearForm, explain, linear_form
from leukofeat.whitening import WithinClassWhitener

OVO = {"kernel": "linear", "decision_function_shape": "ovo"}
CLASSIFIERS = [
    SVC(**OVO),
    NuSVC(nu=0.2, **OVO),
    LinearSVC(),
    LogisticRegression(),
    LinearDiscriminantAnalysis(),
    LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"),
    RidgeClassifier(),
]
BLOCKS = ColumnTransformer(
    [
        ("a", make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), WithinClassWhitener()), [0, 3, 5]),
        ("left out", "drop", [1]),
        ("b", make_pipeline(SimpleImputer(), MinMaxScaler()), [5, 2, 0]),
    ],
    remainder=SimpleImputer(strategy="constant", fill_value=1.5),
)
STEPS = {
    "scaled": [SimpleImputer(), StandardScaler()],
    "scaled before": [StandardScaler(), SimpleImputer(strategy="median")],
    "whitened": [
        SimpleImputer(strategy="median", keep_empty_features=True),
        StandardScaler(),
        WithinClassWhitener(0.1),
    ],
    "components": [SimpleImputer(), StandardScaler(with_mean=False), PCA(3, whiten=True)],
    "selected": [SimpleImputer(), RobustScaler(), SelectKBest(k=4), "passthrough", MaxAbsScaler()],
    "singular": [SimpleImputer(), FunctionTransformer(), TruncatedSVD(4, algorithm="arpack", random_state=0)],
    "blocks": [BLOCKS],
    "union": [SimpleImputer(), FeatureUnion([("s", StandardScaler()), ("p", PCA(2))], transformer_weights={"p": 3})],
}


def table(n_classes=3, n=90, seed=0, *, missing=0.1):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % n_classes
    X = rng.normal(size=(n, 7)) * np.array([1, 2, 4, 0.3, 1, 2, 1]) + np.outer(y, rng.normal(size=7)) + 3
    X[rng.random(X.shape) < missing] = np.nan
    return X, np.array(["a", "b", "c", "d"])[y]


def assert_exact(model, X):
    decided = np.asarray(model.decision_function(X)).reshape(len(X), -1)
    assert linear_form(model).decide(X) == pytest.approx(decided, rel=1e-8, abs=1e-8)


@pytest.mark.parametrize("steps", STEPS.values(), ids=STEPS)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_steps_compose_to_the_decision_function(steps, n_classes):
    X, y = table(n_classes)
    assert_exact(make_pipeline(*steps, SVC(**OVO)).fit(X, y), X)


@pytest.mark.parametrize("classifier", CLASSIFIERS, ids=repr)
@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.filterwarnings("ignore")
def test_classifiers_compose_to_the_decision_function(classifier, n_classes):
    X, y = table(n_classes)
    assert_exact(make_pipeline(SimpleImputer(), StandardScaler(), classifier).fit(X, y), X)


def test_searches_and_stacks_of_decision_values():
    X, y = table()
    one = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression(C=0.1))
    assert_exact(GridSearchCV(one, {"logisticregression__C": [0.01, 0.1]}, cv=2).fit(X, y), X)
    two = make_pipeline(SimpleImputer(strategy="median"), LinearDiscriminantAnalysis())
    stack = StackingClassifier(
        [("one", one), ("two", two)], LogisticRegression(C=0.1), stack_method="decision_function", cv=2
    )
    assert_exact(stack.fit(X, y), X)


@pytest.mark.parametrize("classes", [("Benign", "Early", "Pro"), (3, 5, 9)], ids=["text", "numbers"])
def test_a_stack_is_explained_by_the_classes_that_it_was_given(classes):
    X, y = table(3)
    y = np.asarray(classes)[np.unique(y, return_inverse=True)[1]]
    estimators = [("a", make_pipeline(SimpleImputer(), StandardScaler(), LinearSVC()))]
    stack = StackingClassifier(estimators, stack_method="decision_function", cv=2).fit(X, y)
    assert linear_form(stack, X.shape[1]).classes.tolist() == list(classes)
    told = explain(stack, X[:5])
    assert [one.verdict for one in told] == stack.predict(X[:5]).tolist()
    assert all(one.value > 0 for one in told)


def test_a_calibrated_classifier_has_its_values_by_the_temperature():
    X, y = table()
    inner = make_pipeline(SimpleImputer(), StandardScaler(), SVC(**OVO))
    model = CalibratedClassifier(inner, decision_function_shape="ovo").fit(X, y)
    form = linear_form(model)
    assert form.unit == "log-odds"
    decided = model.estimator_.decision_function(X) / model.temperature_
    assert form.decide(X) == pytest.approx(decided, rel=1e-8, abs=1e-8)


@pytest.mark.parametrize("classifier", [SVC(kernel="linear"), LogisticRegression(), RidgeClassifier()], ids=repr)
def test_the_better_of_a_pair_is_the_one_that_wins(classifier):
    X, y = table(4, missing=0)
    model = make_pipeline(StandardScaler(), classifier).fit(X, y)
    form, k = linear_form(model), 4
    wins = np.zeros((len(X), k))
    for i in range(k):
        for j in range(k):
            if i != j:
                pair = form.pair(i, j).decide(X)[:, 0]
                assert pair == pytest.approx(-form.pair(j, i).decide(X)[:, 0], abs=1e-9)
                wins[:, i] += pair > 0
    sure = wins.max(axis=1) == k - 1
    assert sure.mean() > 0.8
    assert (model.predict(X)[sure] == model.classes_[wins.argmax(axis=1)][sure]).all()


@given(seed=st.integers(0, 10**6), missing=st.floats(0, 0.5), n_classes=st.integers(2, 4))
@settings(max_examples=20, deadline=None)
def test_base_and_shares_add_up_for_any_table(seed, missing, n_classes):
    X, y = table(n_classes, 60, seed, missing=missing)
    model = make_pipeline(
        SimpleImputer(keep_empty_features=True), StandardScaler(), WithinClassWhitener(), LogisticRegression(C=0.1)
    ).fit(X, y)
    pair = linear_form(model).pair(1, 0)
    assert pair.base[0] + pair.shares(X).sum(axis=1) == pytest.approx(pair.decide(X)[:, 0], abs=1e-9)


def test_the_reference_is_the_training_mean_else_what_is_filled_in():
    X, y = table(missing=0.2)
    filled = SimpleImputer(strategy="median").fit_transform(X)
    model = make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), LogisticRegression()).fit(X, y)
    assert linear_form(model).reference == pytest.approx(filled.mean(axis=0))
    model = make_pipeline(SimpleImputer(strategy="median"), LinearDiscriminantAnalysis()).fit(X, y)
    assert linear_form(model).reference == pytest.approx(np.nanmedian(X, axis=0))
    assert np.isnan(linear_form(LinearDiscriminantAnalysis().fit(filled, y)).reference).all()


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (SVC(), "kernel='linear'"),
        (RandomForestClassifier(2), "linear_form.register"),
        (make_pipeline(PolynomialFeatures(), LogisticRegression()), "PolynomialFeatures"),
        (make_pipeline(FunctionTransformer(np.sign), LogisticRegression()), "what the function does"),
        (make_pipeline(MinMaxScaler(clip=True), LogisticRegression()), "clip=False"),
        (make_pipeline(SimpleImputer(add_indicator=True), LogisticRegression()), "add_indicator"),
        (VotingClassifier([("a", LogisticRegression())], voting="soft"), "VotingClassifier"),
        (StackingClassifier([("a", LogisticRegression())], cv=2), "stack_method='decision_function'"),
        (
            StackingClassifier([("a", SVC(kernel="linear"))], stack_method="decision_function", cv=2),
            "votes",
        ),
    ],
    ids=lambda p: p if isinstance(p, str) else "",
)
@pytest.mark.filterwarnings("ignore")
def test_what_is_not_linear_is_refused_with_the_way_out(model, says):
    X, y = table(missing=0)
    with pytest.raises(TypeError, match=says):
        linear_form(model.fit(X, y))


def test_a_step_of_ones_own_can_be_made_known():
    class Doubled(FunctionTransformer):
        def transform(self, X):
            return 2 * np.asarray(X)

    linear_form.register(Doubled, lambda step, form: form.scaled(2.0))
    X, y = table(missing=0)
    assert_exact(make_pipeline(Doubled(), LogisticRegression(C=1e-3, max_iter=1000)).fit(X, y), X)


def test_columns_as_they_are_keep_what_is_missing():
    assert np.isnan(LinearForm.of_columns(2).decide(np.array([[1.0, np.nan]]))[0]).tolist() == [False, True]
