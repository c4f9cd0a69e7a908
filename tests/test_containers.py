"""Images as other libraries hold them: the same pixels, the same rows for any number of workers, one image at a time."""

from __future__ import annotations

import io
import pickle

import numpy as np
import pytest
from PIL import Image

from leukofeat import ImageError, Smear, as_sequence, read_image
from leukofeat.features import ColorFeatures, FeatureSet
from tests.stages import MeanColor


@pytest.fixture
def images(rng):
    return [rng.integers(0, 256, (5 + i, 9 - i, 3), np.uint8) for i in range(4)]


def same(sequence, images):
    """As it is, and as it comes to a worker."""
    for given in (sequence, pickle.loads(pickle.dumps(sequence))):
        assert len(given) == len(images)
        for found, expected in zip(given, images, strict=True):
            np.testing.assert_array_equal(found, expected)


class Pairs:
    """What a data set of torch is to its loader: a length, and items of image and label."""

    def __init__(self, images, wrap=lambda image: (image, 3)):
        self.images, self.wrap, self.asked = images, wrap, []

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        if i >= len(self.images):
            raise IndexError(i)
        self.asked.append(i)
        return self.wrap(self.images[i])


def with_label(image):
    return {"label": 3, "image": Image.fromarray(image)}


def as_picture(image):
    return Image.fromarray(image), "benign"


def test_pictures(images):
    same(as_sequence([Image.fromarray(image) for image in images]), images)
    same(as_sequence([Image.fromarray(images[0]), images[1], Smear(images[2])]), images[:3])


def test_modes_of_pictures(tmp_path):
    """Each as a file of its kind is read."""
    values = np.arange(48, dtype=np.uint8).reshape(6, 8) * 5
    rgb = np.dstack([values, values[::-1], values.T.reshape(6, 8)])
    alpha = Image.fromarray(np.dstack([rgb, values]))
    for picture in (
        Image.fromarray(rgb),
        Image.fromarray(values),
        Image.fromarray(values).quantize(8),
        Image.fromarray(values > 99),
        alpha,
        alpha.convert("LA"),
        Image.fromarray(values.astype(np.uint16) * 257),
    ):
        picture.save(tmp_path / "a.png")
        same(as_sequence([picture]), [read_image(tmp_path / "a.png")])
        same(as_sequence([Image.open(tmp_path / "a.png")]), [read_image(tmp_path / "a.png")])
    ink = (
        Image.fromarray(np.dstack([rgb, values]), "CMYK")
        if False
        else Image.merge("CMYK", [Image.fromarray(values)] * 4)
    )
    same(as_sequence([ink]), [np.asarray(ink.convert("RGB"))])


def test_orientation_is_that_of_the_file(tmp_path):
    image = Image.fromarray(np.arange(60, dtype=np.uint8).reshape(4, 5, 3))
    exif = Image.Exif()
    exif[274] = 6
    image.save(tmp_path / "a.png", exif=exif)
    turned = read_image(tmp_path / "a.png")
    assert turned.shape == (5, 4, 3)
    same(as_sequence([Image.open(tmp_path / "a.png")]), [turned])


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (Image.fromarray(np.ones((3, 3), np.float32)), "mode 'F'; convert it to 8-bit RGB"),
        (Image.fromarray(np.ones((3, 3), np.int32)), "mode 'I'; convert it"),
        (Image.fromarray(np.full((3, 3), 4000, np.uint16)), "end at 4000 of 65535"),
    ],
)
def test_pictures_that_are_refused(picture, message):
    for sequence in (as_sequence([picture]), pickle.loads(pickle.dumps(as_sequence([picture])))):
        with pytest.raises(ImageError, match=message) as caught:
            sequence.smear(0)
        assert caught.value.__notes__ == ["While processing image 0."]


def test_a_damaged_picture_fails_alone(images):
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (90, 90, 3), np.uint8)).save(file, "png")
    for n_jobs in (1, 2):
        broken = Image.open(io.BytesIO(file.getvalue()[:5000]))
        features = FeatureSet([MeanColor()], on_error="nan", n_jobs=n_jobs)
        with pytest.warns(UserWarning, match="1 of 2 images could not be measured"):
            values = features.transform([broken, Image.fromarray(images[0])])
        assert np.isnan(values).all(axis=1).tolist() == [True, False]


@pytest.mark.parametrize("wrap", [lambda x: x, as_picture, with_label, lambda x: [x, 0, {}]])
def test_data_sets(images, wrap):
    data = Pairs(images, wrap)
    sequence = as_sequence(data)
    assert data.asked == [0]  # to see what it holds
    for found, expected in zip(sequence, images, strict=True):
        np.testing.assert_array_equal(found, expected)
    assert sequence.digest(1) == as_sequence(images).digest(1)
    assert [image.shape for image in sequence[[2, 0]]] == [images[2].shape, images[0].shape]


def test_any_number_of_workers_gives_the_same_bytes(images):
    family = ColorFeatures(regions=("image",))
    expected = FeatureSet([family]).transform(images).tobytes()
    for X in (Pairs(images, as_picture), [Image.fromarray(image) for image in images]):
        for n_jobs in (1, 2):
            assert FeatureSet([family], n_jobs=n_jobs).transform(X).tobytes() == expected


def test_a_broken_item_is_one_image(images):
    def wrap(image):
        if image is images[0]:
            raise OSError("gone")
        return image

    with pytest.warns(UserWarning, match="image 0: OSError: gone"):
        values = FeatureSet([MeanColor()], on_error="nan").transform(Pairs(images, wrap))
    assert np.isnan(values).all(axis=1).tolist() == [True, False, False, False]


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (range(3), "got range"),
        (b"abc", "got bytes"),
        ({"a": 1}, "got dict"),
        (Pairs([1, 2], lambda x: x), "got Pairs of int; images are"),
        (Pairs([1, 2], lambda x: {"label": x}), "got Pairs of|has no 'image'"),
        (Image.new("L", (3, 3)), "got Image"),
    ],
)
def test_what_holds_no_images(X, message):
    with pytest.raises(TypeError, match=message):
        as_sequence(X).smear(0)


class TestTorch:
    @pytest.fixture
    def torch(self):
        return pytest.importorskip("torch")

    def test_tensors(self, torch, images):
        channels_first = [torch.from_numpy(image.transpose(2, 0, 1).copy()) for image in images]
        same(as_sequence(channels_first), images)
        same(as_sequence([tensor.float() / 255 for tensor in channels_first]), images)
        same(as_sequence([tensor.double() / 255 for tensor in channels_first]), images)
        every = torch.arange(256, dtype=torch.uint8).reshape(1, 16, 16)
        same(as_sequence([every.float() / 255, every[0]]), [np.repeat(every[0].numpy()[:, :, None], 3, 2)] * 2)
        stack = torch.stack([channels_first[0]] * 3)
        same(as_sequence(stack), [images[0]] * 3)
        assert len(pickle.dumps(as_sequence(stack.repeat(99, 1, 1, 1))[:1])) < 10_000  # not all that it is a view of

    def test_tensors_that_are_refused(self, torch):
        for tensor, message in (
            (torch.zeros(5, 6, 3), r"\(3, height, width\), not \(5, 6, 3\)"),
            (torch.full((3, 5, 6), -1.5), "between 0 and 1, not -1.5"),
            (torch.full((3, 5, 6), float("nan")), "between 0 and 1"),
            (torch.zeros(3, 5, 6, dtype=torch.int64), "must be uint8 RGB, not int64"),
        ):
            with pytest.raises((TypeError, ValueError), match=message):
                as_sequence([tensor]).smear(0)
        with pytest.raises(ValueError, match=r"\(n, 3, height, width\), got a Tensor of shape"):
            as_sequence(torch.zeros(3, 5, 6))

    def test_data_sets_of_torch(self, torch, images):
        from torch.utils.data import Subset, TensorDataset

        stack = torch.from_numpy(np.stack([images[0]] * 3).transpose(0, 3, 1, 2).copy())
        data = TensorDataset(stack, torch.arange(3))
        same(as_sequence(data), [images[0]] * 3)
        same(as_sequence(Subset(data, [1])), [images[0]])

    def test_data_sets_of_torchvision(self, torch, images, tmp_path):
        try:
            from torchvision import datasets, transforms
        except (ImportError, RuntimeError) as error:  # built for another torch
            pytest.skip(f"torchvision cannot be imported: {error}")
        for label in ("benign", "pro"):
            (tmp_path / label).mkdir()
            Image.fromarray(images[0]).save(tmp_path / label / "1.png")
        same(as_sequence(datasets.ImageFolder(tmp_path)), [images[0]] * 2)
        same(as_sequence(datasets.ImageFolder(tmp_path, transforms.ToTensor())), [images[0]] * 2)
        normalized = transforms.Compose([transforms.ToTensor(), transforms.Normalize([0.5] * 3, [0.5] * 3)])
        with pytest.raises(ValueError, match="without Normalize"):
            as_sequence(datasets.ImageFolder(tmp_path, normalized)).smear(0)


def test_arrays_in_chunks_are_read_an_image_at_a_time(images):
    class Chunked:
        """An array of dask or zarr, as far as it is looked at."""

        def __init__(self, values):
            self.values, self.shape, self.dtype, self.chunks = values, values.shape, values.dtype, (1,)
            self.read = []

        def __len__(self):
            return len(self.values)

        def __getitem__(self, i):
            self.read.append(i)
            return self.values[i]

    data = Chunked(np.stack([images[0], images[0] // 2]))
    sequence = as_sequence(data)
    assert data.read == []
    np.testing.assert_array_equal(sequence[1], images[0] // 2)
    assert data.read == [1]
    with pytest.raises(ValueError, match=r"\(n, height, width, 3\), got a Chunked of shape"):
        as_sequence(Chunked(images[0]))


def test_dask(images):
    array = pytest.importorskip("dask.array")
    stack = np.stack([images[0], images[0] // 2])
    same(as_sequence(array.from_array(stack, chunks=(1, -1, -1, -1))), list(stack))


def test_zarr(images, tmp_path):
    zarr = pytest.importorskip("zarr")
    stack = np.stack([images[0], images[0] // 2])
    written = zarr.create_array(tmp_path / "a.zarr", shape=stack.shape, chunks=(1, *stack.shape[1:]), dtype="uint8")
    written[:] = stack
    same(as_sequence(written), list(stack))


def test_data_sets_of_hugging_face(images, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    datasets = pytest.importorskip("datasets")
    columns = {"label": [0, 1, 1, 0], "image": [Image.fromarray(image) for image in images]}
    features = datasets.Features({"label": datasets.Value("int64"), "image": datasets.Image()})
    data = datasets.Dataset.from_dict(columns, features=features)
    same(as_sequence(data), images)
    same(as_sequence(data.select([2])), images[2:3])
    family = ColorFeatures(regions=("image",))
    expected = FeatureSet([family]).transform(images).tobytes()
    assert FeatureSet([family], n_jobs=2).transform(data).tobytes() == expected
    with pytest.raises(TypeError, match=r"DatasetDict of train; name one, as X\['train'\]"):
        as_sequence(datasets.DatasetDict({"train": data}))
    with pytest.raises(ValueError, match="no column of images among label"):
        as_sequence(data.select_columns(["label"]))
