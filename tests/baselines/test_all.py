"""What holds for every system by name: it is made, learns, is saved without pickle, and is not another one under a second name."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from sklearn.base import clone

from leukofeat.baselines import list_baselines, make_baseline
from leukofeat.baselines.registry import BASELINES, STANDALONE
from leukofeat.datasets import make_smears
from leukofeat.persistence import load, save


@pytest.fixture(scope="module")
def learned_from():
    return make_smears(n_samples=40, size=96, random_state=0)


@pytest.fixture(scope="module")
def others():
    return make_smears(n_samples=40, size=96, random_state=1)


@pytest.fixture(scope="module")
def fitted(learned_from, tmp_path_factory):
    """Each name's pipeline, fitted once; what several of them measure is measured once, in a store."""
    memory, found = str(tmp_path_factory.mktemp("store")), {}

    def fit(name):
        if name not in found:
            model = clone(make_baseline(name, memory=memory))
            found[name] = model.fit(learned_from.images, learned_from.target_names[learned_from.target])
        return found[name]

    return fit


@pytest.mark.parametrize("name", STANDALONE)
def test_it_learns_and_gives_probabilities(name, fitted, learned_from, others):
    model = fitted(name)
    assert model.classes_.tolist() == sorted(learned_from.target_names)
    probabilities = model.predict_proba(others.images)
    assert probabilities.shape == (40, 4)
    assert (probabilities >= 0).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    verdicts = model.predict(others.images)
    np.testing.assert_array_equal(verdicts, model.classes_[probabilities.argmax(axis=1)])
    assert len(set(verdicts)) > 1


@pytest.mark.parametrize("name", STANDALONE)
def test_it_is_saved_without_pickle(name, fitted, others, tmp_path):
    """Nothing in it has to be trusted; the loaded one measures by itself."""
    model = fitted(name)
    save(model, tmp_path / "model.skops")
    again = load(tmp_path / "model.skops")
    np.testing.assert_array_equal(again.predict_proba(others.images), model.predict_proba(others.images))
    np.testing.assert_array_equal(again.predict(others.images), model.predict(others.images))
    again["featureset"].set_params(memory=None)
    few = others.images[:2]
    np.testing.assert_array_equal(again[:-1].transform(few), model[:-1].transform(few))


@pytest.mark.parametrize("name", STANDALONE)
def test_its_first_docstring_line_is_its_idea(name):
    first = BASELINES[name].__doc__.split("\n")[0]
    assert first.endswith(".")
    assert list_baselines().loc[name, "idea"] == first.removesuffix(".")


def test_no_two_names_predict_alike(fitted, others):
    probabilities = {name: fitted(name).predict_proba(others.images) for name in STANDALONE}
    verdicts = {name: tuple(fitted(name).predict(others.images)) for name in STANDALONE}
    for one, other in combinations(STANDALONE, 2):
        # calibration leaves hardly more than even chances where next to nothing is found, as on equalised synthetic smears
        assert np.abs(probabilities[one] - probabilities[other]).max() > 1e-6, (one, other)
        assert verdicts[one] != verdicts[other], (one, other)
