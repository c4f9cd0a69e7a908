"""What a batch meets on its way to the network, held against the package's own functions of one image."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import cross_validate

from leukofeat import Smear
from leukofeat.datasets import make_smears, paste_cells
from leukofeat.deep import CNNClassifier
from leukofeat.deep import image as one_image
from leukofeat.deep.pixels import Pixels, cut_cells, frame_cells, read_fields_with_cells
from leukofeat.deep.schedule import SCHEDULES, learning_rate
from leukofeat.sequence import as_sequence

torch = pytest.importorskip("torch")
from leukofeat.deep import on_device, training, weights  # noqa: E402


@pytest.fixture(scope="module")
def smears():
    bunch = make_smears(n_samples=6, size=64, random_state=1)
    return [Smear(*parts) for parts in zip(bunch.images, bunch.nuclei, bunch.cells, strict=True)]


def test_a_swap_is_that_of_paste_cells(smears):
    pixels = read_fields_with_cells(as_sequence(smears), (64, 64), "stretch", None)
    first, second = [i for i, smear in enumerate(smears) if smear.n_cells][:2]
    tensors = {name: torch.from_numpy(getattr(pixels, name)).float() for name in ("images", "cells", "slides")}

    def of(i):
        return tensors["images"][[i]], tensors["slides"][[i]], tensors["cells"][[i]] / 255

    source, slide, cells = of(first)
    onto, onto_slide, onto_cells = of(second)
    found = on_device.swap_backgrounds(source, slide, cells[:, :1], onto, onto_slide, onto_cells[:, 1:])
    wanted = paste_cells(smears[first], smears[second]).image
    difference = np.abs(found[0].permute(1, 2, 0).numpy() - wanted)
    assert difference.max() < 2.5  # weights are kept in 8 bits
    assert difference.mean() < 0.3


def test_an_image_without_leukocytes_is_never_pasted(smears):
    nothing = np.zeros((64, 64), np.int32)
    images = as_sequence([Smear(smear.image, nothing, nothing) for smear in smears])
    with pytest.warns(UserWarning, match="swap has no effect"):
        pixels = read_fields_with_cells(images, (64, 64), "stretch", None)
    assert not pixels.cells.any()
    batch = torch.from_numpy(pixels.images).float()
    rows = np.arange(len(smears))
    none = np.zeros(len(smears), bool)
    found = training._swapped(batch.clone(), rows, pixels, none, "cpu", 1.0, torch.Generator().manual_seed(0))
    assert torch.equal(found, batch)


def test_no_field_whose_leukocytes_were_not_found_is_pasted_onto(smears):
    half = [smear if i % 2 else Smear(smear.image, 0 * smear.nuclei, 0 * smear.cells) for i, smear in enumerate(smears)]
    pixels = read_fields_with_cells(as_sequence(half), (64, 64), "stretch", None)
    marked = pixels._replace(images=pixels.images.copy())
    marked.images[::2] = 7  # fields of which nothing may come in
    has = np.arange(len(smears)) % 2 == 1
    batch = torch.from_numpy(marked.images).float()
    for seed in range(20):
        found = training._swapped(
            batch.clone(), np.arange(len(smears)), marked, has, "cpu", 1.0, torch.Generator().manual_seed(seed)
        )
        assert torch.equal(found[::2], batch[::2])
        assert not (found[1::2, :, :4, :4] == 7).all((1, 2, 3)).any()


def test_donors_of_a_swap_never_come_from_the_test_fold(monkeypatch):
    bunch = make_smears(n_samples=12, size=64, random_state=0)
    # every field has a blue of its own in a corner where there is no cell, which a donor brings along
    smears = []
    for i, (image, cells) in enumerate(zip(bunch.images, bunch.cells, strict=True)):
        image, cells = image.copy(), cells.copy()
        image[:8, :8], cells[:16, :16] = (0, 0, 20 * i), 0
        smears.append(Smear(image, 0 * cells, cells))
    met, alter = [], training.alter_batch

    def spy(batch, strengths, generator):
        met.append(batch[:, 2, 2, 2].numpy() / 20)
        return alter(batch, strengths, generator)

    monkeypatch.setattr(training, "alter_batch", spy)
    target = np.arange(12) % 2
    train, test = np.arange(8), np.arange(8, 12)
    model = CNNClassifier("thanh2017", input_size=64, n_epochs=6, swap=1.0, validation=0, n_threads=1)
    cross_validate(model, as_sequence(smears), target, cv=[(train, test)])
    seen = np.unique(np.rint(np.concatenate(met)).astype(int))
    assert set(seen) <= set(train)
    assert len(seen) > 4
    own = np.concatenate(met[:1])
    assert not np.allclose(np.sort(own), train)  # and they are others' fields


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_color_models_are_those_of_single_images(seed):
    image = np.random.default_rng(seed).integers(0, 256, (5, 4, 3), dtype=np.uint8)
    batch = torch.from_numpy(image.transpose(2, 0, 1)[None].astype(np.float32))
    for space in one_image.COLOR_SPACES:
        found = on_device.to_color_space(batch, space)[0].permute(1, 2, 0).numpy()
        difference = np.abs(found - one_image.to_color_space(image, space))
        if space in ("hsv", "hcbcr"):
            difference[..., 0] = np.minimum(difference[..., 0], 256 - difference[..., 0])
        assert difference.max() <= 1.6


def test_moves_keep_shapes_and_colours():
    disk = np.full((1, 3, 41, 41), 200, np.float32)
    rows, columns = np.mgrid[:41, :41] - 20
    disk[:, :, rows**2 + columns**2 < 100] = 50
    for name, strength in {"flip": 0.5, "rotation": 180.0}.items():
        generator = torch.Generator().manual_seed(3)
        found = on_device.alter_batch(torch.from_numpy(disk), {name: strength}, generator).numpy()
        assert np.abs(found - disk).mean() < 3  # a disk in the middle stays one
    wide = torch.from_numpy(np.repeat(disk, 2, axis=3))
    for name in ("crop", "shear", "zoom", "shift", "brightness", "stain"):
        found = on_device.alter_batch(wide, on_device.check_batch_transforms([name]), torch.Generator().manual_seed(0))
        assert found.shape == wide.shape
        assert not torch.equal(found, wide)
        assert float(found.min()) >= 0
        assert float(found.max()) <= 255
    assert torch.equal(on_device.alter_batch(wide, {}, torch.Generator()), wide)


def test_a_quarter_turn_of_a_wide_image_is_one_in_pixels():
    wide = torch.zeros(1, 3, 21, 41)
    wide[:, :, 8:13, 16:25] = 100.0  # 5 x 9
    theta = on_device._draw_maps(1, (21, 41), {"rotation": 0.0}, torch.Generator().manual_seed(0))
    turn = torch.tensor([[[0.0, -21 / 41, 0.0], [41 / 21, 0.0, 0.0]]])
    assert torch.allclose(theta, torch.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]]))
    grid = torch.nn.functional.affine_grid(turn, [1, 3, 21, 41], align_corners=False)
    found = torch.nn.functional.grid_sample(wide, grid, align_corners=False)[0, 0] > 50
    assert (int(found.any(1).sum()), int(found.any(0).sum())) == (9, 5)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_learning_rates_stay_between_nothing_and_their_peak(schedule):
    rates = [learning_rate(step, 50, 0.1, schedule) for step in range(50)]
    assert min(rates) >= 0
    assert np.isclose(max(rates), 0.1, rtol=0.02)
    assert learning_rate(0, 1, 0.1, schedule) == 0.1


def test_one_cycle_is_pytorchs():
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=0.1)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=101)
    for step in range(101):
        assert np.isclose(learning_rate(step, 101, 0.1, "one_cycle"), optimizer.param_groups[0]["lr"], atol=3.5e-3)
        optimizer.step()
        if step < 100:
            cycle.step()


def test_rows_of_pixels():
    pixels = Pixels(np.arange(5, dtype=np.uint8).reshape(5, 1, 1, 1).repeat(3, 1), np.array([0, 0, 1, 3, 3]))
    part = pixels.of_rows(np.array([3, 0]))
    assert part.owner.tolist() == [1, 1, 0, 0]
    assert part.images[:, 0, 0, 0].tolist() == [0, 1, 3, 4]
    assert pixels.of_rows(np.array([], int)).images.shape == (0, 3, 1, 1)


def test_unfolding_normalisations_changes_nothing():
    torch.manual_seed(0)
    network = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3),
        torch.nn.BatchNorm2d(4),
        torch.nn.ReLU(),
        torch.nn.Conv2d(4, 2, 3),
        torch.nn.BatchNorm2d(2),
    ).eval()
    with torch.no_grad():
        for norm in (network[1], network[4]):
            norm.running_var.fill_(1 - norm.eps)
            norm.bias.normal_()
    assert weights.has_folded_norms(network)
    data = torch.randn(8, 3, 12, 12) * 5 + 2
    before = network(data)
    weights.unfold_norms(network, [data[:4], data[4:]])
    assert torch.allclose(network(data), before, atol=1e-5)
    assert not weights.has_folded_norms(network)
    network.train()
    assert torch.allclose(network(data), before, atol=2e-2)  # with the statistics of the same data


def test_tensorflows_padding_at_any_size():
    for side in (7, 8, 9):
        network = torch.nn.Sequential(torch.nn.Conv2d(3, 1, 3, stride=2, padding=1))
        weights.pad_as_tensorflow(network)
        assert network(torch.zeros(1, 3, side, side)).shape[-1] == -(-side // 2)


def test_a_cell_larger_than_its_window_brings_nothing_of_its_neighbours():
    cells = np.zeros((30, 40), np.int32)
    cells[5:25, 5:20], cells[5:25, 20:35] = 1, 2
    framed = []
    for around in (0, 255):
        image = np.full((30, 40, 3), around, np.uint8)
        image[cells == 1] = 80
        cut = cut_cells(as_sequence([Smear(image, cells, cells)]), ())
        framed.append(frame_cells(cut, 7, (7, 7), (127.0,) * 3).images[0])
    assert np.array_equal(*framed)
    assert set(np.unique(framed[0])) == {80, 127}


def test_weights_by_name_want_what_torchvision_gives_them(torchvision_models, monkeypatch):
    """GoogLeNet with torchvision's own input and its `transform_input`, and ours with the card's values, say the same."""
    network = torchvision_models.googlenet(weights=None, num_classes=1000, aux_logits=False, init_weights=False).eval()
    kind = torchvision_models.GoogLeNet_Weights
    monkeypatch.setattr(kind.IMAGENET1K_V1.__class__, "get_state_dict", lambda *given, **options: network.state_dict())
    other = torchvision_models.googlenet(weights=None, num_classes=1000, aux_logits=False, init_weights=False).eval()
    card = weights.load_weights(other, "IMAGENET1K_V1", architecture="googlenet")
    pixels = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (1, 3, 64, 64)).astype(np.float32))
    preset = kind.IMAGENET1K_V1.transforms()
    network.transform_input = True
    mean, std = (torch.tensor(three)[:, None, None] for three in (preset.mean, preset.std))
    mine = training.Input("rgb", card.channels, card.mean, card.scale, "cpu")
    with torch.inference_mode():
        assert torch.allclose(network((pixels / 255 - mean) / std), other(mine.prepare(pixels)), atol=1e-4)
