"""vogado2017_ensemble, vogado2018_cnn_svm, sahlol2020_vgg_sessa_svm: on networks made here."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.feature_selection import chi2
from sklearn.preprocessing import minmax_scale

from leukofeat.baselines import find_pipeline, make_baseline
from leukofeat.baselines.recipe import NETWORK
from leukofeat.baselines.registry import BASELINES, RECIPES
from leukofeat.datasets import make_smears
from leukofeat.persistence import load, save
from leukofeat.preprocessing import ScaleBarCropper
from leukofeat.selection import gain_ratio
from tests.deep.onnx_file import Tiny, message, model, node, number, tensor, value_info

NAMES = [name for name in BASELINES if RECIPES[name].needs == NETWORK and RECIPES[name].firmness != "ours"]
TREES = ("sklearn.tree._tree.Tree",)
MEAN, SCALE = np.array([123.675, 116.28, 103.53]), 1 / np.array([58.395, 57.12, 57.375])


class Wide(Tiny):
    """Tiny with ReLU(features times a matrix) of 150 columns as its output."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__(size=16, seed=seed)
        self.top = np.random.default_rng(seed).normal(size=(5, 150)).astype(np.float32)
        self.content = model(
            node("Conv", ["input", "w", "b"], ["c"], _ints("kernel_shape", (3, 3)), _ints("strides", (2, 2))),
            node("Relu", ["c"], ["maps"]),
            node("GlobalAveragePool", ["maps"], ["pooled"]),
            node("Flatten", ["pooled"], ["flat"]),
            node("MatMul", ["flat", "t"], ["product"]),
            node("Relu", ["product"], ["features"]),
            tensor("w", self.kernel),
            tensor("b", self.bias),
            tensor("t", self.top),
            value_info(11, "input", (1, 3, 16, 16)),
            value_info(12, "features", (1, 150)),
        )

    def columns(self, image: np.ndarray) -> np.ndarray:
        import cv2

        small = cv2.resize(image, (16, 16), interpolation=cv2.INTER_AREA)
        return np.maximum(self.features(((small - MEAN) * SCALE).transpose(2, 0, 1)) @ self.top, 0)


def _ints(name, values):
    return message(5, message(1, name), b"".join(number(8, v) for v in values), number(20, 7))


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    folder = tmp_path_factory.mktemp("networks")
    networks = [Wide(seed) for seed in range(3)]
    files = [folder / f"wide_{seed}.onnx" for seed in range(3)]
    for file, network in zip(files, networks, strict=True):
        file.write_bytes(network.content)
    return networks, [str(file) for file in files]


@pytest.fixture(scope="module")
def smears():
    return make_smears(n_samples=40, size=64, random_state=0)


def test_all_are_here():
    assert NAMES == ["vogado2017_ensemble", "vogado2018_cnn_svm", "sahlol2020_vgg_sessa_svm"]


@pytest.mark.parametrize("name", NAMES)
def test_builds_fits_and_is_saved(name, wide, smears, tmp_path):
    with pytest.raises(ValueError, match="needs a frozen network"):
        BASELINES[name]()
    file = wide[1][0]
    assert isinstance(find_pipeline(f"{name}:network={file},crop_bar=true")[1][0], ScaleBarCropper)
    fitted = clone(make_baseline(name, network=file)).fit(smears.images, smears.target)
    found = fitted.predict_proba(smears.images)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert set(fitted.predict(smears.images)) <= set(smears.target)
    save(fitted, tmp_path / "m")
    # only the forest of the vote has to be named
    again = load(tmp_path / "m", trusted=TREES if name == "vogado2017_ensemble" else ())
    np.testing.assert_array_equal(again.predict_proba(smears.images), found)


@pytest.mark.parametrize("name", NAMES)
def test_columns_are_the_networks(name, wide, smears):
    networks, files = wide
    measured = make_baseline(name, network=files[0])[:1].fit_transform(smears.images[:3])
    expected = [networks[0].columns(image) for image in smears.images[:3]]
    np.testing.assert_allclose(measured, expected, rtol=1e-4, atol=1e-4)


def test_three_networks_side_by_side_and_the_100_of_the_highest_gain_ratio(wide, smears):
    networks, files = wide
    given = dict(zip(("network", "network_2", "network_3"), files, strict=True))
    pipeline = make_baseline("vogado2018_cnn_svm", **given).fit(smears.images, smears.target)
    names = pipeline[0].row_names()
    stems = ("embedding", "embedding_2nd", "embedding_3rd")
    assert names == [f"{stem}_{i}" for stem in stems for i in range(150)]
    X = pipeline[0].transform(smears.images)
    expected = np.hstack([network.columns(smears.images[0]) for network in networks])
    np.testing.assert_allclose(X[0], expected, rtol=1e-4, atol=1e-4)
    inner = pipeline[-1].estimator_
    scores = gain_ratio(X, smears.target)
    kept = inner[1].get_support()
    assert kept.sum() == 100
    assert scores[kept].min() >= scores[~kept].max()
    assert (inner[-1].kernel, inner[-1].C) == ("linear", 1.0)


def test_4_percent_by_chi_square_and_elimination(wide, smears):
    pipeline = make_baseline("sahlol2020_vgg_sessa_svm", network=wide[1][0]).fit(smears.images, smears.target)
    X = pipeline[0].transform(smears.images)
    inner = pipeline[-1].estimator_
    kept = inner[1].get_support()
    scores = chi2(minmax_scale(X), smears.target)[0]
    assert kept.sum() == 30
    np.testing.assert_array_equal(np.sort(scores[kept]), np.sort(np.nan_to_num(scores))[-30:])
    assert inner[2].n_features_ == 6 == 0.04 * X.shape[1]
    assert (inner[-1].kernel, inner[-1].C) == ("linear", 1.0)


def test_the_vote(wide, smears):
    pipeline = make_baseline("vogado2017_ensemble", network=wide[1][0]).fit(smears.images, smears.target)
    X = pipeline[:-1].transform(smears.images)
    assert [name for name, _ in pipeline[-1].estimators] == ["svm", "mlp", "forest"]
    assert pipeline["components"].explained_variance_ratio_.sum() >= 0.95
    mean = np.mean([member.predict_proba(X) for member in pipeline[-1].estimators_], axis=0)
    np.testing.assert_allclose(pipeline.predict_proba(smears.images), mean)
