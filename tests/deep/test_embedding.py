"""CNNEmbedding on a network made here, against the same computation in NumPy."""

from __future__ import annotations

import pickle
import sys
import threading

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from leukofeat import Smear
from leukofeat.datasets import make_smears
from leukofeat.deep import CNNEmbedding
from leukofeat.features import ColorFeatures, FeatureSet
from leukofeat.persistence import load, save
from tests.deep.onnx_file import Tiny, model, node, value_info

MEAN, SCALE = np.array([123.675, 116.28, 103.53]), 1 / np.array([58.395, 57.12, 57.375])


@pytest.fixture
def images(rng):
    return [rng.integers(0, 256, (16, 16, 3), dtype=np.uint8) for _ in range(5)]


def write(path, content):
    path.write_bytes(content)
    return str(path)


def test_values(network, tiny, images):
    expected = [tiny.features(((image - MEAN) * SCALE).transpose(2, 0, 1)) for image in images]
    values = CNNEmbedding(network).fit_transform(images)
    assert values.shape == (5, 5)
    assert values.dtype == np.float64
    np.testing.assert_allclose(values, expected, rtol=1e-5, atol=1e-5)


def test_cells(network, records):
    family = CNNEmbedding(network, per="cell", margin=0.5, summary=("mean", "max"))
    cells = FeatureSet([family]).measure_cells(records)
    names = [f"embedding_{i}" for i in range(5)]
    assert [name for name in cells if name.startswith("embedding_")] == names
    first = cells.iloc[0]
    top, left, bottom, right = (int(first[f"bbox_{side}"]) for side in ("top", "left", "bottom", "right"))
    margin = round(0.5 * max(bottom - top, right - left))
    crop = records[0].image[max(0, top - margin) : bottom + margin, max(0, left - margin) : right + margin]
    np.testing.assert_array_equal(first[names].to_numpy(float), CNNEmbedding(network).transform([crop])[0])
    table = family.set_output(transform="pandas").fit_transform(records)
    grouped = cells.groupby("image")[names].agg(["mean", "max"])
    for name in names:
        for how in ("mean", "max"):
            np.testing.assert_allclose(table.loc[grouped.index, f"{name}_{how}"], grouped[name, how])
    blank = Smear(records[0].image, np.zeros(records[0].image.shape[:2], np.int32))
    assert np.isnan(np.asarray(family.transform([blank]))).all()
    with pytest.raises(ValueError, match="needs a segmented smear"):
        family.transform([records[0].image])


def test_normalisation_and_channels(network, tiny, images):
    mean, scale = (10, 20, 30), (0.01, 0.02, 0.03)
    family = CNNEmbedding(network, mean=mean, scale=scale, channels="bgr")
    expected = [tiny.features(((image[:, :, ::-1] - mean) * scale).transpose(2, 0, 1)) for image in images]
    np.testing.assert_allclose(family.transform(images), expected, rtol=1e-5, atol=1e-5)
    one = CNNEmbedding(network, mean=127.5, scale=1 / 127.5).transform(images)
    expected = [tiny.features(((image - 127.5) / 127.5).transpose(2, 0, 1)) for image in images]
    np.testing.assert_allclose(one, expected, rtol=1e-5, atol=1e-5)


def test_outputs(network, tiny, images, tmp_path):
    features = CNNEmbedding(network).transform(images)
    prob = CNNEmbedding(network, output="prob").transform(images)
    np.testing.assert_allclose(prob, features @ tiny.top, rtol=1e-4, atol=1e-4)
    maps = write(tmp_path / "maps.onnx", Tiny(outputs=("maps",)).content)
    np.testing.assert_allclose(CNNEmbedding(maps).transform(images), features, rtol=1e-5, atol=1e-5)
    with pytest.raises(ValueError, match=r"tiny\.onnx: no output 'pool'; the network has 'prob' \(1, 3\), 'features'"):
        CNNEmbedding(network, output="pool").transform(images)


def test_size(network, tmp_path, images):
    with pytest.raises(ValueError, match=r"tiny\.onnx: the network takes 16 x 16 pixels, not 20 x 20"):
        CNNEmbedding(network, input_size=20).fit(images)
    opened = Tiny(open_size=True)
    path = write(tmp_path / "open.onnx", opened.content)
    blob = ((np.full((24, 20, 3), 90) - MEAN) * SCALE).transpose(2, 0, 1)
    values = CNNEmbedding(path, input_size=(24, 20)).transform([np.full((7, 9, 3), 90, np.uint8)])
    np.testing.assert_allclose(values[0], opened.features(blob), rtol=1e-4)
    assert CNNEmbedding(path)._settings().size == (224, 224)


def test_odd_images(network, rng):
    images = [
        np.full((1, 1, 3), 7, np.uint8),
        np.zeros((300, 2, 3), np.uint8),
        rng.integers(0, 256, (40, 30, 3), dtype=np.uint8)[::-1, ::2],
        rng.integers(0, 256, (40, 30), dtype=np.uint8),
    ]
    images[0].flags.writeable = False
    for resize in ("stretch", "crop", "pad"):
        assert np.isfinite(CNNEmbedding(network, resize=resize).transform(images)).all()
    nuclei = np.zeros((16, 16), np.int32)
    segmented = Smear(np.full((16, 16, 3), 9, np.uint8), nuclei)
    np.testing.assert_array_equal(
        CNNEmbedding(network).transform([segmented]), CNNEmbedding(network).transform([segmented.image])
    )


def test_any_number_of_workers_the_same_bytes(network, smears):
    one = CNNEmbedding(network).transform(smears.images)
    joined = FeatureSet([CNNEmbedding(network), ColorFeatures(regions=("image",))], n_jobs=2)
    assert joined.fit_transform(smears.images)[:, :5].tobytes() == one.tobytes()
    assert CNNEmbedding(network).transform(smears.images[::-1])[::-1].tobytes() == one.tobytes()


def test_threads_do_not_share_a_network(network, images):
    expected = CNNEmbedding(network).transform(images)
    found = {}

    def run(k):
        found[k] = np.stack([CNNEmbedding(network).row(Smear(image)) for image in images * 4])

    threads = [threading.Thread(target=run, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for values in found.values():
        np.testing.assert_array_equal(values, np.tile(expected, (4, 1)))


def test_names_and_table_output(network, images):
    family = CNNEmbedding(network, prefix="tiny").set_output(transform="pandas")
    table = family.fit_transform(images)
    assert list(table.columns) == [f"tiny_{i}" for i in range(5)] == list(family.get_feature_names_out())
    union = make_union(CNNEmbedding(network), ColorFeatures(regions=("image",)))
    assert union.fit(images).get_feature_names_out()[0] == "cnnembedding__embedding_0"
    both = FeatureSet([CNNEmbedding(network), CNNEmbedding(network, output="prob", prefix="prob")])
    assert both.fit_transform(images).shape == (5, 8)
    with pytest.raises(ValueError, match="Two families give the column 'embedding_0'"):
        FeatureSet([CNNEmbedding(network), CNNEmbedding(network, output="prob")]).fit(images)


def test_pickles_hold_the_path_and_not_the_network(network, images, tmp_path):
    big = Tiny(outputs=("features",))
    path = write(tmp_path / "big.onnx", big.content)
    family = CNNEmbedding(path)
    values = family.fit_transform(images)
    packed = pickle.dumps(family)
    assert len(packed) < len(big.content)
    np.testing.assert_array_equal(pickle.loads(packed).transform(images), values)
    assert not hasattr(clone(family), "sha256_")


@pytest.mark.parametrize("nested", [False, True])
def test_a_saved_pipeline_checks_its_network(nested, images, tmp_path):
    path = tmp_path / "own.onnx"
    path.write_bytes(Tiny(seed=1).content)
    family = FeatureSet([CNNEmbedding(path)]) if nested else CNNEmbedding(path)
    y = [0, 1, 0, 1, 0]
    pipeline = make_pipeline(family, StandardScaler(), SVC()).fit(images, y)
    save(pipeline, tmp_path / "model.skops")
    again = load(tmp_path / "model.skops")
    expected = pipeline.decision_function(images)
    np.testing.assert_array_equal(again.decision_function(images), expected)
    path.write_bytes(Tiny(seed=2).content)
    with pytest.raises(ValueError, match=r"own\.onnx: not the network this stage was fitted with"):
        again.predict(images)
    assert clone(again).fit(images, y).predict(images).shape == (5,)
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r"own\.onnx: no such network file"):
        again.predict(images)
    moved = tmp_path / "moved.onnx"
    moved.write_bytes(Tiny(seed=1).content)
    name = "featureset__cnnembedding__model" if nested else "cnnembedding__model"
    again.set_params(**{name: str(moved)})
    np.testing.assert_array_equal(again.decision_function(images), expected)


def test_a_changed_file_is_noticed_at_once_and_learned_anew_by_fit(images, tmp_path):
    path = tmp_path / "own.onnx"
    path.write_bytes(Tiny(seed=1).content)
    family = CNNEmbedding(path).fit(images)
    before = family.transform(images)
    path.write_bytes(Tiny(seed=2, outputs=("features",)).content)
    with pytest.raises(ValueError, match="not the network"):
        family.transform(images)
    assert not np.array_equal(family.fit(images).transform(images), before)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"net\.onnx: no ONNX model"),
        (b"path,label\n", r"net\.onnx: no ONNX model"),
        (Tiny().content[:-30], r"net\.onnx: no ONNX model, or only part of one"),
        (Tiny(channels=4).content, r"net\.onnx: the network takes 'input' \(1, 4, 16, 16\); an embedding needs"),
        (
            model(node("Relu", ["x"], ["y"]), value_info(11, "x", (1, 8, 8, 3)), value_info(12, "y", None)),
            r"'x' \(1, 8, 8, 3\) \(channels last; export it with channels first\)",
        ),
        (
            model(node("Relu", ["x"], ["y"]), value_info(11, "x", (8, 3, 8, 8)), value_info(12, "y", None)),
            r"an embedding needs \(1, 3",
        ),
        (
            model(node("Add", ["x", "z"], ["y"]), value_info(11, "x", None), value_info(11, "z", None)),
            r"net\.onnx: the network has 2 inputs",
        ),
        (
            model(node("Relu", ["x"], ["y"]), value_info(11, "x", (1, 3, 8, 8)), value_info(12, "y", (1, 3, 8))),
            r"net\.onnx: none of the outputs is a vector",
        ),
        (
            model(node("Nonsense", ["x"], ["y"]), value_info(11, "x", (1, 3, 8, 8)), value_info(12, "y", (1, 3))),
            r"net\.onnx: OpenCV .* cannot run this network",
        ),
    ],
)
def test_unsuitable_files(content, message, tmp_path, images):
    path = write(tmp_path / "net.onnx", content)
    with pytest.raises(ValueError, match=message):
        CNNEmbedding(path).fit(images)


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"model": 3}, TypeError, "'model' parameter of CNNEmbedding must be"),
        ({"model": "gone.onnx"}, FileNotFoundError, r"gone\.onnx: no such network file"),
        ({"model": "."}, FileNotFoundError, "no such network file"),
        ({"mean": (1, 2)}, ValueError, "mean must be a number or three"),
        ({"scale": "big"}, TypeError, "scale must be a float"),
        ({"input_size": (1, 2, 3)}, ValueError, "input_size must be a number or"),
        ({"input_size": 0}, ValueError, r"input_size must be an int in the range \[1, inf\)"),
        ({"channels": "gbr"}, ValueError, "'channels' .* must be one of 'rgb', 'bgr' or None. Got 'gbr'"),
        ({"resize": "zoom"}, ValueError, "'resize' .* must be one of .* Got 'zoom'"),
        ({"interpolation": "best"}, ValueError, "'interpolation' .* must be one of .* Got 'best'"),
        ({"backend": "torch"}, ValueError, "'backend' .* must be one of .* Got 'torch'"),
        ({"prefix": ""}, ValueError, "prefix must be a name"),
        ({"per": "nucleus"}, ValueError, "'per' .* must be one of .* Got 'nucleus'"),
        ({"margin": -1}, ValueError, r"'margin' .* must be a float in the range \[0.0, inf\)"),
        ({"summary": ("sum",)}, ValueError, "'summary' .* one or more of"),
    ],
)
def test_bad_parameters(params, error, message, network, images):
    with pytest.raises(error, match=message):
        CNNEmbedding(**{"model": network, **params}).fit(images)


def test_deep_and_hand_crafted_in_one_comparison(network):
    from leukofeat.evaluation import compare

    smears = make_smears(n_samples=24, size=64, random_state=0)
    color = ColorFeatures(regions=("image",))
    families = {"deep": [CNNEmbedding(network)], "hand": [color], "both": [CNNEmbedding(network), color]}
    result = compare(
        {name: make_pipeline(FeatureSet(f), StandardScaler(), SVC()) for name, f in families.items()},
        smears.images,
        smears.target,
        cv=StratifiedKFold(2),
    )
    assert list(result.table.index) == ["deep", "hand", "both"]
    assert result.table["accuracy"].between(0, 1).all()


def test_onnxruntime_agrees(network, images):
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    values = CNNEmbedding(network, backend="onnxruntime").transform(images)
    np.testing.assert_allclose(values, CNNEmbedding(network).transform(images), rtol=1e-5, atol=1e-5)


def test_without_onnxruntime_the_message_says_what_to_install(images, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    path = write(tmp_path / "net.onnx", Tiny(seed=3).content)
    with pytest.raises(ImportError, match=r"pip install 'leukofeat\[onnx\]'"):
        CNNEmbedding(path, backend="onnxruntime").fit(images)


@pytest.mark.parametrize(
    ("file", "size", "width", "mean", "scale", "channels"),
    [
        ("tf2_mobilenet_v2_1.0_224_ptq_f32.onnx", 224, 1280, 127, 0.0078431, "rgb"),
        ("mobilenet_v1_0.25_128_quant_f32.onnx", 128, 256, 128, 1 / 128, "rgb"),
        ("squeezenet_v1.1_notop_f32.onnx", 227, 512, (103.939, 116.779, 123.68), 1, "bgr"),
    ],
)
def test_known_networks_need_no_settings(file, size, width, mean, scale, channels, weights, smears):
    family = CNNEmbedding(weights / file)
    values = family.fit_transform(smears.images[:2])
    assert values.shape == (2, width)
    assert family._settings().size == (size, size)
    explicit = CNNEmbedding(weights / file, mean=mean, scale=scale, channels=channels, output="features")
    np.testing.assert_array_equal(explicit.transform(smears.images[:2]), values)
