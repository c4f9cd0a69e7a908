"""leukofeat's own networks beside its hand-crafted recipe."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone

from leukofeat.baselines import make_baseline
from leukofeat.classification.pool import pool_probabilities
from leukofeat.persistence import load, save
from leukofeat.pipeline import group_params, set_memory
from tests.deep.onnx_file import Tiny


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    path = tmp_path_factory.mktemp("networks") / "tiny.onnx"
    path.write_bytes(Tiny().content)
    return str(path)


def test_the_embedding_sees_cells_alone(network, records):
    stages = make_baseline("leukofeat_embedding", network=network, segmenter="passthrough")[3:5]
    painted = [
        record.replace(image=np.where(record.cells[:, :, None] > 0, record.image, 255).astype(np.uint8))
        for record in records
    ]
    assert np.array_equal(stages.fit_transform(painted), stages.fit_transform(records))


@pytest.mark.parametrize("how", ["log_mean", "stack", "union"])
def test_fits_is_saved_and_tells_probabilities(how, network, records, smears, tmp_path):
    y = smears.target
    model = make_baseline("leukofeat_hybrid", network=network, how=how, segmenter="passthrough")
    given, target = records * 3, np.tile(y, 3)
    groups = np.arange(len(target))
    fitted = clone(model).fit(given, target, **group_params(model, groups))
    p = fitted.predict_proba(records)
    assert p.shape == (len(y), 4)
    assert np.allclose(p.sum(axis=1), 1)
    save(fitted, tmp_path / "hybrid.skops")
    assert np.allclose(load(tmp_path / "hybrid.skops").predict_proba(records), p)


def test_the_mean_is_that_of_both_recipes(network, records, smears):
    hybrid = make_baseline("leukofeat_hybrid", network=network, segmenter="passthrough").fit(records, smears.target)
    parts = [
        make_baseline(name, segmenter="passthrough", **given).fit(records, smears.target).predict_proba(records)
        for name, given in (("leukofeat_svm", {}), ("leukofeat_embedding", {"network": network}))
    ]
    assert np.allclose(hybrid.predict_proba(records), pool_probabilities(parts, [0.5, 0.5]))


def test_a_memory_reaches_both(network, tmp_path):
    model = set_memory(make_baseline("leukofeat_hybrid", network=network), str(tmp_path))
    for _, part in model[-1].estimators:
        assert part["featureset"].memory == str(tmp_path)
    kept = set_memory(model, "elsewhere", replace=False)
    assert kept[-1].estimators[0][1]["featureset"].memory == str(tmp_path)


def test_needs_what_it_needs():
    for how in ("union",):
        with pytest.raises(ValueError, match="network"):
            make_baseline("leukofeat_hybrid", how=how)
    with pytest.raises(ValueError, match="how"):
        make_baseline("leukofeat_hybrid", how="vote", network="a.onnx")


def test_the_network_and_the_hybrid_are_fitted(smears):
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    small = {"architecture": "thanh2017", "size": 56, "n_epochs": 1}
    for name in ("leukofeat_cnn", "leukofeat_hybrid"):
        model = make_baseline(name, **small).fit(smears.images, smears.target)
        assert model.predict_proba(smears.images).shape == (8, 4)
