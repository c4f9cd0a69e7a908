"""A record's scale and what it has dropped go where its pixels go."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leukofeat import Scale, Smear, as_sequence
from leukofeat.augmentation.image import alter
from leukofeat.datasets import blend_cells, make_smears, paste_cells
from leukofeat.dropped import Dropped, move_bodies
from leukofeat.evaluation.optics import magnify
from leukofeat.preprocessing import Resizer, resize_smear
from leukofeat.preprocessing.scale_bar import crop_bottom
from leukofeat.segmentation import split_cells


@pytest.fixture(scope="module")
def made():
    return make_smears(n_samples=2, random_state=0)


def plain(**known):
    return Smear(np.full((60, 80, 3), 200, np.uint8), **known)


def test_it_is_known_by_the_pixel_size_then_what_was_given_then_the_red_cells(made):
    given = Scale(30.0, 2.0, "red cells", 9)
    assert plain(pixel_size=0.1, known_scale=given).scale == Scale.from_pixel_size(0.1)
    assert plain(known_scale=given).scale == given
    assert plain().scale.source == "unknown"
    found = Smear(made.images[0]).scale
    assert found.source == "red cells"
    assert isinstance(found, Scale)


def test_it_is_kept_with_the_record_while_the_pixels_stay(made, monkeypatch):
    smear = Smear(made.images[0])
    scale = smear.scale
    monkeypatch.setattr("leukofeat.scale.estimate.estimate_scale", lambda image: pytest.fail("estimated again"))
    assert smear.replace(cells=made.cells[0], nuclei=made.nuclei[0]).scale is scale
    assert smear.replace(pixel_size=0.1).scale.source == "pixel size"


@pytest.mark.parametrize("value", [0, -1.0, np.nan, np.inf, "wide"])
def test_a_pixel_size_that_is_none_is_refused_by_name(value):
    with pytest.raises(ValueError, match=r"a\.png: pixel_size must be a positive number.*micrometres"):
        plain(pixel_size=value, source="a.png")


def test_a_cell_cut_out_keeps_the_scale_of_its_field(made):
    smear = Smear(made.images[0], made.nuclei[0], made.cells[0])
    crop = smear.crop(1)
    assert crop.scale == smear.scale
    assert crop.scale.known
    for other in (
        pickle.loads(pickle.dumps(crop)),
        crop.replace(image=crop.image.copy()),
        crop.crop(1),
        split_cells([smear]).images.smear(0),
    ):
        assert other.scale == smear.scale
    twice = magnify(crop, 2.0)
    assert twice.scale.pixels == pytest.approx(2 * smear.scale.pixels, rel=0.02)
    sized = smear.replace(pixel_size=0.1).crop(1)
    assert sized.pixel_size == 0.1
    assert pickle.loads(pickle.dumps(sized)).scale == Scale.from_pixel_size(0.1)


def test_the_digest_tells_scales_apart(made):
    kinds = [plain(), plain(pixel_size=0.1), plain(known_scale=Scale(30.0, 2.0, "red cells", 9))]
    assert len({as_sequence([kind]).digest(0) for kind in kinds}) == 3
    field = Smear(made.images[0], made.nuclei[0], made.cells[0])
    crop = field.crop(1)
    alone = Smear(crop.image, crop.nuclei, crop.cells)
    assert as_sequence([crop]).digest(0) != as_sequence([alone]).digest(0)


@settings(max_examples=30, deadline=None)
@given(st.integers(5, 200), st.integers(5, 200))
def test_resizing_keeps_areas_and_places_on_the_slide(height, width):
    smear = plain(pixel_size=0.2, dropped=[(29.5, 39.5, 100, "middle")])
    small = resize_smear(smear, (height, width))
    before, after = 60 * 80 * 0.2**2, height * width * small.pixel_size**2
    assert after == pytest.approx(before)
    (body,) = small.dropped
    assert (body.row, body.column) == pytest.approx(((height - 1) / 2, (width - 1) / 2))
    assert body.area == pytest.approx(100 * height * width / 4800, abs=1)


def test_a_resizer_that_knows_the_pixel_says_so():
    (smear,) = [Resizer(pixel_size=0.1, target_pixel_size=0.25).apply(plain())]
    assert smear.pixel_size == pytest.approx(0.25)
    assert Resizer(40).apply(plain()).pixel_size is None
    assert Resizer(40).apply(plain(pixel_size=0.1)).pixel_size == pytest.approx(0.2)
    assert magnify(plain(pixel_size=0.1), 2.0).pixel_size == pytest.approx(0.05)


def test_a_strip_cut_off_takes_what_lies_in_it():
    smear = plain(pixel_size=0.1, dropped=[(10, 10, 5, "above"), (55, 10, 5, "below")])
    cut = crop_bottom(0.25, smear)
    assert [body.reason for body in cut.dropped] == ["above"]
    assert cut.pixel_size == 0.1


def test_a_crop_shows_what_was_dropped_beside_the_cell():
    labels = np.zeros((60, 80), np.int32)
    labels[20:30, 40:60] = 1
    smear = plain(cells=labels, dropped=[(25, 45, 5, "inside"), (5, 5, 5, "outside")])
    assert smear.crop(1, margin=2).dropped == (Dropped(7, 7, 5, "inside"),)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["flip", "rotation", "shear", "zoom", "shift", "crop", "pad"]))
def test_augmentation_moves_what_was_dropped_with_its_pixels(seed, name):
    image = np.full((90, 90, 3), 220, np.uint8)
    image[38:43, 52:57] = 40
    smear = Smear(image, pixel_size=0.1, dropped=[(40, 54, 25, "spot")])
    moved = alter(smear, {name: {"flip": 1.0, "rotation": 180.0}.get(name, 0.3)}, np.random.default_rng(seed))
    dark = 220.0 - moved.image[..., 0]
    if dark.max() < 100:  # it has left the image
        return
    rows, columns = np.mgrid[:90, :90]
    place = (rows * dark).sum() / dark.sum(), (columns * dark).sum() / dark.sum()
    if not 15 < min(place) < max(place) < 75:  # what is mirrored in from outside may lie beside it
        return
    (body,) = moved.dropped
    assert (body.row, body.column) == pytest.approx(place, abs=0.8)
    assert body.area == pytest.approx(dark.sum() / 180, rel=0.25, abs=2)
    assert body.area * moved.pixel_size**2 == pytest.approx(25 * 0.01, rel=0.1)


def test_what_leaves_the_image_is_gone():
    away = np.array([[1.0, 0, 100], [0, 1, 0]])
    assert move_bodies([Dropped(1, 1, 5, "small")], away, (50, 50)) == ()


def test_colours_alone_move_nothing():
    smear = plain(pixel_size=0.1, dropped=[(1, 1, 5, "small")])
    changed = alter(smear, {"brightness": 0.5}, np.random.default_rng(0))
    assert (changed.pixel_size, changed.dropped) == (0.1, smear.dropped)


@pytest.mark.parametrize("paste", [paste_cells, blend_cells])
def test_pasted_cells_bring_the_size_of_their_pixels(made, paste):
    source, onto = (Smear(made.images[i], made.nuclei[i], made.cells[i], pixel_size=(0.1, 0.2)[i]) for i in range(2))
    assert paste(source, onto).pixel_size == 0.1
