"""How records show themselves in a notebook: what was found is drawn, only what is shown is decoded, and nothing raises."""

from __future__ import annotations

import base64
import re
import subprocess
import sys

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leukofeat import Smear, as_sequence
from leukofeat.pictures import CELL_COLOR, NUCLEUS_COLOR, outlined
from tests.page import EVIL, Page
from tests.stages import Darker, DarkSegmenter


def shown_pictures(page):
    data = [source.removeprefix("data:image/jpeg;base64,") for source in page.get("img", "src")]
    return [cv2.imdecode(np.frombuffer(base64.b64decode(d), np.uint8), cv2.IMREAD_COLOR_RGB) for d in data]


def test_outlines_are_drawn_at_the_size_of_the_picture(records):
    shown = outlined(records[0], width=120)
    assert shown.shape == (120, 120, 3)
    assert (shown == NUCLEUS_COLOR).all(axis=2).sum() > 20
    assert (shown == CELL_COLOR).all(axis=2).sum() > 20
    assert not (outlined(Smear(records[0].image), width=120) == NUCLEUS_COLOR).all(axis=2).any()


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 200))
def test_a_picture_is_never_wider_than_asked_for_nor_endlessly_high(height, width, asked):
    shown = outlined(Smear(np.zeros((height, width, 3), np.uint8)), width=asked)
    assert shown.shape[1] <= asked
    assert shown.shape[0] <= 2 * asked
    assert shown.shape[1] == asked or height > 2 * width


def test_a_smear_shows_what_was_found_in_it():
    cells = np.zeros((60, 80), np.int32)
    cells[10:30, 10:30], cells[40:60, 50:70], cells[5:12, 60:70] = 1, 2, 3
    nuclei = np.where(np.arange(80) % 2 == 0, cells, 0)
    nuclei[cells == 3] = 0
    page = Page(Smear(np.full((60, 80, 3), 200, np.uint8), nuclei, cells, source="field.png")._repr_html_())
    assert "Smear of 80 x 60 pixels" in page.text
    assert "3 cells, 1 at the border, 1 without nucleus. Cells are outlined in green" in page.text
    assert "field.png" in page.text
    (shown,) = shown_pictures(page)
    assert shown.shape == (240, 320, 3)
    assert shown[:, :, 1].std() > 5, "outlines"


def test_smears_without_anything():
    plain = Smear(np.zeros((1, 1, 3), np.uint8))
    assert "Not segmented." in Page(plain._repr_html_()).text
    empty = plain.replace(nuclei=np.zeros((1, 1), int), cells=np.zeros((1, 1), int))
    assert "0 cells." in Page(empty._repr_html_()).text


def test_a_sequence_of_thousands_decodes_the_few_that_it_shows(smears):
    seen = []

    def look(smear):
        seen.append(1)
        return smear

    images = as_sequence(smears.images)[np.arange(5000) % 8].with_step(look)
    page = Page(images._repr_html_())
    assert len(seen) == len(shown_pictures(page)) == 6
    assert "ImageSequence(5000 images -> function)" in page.text
    assert "and 4,994 more" in page.text
    assert repr(images) == "ImageSequence(5000 images -> function)"


def test_thumbnails_are_of_the_images_with_all_steps_done(smears, paths):
    images = Darker(100).transform(paths[:2])
    page = Page(DarkSegmenter().transform(images)._repr_html_())
    dark = shown_pictures(Page(images._repr_html_()))
    for shown, image in zip(dark, smears.images, strict=False):
        assert abs(shown.mean() - cv2.subtract(image, np.full(3, 100.0)).mean()) < 3
    assert "field_0.png" in page.text
    assert paths[0] not in page.text, "the folder takes up the room of the picture"
    assert paths[0] in page.get("figure", "title")
    assert re.search(r"\d+ cells?", page.text)
    assert "more" not in page.text


def test_a_broken_image_shows_what_is_wrong_and_the_others(paths, tmp_path):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no image")
    page = Page(as_sequence([paths[0], broken, tmp_path / "gone.png", paths[1]])._repr_html_())
    assert len(shown_pictures(page)) == 2
    assert "ImageError" in page.text
    assert "No such file" in page.text

    def fail(smear):
        raise RuntimeError("a step of one's own fails")

    page = Page(as_sequence(paths[:2]).with_step(fail)._repr_html_())
    assert page.text.count("RuntimeError: a step of one's own fails") == 2


def test_no_images():
    assert Page(as_sequence([])._repr_html_()).text == "ImageSequence(0 images)"


@pytest.mark.parametrize("name", EVIL)
def test_names_are_shown_and_never_markup(name, records, tmp_path):
    name = name.replace("\ud800", "")  # which no file is called
    image, nuclei, cells = records[0].image, records[0].nuclei, records[0].cells

    def fail(smear):
        raise ValueError(name)

    for shown in (
        Smear(image, nuclei, cells, source=name),
        as_sequence([Smear(image, source=name)]),
        as_sequence([image]).with_step(fail),
        as_sequence([str(tmp_path / name.replace("/", "").replace("\x00", ""))]),
    ):
        text = shown._repr_html_()
        page = Page(text)
        assert set(page.tags) <= {"div", "b", "img", "figure"}
        assert not [key for _, key, _ in page.attributes if key.startswith("on")]
        assert not re.search("[\x00-\x08\x0e-\x1f\u202a-\u202e\ud800-\udfff]", text)


def test_nothing_of_a_figure_library_is_loaded(paths):
    code = (
        "import sys, leukofeat\n"
        f"assert '<img' in leukofeat.as_sequence({paths[:1]!r})._repr_html_()\n"
        "print(sorted({'matplotlib', 'sklearn', 'numba'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_record_tells_what_is_unsure_and_what_was_not_reported():
    labels = np.zeros((20, 20), np.int32)
    labels[5:9, 5:9] = 1
    smear = Smear(np.full((20, 20, 3), 200, np.uint8), labels, confidence=[0.41], dropped=[(1, 2, 3, "small")])
    text = smear._repr_html_()
    assert "confidence 0.41" in text
    assert "1 body not reported" in text
