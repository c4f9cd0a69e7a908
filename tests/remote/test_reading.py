"""Images behind URLs: the same pixels, columns and errors as from a folder, one request each, and nothing secret in words."""

from __future__ import annotations

import os
import pickle
import zipfile
from pathlib import Path

import cv2
import joblib
import numpy as np
import pytest
import tifffile

from leukofeat import ImageError, as_sequence, read_image, read_labels, write_labels
from leukofeat.audit import audit_dataset
from leukofeat.cli import main
from leukofeat.datasets import load_images
from leukofeat.decode import read_pixel_size
from leukofeat.features import ColorFeatures, FeatureSet
from leukofeat.remote import RemoteError, existing, list_files, open_binary, opening, read_bytes, read_once, reading

fsspec = pytest.importorskip("fsspec")

FEATURES = FeatureSet([ColorFeatures(regions=("image",))], on_error="nan")


@pytest.fixture
def classes(paths, tmp_path) -> Path:
    """Images in two class folders."""
    folder = tmp_path / "classes"
    for i, path in enumerate(paths):
        place = folder / ("Pro" if i % 2 else "Early Pre") / f"field {i}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(Path(path).read_bytes())
    (folder / "Pro" / ".hidden.png").write_bytes(b"x")
    (folder / "readme.txt").write_text("x")
    return folder


def upload(memory, folder: Path, to: str = "/set") -> str:
    for path in folder.rglob("*"):
        if path.is_file():
            memory.pipe(f"{to}/{path.relative_to(folder).as_posix()}", path.read_bytes())
    return f"memory:/{to}"


def zipped(folder: Path, file: Path) -> str:
    with zipfile.ZipFile(file, "w") as archive:
        for path in folder.rglob("*"):
            if path.is_file():
                archive.write(path, path.relative_to(folder).as_posix())
    return f"zip://::{file}"


def test_a_folder_is_the_same_wherever_it_lies(classes, memory, web, tmp_path):
    host, shown, _ = web
    (shown / "set").symlink_to(classes)
    want = load_images(classes)
    places = [
        upload(memory, classes),
        zipped(classes, tmp_path / "set.zip"),
        f"zip://::memory://{tmp_path.name}.zip",
        classes.as_uri(),
        f"{host}/set",
        f"{host}/set/",
        f"simplecache::{host}/set",
    ]
    memory.pipe(f"/{tmp_path.name}.zip", (tmp_path / "set.zip").read_bytes())
    values = FEATURES.extract(want.images).values
    for place in places:
        bunch = load_images(place)
        assert bunch.frame.equals(want.frame), place
        assert bunch.summary == want.summary
        assert (bunch.target == want.target).all()
        found = FEATURES.extract(bunch.images)
        assert found.values.tobytes() == values.tobytes()
        assert [bunch.images.digest(i) for i in range(3)] == [want.images.digest(i) for i in range(3)]


def test_manifest_beside_the_images(classes, memory):
    url = upload(memory, classes)
    memory.pipe("/else.png", (classes / "Pro" / "field 1.png").read_bytes())
    table = "path,label,pixel_size\nPro/field 1.png,a,0.1\nmemory://else.png,b,\nPro/none.png,b,\n"
    memory.pipe("/set/manifest.csv", table.encode())
    bunch = load_images(url)
    assert bunch.images.smear(0).pixel_size == 0.1
    assert bunch.images.digest(1) != bunch.images.digest(0)
    np.testing.assert_array_equal(bunch.images[0], bunch.images[1])
    # whether all of a million files are there is not asked before the work
    found = FEATURES.extract(bunch.images)
    assert [failure.row for failure in found.failures] == [2]
    assert found.failures[0].name == f"{url}/Pro/none.png"
    assert "there is no such file" in found.failures[0].reason
    # but a manifest of another folder is noticed
    memory.pipe("/set/manifest.csv", table.replace("Pro/field 1.png", "Pro/field_1.png").encode())
    with pytest.raises(
        ImageError, match=r"1 of 3 listed files are missing under memory://set, Pro/field_1.png for one"
    ):
        load_images(url)


def test_manifest_here_of_images_elsewhere(classes, memory, tmp_path):
    url = upload(memory, classes)
    local = tmp_path / "local.png"
    local.write_bytes((classes / "Pro" / "field 1.png").read_bytes())
    (tmp_path / "manifest.csv").write_text(f"path\n{url}/Pro/field 1.png\nlocal.png\n{local.as_uri()}\n")
    bunch = load_images(tmp_path)
    assert bunch.filenames.tolist() == [f"{url}/Pro/field 1.png", str(local), str(local)]
    for i in (1, 2):
        np.testing.assert_array_equal(bunch.images[0], bunch.images[i])
    assert len(load_images(url, manifest=tmp_path / "manifest.csv").images) == 3


def test_label_maps_beside_remote_images(classes, memory, web, tmp_path):
    host, shown, _ = web
    labels = np.zeros((96, 96), int)
    labels[10:20, 10:20] = 12
    for path in list(classes.rglob("field*.png")):
        place = classes / "masks" / path.parent.name / f"{path.stem}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        write_labels(place, labels)
    (shown / "set").symlink_to(classes)
    want = load_images(classes, cells="masks/*.png")
    for place in (upload(memory, classes), zipped(classes, tmp_path / "set.zip"), f"{host}/set"):
        bunch = load_images(place, cells="masks/*.png")
        assert bunch.frame.equals(want.frame)
        assert bunch.summary == want.summary
        assert bunch.images[0].label_ids.tolist() == [12]
        assert bunch.images.digest(0) == want.images.digest(0)
        with pytest.raises(ImageError, match="no image has such a file"):
            load_images(place, cells="masks/*_no.png")


def test_each_file_is_asked_for_once(paths, web, monkeypatch):
    host, shown, asked = web
    tifffile.imwrite(shown / "a.tif", cv2.imread(paths[0]), resolution=(1e5, 1e5), resolutionunit="CENTIMETER")
    images = as_sequence([f"{host}/a.tif"])
    assert images.smear(0).pixel_size == 0.1
    assert asked == ["/a.tif"]
    with read_once():
        images.digest(0)
        images.smear(0)
        images.digest(0)
    assert asked == ["/a.tif"] * 2
    audit_dataset([f"{host}/a.tif"] * 2)
    assert asked == ["/a.tif"] * 4


def test_a_file_that_is_replaced_is_seen(memory):
    memory.pipe("/a.png", b"one")
    with read_once():
        assert read_bytes("memory://a.png") == b"one"
    memory.pipe("/a.png", b"two")
    assert read_bytes("memory://a.png") == b"two"
    assert reading._held.get() is None


def test_a_replaced_archive_is_seen(classes, tmp_path):
    file = tmp_path / "set.zip"
    url = zipped(classes, file)
    assert len(list_files(url)) == 10
    (classes / "readme.txt").unlink()
    zipped(classes, file)
    os.utime(file, ns=(1, 1))
    assert len(list_files(url)) == 9
    assert read_bytes(f"zip://Pro/field 1.png::{file}") == (classes / "Pro" / "field 1.png").read_bytes()


def test_nothing_of_an_archive_is_written(tmp_path, monkeypatch, paths):
    place = tmp_path / "a" / "b"
    place.mkdir(parents=True)
    with zipfile.ZipFile(place / "evil.zip", "w") as archive:
        for name in ("../evil.png", "../../evil.png", "/evil.png", "good.png", "c/../../evil.png"):
            archive.writestr(name, Path(paths[0]).read_bytes())
    monkeypatch.chdir(place)
    before = sorted(tmp_path.rglob("*"))
    bunch = load_images("zip://::evil.zip")
    assert bunch.frame["path"].tolist()[-1] == "good.png"
    FEATURES.extract(bunch.images)
    FEATURES.extract(as_sequence(["zip://../evil.png::evil.zip", "zip:///evil.png::evil.zip"]))
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("none.png", "there is no such file, folder or bucket; check the path"),
        ("denied.png", "access denied"),
        ("broken.png", "500"),
        ("empty.png", "the file is empty"),
        ("text.png", "not a JPEG, PNG, BMP or TIFF image"),
    ],
)
def test_a_broken_image_is_a_row_of_errors(name, reason, paths, web):
    host, shown, _ = web
    (shown / "good.png").write_bytes(Path(paths[0]).read_bytes())
    (shown / "empty.png").write_bytes(b"")
    (shown / "text.png").write_text("text")
    url = f"{host}/{name}?sig=geheim".replace("://", "://user:geheim@")
    found = FEATURES.extract(as_sequence([f"{host}/good.png", url]))
    assert np.isfinite(found.values[0]).all()
    (failure,) = found.failures
    assert failure.name == f"{host}/{name}?sig=***".replace("://", "://***@")
    assert reason in failure.reason
    assert "geheim" not in str(failure)
    with pytest.raises(ImageError, match=r"good\.png\?sig=\*\*\*") as caught:
        read_labels(f"{host}/good.png?sig=geheim")
    assert "geheim" not in str(caught.value)
    assert read_pixel_size(url) is None


def test_no_server(tmp_path):
    pytest.importorskip("aiohttp")
    with pytest.raises(
        ImageError, match=r"http://127.0.0.1:9/a.png: cannot be read: \w+: .*check the path and the connection"
    ):
        read_image("http://127.0.0.1:9/a.png")
    with pytest.raises(ImageError, match=r"http://127.0.0.1:9/set: cannot be read: .*the connection"):
        load_images("http://127.0.0.1:9/set")


@pytest.mark.parametrize("count", [1, 3])
def test_error_of_a_protocol_that_there_is_not(count):
    urls = [f"nothing-of-the-kind://a/{i}.png" for i in range(count)]
    found = FEATURES.extract(as_sequence(urls))
    assert len(found.failures) == count
    assert "Protocol not known" in found.failures[0].reason
    with pytest.raises(ImageError, match=r"write s3://, gs://, https://"):
        load_images("nothing-of-the-kind://a")


def test_what_to_install(monkeypatch):
    def without(name):
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(opening, "import_module", without)
    with pytest.raises(ImageError, match=r"s3://b/a.png: cannot be read: .*pip install 'leukofeat\[remote\]'"):
        read_image("s3://b/a.png")
    monkeypatch.undo()

    def missing(url):
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr("fsspec.core.url_to_fs", missing)
    with pytest.raises(ImageError, match="Install s3fs to access S3: pip install"):
        read_image("s3://b/a.png")


class Hanging(fsspec.AbstractFileSystem):
    """Answers never, or not to strangers, as a store over a network does."""

    protocol = "hanging"
    error: Exception = TimeoutError()

    def cat_file(self, path, start=None, end=None, **kwargs):
        raise self.error

    def find(self, path, **kwargs):
        raise self.error

    ls = exists = find


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (TimeoutError(), "no answer in time; try again"),
        (PermissionError("Forbidden"), r"access denied \(Forbidden\); check the credentials"),
        (OSError("https://b/a?X-Amz-Signature=geheim&x=1 failed"), r"X-Amz-Signature=\*\*\*&x=1 failed"),
        (RuntimeError("odd"), "RuntimeError: odd"),
    ],
)
def test_what_stores_say(error, reason, monkeypatch):
    fsspec.register_implementation("hanging", Hanging, clobber=True)
    monkeypatch.setattr(Hanging, "error", error)
    with pytest.raises(ImageError, match=reason) as caught:
        read_image("hanging://b/a.png")
    assert caught.value.__suppress_context__
    with pytest.raises(ImageError, match=f"hanging://b: cannot be (read|listed): .*{reason}"):
        load_images("hanging://b")
    with pytest.raises(RemoteError):
        existing(["hanging://b/a.png"])


def test_folders_that_are_none(memory, web, tmp_path, paths):
    host, shown, _ = web
    memory.pipe("/a.png", Path(paths[0]).read_bytes())
    for url in ("memory://nowhere", "memory://a.png", f"{host}/none", f"{host}/denied"):
        with pytest.raises(ImageError, match=r"cannot be (read|listed): .*check"):
            load_images(url)
    (shown / "a.html").write_text("<p>nothing is listed</p>")
    with pytest.raises(ImageError, match="a web server lists a folder only where it is set to, so give a manifest"):
        load_images(f"{host}/a.html")
    with zipfile.ZipFile(tmp_path / "a.zip", "w"):
        pass
    with pytest.raises(ImageError, match="an archive is read as zip://::"):
        load_images(tmp_path / "a.zip")
    with pytest.raises(ImageError, match="pass a URL as text"):
        load_images(Path("s3://bucket/a"))
    (tmp_path / "b.zip").write_bytes(b"no archive")
    with pytest.raises(ImageError, match="BadZipFile"):
        load_images(f"zip://::{tmp_path}/b.zip")


def test_links_of_a_server_lead_in_no_circle(web):
    host, _, asked = web
    with pytest.raises(ImageError, match="no file was found"):
        load_images(f"{host}/circle")
    assert len(asked) < 100


def test_tables_show_no_credentials(web, paths, tmp_path, capsys):
    host, shown, _ = web
    (shown / "a.png").write_bytes(Path(paths[0]).read_bytes())
    url = f"{host}/a.png?token=geheim"
    (tmp_path / "manifest.csv").write_text(f"path,label\n{url},a\n{url}2,b\n{host}/none.png?token=geheim,b\n")
    assert load_images(tmp_path).frame["path"].tolist()[0] == f"{host}/a.png?token=***"
    for output in ("rows.csv", "cells.csv"):
        main(["extract", str(tmp_path), "-o", str(tmp_path / output), "-q", *["--cells"] * (output == "cells.csv")])
        assert f"{host}/a.png?token=***" in (tmp_path / output).read_text()
        assert "geheim" not in (tmp_path / output).read_text()
    said = capsys.readouterr()
    assert "none.png?token=***" in said.err
    assert "geheim" not in said.err + said.out
    result = audit_dataset([url] * 2)
    assert "geheim" not in result.images.to_csv() + str(result)


def test_extract_from_a_url(classes, web, tmp_path):
    host, shown, _ = web
    (shown / "set").symlink_to(classes)
    tables = []
    for place in (str(classes), f"{host}/set", zipped(classes, tmp_path / "set.zip")):
        assert main(["extract", place, "-o", str(tmp_path / "rows.csv"), "-q"]) == 0
        tables.append((tmp_path / "rows.csv").read_bytes())
    assert tables[0] == tables[1] == tables[2]


def test_label_maps_are_written_here_for_images_elsewhere(classes, memory, tmp_path, capsys):
    url = upload(memory, classes)
    for name in ("Pro", "Early Pre"):  # two files of one name
        memory.pipe(f"/set/{name}/same.png", (classes / "Pro" / "field 1.png").read_bytes())
    assert main(["masks", url, "-o", str(tmp_path / "out maps"), "-q"]) == 0
    call = capsys.readouterr().out.partition("Read them by ")[2].strip().removesuffix(".")
    bunch = eval(call, {"load_images": load_images})
    assert bunch.summary.endswith("label maps: nuclei 10, cells 10")
    assert bunch.images.smear(0).is_segmented


def test_worker_processes_read_by_themselves(classes, tmp_path):
    bunch = load_images(zipped(classes, tmp_path / "set.zip"))
    want = FEATURES.extract(bunch.images).values
    for backend in ("loky", "threading"):
        with joblib.parallel_config(backend=backend, n_jobs=2):
            assert FEATURES.extract(bunch.images).values.tobytes() == want.tobytes()


def test_with_a_memory(classes, memory, tmp_path):
    url = upload(memory, classes)
    features = FeatureSet([ColorFeatures(regions=("image",))], memory=str(tmp_path / "store"))
    first = features.extract(load_images(url).images).values
    assert features.extract(load_images(classes).images).values.tobytes() == first.tobytes()
    place = sorted(classes.rglob("field*.png"))[0].relative_to(classes).as_posix()
    memory.pipe(f"/set/{place}", (classes / "Pro" / "field 1.png").read_bytes())
    assert features.extract(load_images(url).images).values.tobytes() != first.tobytes()


def test_errors_travel_between_processes():
    error = pickle.loads(pickle.dumps(RemoteError("no", is_absent=True)))
    assert (str(error), error.is_absent) == ("no", True)


def test_local_files_need_no_fsspec(paths, monkeypatch):
    monkeypatch.setattr(opening, "import_module", lambda name: pytest.fail(name))
    assert read_bytes(paths[0]) == Path(paths[0]).read_bytes()
    with open_binary(paths[0]) as file:
        assert file.read(4) == b"\x89PNG"
    assert existing([paths[0], "nowhere.png"]) == {paths[0]}
