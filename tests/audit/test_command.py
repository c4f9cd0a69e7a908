"""`leukofeat audit`: the verdict on the screen, the tables in a folder, the exit code."""

import cv2
import numpy as np
import pandas as pd

from leukofeat.cli import main


def _folder(clean, root):
    for k, image in enumerate(clean.images[:16]):
        place = root / str(clean.target_names[clean.target[k]])
        place.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(place / f"{k}.png"), image[:, :, ::-1])
    return root


def test_audit_prints_the_verdict_and_writes_the_tables(clean, tmp_path, capsys):
    folder = _folder(clean, tmp_path / "set")
    first = next(folder.rglob("*.png"))
    (first.parent / "copy.png").write_bytes(first.read_bytes())
    assert main(["audit", str(folder), "-o", str(tmp_path / "report")]) == 0
    shown = capsys.readouterr().out
    assert "1 image is the exact copy of another" in shown
    assert "not a medical device" in shown
    manifest = pd.read_csv(tmp_path / "report" / "manifest.csv")
    assert len(manifest) == 16
    assert len(pd.read_csv(tmp_path / "report" / "images.csv")) == 17


def test_broken_files_end_with_3_and_are_named(clean, tmp_path, capsys):
    folder = _folder(clean, tmp_path / "set")
    (folder / "Pro" / "notes.jpg").write_text("not an image")
    assert main(["audit", str(folder)]) == 3
    errors = capsys.readouterr().err
    assert "notes.jpg" in errors
    assert "1 of 17 images failed" in errors


def test_a_folder_without_images_ends_with_1(tmp_path, capsys):
    assert main(["audit", str(tmp_path)]) == 1
    assert "no JPEG, PNG, BMP or TIFF image" in capsys.readouterr().err


def test_label_maps_beside_the_images_are_told_and_left_out(clean, tmp_path, capsys):
    folder = _folder(clean, tmp_path / "set")
    for file in list(folder.rglob("*.png")):
        cv2.imwrite(str(file.with_name(f"{file.stem}_cp_masks.png")), np.eye(8, dtype=np.uint8))
    assert main(["audit", str(folder)]) == 0
    assert "16 of them end in _cp_masks, each beside another image" in capsys.readouterr().err
    assert (
        main(["audit", str(folder), "--cells-from", "*_cp_masks.png"]) == 3
    )  # these have another size than their images
    assert "16 images of 4 classes" in capsys.readouterr().err
