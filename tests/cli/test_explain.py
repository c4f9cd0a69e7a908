"""`leukofeat explain`: a page with a reason for each verdict."""

import cv2
import numpy as np
import pytest

from leukofeat.cli import main


@pytest.fixture(scope="module")
def model(labelled, tmp_path_factory):
    file = tmp_path_factory.mktemp("model") / "model.skops"
    assert main(["train", str(labelled), "-o", str(file), "-q"]) in (0, 3)
    return file


def test_a_folder_and_an_image(model, labelled, tmp_path, capsys):
    page = tmp_path / "why.html"
    assert main(["explain", str(model), str(labelled), "-o", str(page), "-q", "-n", "3"]) in (0, 3)
    told = capsys.readouterr()
    assert "the first 3 are explained" in told.err
    assert "Research use only" in told.out
    assert page.read_text().count("<h2") >= 3
    image = next(labelled.glob("Pro/*.png"))
    assert main(["explain", str(model), str(image), "-o", str(page), "-q", "--against", "Benign"]) in (0, 3)
    assert f"{image.name}: " in page.read_text()


def test_what_cannot_be_explained_is_named(model, tmp_path, capsys):
    images, page = tmp_path / "images", tmp_path / "why.html"
    images.mkdir()
    cv2.imwrite(str(images / "empty.png"), np.full((96, 96, 3), 230, np.uint8))
    (images / "broken.png").write_bytes(b"no image")
    assert main(["explain", str(model), str(images), "-o", str(page), "-q"]) == 3
    assert "no leukocyte found" in page.read_text()
    assert "2 of 2 images failed" in capsys.readouterr().err
    assert main(["explain", str(model), str(images), "-o", str(page), "-q", "--against", "Late"]) == 1
    assert "no class of the model" in capsys.readouterr().err
    assert main(["explain", str(model), str(tmp_path / "missing"), "-o", str(page), "-q"]) == 1


@pytest.mark.parametrize("n", ["-1", "0"])
def test_a_number_of_images_below_1_is_refused(n, model, labelled, tmp_path, capsys):
    assert main(["explain", str(model), str(labelled), "-o", str(tmp_path / "why.html"), "-q", "-n", n]) == 2
    assert "--images must be 1 or more" in capsys.readouterr().err


def test_a_page_by_another_ending_is_refused(model, labelled, tmp_path, capsys):
    assert main(["explain", str(model), str(labelled), "-o", str(tmp_path / "why.pdf"), "-q"]) == 2
    assert "name it .html" in capsys.readouterr().err
