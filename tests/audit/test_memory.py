"""An audit that was stopped goes on: the same result with and without a memory, and what changed is read again."""

import os
import shutil
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pandas as pd
import pytest

from leukofeat.audit import audit_dataset, describe, visit
from leukofeat.cli import main
from leukofeat.preprocessing import MedianDenoiser
from leukofeat.sequence import as_sequence
from leukofeat.smear import Smear
from leukofeat.store import Store
from leukofeat.store.values import decode, encode


@pytest.fixture
def files(clean, tmp_path):
    """24 files, one of them a copy, one broken, one without a suffix, one with a bar; and more classes than one."""
    folder = tmp_path / "set"
    folder.mkdir()
    for k, image in enumerate(clean.images[:22]):
        cv2.imwrite(str(folder / f"{k:02d}.png"), image[:, :, ::-1])
    (folder / "22.png").write_bytes((folder / "03.png").read_bytes())
    (folder / "23.png").write_text("no image")
    return sorted(map(str, folder.iterdir()))


def same(one, other):
    assert one.verdict == other.verdict
    for table in ("table", "images", "pairs", "manifest"):
        pd.testing.assert_frame_equal(getattr(one, table), getattr(other, table), check_exact=True)


@pytest.fixture
def described(monkeypatch):
    """Names of the images whose pixels were measured."""
    seen = []

    def count(images, i):
        seen.append(os.path.basename(images.name(i)))
        return describe.describe(images, i)

    monkeypatch.setattr(visit, "describe", count)
    return seen


def test_the_same_with_and_without_a_memory(files, clean, tmp_path, described):
    y = clean.target[np.arange(len(files)) % 96]
    plain = audit_dataset(files, y)
    del described[:]
    same(plain, audit_dataset(files, y, memory=tmp_path / "store"))
    assert len(described) == 23  # the copy is known by then
    del described[:]
    same(plain, audit_dataset(files, y, memory=Store(tmp_path / "store")))
    assert described == ["23.png"]  # what is broken is tried again
    same(plain, audit_dataset(files, y, memory=str(tmp_path / "store"), n_jobs=2))
    assert Store(tmp_path / "store").table()[["kind", "what", "records"]].values.tolist() == [
        ["description", "audit_dataset", 22]
    ]


def test_a_changed_file_is_read_again_and_a_renamed_one_is_not(files, clean, tmp_path, described):
    audit_dataset(files, memory=tmp_path / "store")
    cv2.imwrite(files[5], clean.images[40][:, :, ::-1])
    shutil.move(files[6], files[6] + ".moved")
    now = [*files[:6], files[6] + ".moved", *files[7:]]
    del described[:]
    kept = audit_dataset(now, memory=tmp_path / "store")
    assert described == ["05.png", "23.png"]
    same(kept, audit_dataset(now))
    assert kept.images["format"][6] == "png"  # by the content


def test_what_the_file_says_is_not_taken_from_another_file(clean, tmp_path):
    # Pillow does not know this format's header, so that the suffix is all there is to tell it by
    data = cv2.imencode(".ppm", clean.images[0])[1].tobytes().replace(b"P6", b"P6 ", 1)
    names = [tmp_path / "a.ppm", tmp_path / "b.pnm"]
    for name in names:
        name.write_bytes(data)
        result = audit_dataset([str(name)], memory=tmp_path / "store")
        same(result, audit_dataset([str(name)]))
    smear = Smear(clean.images[0], source=str(names[0]))
    for images in ([smear], [clean.images[0]]):
        same(audit_dataset(images, memory=tmp_path / "store"), audit_dataset(images))


def test_steps_of_the_images_are_part_of_what_is_remembered(clean, tmp_path):
    images = as_sequence(clean.images[:4])
    for steps in (images, images.with_step(MedianDenoiser(5).apply), images.with_step(MedianDenoiser(9).apply)):
        same(audit_dataset(steps, memory=tmp_path), audit_dataset(steps))
    handle = open(os.devnull)  # noqa: SIM115
    with handle, pytest.warns(UserWarning, match="described anew each time"):
        audit_dataset(images.with_step(lambda smear: smear if handle else None), memory=tmp_path)


def test_a_store_that_cannot_be_used_stops_nothing(clean, tmp_path):
    (tmp_path / "leukofeat.sqlite").write_bytes(b"something else")
    with pytest.warns(UserWarning, match="delete it"):
        result = audit_dataset(clean.images[:4], memory=tmp_path)
    same(result, audit_dataset(clean.images[:4]))
    with pytest.raises(TypeError, match="memory must be a folder"):
        audit_dataset(clean.images[:4], memory=3)


def test_every_field_goes_through_the_store(clean):
    smear = clean.images[0].copy()
    smear[84:90, 60:90] = 255
    smear[86:88, 62:88] = 0  # a bar in a white box
    images = as_sequence([smear, np.zeros((3, 5, 3), np.uint8), np.full((64, 64, 3), 255, np.uint8)])
    for i in range(3):
        one = describe.describe(images, i)
        record = visit.to_record(one)
        back = visit.from_record(decode(encode(record)), {})
        np.testing.assert_equal(vars(back), vars(one))


def test_a_killed_audit_goes_on(files, tmp_path):
    store = tmp_path / "store"
    slow = (
        "import sys, time\n"
        "from leukofeat.audit import audit_dataset, describe, visit\n"
        "def slowly(images, i):\n"
        "    time.sleep(0.05)\n"
        "    return describe.describe(images, i)\n"
        "visit.describe = slowly\n"
        "audit_dataset(sys.argv[2:], memory=sys.argv[1])\n"
    )
    process = subprocess.Popen([sys.executable, "-c", slow, str(store), *files])
    until = time.monotonic() + 60
    while time.monotonic() < until and not len(Store(store).table()):
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = int(Store(store).table()["records"].sum())
    assert 0 < kept < 22
    same(audit_dataset(files, memory=store), audit_dataset(files))
    assert int(Store(store).table()["records"].sum()) == 22


def test_the_command_takes_a_memory(files, tmp_path, capsys):
    folder = os.path.dirname(files[0])
    shown = []
    for _ in range(2):
        assert main(["audit", folder, "-q", "--memory", str(tmp_path / "store")]) == 3
        shown.append(capsys.readouterr().out)
    assert shown[0] == shown[1]
    assert (tmp_path / "store" / "leukofeat.sqlite").is_file()
