"""Where the leukocytes of images are: found once, each image's own, and no failure stops the others."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from leukofeat import as_sequence
from leukofeat.augmentation import FieldCells, find_cells
from leukofeat.preprocessing import background_color
from leukofeat.segmentation import LeukocyteSegmenter
from leukofeat.store import Store
from tests.stages import Darker, DarkSegmenter


class Refusing(DarkSegmenter):
    """Fails of something that is not the image's fault."""

    def apply(self, smear):
        raise RuntimeError("out of order")


def same(first, second):
    return all(
        np.array_equal(a, b) for one, two in zip(first, second, strict=True) for a, b in zip(one, two, strict=True)
    )


def test_the_mask_is_the_segmenters(smears):
    images = Darker(20).transform(smears.images)
    segmented = DarkSegmenter().transform(images)
    for i, cells in enumerate(find_cells(images, DarkSegmenter())):
        np.testing.assert_array_equal(cells.mask(images[i].shape), segmented[i].cells > 0)
        np.testing.assert_array_equal(cells.smear(images[i]).cells > 0, segmented[i].cells > 0)
        np.testing.assert_array_equal(cells.slide, background_color(images[i]))
        assert cells.n_cells == segmented[i].n_cells
    assert same(find_cells(images[:2]), find_cells(images[:2], LeukocyteSegmenter()))


def test_images_that_are_segmented_keep_their_label_maps(smears, records):
    found = find_cells(as_sequence(records), Refusing())
    for record, cells in zip(records, found, strict=True):
        np.testing.assert_array_equal(cells.mask(record.image.shape), record.region("cell") > 0)


@pytest.mark.parametrize("shape", [(1, 1), (5, 3), (40, 61)])
def test_any_shape_is_unpacked(shape, rng):
    mask = rng.random(shape) < 0.5
    cells = FieldCells(1, np.zeros(3), np.packbits(mask))
    np.testing.assert_array_equal(cells.mask((*shape, 3)), mask)


def test_one_that_fails_stops_no_other(smears, tmp_path):
    (tmp_path / "empty.png").touch()
    images = as_sequence([smears.images[0], str(tmp_path / "gone.png"), str(tmp_path / "empty.png"), smears.images[1]])
    found = find_cells(images, DarkSegmenter())
    assert [isinstance(cells, str) for cells in found] == [False, True, True, False]
    assert "gone.png" in found[1]
    assert "empty.png" in found[2]
    assert find_cells(images[:1], Refusing()) == ["RuntimeError: out of order"]
    assert find_cells(images[:0]) == []


def test_no_leukocyte_is_an_answer():
    assert find_cells(as_sequence([np.full((30, 40, 3), 240, np.uint8)]))[0].n_cells == 0


def test_what_is_in_memory_is_not_segmented_again(smears, tmp_path, monkeypatch):
    store, images = Store(tmp_path), as_sequence(smears.images)
    first = find_cells(images[:5], DarkSegmenter(), memory=store)
    assert store.table()[["kind", "records"]].values.tolist() == [["cells", 5]]
    seen = []
    monkeypatch.setattr(
        "leukofeat.augmentation.cells.background_color", lambda image: seen.append(image) or background_color(image)
    )
    again = find_cells(images, DarkSegmenter(), memory=store)
    assert len(seen) == 3
    assert same(again[:5], first)
    find_cells(images, DarkSegmenter(90), memory=store)
    assert len(seen) == 11


def test_workers_find_the_same(smears):
    images = as_sequence(smears.images)
    alone = find_cells(images, DarkSegmenter())
    assert same(find_cells(images, DarkSegmenter(), n_jobs=2), alone)
    assert same(pickle.loads(pickle.dumps(alone)), alone)
