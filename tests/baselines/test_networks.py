"""The published systems that train a network: each builds as its paper has it, learns, and is saved and loaded."""

from __future__ import annotations

import copy
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone

from leukofeat import Smear
from leukofeat.baselines import find_pipeline, list_baselines, make_baseline
from leukofeat.baselines.recipe import DEEP
from leukofeat.baselines.registry import BASELINES, RECIPES
from leukofeat.cli.main import main
from leukofeat.datasets import make_smears
from leukofeat.deep.extra import import_extra
from leukofeat.deep.papers import PAPERS
from leukofeat.opencv import cv2
from leukofeat.persistence import load, save
from leukofeat.preprocessing import ScaleBarCropper
from leukofeat.segmentation import OtsuSegmenter, RegionMasker

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from networks.operators import define_torchvision_operators

torch = pytest.importorskip("torch")
define_torchvision_operators()
pytest.importorskip("torchvision")

NAMES = [name for name, recipe in RECIPES.items() if recipe.needs == DEEP and recipe.firmness in "abcd"]
SMALL = ("thanh2017_cnn", "thanh2018_cnn", "geetha2024_secnn", "phapale_cnn")
# of one step on eight images, where the rate of the recipe is for many, from trained weights or on larger images
RATES = {"shafique2018_alexnet": 1e-2, "phapale_cnn": 1e-5}


def small(name, **params):
    """A system at a size for one core, its images unaltered and none held out."""
    pipeline = make_baseline(name, **({"input_size": 64, "n_epochs": 1, "batch_size": 8, "device": "cpu"} | params))
    pipeline[-1].set_params(transforms=(), validation=0.0, n_threads=1)
    return pipeline


def network_of(pipeline):
    return pipeline[-1]


def initial(pipeline, k):
    """The network before its first step."""
    with torch.random.fork_rng():
        torch.manual_seed(network_of(pipeline).random_state)
        return network_of(pipeline)._build(k).to(memory_format=torch.channels_last)


def loss(network, inputs, target):
    """As in training, but that nothing is dropped at random."""
    network = copy.deepcopy(network).train()
    for module in network.modules():
        if type(module).__name__ in ("Dropout", "StochasticDepth"):
            module.eval()
    with torch.no_grad():
        return torch.nn.functional.cross_entropy(network(inputs), target).item()


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def eight():
    return make_smears(n_samples=8, size=64, random_state=0)


def test_all_are_here():
    assert sorted(NAMES) == [
        "geetha2024_secnn",
        "jin2023_efficientnetv2l",
        "phapale_cnn",
        "shafique2018_alexnet",
        "shalini2022_googlenet",
        "shalini2022_resnet101",
        "shalini2022_resnet152",
        "shalini2022_resnet50",
        "shalini2022_vgg16",
        "shalini2022_vgg19",
        "thanh2017_cnn",
        "thanh2018_cnn",
    ]
    assert not [name for name, recipe in RECIPES.items() if "frozen ones only" in recipe.reason]


@pytest.mark.parametrize("name", NAMES)
def test_a_step_lowers_the_loss_and_what_is_saved_predicts_the_same(name, eight, tmp_path):
    pipeline = clone(small(name))
    model = network_of(pipeline)
    model.set_params(learning_rate=RATES.get(name, model.learning_rate))
    pipeline.fit(eight.images, eight.target)
    images = pipeline[:-1].transform(eight.images) if len(pipeline) > 1 else [Smear(image) for image in eight.images]
    inputs = torch.cat([model.to_input(image) for image in images])
    assert inputs.shape == (8, 3, 64, 64)
    target = torch.from_numpy(np.searchsorted(model.classes_, eight.target))
    assert loss(model.module(), inputs, target) < loss(initial(pipeline, 4), inputs, target)
    found = pipeline.predict_proba(eight.images)
    assert found.shape == (8, 4)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    file = tmp_path / "model.skops"
    save(pipeline, file)
    again = load(file)
    file.unlink()  # half a gigabyte for some
    np.testing.assert_array_equal(again.predict_proba(eight.images), found)


@pytest.mark.parametrize("name", SMALL)
def test_the_papers_own_networks_learn_and_take_any_size(name, eight):
    pipeline = small(name, n_epochs=12, input_size=50)
    pipeline.fit(eight.images, eight.target)
    losses = network_of(pipeline).history_["loss"]
    assert losses[-1] < losses[0]
    assert network_of(pipeline).temperature_ == 1
    one = make_baseline(name, input_size=33, n_epochs=1, batch_size=3, device="cpu").fit(eight.images, eight.target)
    assert one.predict(eight.images[:1]).shape == (1,)


@pytest.mark.parametrize("name", NAMES)
def test_training_is_the_papers(name):
    """Nothing of leukofeat's own: no mirror images at prediction, no cycle of rates, none held out unless the paper does."""
    model = network_of(make_baseline(name))
    assert (model.schedule, model.flips, model.swap, model.view) == ("constant", False, 0.0, "field")
    assert model.weights is None
    assert model.validation == (0.1 if name == "geetha2024_secnn" else 0.0)
    size, n_epochs, batch, optimizer, rate = {
        "jin2023_efficientnetv2l": (224, 10, 25, "adamax", 1e-4),
        "shafique2018_alexnet": (227, 100, 28, "sgd", 1e-4),
        "geetha2024_secnn": (224, 30, 32, "adam", 1e-3),
        "phapale_cnn": (128, 10, 32, "adam", 1e-3),
        "thanh2017_cnn": (50, 30, 32, "adam", 1e-3),
        "thanh2018_cnn": (128, 30, 32, "adam", 1e-3),
    }.get(name, (224, 100, 32, "sgd", 1e-3))
    found = (model.input_size, model.n_epochs, model.batch_size, model.optimizer, model.learning_rate)
    assert found == (size, n_epochs, batch, optimizer, rate)
    assert isinstance(make_baseline(name, crop_bar=True)[0], ScaleBarCropper)


@pytest.mark.parametrize("name", NAMES)
def test_an_input_that_is_too_small_is_told_by_its_name(name, eight):
    least = {"thanh2017_cnn": 16, "shafique2018_alexnet": 63}.get(name, 32)
    with pytest.raises(ValueError, match=f"input_size must be an int in the range \\[{least}, inf"):
        make_baseline(name, input_size=least - 1)
    if name in SMALL or name in ("shafique2018_alexnet", "shalini2022_googlenet"):
        model = network_of(small(name, input_size=least))
        assert model._build(2).eval()(torch.zeros(1, 3, least, least)).shape == (1, 2)


def test_efficientnet_ends_in_a_maximum_and_a_tenth_dropped():
    with torch.device("meta"):
        network = network_of(make_baseline("jin2023_efficientnetv2l"))._build(4)
    assert isinstance(network.avgpool, torch.nn.AdaptiveMaxPool2d)
    drops = [module.p for module in network.classifier.modules() if isinstance(module, torch.nn.Dropout)]
    assert drops == [0.1]
    assert network.classifier[1][-1].weight.shape == (4, 1280)


def test_segmented_images_show_leukocytes_on_black():
    stages = make_baseline("jin2023_efficientnetv2l", segmented=True)[:-1]
    svm = make_baseline("jin2023_svm", segmented=True)
    assert [repr(stage) for _, stage in stages.steps] == [repr(svm[2]), repr(svm[3])]
    smears = make_smears(n_samples=4, random_state=0)
    shown = stages.transform(smears.images)
    assert sum(smear.cells.any() for smear in shown) >= 3
    for smear, image in zip(shown, smears.images, strict=True):
        np.testing.assert_array_equal(smear.image, np.where(smear.cells[:, :, None] > 0, image, 0))
    other = make_baseline("jin2023_efficientnetv2l", segmented=True, segmenter=OtsuSegmenter())
    assert isinstance(other[0], OtsuSegmenter)
    assert isinstance(other[1], RegionMasker)
    assert len(make_baseline("jin2023_efficientnetv2l")) == 1


def test_alexnets_new_layers_learn_ten_times_faster(eight):
    from leukofeat.deep.training import _make_optimizer

    model = network_of(make_baseline("shafique2018_alexnet", n_features=32, color_space="hsv"))
    with torch.device("meta"):
        network = model._build(4)
    old, new = _make_optimizer(network, model._settings(np.unique(eight.target), eight.target)).param_groups
    assert new["factor"] == 10 * old["factor"]
    assert [tuple(value.shape) for value in new["params"]] == [(32, 4096), (32,), (4, 32), (4,)]
    assert model.color_space == "hsv"


@pytest.mark.parametrize("space", ["rgb", "hsv", "ycbcr", "hcbcr"])
def test_alexnet_gets_the_colour_model(space, eight):
    """The four show the network four things."""
    pipeline = small("shafique2018_alexnet", color_space=space)
    model = network_of(pipeline)
    model.set_params(architecture="thanh2017", hidden=()).fit(eight.images, eight.target)
    image = np.zeros((64, 64, 3), np.uint8)
    image[..., 0] = 255  # red
    given = model.to_input(Smear(image))[0, :, 0, 0].numpy()
    seen = {"rgb": (255, 0, 0), "hsv": (0, 255, 255), "ycbcr": (76, 85, 255), "hcbcr": (0, 85, 255)}[space]
    mean, scale = np.array([123.675, 116.28, 103.53]), 1 / np.array([58.395, 57.12, 57.375])
    np.testing.assert_allclose(given, (np.array(seen) - mean) * scale, atol=0.02)


def test_detection_takes_all_but_the_benign_for_malignant(eight, tmp_path):
    pipeline = small("shafique2018_alexnet", task="detection", n_features=8)
    network_of(pipeline).set_params(architecture="thanh2017")  # the verdict's classes are the point here
    names = np.array(["Benign", "Early", "Pre", "Pro"])[eight.target % 4]
    pipeline.fit(eight.images, names)
    assert pipeline.classes_.tolist() == ["benign", "malignant"]
    found = pipeline.predict_proba(eight.images)
    assert found.shape == (8, 2)
    save(pipeline, tmp_path / "m.skops")
    np.testing.assert_array_equal(load(tmp_path / "m.skops").predict_proba(eight.images), found)
    assert clone(pipeline).fit(eight.images, eight.target % 2).classes_.tolist() == [0, 1]
    with pytest.raises(ValueError, match="y holds numbers"):
        clone(pipeline).fit(eight.images, eight.target)
    with pytest.raises(ValueError, match="task must be"):
        make_baseline("shafique2018_alexnet", task="types")


def test_weights_from_a_file_are_where_it_starts(eight, tmp_path):
    torch.manual_seed(1)
    first = small("thanh2018_cnn")
    state = network_of(first)._build(2).state_dict()  # of other classes: the last layer is made anew
    torch.save(state, tmp_path / "start.pt")
    pipeline = small("thanh2018_cnn", weights=str(tmp_path / "start.pt"))
    network_of(pipeline).set_params(learning_rate=1e-9)
    pipeline.fit(eight.images, eight.target)
    kept = network_of(pipeline).weights_
    np.testing.assert_allclose(kept["0.weight"], state["0.weight"], atol=1e-6)
    with pytest.raises(ValueError, match="belongs to another architecture"):
        small("shalini2022_googlenet", weights=str(tmp_path / "start.pt")).fit(eight.images, eight.target)
    with pytest.raises(FileNotFoundError, match="no such file"):
        small("thanh2017_cnn", weights="nowhere.pt").fit(eight.images, eight.target)


def test_torchvision_knows_the_names_of_its_weights(eight):
    with pytest.raises(ValueError, match="IMAGENET1K_V1"):
        small("shalini2022_googlenet", weights="imagenet22k").fit(eight.images, eight.target)
    models = pytest.importorskip("torchvision.models")
    for name in NAMES:
        model = network_of(make_baseline(name))
        if name not in SMALL:
            assert "IMAGENET1K_V1" in models.get_model_weights(model.architecture).__members__


def test_a_checkpoint_is_gone_on_from(eight, tmp_path):
    folder = str(tmp_path / "kept")
    once = small("thanh2017_cnn", n_epochs=2).fit(eight.images, eight.target)
    assert make_baseline("thanh2017_cnn", checkpoint=folder)[-1].checkpoint == folder
    kept = small("thanh2017_cnn", n_epochs=2, checkpoint=folder).fit(eight.images, eight.target)
    again = small("thanh2017_cnn", n_epochs=2, checkpoint=folder).fit(eight.images, eight.target)
    for other in (kept, again):
        np.testing.assert_array_equal(other.predict_proba(eight.images), once.predict_proba(eight.images))


@pytest.mark.parametrize(
    ("name", "blocked"),
    [(name, "torch") for name in BASELINES if RECIPES[name].needs == DEEP]
    + [(name, "torchvision") for name in NAMES if name not in SMALL],
)
def test_without_the_packages_a_name_says_what_to_install(name, blocked, monkeypatch):
    for module in (blocked, f"{blocked}.models"):
        monkeypatch.setitem(sys.modules, module, None)
    for make in (make_baseline, find_pipeline):
        with pytest.raises(ImportError, match=rf"{blocked} .*not installed: pip install 'leukofeat\[deep\]'"):
            make(name)
    assert list_baselines().loc[name, "needs"].startswith("PyTorch")


def test_the_command_line_says_it_in_one_line(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr("leukofeat.deep.architectures.import_torch", lambda: import_extra("tiff_of_the_future"))
    for label in "ab":
        (tmp_path / label).mkdir()
        assert cv2.imwrite(str(tmp_path / label / "field.png"), np.zeros((32, 32, 3), np.uint8))
    assert main(["compare", str(tmp_path), "-o", str(tmp_path / "results"), "-p", "thanh2017_cnn"]) == 2
    assert "is not installed: pip install 'leukofeat[deep]'." in capsys.readouterr().err.splitlines()[-1]


def test_the_papers_own_networks_do_not_need_torchvision(monkeypatch):
    for module in ("torchvision", "torchvision.models"):
        monkeypatch.setitem(sys.modules, module, None)
    for name in SMALL:
        assert network_of(make_baseline(name)).architecture in PAPERS


def test_no_accuracy_is_printed_of_them():
    """The benchmark of all systems leaves them out: their published weights are not at hand."""
    from systems.plan import systems

    assert not set(systems(None, None)) & set(NAMES)
    page = (Path(__file__).parents[2] / "docs" / "baselines.md").read_text(encoding="utf-8")
    for name in NAMES:
        rows = [line for line in page.splitlines() if line.startswith(f"| {name} |")]
        assert rows == [f"| {name} | {RECIPES[name].published or 'none'} | needs PyTorch |"]
