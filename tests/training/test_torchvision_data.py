"""Data sets of torchvision by name, from files in their own format."""

import urllib.error
import urllib.request

import numpy as np
import pytest
from PIL import Image

from jointsearch.core.config import DataSettings
from jointsearch.core.errors import UserError
from jointsearch.training import datasets, torchvision_data

pytest.importorskip("torchvision")
from torchvision import datasets as theirs


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    def refuse(*_, **__):
        raise urllib.error.URLError("no network")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)


def write_idx(path, array):
    """The format of MNIST: two zeros, the type (8: uint8), the number of axes, their sizes, the bytes."""
    sizes = b"".join(int(size).to_bytes(4, "big") for size in array.shape)
    path.write_bytes(bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes())


@pytest.fixture
def fashion(tmp_path):
    folder = tmp_path / "FashionMNIST" / "raw"
    folder.mkdir(parents=True)
    random, parts = np.random.default_rng(0), {}
    for name, number in (("train", 60), ("t10k", 20)):
        parts[name] = random.integers(0, 256, (number, 28, 28), np.uint8), np.arange(number, dtype=np.uint8) % 10
        write_idx(folder / f"{name}-images-idx3-ubyte", parts[name][0])
        write_idx(folder / f"{name}-labels-idx1-ubyte", parts[name][1])
    return parts


def test_a_data_set_in_its_own_format_has_its_images_labels_and_class_names(tmp_path, fashion):
    raw = torchvision_data.read("torchvision:FashionMNIST", tmp_path)
    assert raw.classes == tuple(theirs.FashionMNIST.classes)
    for part, (images, labels) in ((raw.train, fashion["train"]), (raw.test, fashion["t10k"])):
        assert (part.images == images[:, None]).all()
        assert (part.labels == labels).all()
    assert raw.validation is None


def test_it_is_split_cached_and_described_as_any_other(tmp_path, fashion):
    settings = DataSettings(name="torchvision:FashionMNIST", validation_fraction=0.25)
    found = datasets.find(settings, tmp_path, 0, tmp_path / "cache").images
    assert (found.train, found.validation, found.test) == (45, 15, 20)
    assert (found.validation_from, found.test_from, found.shape) == ("training", "published", (1, 28, 28))
    for file in (tmp_path / "FashionMNIST" / "raw").iterdir():
        file.unlink()
    assert datasets.load(settings, tmp_path, 0, tmp_path / "cache", found).digest == found.digest


def test_without_network_the_message_says_which_file_to_put_where(tmp_path):
    with pytest.raises(UserError) as caught:
        datasets.load(DataSettings(name="torchvision:KMNIST"), tmp_path, 0)
    message = str(caught.value)
    assert message.startswith(f"data.name: torchvision:KMNIST: images are missing from {tmp_path} (data_root)")
    assert "put KMNIST/raw/train-images-idx3-ubyte.gz (md5 bdb82020997e1d708af4cf47b453dcf7) and" in message
    with pytest.raises(UserError, match=r"put the files that torchvision\.datasets\.DTD downloads into that folder"):
        datasets.load(DataSettings(name="torchvision:DTD"), tmp_path, 0)


class Made(theirs.VisionDataset):
    """Pictures whose sizes and colours differ, in three parts."""

    classes = (("small", "tiny"), "large")
    answer = 1

    def __init__(self, root, split="train", download=False):
        if split not in ("train", "valid", "test"):
            raise ValueError(f"no {split}")
        super().__init__(root)
        self.shade = {"train": 10, "valid": 20, "test": 30}[split]

    def __len__(self):
        return 4

    def __getitem__(self, index):
        mode = "RGB" if index == 3 else "L"
        return Image.new(mode, (8 + 4 * index, 8), (self.shade,) * 3 if mode == "RGB" else self.shade), index % 2


@pytest.fixture
def made(monkeypatch):
    monkeypatch.setattr(theirs, "FakeData", Made)
    return Made


def test_parts_are_those_that_the_data_set_has_by_any_of_their_names(tmp_path, made):
    raw = torchvision_data.read("torchvision:FakeData", tmp_path, image_size=8)
    assert [part.images[0, 0, 0, 0] for part in (raw.train, raw.validation, raw.test)] == [10, 20, 30]
    assert raw.train.images.shape == (4, 3, 8, 8)
    assert raw.train.labels.tolist() == [0, 1, 0, 1]
    assert raw.classes == ("small, tiny", "large")


def test_a_data_set_without_parts_is_all_training(tmp_path, monkeypatch):
    class Small(theirs.FakeData):
        def __init__(self):
            super().__init__(size=30, image_size=(3, 6, 6), num_classes=3)

    monkeypatch.setattr(theirs, "FakeData", Small)
    raw = torchvision_data.read("torchvision:FakeData", tmp_path)
    assert (raw.train.images.shape, raw.test, raw.validation) == ((30, 3, 6, 6), None, None)
    assert raw.classes == ("0", "1", "2")


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("FashionMNITS", "torchvision has no data set 'FashionMNITS'; did you mean 'FashionMNIST'?"),
        ("wrap_dataset_for_transforms_v2", "torchvision has no data set 'wrap_dataset_for_transforms_v2'"),
        ("EMNIST", "has variants; name one behind a slash: byclass, bymerge, balanced, letters, digits, mnist"),
        ("EMNIST/leters", "has variants; name one behind a slash"),
        ("CIFAR10/small", "has no variants; remove /small"),
        ("CocoDetection", "needs annFile, so it is not images with labels; name another"),
        ("FakeData", "train: image 1 has 12 x 8 pixels, the first 8 x 8; set data.image_size"),
    ],
)
def test_what_is_no_data_set_of_images_with_labels_is_reported_in_one_line(tmp_path, made, name, problem):
    with pytest.raises(UserError) as caught:
        torchvision_data.read(f"torchvision:{name}", tmp_path)
    assert str(caught.value).startswith(f"data.name: torchvision:{name}: {problem}")
    assert "\n" not in str(caught.value)


def test_labels_that_are_no_numbers_are_refused(tmp_path, made, monkeypatch):
    monkeypatch.setattr(made, "__getitem__", lambda self, index: (Image.new("L", (8, 8)), {"box": 1}))
    with pytest.raises(UserError, match="train: is not images with one label each; name another data set"):
        torchvision_data.read("torchvision:FakeData", tmp_path)
