"""CNNEmbedding on networks that torch runs, against the same network as an ONNX file and against torch itself."""

from __future__ import annotations

import copy
import pickle
import threading

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from leukofeat.deep import CNNEmbedding, fit_image
from leukofeat.deep.image import to_blob, to_color_space
from leukofeat.deep.known import TORCHVISION
from leukofeat.features import FeatureSet
from leukofeat.persistence import load, save
from tests.deep.torch_modules import small

pytestmark = pytest.mark.usefixtures("torch")


def blob(image, size=(16, 16)):
    return to_blob(fit_image(image, size), TORCHVISION.mean, TORCHVISION.scale)


def test_the_same_network_gives_the_same_as_its_onnx_file(network, module, images):
    expected = CNNEmbedding(network).fit_transform(images)
    found = CNNEmbedding(module, input_size=16).fit_transform(images)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    prob = CNNEmbedding(module, input_size=16, layer="4").transform(images)
    np.testing.assert_allclose(prob, CNNEmbedding(network, output="prob").transform(images), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("pooling", ["mean", "max", "flatten"])
def test_pooling(pooling, torch, tiny, module, images, tmp_path):
    from tests.deep.onnx_file import Tiny

    with torch.inference_mode():
        maps = [module[0](torch.from_numpy(blob(image)))[0].numpy() for image in images]
    pool = {"mean": lambda m: m.mean((1, 2)), "max": lambda m: m.max((1, 2)), "flatten": np.ravel}[pooling]
    # what comes next, a ReLU in place, must not show
    found = CNNEmbedding(module, input_size=16, layer="0", pooling=pooling).transform(images)
    np.testing.assert_allclose(found, [pool(m) for m in maps], rtol=1e-4, atol=1e-5)
    (tmp_path / "maps.onnx").write_bytes(Tiny(outputs=("maps",)).content)
    family = CNNEmbedding(tmp_path / "maps.onnx", pooling=pooling)
    np.testing.assert_allclose(family.transform(images), [pool(np.maximum(m, 0)) for m in maps], rtol=1e-4, atol=1e-5)
    assert len(family.get_feature_names_out()) == (7 * 7 * 5 if pooling == "flatten" else 5)


def test_what_is_taken_by_default(torch, images):
    nn = torch.nn
    headless = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
    found = CNNEmbedding(headless, input_size=16).transform(images[:1])
    with torch.inference_mode():
        expected = copy.deepcopy(headless).eval()(torch.from_numpy(blob(images[0]))).mean((2, 3)).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)

    class Backwards(nn.Module):
        """Its layers are named in another order than they run in."""

        def __init__(self):
            super().__init__()
            self.head = nn.Linear(6, 2)
            self.neck = nn.Linear(3, 6)
            self.unused = nn.Linear(3, 9)

        def forward(self, x):
            return self.head(self.neck(x.mean((2, 3))))

    network = Backwards()
    assert CNNEmbedding(network, input_size=8).transform(images).shape == (5, 6)
    assert CNNEmbedding(network, input_size=8, layer="head").transform(images).shape == (5, 2)
    with pytest.raises(ValueError, match="'unused': Backwards does not run this module"):
        CNNEmbedding(network, input_size=8, layer="unused").fit(images)
    with pytest.raises(ValueError, match="'hed': Backwards has no such module; it has head"):
        CNNEmbedding(network, input_size=8, layer="hed").fit(images)


def test_tensors_beside_the_parts_of_a_network_hide_no_head(torch, images):
    class WithToken(torch.nn.Module):
        """Holds a tensor itself, as transformers hold their class token."""

        def __init__(self):
            super().__init__()
            self.token = torch.nn.Parameter(torch.zeros(3))
            self.neck, self.head = torch.nn.Linear(3, 6), torch.nn.Linear(6, 2)

        def forward(self, x):
            return self.head(self.neck(x.mean((2, 3)) + self.token))

    network = WithToken()
    expected = CNNEmbedding(network, input_size=8, layer="neck").transform(images)
    np.testing.assert_array_equal(CNNEmbedding(network, input_size=8).transform(images), expected)


@pytest.mark.usefixtures("torchvision")
def test_a_vision_transformer_gives_its_token_and_no_classes(images):
    assert CNNEmbedding("vit_b_32").fit_transform(images[:1]).shape == (1, 768)


def test_outputs_that_are_no_embedding(torch, images):
    class Odd(torch.nn.Module):
        def __init__(self, how):
            super().__init__()
            self.how = how

        def forward(self, x):
            return {"dict": {"out": x}, "tokens": x.flatten(2).transpose(1, 2), "two": x.repeat(2, 1, 1, 1)}[self.how]

    with pytest.raises(ValueError, match="Odd: the network gives a dict, not a tensor"):
        CNNEmbedding(Odd("dict"), input_size=4).fit(images)
    with pytest.raises(ValueError, match=r"shape \(1, 16, 3\), which is neither a vector \(1, n\) nor a set of maps"):
        CNNEmbedding(Odd("tokens"), input_size=4).fit(images)
    assert CNNEmbedding(Odd("tokens"), input_size=4, pooling="flatten").transform(images).shape == (5, 48)
    with pytest.raises(ValueError, match="an embedding needs one row an image"):
        CNNEmbedding(Odd("two"), input_size=4).fit(images)
    with pytest.raises(
        ValueError, match=r"Sequential cannot run on an input of \(1, 3, 2, 3\) .*; try another input_size"
    ):
        CNNEmbedding(small(2), input_size=(2, 3)).fit(images)


def test_color_spaces(module, tiny, images):
    for space in ("hsv", "ycbcr", "hcbcr"):
        found = CNNEmbedding(module, input_size=16, color_space=space).transform(images)
        expected = [tiny.features(blob(to_color_space(image, space))[0]) for image in images]
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("channels", ["rgb", "bgr"])
def test_a_masked_cell_is_alone(channels, network, records):
    options = {"per": "cell", "margin": 0.5, "channels": channels, "mean": (10, 20, 30), "scale": 1 / 255}
    family = CNNEmbedding(network, masked=True, **options)
    smear = records[0]
    values = family.cells(smear)
    assert not np.allclose(values, CNNEmbedding(network, **options).cells(smear))
    top, left, bottom, right = smear.boxes[0]
    margin = round(0.5 * max(bottom - top, right - left))
    box = np.s_[max(0, top - margin) : bottom + margin, max(0, left - margin) : right + margin]
    crop = smear.image[box].copy()
    crop[smear.region("cell")[box] != 1] = (10, 20, 30) if channels == "rgb" else (30, 20, 10)
    plain = CNNEmbedding(network, **(options | {"per": "image"}))
    np.testing.assert_array_equal(values[0], plain.transform([crop])[0])
    # whatever stands around the cells
    other = np.where(smear.region("cell")[:, :, None] > 0, smear.image, 255 - smear.image)
    np.testing.assert_array_equal(family.cells(smear.replace(image=other)), values)
    with pytest.raises(ValueError, match=r"masked=True .* needs per='cell'"):
        CNNEmbedding(network, masked=True).fit([smear])


@pytest.mark.parametrize("model", ["thanh2017", small])
def test_random_networks_are_the_same_everywhere(model, torch, images):
    torch.manual_seed(3)
    state = torch.get_rng_state()
    family = CNNEmbedding(model, input_size=50)
    values = family.fit_transform(images)
    assert torch.equal(torch.get_rng_state(), state)
    found = {}

    torch.manual_seed(4)

    def run(k):
        found[k] = CNNEmbedding(model, input_size=50).transform(images)

    threads = [threading.Thread(target=run, args=(k,)) for k in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for other in found.values():
        assert other.tobytes() == values.tobytes()
    other = CNNEmbedding(model, input_size=50, random_state=1).fit(images)
    assert other.sha256_ != family.sha256_
    assert not np.allclose(other.transform(images), values)


def test_any_number_of_workers_the_same_bytes(module, images):
    for family in (CNNEmbedding(module, input_size=16), CNNEmbedding("thanh2017", input_size=50)):
        one = family.fit_transform(images)
        assert FeatureSet([family], n_jobs=2).fit_transform(images).tobytes() == one.tobytes()
        assert pickle.loads(pickle.dumps(family)).transform(images[::-1])[::-1].tobytes() == one.tobytes()
        assert clone(family).fit_transform(images).tobytes() == one.tobytes()


def test_the_callers_number_of_threads_and_module_are_left_alone(torch, images):
    module = small(3).half()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    torch.set_num_threads(2)
    try:
        CNNEmbedding(module, input_size=16).fit_transform(images)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)
    assert module.training
    assert all(parameter.requires_grad and parameter.dtype == torch.float16 for parameter in module.parameters())
    assert all(torch.equal(before[name], tensor) for name, tensor in module.state_dict().items())
    assert not any(part._forward_hooks for part in module.modules())


def test_a_module_that_is_trained_further_is_another_one(torch, module, images):
    family = CNNEmbedding(module, input_size=16).fit(images)
    before = family.transform(images)
    with torch.no_grad():
        module[0].weight.mul_(2)
    with pytest.raises(ValueError, match="not the network this stage was fitted with"):
        family.transform(images)
    assert not np.allclose(family.fit(images).transform(images), before)
    module[1] = torch.nn.Identity()
    assert not np.allclose(family.transform(images), CNNEmbedding(clone(family).model, input_size=8).transform(images))


def test_weights_of_a_file(torch, weights_file, images, tmp_path):
    path = weights_file(1)
    family = CNNEmbedding(small, weights=path, input_size=16).fit(images)
    values = family.transform(images)
    network = small(4).eval()
    network.load_state_dict(torch.load(path, weights_only=True))
    with torch.inference_mode():
        expected = network[:-1](torch.from_numpy(np.concatenate([blob(image) for image in images]))).numpy()
    np.testing.assert_allclose(values, expected, rtol=1e-4, atol=1e-6)
    packed = pickle.dumps(family)
    weights_file(2)
    with pytest.raises(ValueError, match=r"small with .*small\.pt: not the network this stage was fitted with"):
        family.transform(images)
    with pytest.raises(ValueError, match="not the network"):
        pickle.loads(packed).transform(images)
    assert not np.allclose(clone(family).fit(images).transform(images), values)
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r"small\.pt: no such file"):
        family.transform(images)


def test_weights_that_lack_what_is_taken(torch, images, tmp_path):
    nn = torch.nn

    def deep(n_classes):
        top = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, n_classes))
        return nn.Sequential(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()), top)

    path = tmp_path / "notop.pt"
    torch.save({key: value for key, value in deep(2).state_dict().items() if key.startswith("0.")}, path)
    with pytest.raises(ValueError, match=r"the weights lack those of '1\.0', which would stay random"):
        CNNEmbedding(deep, weights=path, input_size=16).fit(images)
    assert CNNEmbedding(deep, weights=path, input_size=16, layer="0").fit_transform(images).shape == (5, 4)


def test_networks_by_name_in_a_saved_pipeline(torchvision, images, tmp_path):
    pipeline = make_pipeline(CNNEmbedding("squeezenet1_1", input_size=32), SVC()).fit(images, [0, 1, 0, 1, 0])
    assert pipeline[0].transform(images).shape == (5, 512)
    save(pipeline, tmp_path / "m")
    again = load(tmp_path / "m")
    assert again[0].sha256_ == pipeline[0].sha256_
    np.testing.assert_array_equal(again.decision_function(images), pipeline.decision_function(images))
    again.set_params(cnnembedding__random_state=1)
    with pytest.raises(ValueError, match="squeezenet1_1: not the network"):
        again.predict(images)


@pytest.mark.parametrize(("name", "width"), [("mobilenet_v2", 1280), ("resnet18", 512), ("squeezenet1_1", 512)])
def test_the_vector_before_the_verdict_by_name_and_as_a_module(name, width, torchvision, images):
    from leukofeat.deep.architectures import build_network

    values = CNNEmbedding(name, input_size=64).transform(images[:1])
    assert values.shape == (1, width)
    module = build_network(name, 3)
    assert CNNEmbedding(module, input_size=64).transform(images[:1]).shape == (1, width)


def test_without_its_head_the_whole_output(torch, torchvision, images):
    from leukofeat.deep.architectures import build_network

    network = build_network("squeezenet1_1", 3)
    network.classifier = torch.nn.Identity()
    assert CNNEmbedding(network, input_size=64).transform(images[:1]).shape == (1, 512 * 3 * 3)


@pytest.mark.parametrize("kind", ["mobilenet", "efficientnet", "squeezenet"])
def test_backends_agree_on_real_networks(kind, weights, torchvision, smears):
    file = {
        "mobilenet": "tf2_mobilenet_v2_1.0_224_ptq_f32.onnx",
        "efficientnet": "efficientnet_lite0_imagenet_f32.onnx",
        "squeezenet": "squeezenet_v1.1_notop_f32.onnx",
    }[kind]
    pytest.importorskip("onnxruntime")
    families = [CNNEmbedding(weights / file, backend="onnxruntime")]
    if kind == "mobilenet":
        families.append(CNNEmbedding("mobilenet_v2", weights=weights / "mobilenet_v2_imagenet_tf2.safetensors"))
    expected = CNNEmbedding(weights / file).transform(smears.images[:2])
    for family in families:
        np.testing.assert_allclose(family.transform(smears.images[:2]), expected, rtol=0, atol=1e-4)
