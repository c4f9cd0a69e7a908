"""Thumbnails of a large set wait on the disk, and nothing comes out otherwise."""

import errno

import numpy as np
import pandas as pd
import pytest

from leukofeat.audit import audit_dataset, shelf, visit
from leukofeat.audit.visit import describe_all
from leukofeat.sequence import as_sequence


@pytest.mark.parametrize("full", [False, True])
def test_the_same_pairs_whether_thumbnails_are_put_away(clean, monkeypatch, tmp_path, full):
    images = [*clean.images[:20], *(np.ascontiguousarray(image[:, ::-1]) for image in clean.images[:5])]
    plain = audit_dataset(images)
    monkeypatch.setattr(visit, "LARGE", 10)

    def no_room(self, array):
        raise OSError(errno.ENOSPC, "No space left on device")

    if full:
        monkeypatch.setattr(shelf.Shelf, "put", no_room)
    for memory in (None, tmp_path, tmp_path):
        away = audit_dataset(images, memory=memory)
        assert away.verdict == plain.verdict
        pd.testing.assert_frame_equal(away.pairs, plain.pairs, check_exact=True)
    thumbs = [description.fingerprint.thumb for description in describe_all(as_sequence(images))]
    assert {type(thumb) for thumb in thumbs} == {np.ndarray if full else shelf.Shelved}


def test_arrays_come_back_as_they_were(rng):
    own = shelf.Shelf()
    arrays = [rng.integers(0, 255, (4, 5), dtype=np.uint8), rng.normal(size=3), np.zeros(0, np.uint8)]
    for array, kept in [(array, own.put(array)) for array in arrays]:
        np.testing.assert_array_equal(np.asarray(kept), array)
        assert np.asarray(kept).dtype == array.dtype
