"""Drawn cells with and without each structure: its column tells, the others keep still, whatever size, stain and light."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leukofeat.features import CytologyFeatures
from leukofeat.features.cytology.patch import patches
from leukofeat.smear import Smear
from tests.cells import degenerate_masks
from tests.features.portrait import GRANULES, portrait

FAMILY = CytologyFeatures()
NAMES = FAMILY.cell_names()
DIAMETERS = (150, 75, 40)
# photographs differ in these
CONDITIONS = {
    "as drawn": {},
    "more stain": {"stain": 1.3},
    "less light": {"light": 0.75},
    "turned": {"angle": 33.0},
    "noisy": {"noise": 4.0},
}
NUCLEAR = [name for name in NAMES if name.startswith(("nucle", "chromatin"))]
# of granules that are not there, no colour is asked; how far an even nucleus is split in two says nothing
UNTOLD = {"granule_azure", "granule_orange", "chromatin_dense_share", "chromatin_coarseness"}


def measured(smear: Smear) -> dict[str, float]:
    return dict(zip(NAMES, FAMILY.cells(smear)[0].tolist(), strict=True))


def still(plain: dict[str, float], other: dict[str, float], names: list[str]) -> None:
    for name in set(names) - UNTOLD:
        assert other[name] == pytest.approx(plain[name], rel=0.1, abs=0.03), name


diameters = pytest.mark.parametrize("diameter", DIAMETERS)
conditions = pytest.mark.parametrize("condition", CONDITIONS.values(), ids=CONDITIONS)


# --- structures ---------------------------------------------------------------------------------------------------


@diameters
@conditions
def test_nucleoli(diameter, condition):
    plain, found = (measured(portrait(diameter, *which, **condition)) for which in ((), ("nucleoli",)))
    assert (plain["nucleoli_count"], plain["nucleoli_share"], plain["nucleolus_size"]) == (0, 0, 0)
    assert found["nucleoli_count"] == 3
    assert found["nucleolus_size"] == pytest.approx(0.11 / 0.62, rel=0.2)
    assert found["nucleoli_share"] == pytest.approx(3 * (0.11 / 0.62) ** 2, rel=0.35)
    assert found["nucleolus_contrast"] > 0.12 > 3 * plain["nucleolus_contrast"]
    still(plain, found, [name for name in NAMES if name not in NUCLEAR])


@diameters
@conditions
def test_condensed_chromatin(diameter, condition):
    plain, found = (measured(portrait(diameter, *which, **condition)) for which in ((), ("clumps",)))
    assert found["chromatin_contrast"] > 0.33 > 3 * plain["chromatin_contrast"]
    assert found["chromatin_dense_share"] == pytest.approx(0.5, abs=0.06)
    # gaps between clumps are pale, but no bluer than the clumps
    assert found["nucleoli_count"] == 0
    still(plain, found, ["nucleus_cleft_depth", *(name for name in NAMES if name not in NUCLEAR)])


@pytest.mark.parametrize("diameter", [150, 75])
def test_fine_chromatin_is_less_coarse_than_blocks(diameter):
    smear = portrait(diameter, "clumps")
    fine = smear.image.astype(float)
    rows, columns = np.indices(fine.shape[:2]) * 2 * np.pi / (0.09 * diameter)
    fine *= np.where(smear.nuclei > 0, 1 + 0.2 * np.sin(rows) * np.sin(columns), 1)[..., None]
    plain = portrait(diameter)
    threads = plain.image * (fine / smear.image.clip(1))
    threads = plain.replace(image=threads.clip(0, 255).astype(np.uint8))
    assert measured(threads)["chromatin_coarseness"] < 0.8 * measured(smear)["chromatin_coarseness"]


@diameters
@conditions
def test_clefts_and_folds(diameter, condition):
    plain, cleft, fold = (measured(portrait(diameter, *which, **condition)) for which in ((), ("cleft",), ("fold",)))
    assert plain["nucleus_cleft_depth"] == pytest.approx(0, abs=0.03)
    assert cleft["nucleus_cleft_depth"] == pytest.approx(0.52 / 1.24, abs=0.07)
    assert plain["nucleus_fold_length"] == cleft["nucleus_fold_length"] == 0
    assert fold["nucleus_fold_length"] == pytest.approx(0.9 / 1.24, abs=0.1)
    assert fold["nucleus_fold_contrast"] > 0.09 > 3 * plain["nucleus_fold_contrast"]
    assert fold["nucleus_cleft_depth"] == pytest.approx(plain["nucleus_cleft_depth"], abs=0.03)
    assert fold["nucleoli_count"] == 0
    still(plain, fold, [name for name in NAMES if name not in NUCLEAR])


@diameters
@conditions
def test_vacuoles(diameter, condition):
    plain, found = (measured(portrait(diameter, *which, **condition)) for which in ((), ("vacuoles",)))
    assert (plain["vacuole_count"], plain["vacuole_share"]) == (0, 0)
    assert found["vacuole_count"] == 3
    assert 0.03 < found["vacuole_share"] < 0.12
    still(plain, found, [*NUCLEAR, "granule_count", "granule_share", "rod_length", "cytoplasm_basophilia"])


@diameters
@conditions
@pytest.mark.parametrize("kind", GRANULES)
def test_granules_and_their_colour(kind, diameter, condition):
    plain, found = (measured(portrait(diameter, *which, **condition)) for which in ((), (kind,)))
    assert (plain["granule_count"], plain["granule_share"]) == (0, 0)
    assert found["granule_count"] > 0.5
    assert found["granule_share"] > 0.05
    assert found["granule_contrast"] > 0.01 > 5 * plain["granule_contrast"]
    red, green, blue = GRANULES[kind]
    assert found["granule_azure"] == pytest.approx(red / green, abs=0.08)
    assert found["granule_orange"] == pytest.approx(blue / green, abs=0.08)
    still(plain, found, [*NUCLEAR, "vacuole_count"])


@diameters
@conditions
def test_auer_rods(diameter, condition):
    plain, found = (measured(portrait(diameter, *which, **condition)) for which in ((), ("rod",)))
    assert (plain["rod_length"], plain["rod_elongation"]) == (0, 1)
    assert found["rod_length"] == pytest.approx(0.21, abs=0.03)
    assert found["rod_elongation"] > 4
    # it is one thing, not many
    assert found["granule_count"] < 0.12
    still(plain, found, [*NUCLEAR, "vacuole_count", "cytoplasm_rim", "cytoplasm_density", "cytoplasm_hof"])


@pytest.mark.parametrize("structures", [("rim",), ("hof",), ("vacuoles",), ("nucleoli", "clumps")])
@diameters
def test_what_is_no_rod(structures, diameter):
    assert measured(portrait(diameter, *structures))["rod_length"] == 0


@diameters
@conditions
def test_basophil_rims_and_hofs(diameter, condition):
    plain, rim, hof = (measured(portrait(diameter, *which, **condition)) for which in ((), ("rim",), ("hof",)))
    assert plain["cytoplasm_rim"] == pytest.approx(0, abs=0.02)
    assert rim["cytoplasm_rim"] > 0.2
    assert plain["cytoplasm_hof"] < 0.03 < 0.06 < hof["cytoplasm_hof"]
    for found in (rim, hof):
        still(plain, found, [*NUCLEAR, "vacuole_count", "granule_count", "granule_share", "cytoplasm_basophilia"])


@diameters
@conditions
def test_basophilia_is_the_blue_of_the_cytoplasm(diameter, condition):
    smear = portrait(diameter, **condition)
    found = measured(smear)
    assert found["cytoplasm_basophilia"] == pytest.approx((0.26 - 0.09) / (0.26 + 0.09), abs=0.03)
    assert found["cytoplasm_density"] == pytest.approx(0.26 / 0.55, rel=0.05)
    assert found["cytoplasm_per_redcell"] == pytest.approx(0.26 / 0.30, rel=0.15)
    # a cell that has taken up eosin is not blue
    assert (
        measured(portrait(diameter, "eosinophil", **condition))["cytoplasm_basophilia"] < found["cytoplasm_basophilia"]
    )


# --- laws ---------------------------------------------------------------------------------------------------------


@settings(max_examples=12, deadline=None)
@given(
    angle=st.floats(0, 360),
    diameter=st.integers(48, 170),
    stain=st.floats(0.7, 1.3),
    light=st.floats(0.7, 1.0),
)
def test_structures_are_counted_alike_at_any_angle_size_stain_and_light(angle, diameter, stain, light):
    found = measured(portrait(diameter, "nucleoli", "vacuoles", angle=angle, stain=stain, light=light))
    assert (found["nucleoli_count"], found["vacuole_count"], found["rod_length"]) == (3, 3, 0)
    assert found["nucleolus_size"] == pytest.approx(0.16, abs=0.02)
    assert found["cytoplasm_basophilia"] == pytest.approx(0.49, abs=0.04)
    assert found["cytoplasm_density"] == pytest.approx(0.445, abs=0.03)


def test_a_slide_of_another_tint_changes_little():
    smear = portrait(120, "nucleoli", "azurophil")
    tinted = smear.replace(image=(smear.image * [0.95, 0.8, 0.9]).round().astype(np.uint8))
    plain, found = measured(smear), measured(tinted)
    for name in set(NAMES) - UNTOLD:
        assert found[name] == pytest.approx(plain[name], rel=0.05, abs=0.02), name


def test_the_same_cell_alone_has_the_same_patch_and_each_keeps_to_its_own():
    one, two = portrait(80, "nucleoli"), portrait(80, "vacuoles")
    image = np.hstack([one.image, two.image])
    nuclei, cells = (np.hstack([a, 2 * b]) for a, b in ((one.nuclei, two.nuclei), (one.cells, two.cells)))
    both = FAMILY.cells(Smear(image, nuclei, cells))
    at = [NAMES.index("nucleoli_count"), NAMES.index("vacuole_count")]
    assert both[:, at].tolist() == [[3, 0], [0, 3]]
    patch, together = next(patches(one, np.zeros(3))), next(patches(Smear(image, nuclei, cells), np.zeros(3)))
    np.testing.assert_array_equal(patch.density, together.density)


# --- what a stranger may bring ------------------------------------------------------------------------------------


@pytest.mark.parametrize("mask", degenerate_masks().values(), ids=degenerate_masks())
@pytest.mark.parametrize("with_nucleus", [True, False])
def test_degenerate_cells_give_numbers_or_nan(mask, with_nucleus, rng):
    image = rng.integers(0, 256, (*mask.shape, 3), dtype=np.uint8)
    for picture in (image, np.zeros_like(image), np.full_like(image, 255)):
        values = FAMILY.cells(Smear(picture, mask if with_nucleus else np.zeros_like(mask), mask))
        assert values.shape == (mask.max(), len(NAMES))
        assert not np.isinf(values).any()


def test_what_is_too_small_or_not_there_is_missing():
    tiny = measured(portrait(14))
    assert all(np.isnan(tiny[name]) for name in NAMES)
    smear = portrait(80)
    bare = measured(smear.replace(nuclei=np.zeros_like(smear.nuclei)))
    assert all(np.isnan(value) for value in bare.values())
    naked = measured(smear.replace(cells=smear.nuclei))
    assert naked["nucleoli_count"] == 0
    assert all(np.isnan(naked[name]) for name in NAMES if name not in NUCLEAR)


def test_a_cell_without_slide_or_red_cells_beside_it():
    smear = portrait(100, "nucleoli")
    top, left, bottom, right = smear.boxes[0]
    box = np.s_[top + 15 : bottom - 15, left + 15 : right - 15]
    filled = Smear(smear.image[box], smear.nuclei[box], np.ones_like(smear.cells[box]))
    found = measured(filled)
    assert found["nucleoli_count"] == 3
    assert np.isnan(found["cytoplasm_per_redcell"])
    assert np.isfinite(found["cytoplasm_basophilia"])


def test_a_grey_image_has_neither_nucleoli_nor_colours():
    smear = portrait(100, "nucleoli", "clumps", "azurophil")
    gray = smear.replace(image=np.repeat(smear.gray[:, :, None], 3, axis=2))
    found = measured(gray)
    assert found["nucleoli_count"] == 0
    assert found["granule_azure"] == pytest.approx(1, abs=0.02)
    assert found["cytoplasm_basophilia"] == pytest.approx(0, abs=0.02)
    assert found["chromatin_contrast"] > 0.2


def test_a_black_nucleus_has_no_density_less_than_itself():
    smear = portrait(80)
    image = smear.image.copy()
    image[smear.nuclei > 0] = 0
    found = measured(smear.replace(image=image))
    assert (found["chromatin_dense_share"], found["chromatin_contrast"], found["nucleoli_count"]) == (0, 0, 0)
