"""Odd arrays for every public stage: a result that holds what it claims, or a ValueError or TypeError in words."""

from __future__ import annotations

import os
import re
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.base import clone

from leukofeat import ImageSequence, Smear
from tests.cases import CASES
from tests.fuzzing.strategies import images, smears

# a quick look in the tests; `make fuzz` looks longer
MANY = int(os.environ.get("FUZZING_EXAMPLES", "0"))
quickly = settings(
    max_examples=MANY or 4, derandomize=not MANY, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)


def tried(make):
    """What comes of a call, or None where it says what is wrong in words of its own, and not in NumPy's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return make()
        except (ValueError, TypeError) as error:
            told = str(error)
    assert len(told) > 15, "no words"
    assert not re.match(
        "operands could not|index |cannot reshape|zero-size array|attempt to get|could not broadcast", told
    )
    return None


def check_outcome(case, X):
    """A result is what a stage of this kind gives, and holds what it claims."""
    stage = clone(case.stage)
    found = tried(lambda: stage.fit(X).transform(X))
    if found is None:
        return
    if isinstance(found, ImageSequence):
        for i in range(len(found)):
            item = tried(lambda i=i: found[i])
            image = item.image if isinstance(item, Smear) else item
            if image is not None:
                assert image.dtype == np.uint8
                assert image.ndim == 3
                assert image.size > 0
        return
    assert not np.isinf(np.asarray(found, float)).any(), "a measure without end"
    for name, values in zip(stage.get_feature_names_out(), np.asarray(found).T, strict=True):
        if name.endswith("_count"):
            assert np.isfinite(values).all(), f"{name} is no count"
            assert (values >= 0).all()


@pytest.mark.parametrize("case", [case for case in CASES if not case.segmented], ids=repr)
@quickly
@given(X=st.lists(images(), min_size=0, max_size=2))
def test_images_of_any_kind(case, X):
    before = [image.copy() for image in X]
    check_outcome(case, X)
    for image, copy in zip(X, before, strict=True):
        np.testing.assert_array_equal(image, copy, err_msg="the given image was changed")


@pytest.mark.parametrize("case", CASES, ids=repr)
@quickly
@given(found=smears())
def test_smears_of_any_kind(case, found):
    image, nuclei, cells = found
    smear = tried(lambda: Smear(image, nuclei, cells))
    if smear is not None:
        check_outcome(case, [smear])
