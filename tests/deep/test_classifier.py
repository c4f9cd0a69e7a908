"""CNNClassifier as a scikit-learn classifier: what it learns, keeps, refuses, and goes on with."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from dataclasses import replace
from typing import ClassVar

import cv2
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.pipeline import make_pipeline

from leukofeat import Smear
from leukofeat.base import ImageStage
from leukofeat.datasets import make_smears
from leukofeat.deep import CNNClassifier, CNNEmbedding, GradCAM, load_network, save_network
from leukofeat.deep.checkpoint import Checkpoint
from leukofeat.deep.view import View
from leukofeat.evaluation import compare
from leukofeat.failures import EmptyWarning
from leukofeat.persistence import load, save
from leukofeat.preprocessing import MedianDenoiser

pytest.importorskip("torch")
pytest.importorskip("safetensors")

SMALL = {"architecture": "thanh2017", "input_size": 50, "n_epochs": 2, "batch_size": 8, "n_threads": 1}


@pytest.fixture(scope="module")
def blobs():
    """Two classes that a network tells apart at once: dark and light fields."""
    rng = np.random.default_rng(0)
    images = [np.clip(rng.normal(level, 8, (40, 44, 3)), 0, 255).astype(np.uint8) for level in [90, 190] * 12]
    return images, np.array(["dark", "light"] * 12)


@pytest.fixture(scope="module")
def fitted(blobs):
    return CNNClassifier(**SMALL | {"n_epochs": 6}, validation=0.2).fit(*blobs)


def test_learns_and_tells_calibrated_probabilities(fitted, blobs):
    images, labels = blobs
    p = fitted.predict_proba(images)
    assert p.shape == (24, 2)
    assert np.allclose(p.sum(axis=1), 1)
    assert fitted.score(images, labels) > 0.9
    assert fitted.classes_.tolist() == ["dark", "light"]
    assert fitted.history_["loss"][-1] < fitted.history_["loss"][0]
    assert set(fitted.history_) >= {"epoch", "learning_rate", "loss", "accuracy", "held_out_loss", "held_out_accuracy"}
    assert fitted.temperature_ != 1


def test_same_seed_same_weights_another_seed_others(blobs):
    first, second = (CNNClassifier(**SMALL).fit(*blobs) for _ in range(2))
    other = CNNClassifier(**SMALL, random_state=1).fit(*blobs)
    for name, value in first.weights_.items():
        assert value.tobytes() == second.weights_[name].tobytes()
    assert any(not np.array_equal(value, other.weights_[name]) for name, value in first.weights_.items())


def test_leaves_the_callers_random_numbers_and_threads(blobs):
    import torch

    torch.manual_seed(7)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    CNNClassifier(**SMALL | {"n_threads": 2}).fit(*blobs).predict(blobs[0])
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads


def test_travels_by_pickle_and_without(fitted, blobs, tmp_path):
    images, _ = blobs
    wanted = fitted.predict_proba(images)
    assert b"torch" not in pickle.dumps(fitted)
    assert np.array_equal(pickle.loads(pickle.dumps(fitted)).predict_proba(images), wanted)
    pipeline = make_pipeline(MedianDenoiser(3), clone(fitted)).fit(*blobs)
    save(pipeline, tmp_path / "pipeline.skops")
    assert np.array_equal(load(tmp_path / "pipeline.skops").predict_proba(images), pipeline.predict_proba(images))
    save_network(fitted, tmp_path / "network.safetensors")
    again = load_network(tmp_path / "network.safetensors")
    assert np.array_equal(again.predict_proba(images), wanted)
    assert again.history_["loss"].tolist() == fitted.history_["loss"].tolist()


def test_a_saved_network_is_what_another_training_starts_from(fitted, blobs, tmp_path):
    save_network(fitted, tmp_path / "network.safetensors")
    on = CNNClassifier(**SMALL | {"n_epochs": 1, "learning_rate": 0.0}, weights=tmp_path / "network.safetensors").fit(
        *blobs
    )
    assert np.allclose(on.weights_["0.weight"], fitted.weights_["0.weight"])


@pytest.mark.parametrize("content", [b"", b"no tensors", b"\x10\0\0\0\0\0\0\0" + b"{" * 16])
def test_a_damaged_file_is_named(content, tmp_path):
    path = tmp_path / "damaged.safetensors"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"damaged\.safetensors"):
        load_network(path)
    with pytest.raises(ValueError, match=r"damaged\.safetensors"):
        CNNClassifier(**SMALL, weights=path).fit([np.zeros((9, 9, 3), np.uint8)] * 4, [0, 1, 0, 1])


def test_in_cross_validation_a_search_and_a_comparison(blobs):
    images, labels = blobs
    model = CNNClassifier(**SMALL, validation=0)
    assert cross_val_predict(model, images, labels, cv=2, method="predict_proba").shape == (24, 2)
    search = GridSearchCV(model, {"n_epochs": [1, 2]}, cv=2).fit(images, labels)
    assert search.best_params_["n_epochs"] in (1, 2)
    table = compare({"network": model}, images, labels, cv=2, n_bootstrap=10).table
    assert 0 <= table.loc["network", "accuracy"] <= 1


def test_whole_groups_are_held_out(blobs, monkeypatch):
    from leukofeat.deep import classifier

    images, labels = blobs
    images = [image.copy() for image in images]
    for i, image in enumerate(images):
        image[:] = 10 * i  # told by its grey
    groups, met, train = np.repeat(np.arange(8), 3), [], classifier.train

    def spy(network, data, target, held_out, *rest):
        met.append((data.images[:, 0, 0, 0] // 10, held_out[0].images[:, 0, 0, 0] // 10))
        return train(network, data, target, held_out, *rest)

    monkeypatch.setattr(classifier, "train", spy)
    model = CNNClassifier(**SMALL, validation=0.2).fit(images, labels, groups=groups)
    ((trained, held),) = met
    assert len(held) == 6  # two groups: no more than one and a half times the share
    assert not set(groups[trained]) & set(groups[held])
    assert "held_out_loss" in model.history_
    assert compare({"network": clone(model)}, images, labels, groups=groups, cv=2, n_bootstrap=10).table is not None


KILLED = """
import os, sys
import numpy as np
from leukofeat.deep import CNNClassifier
from leukofeat.deep.checkpoint import Checkpoint
from leukofeat.deep.view import View
save = Checkpoint.save
def save_and_die(self, network, optimizer, progress):
    save(self, network, optimizer, progress)
    if progress.n_epochs == 2:
        os.kill(os.getpid(), 9)
Checkpoint.save = save_and_die
data = np.load(sys.argv[1])
model = CNNClassifier("thanh2017", input_size=50, n_epochs=4, batch_size=8, n_threads=1, checkpoint=sys.argv[2], patience=9)
model.fit(list(data["images"]), data["labels"])
"""


def test_a_training_that_was_killed_ends_with_the_same_weights(blobs, tmp_path):
    images, labels = blobs
    np.savez(tmp_path / "data.npz", images=np.stack(images), labels=labels)
    command = [sys.executable, "-c", KILLED, str(tmp_path / "data.npz"), str(tmp_path / "points")]
    assert subprocess.run(command, check=False).returncode == -9
    (point,) = (tmp_path / "points").iterdir()
    options = SMALL | {"n_epochs": 4, "patience": 9}
    through = CNNClassifier(**options).fit(images, labels)
    resumed = CNNClassifier(**options, checkpoint=tmp_path / "points").fit(images, labels)
    assert len(resumed.history_["loss"]) == 4
    for name, value in through.weights_.items():
        assert value.tobytes() == resumed.weights_[name].tobytes()
    # other images, classes or parameters are another training
    CNNClassifier(**options | {"n_epochs": 1}, checkpoint=tmp_path / "points").fit(images, labels)
    CNNClassifier(**options, checkpoint=tmp_path / "points").fit(images, labels[::-1])
    assert len(list((tmp_path / "points").iterdir())) == 3
    point.write_bytes(b"half of it")
    with pytest.raises(ValueError, match=point.name):
        CNNClassifier(**options, checkpoint=tmp_path / "points").fit(images, labels)


@pytest.mark.parametrize("optimizer", ["adam", "adamax", "sgd"])
def test_every_optimizer_goes_on_where_it_was(optimizer, blobs, tmp_path, monkeypatch):
    options = SMALL | {"n_epochs": 3, "optimizer": optimizer}
    through = CNNClassifier(**options).fit(*blobs)
    kept = Checkpoint.save

    def save_and_stop(self, network, optimizer, progress):
        kept(self, network, optimizer, progress)
        raise KeyboardInterrupt

    for _ in range(2):
        with monkeypatch.context() as patch:
            patch.setattr(Checkpoint, "save", save_and_stop)
            with pytest.raises(KeyboardInterrupt):
                CNNClassifier(**options, checkpoint=tmp_path).fit(*blobs)
    resumed = CNNClassifier(**options, checkpoint=tmp_path).fit(*blobs)
    assert all(value.tobytes() == resumed.weights_[name].tobytes() for name, value in through.weights_.items())


def test_a_finished_training_is_read(blobs, tmp_path, monkeypatch):
    from leukofeat.deep import training

    model = CNNClassifier(**SMALL, checkpoint=tmp_path).fit(*blobs)
    monkeypatch.setattr(training, "_batches", None)
    again = clone(model).fit(*blobs)
    assert all(np.array_equal(value, again.weights_[name]) for name, value in model.weights_.items())


def test_ends_early_and_goes_back_to_the_best(blobs):
    model = CNNClassifier(**SMALL | {"n_epochs": 40, "learning_rate": 0.02}, patience=1, validation=0.25).fit(*blobs)
    losses = model.history_["held_out_loss"]
    assert len(losses) < 40
    assert losses.argmin() == len(losses) - 2


def test_frozen_trains_the_last_part_alone(blobs):
    start = CNNClassifier(**SMALL | {"learning_rate": 0.0}).fit(*blobs).weights_
    frozen = CNNClassifier(**SMALL, frozen=True).fit(*blobs).weights_
    changed = {name for name, value in frozen.items() if not np.array_equal(value, start[name])}
    assert changed == {"8.weight", "8.bias"}


@pytest.fixture(scope="module")
def records():
    bunch = make_smears(n_samples=8, size=96, random_state=0)
    return [Smear(*parts) for parts in zip(bunch.images, bunch.nuclei, bunch.cells, strict=True)], bunch.target


def test_single_cells_say_nothing_of_what_is_around_them(records):
    smears, target = records
    model = CNNClassifier(**SMALL, view="cell").fit(smears, target)
    painted = [
        smear.replace(image=np.where(smear.cells[:, :, None] > 0, smear.image, 0).astype(np.uint8)) for smear in smears
    ]
    assert np.array_equal(model.predict_proba(painted), model.predict_proba(smears))
    assert model.window_ > 0


def test_the_verdict_of_an_image_is_the_mean_of_its_cells(records):
    smears, target = records
    model = CNNClassifier(**SMALL, view="cell", validation=0).fit(smears, target)
    smear = next(smear for smear in smears if smear.n_cells > 1)
    alone = np.log([model.predict_proba([smear.crop(label)])[0] for label in range(1, smear.n_cells + 1)])
    mean = np.exp(alone.mean(axis=0))
    assert np.allclose(model.predict_proba([smear])[0], mean / mean.sum(), atol=1e-6)


def test_an_image_without_a_cell_gets_the_shares_of_the_classes(records):
    smears, target = records
    model = CNNClassifier(**SMALL, view="cell", validation=0.3).fit(smears, target % 2)
    assert model.temperature_ != 1
    nothing = np.zeros((96, 96), np.int32)
    with pytest.warns(EmptyWarning, match="1 of 1 .*shares in training"):
        p = model.predict_proba([Smear(smears[0].image, nothing, nothing)])
    assert np.allclose(p[0], model.class_prior_)


LOOKS = [*({"resize": resize} for resize in ("stretch", "crop", "pad")), *({"window": n} for n in (64, 33, 20))]


@pytest.mark.parametrize("options", LOOKS, ids=str)
def test_heat_lies_where_the_network_saw(records, options):
    """Of an image that says at each pixel where it is, the input says at each place what of the image is shown there."""
    rows, columns = 2 * np.mgrid[:96, :60]
    cells = np.zeros((96, 60), np.int32)
    cells[58:90, 26:56] = 1
    smear = Smear(np.dstack([rows, columns, rows]).astype(np.uint8), cells)
    view = "cell" if "window" in options else "field"
    options = SMALL | {"n_epochs": 1, "validation": 0, "mean": 0, "scale": 1, "view": view} | options
    model = CNNClassifier(**options).fit(*records)
    (seen,) = GradCAM(model).explain([smear])
    cell, field = (cv2.erode(mask.astype(np.uint8), np.ones((9, 9)), borderValue=0) > 0 for mask in (cells, cells + 1))
    inside = (cell if view == "cell" else field) & (replace(seen, maps=np.ones((9, 9))).heat > 0)
    assert inside.sum() > 400
    for shown, expected in zip(model.to_input(smear)[0].numpy(), (rows, columns), strict=False):
        heat = replace(seen, maps=shown.astype(np.float64)).heat
        assert np.abs(heat - expected)[inside].max() < 3
    alone = replace(seen, maps=np.zeros((50, 50))).mapped((cells > 0).astype(np.float64))
    assert replace(seen, maps=alone).heat[inside & cell].min() == pytest.approx(1)


class CountingSegmenter(ImageStage):
    """One cell in the middle, and how often it was looked for."""

    calls: ClassVar[list[int]] = []

    def apply(self, smear):
        self.calls.append(1)
        cells = np.zeros(smear.image.shape[:2], np.int32)
        cells[20:40, 20:40] = 1
        return smear.replace(nuclei=cells)


def test_the_cell_that_a_heat_map_is_of_is_looked_for_once(records):
    model = CNNClassifier(**SMALL | {"n_epochs": 1}, view="cell", validation=0, segmenter=CountingSegmenter())
    model.fit(*records)
    images = [smear.image for smear in records[0][:3]]
    CountingSegmenter.calls.clear()
    found = GradCAM(model).explain(images)
    assert len(CountingSegmenter.calls) == 3
    given = GradCAM(model).explain(CountingSegmenter().transform(images))
    for one, other in zip(found, given, strict=True):
        assert (one.target, one.probability, one.box) == (other.target, other.probability, other.box)
        np.testing.assert_array_equal(one.maps, other.maps)


def test_a_classifier_of_single_cells_embeds_them(records):
    smears, target = records
    model = CNNClassifier(**SMALL | {"n_epochs": 1}, view="cell", validation=0).fit(smears, target)
    found = CNNEmbedding(FrozenEstimator(model), per="cell").fit_transform(smears)
    alone = CNNEmbedding(FrozenEstimator(model)).fit_transform(
        [smears[0].crop(label) for label in range(1, smears[0].n_cells + 1)]
    )
    np.testing.assert_allclose(found[0], alone.mean(axis=0), rtol=1e-6)
    with pytest.raises(ValueError, match=r"one cell at a time; this image has [2-9]. Give it one cell, as smear.crop"):
        CNNEmbedding(FrozenEstimator(model)).fit_transform(smears)


def test_an_image_without_a_cell_is_not_told_to_be_cropped():
    view = View("cell", (32, 32), "pad", None, 20, 1, 0)
    with pytest.raises(ValueError, match=r"this image has none\. Give it an image of a cell, or another segmenter=\.$"):
        view.box(Smear(np.full((64, 64, 3), 230, np.uint8)))


def test_nothing_to_learn_from(blobs, records):
    images, _ = blobs
    with pytest.raises(ValueError, match="two classes"):
        CNNClassifier(**SMALL).fit(images, ["dark"] * 24)
    with pytest.raises(ValueError, match="length 3 for 24"):
        CNNClassifier(**SMALL).fit(images, [0, 1, 0])
    for gap in (None, np.nan):
        with pytest.raises(ValueError, match="y has no class for row 1"):
            CNNClassifier(**SMALL).fit(images, ["dark", gap, *["light"] * 22])
    nothing = np.zeros((40, 44), np.int32)
    with pytest.raises(ValueError, match="no cell was found"):
        CNNClassifier(**SMALL, view="cell").fit([Smear(image, nothing, nothing) for image in images], [0, 1] * 12)


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"architecture": "resnet5000"}, "resnet"),
        ({"architecture": 3}, "architecture"),
        ({"input_size": (3, 4, 5)}, "input_size"),
        ({"swap": 0.5, "view": "cell"}, "swap"),
        ({"patience": 2, "validation": 0}, "patience"),
        ({"transforms": ["pad"]}, "pad"),
        ({"transforms": ["turn"]}, "turn"),
        ({"color_space": "lab"}, "color_space"),
        ({"weights": "nowhere.safetensors"}, "nowhere"),
        ({"mean": (1, 2)}, "mean"),
        ({"learning_rate": 1e30, "optimizer": "sgd", "schedule": "constant"}, "learning_rate"),
    ],
)
def test_a_bad_parameter_is_named(params, words, blobs):
    if params.get("architecture") == "resnet5000":
        pytest.importorskip("networks.operators").define_torchvision_operators()
        pytest.importorskip("torchvision")
    with pytest.raises((ValueError, FileNotFoundError), match=words):
        CNNClassifier(**SMALL | params).fit(*blobs)


def test_a_broken_file_is_named(blobs, tmp_path):
    images, labels = blobs
    (tmp_path / "broken.png").write_bytes(b"\x89PNG nothing")
    with pytest.raises(Exception, match=r"broken\.png") as error:
        CNNClassifier(**SMALL).fit([*images[1:], str(tmp_path / "broken.png")], labels)
    assert "broken.png" in str(error.value) + str(getattr(error.value, "__notes__", ""))


@pytest.mark.parametrize("resize", ["stretch", "crop", "pad"])
def test_any_shape_and_two_images(resize):
    images = [np.full((7, 90, 3), 50, np.uint8), np.full((1, 1, 3), 200, np.uint8)]
    model = CNNClassifier(**SMALL, resize=resize).fit(images, ["a", "b"])
    assert model.predict_proba(images).shape == (2, 2)
    assert model.temperature_ == 1


def test_class_weights_count(blobs):
    images, labels = blobs
    few = [0, 1, 2, 4, 6, 8, 10, 12]  # one light image of eight
    plain, even, by_hand = (
        CNNClassifier(**SMALL, class_weight=weight, validation=0).fit([images[i] for i in few], labels[few])
        for weight in (None, "balanced", {"light": 4.0, "dark": 4 / 7})
    )
    light = [model.predict_proba(images)[:, 1].mean() for model in (plain, even, by_hand)]
    assert light[1] > light[0]
    assert np.isclose(light[1], light[2])


def test_an_own_module_is_trained_as_a_copy(blobs):
    import torch

    own = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3),
        torch.nn.ReLU(),
        torch.nn.AdaptiveAvgPool2d(1),
        torch.nn.Flatten(),
        torch.nn.Linear(4, 7),
    )
    before = own[0].weight.detach().clone()
    model = CNNClassifier(own, input_size=16, n_epochs=1).fit(*blobs)
    assert model.predict_proba(blobs[0]).shape == (24, 2)
    assert torch.equal(own[0].weight, before)
    assert clone(model).architecture is not own
    with pytest.raises(ValueError, match="architecture"):
        save_network(model, "nowhere.safetensors")


def test_without_torch_it_says_what_to_install(blobs, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match=r"leukofeat\[deep\]"):
        CNNClassifier(**SMALL).fit(*blobs)


def test_patience_without_anything_held_out_is_told(blobs):
    images, labels = blobs
    model = CNNClassifier(**SMALL, patience=1)
    with pytest.warns(UserWarning, match="patience=1"):
        model.fit(images, labels, groups=[0, 0, 1, 1] * 6)
    assert len(model.history_["loss"]) == 2


def test_a_network_that_cannot_be_used_is_told_before_an_image_is_read(blobs, tmp_path):
    _, labels = blobs
    import torch

    class HeadFirst(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.head = torch.nn.Linear(2, 5)
            self.body = torch.nn.Conv2d(3, 2, 3)

        def forward(self, images):
            return self.head(self.body(images).mean((2, 3)))

    nowhere = [str(tmp_path / "nowhere.png")] * 24
    for params, words in (
        ({"architecture": HeadFirst()}, "defined last"),
        ({"input_size": 4}, r"input_size \(4, 4\)"),
        ({"hidden": 8}, "hidden"),
        ({"hidden": (0,)}, "hidden"),
        ({"device": "gpu"}, "device='gpu'"),
        ({"segmenter": "otsu", "view": "cell"}, "segmenter"),
        ({"class_weight": {"lite": 2.0}}, "class_weight"),
        ({"class_weight": {"light": 0.0}}, "class_weight"),  # nothing to divide by in a batch of light ones alone
    ):
        with pytest.raises(ValueError, match=words):
            CNNClassifier(**SMALL | params).fit(nowhere, labels)
    with pytest.raises(ValueError, match="groups has length 3 for 24"):
        CNNClassifier(**SMALL).fit(nowhere, labels, groups=[0, 1, 2])


def test_a_batch_of_one_image_is_named(blobs):
    import torch

    layers = [torch.nn.AdaptiveAvgPool2d(1), torch.nn.BatchNorm2d(3), torch.nn.Flatten(), torch.nn.Linear(3, 2)]
    with pytest.raises(ValueError) as error:  # noqa: PT011
        CNNClassifier(torch.nn.Sequential(*layers), input_size=8, batch_size=1).fit(*blobs)
    assert "batch_size=1" in error.value.__notes__[0]


def test_many_cells_are_shown_some_at_a_time(records, monkeypatch):
    from leukofeat.deep import view

    smears, target = records
    model = CNNClassifier(**SMALL | {"batch_size": 2}, view="cell", validation=0).fit(smears, target)
    wanted = model.predict_proba(smears)
    seen, frame = [], view.frame_cells

    def spy(cut, *options):
        seen.append(sum(map(len, cut)))
        return frame(cut, *options)

    monkeypatch.setattr(view, "frame_cells", spy)
    monkeypatch.setattr(view, "_CELLS", 4)
    assert np.allclose(model.predict_proba(smears), wanted, atol=1e-6)
    assert max(seen) <= 4


@pytest.mark.parametrize("labels", [[0, 1], [False, True], ["a", "b"], [np.int8(3), np.int8(5)]])
def test_classes_and_their_weights_come_back_as_they_were(labels, blobs, tmp_path):
    y = np.array(labels * 12)
    weights = {y[0]: 2.0, y[1]: 1.0}
    model = CNNClassifier(**SMALL | {"n_epochs": 1, "input_size": (50, 52)}, class_weight=weights).fit(blobs[0], y)
    save_network(model, tmp_path / "model.safetensors")
    again = load_network(tmp_path / "model.safetensors")
    assert again.classes_.dtype == model.classes_.dtype
    assert again.class_weight == weights
    assert all(value.shape == again.weights_[name].shape for name, value in model.weights_.items())
    assert np.array_equal(again.predict(blobs[0]), model.predict(blobs[0]))
    assert clone(again).fit(blobs[0], y).weights_["0.weight"].tobytes() == model.weights_["0.weight"].tobytes()


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told["params"].update(checkpoint="/tmp"),
        lambda told: told["params"].update(weights="DEFAULT"),
        lambda told: told["params"].update(nonsense=1),
        lambda told: told["params"].update(view=3),
        lambda told: told["params"].update(architecture={"a": 1}),
        lambda told: told["params"].update(view="cell"),
        lambda told: told["learned"].update(predict="x"),
        lambda told: told["learned"].update(_made="x"),
        lambda told: told["learned"].update(temperature_="hot"),
        lambda told: told["learned"].update(adapted_="eval"),
        lambda told: told["learned"].update(mean_=[1, 2]),
        lambda told: told["learned"].update(classes_="ab"),
        lambda told: told["learned"].update(class_prior_=[1.0]),
        lambda told: told["learned"].pop("scale_"),
        lambda told: told["learned"].pop("history_"),
        lambda told: told.pop("dtype"),
        lambda told: told.update(params=[]),
    ],
)
def test_a_head_that_was_not_written_here_is_refused(change, fitted, tmp_path):
    from safetensors import safe_open
    from safetensors.numpy import save_file

    save_network(fitted, tmp_path / "good.safetensors")
    with safe_open(tmp_path / "good.safetensors", "np") as file:
        told = json.loads(file.metadata()["leukofeat"])
    change(told)
    save_file(fitted.weights_, tmp_path / "forged.safetensors", {"leukofeat": json.dumps(told)})
    with pytest.raises(ValueError, match=r"forged\.safetensors"):
        load_network(tmp_path / "forged.safetensors")


def test_frozen_leaves_what_a_wrapped_network_has_below_its_head(blobs, tmp_path):
    import torch
    from safetensors.torch import save_file

    inner = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(4, 2)
    )
    wrapped = torch.nn.Sequential(inner)
    model = CNNClassifier(wrapped, input_size=16, n_epochs=1, frozen=True).fit(*blobs)
    assert np.array_equal(model.weights_["0.0.weight"], inner[0].weight.detach().numpy())
    assert not np.array_equal(model.weights_["0.3.weight"], inner[3].weight.detach().numpy())
    save_file({"0.3.weight": torch.zeros(2, 4)}, tmp_path / "head.safetensors")
    with pytest.raises(ValueError, match="another architecture"):
        CNNClassifier(wrapped, input_size=16, weights=tmp_path / "head.safetensors").fit(*blobs)


def test_a_folder_that_takes_no_checkpoint_is_told_before_the_training(blobs, tmp_path, monkeypatch):
    from leukofeat.deep import training

    (tmp_path / "file").touch()
    monkeypatch.setattr(training, "_batches", None)
    for folder in (tmp_path / "file", "/proc/nowhere"):
        with pytest.raises(OSError, match="checkpoint=") as error:
            CNNClassifier(**SMALL, checkpoint=folder).fit(*blobs)
        assert error.value.filename == str(folder)


def test_a_full_disk_leaves_the_checkpoint_before_and_no_half_file(blobs, tmp_path, monkeypatch):
    import os

    from leukofeat.deep import checkpoint

    replace, calls = os.replace, []

    def full(*paths):
        calls.append(paths)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        return replace(*paths)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint.os, "replace", full)
        with pytest.raises(OSError, match="space"):
            CNNClassifier(**SMALL, checkpoint=tmp_path).fit(*blobs)
    assert [path.suffix for path in tmp_path.iterdir()] == [".safetensors"]
    resumed = CNNClassifier(**SMALL, checkpoint=tmp_path).fit(*blobs)
    assert resumed.history_["epoch"].tolist() == [1, 2]


def test_images_that_teach_nothing_are_told(records):
    smears, target = records
    nothing = np.zeros((96, 96), np.int32)
    with pytest.warns(EmptyWarning, match="1 of 9 .*nothing is learned.*image 8"):
        CNNClassifier(**SMALL | {"n_epochs": 1}, view="cell").fit(
            [*smears, Smear(smears[0].image, nothing, nothing)], [*target, 0]
        )
