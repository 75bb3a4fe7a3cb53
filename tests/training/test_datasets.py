import dataclasses
import pickle
import sys
import urllib.error
import urllib.request
from collections import Counter

import numpy as np
import pytest
import scipy.io
import torch
from sklearn.datasets import load_digits

from jointsearch.core.config import DataSettings
from jointsearch.core.errors import UserError
from jointsearch.training import datasets
from jointsearch.training.image_data import Division
from jointsearch.training.raw_data import Part

DIGITS = DataSettings(name="digits")


def as_rows(*parts: torch.Tensor) -> Counter:
    return Counter(image.numpy().tobytes() for part in parts for image in part)


def test_digits_are_those_of_scikit_learn(digits):
    images = load_digits().images
    parts = (digits.train_images, digits.validation_images, digits.test_images)
    assert {part.dtype for part in parts} == {torch.uint8}
    assert {part.shape[1:] for part in parts} == {(1, 8, 8)}
    assert as_rows(*parts) == as_rows(torch.from_numpy((images * 255 / 16).round().astype(np.uint8)))
    assert digits.classes == tuple("0123456789")


def test_digits_need_no_torchvision(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    assert datasets.load(DIGITS, None, 0).train_images.dtype == torch.uint8


def test_shares_are_exact_and_every_class_gives_its_own():
    settings = DataSettings(name="digits", validation_fraction=0.25, test_fraction=0.2)
    loaded = datasets.load(settings, None, 0)
    sizes = [len(part) for part in (loaded.train_labels, loaded.validation_labels, loaded.test_labels)]
    assert sizes == [1797 - 359 - 360, 360, 359] or sizes == [1797 - 359 - 359, 359, 359]
    counts = np.bincount(load_digits().target)
    for labels, share in ((loaded.test_labels, 0.2), (loaded.validation_labels, 0.2)):
        assert np.abs(np.bincount(labels.numpy()) - share * counts).max() <= 1.5


def test_the_seed_moves_the_validation_part_alone(digits):
    same, other = datasets.load(DIGITS, None, 1), datasets.load(DIGITS, None, 2**52)
    assert same.split == digits.split != other.split
    assert same.digest == digits.digest == other.digest
    assert torch.equal(same.train_images, digits.train_images)
    assert torch.equal(other.test_images, digits.test_images)
    assert as_rows(other.validation_images) != as_rows(digits.validation_images)


def test_training_on_the_validation_images_too_leaves_digest_split_and_the_other_parts_alone(digits):
    everything = datasets.load(DataSettings(name="digits", train_on="training_and_validation"), None, 1)
    assert len(everything.train_labels) == len(digits.train_labels) + len(digits.validation_labels)
    assert (everything.digest, everything.split) == (digits.digest, digits.split)
    assert torch.equal(everything.validation_images, digits.validation_images)
    assert torch.equal(everything.test_images, digits.test_images)


def test_mean_and_deviation_are_of_the_training_part(digits):
    pixels = digits.train_images.numpy().astype(np.float64)
    assert digits.mean.numpy() == pytest.approx(pixels.mean((0, 2, 3)), rel=1e-6)
    assert digits.std.numpy() == pytest.approx(pixels.std((0, 2, 3)), rel=1e-6)


def test_too_few_images_for_a_split_is_told():
    with pytest.raises(UserError, match="validation_fraction: too few images: 1 of 1,438") as caught:
        datasets.load(DataSettings(name="digits", validation_fraction=0.001), None, 0)
    assert "\n" not in str(caught.value)


def test_what_is_found_is_what_trainings_load(digits):
    found = datasets.find(DIGITS, None, 1)
    assert (found.images.digest, found.images.split) == (digits.digest, digits.split)
    parts = digits.train_labels, digits.validation_labels, digits.test_labels
    assert [found.images.train, found.images.validation, found.images.test] == [len(part) for part in parts]
    assert (found.images.validation_from, found.images.test_from) == ("training", "training")
    assert found.images.duplicates == 0
    assert found.warnings == ()


def test_a_data_root_is_needed():
    with pytest.raises(UserError, match="data_root"):
        datasets.load(DataSettings(name="cifar10"), None, 0)


@pytest.fixture
def offline(monkeypatch):
    def refuse(*_, **__):
        raise urllib.error.URLError("no network")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("cifar10", ["cifar-10-python.tar.gz (md5 c58f30108f718f92721af3b95e74349a)"]),
        ("cifar100", ["cifar-100-python.tar.gz (md5 eb9058c3a382ffc7106e4002c42a8d85)"]),
        (
            "svhn",
            [
                "train_32x32.mat (md5 e26dedcc434d2e4c54c9b2d4a06d8373)",
                "test_32x32.mat (md5 eb5a983be6a315427106f1b164d9cef3)",
            ],
        ),
    ],
)
def test_without_network_the_message_says_which_file_to_put_where(tmp_path, offline, name, files):
    for damaged in files:
        (tmp_path / damaged.split()[0]).write_bytes(b"half a download")
    with pytest.raises(UserError) as caught:
        datasets.load(DataSettings(name=name), tmp_path, 0)
    message = str(caught.value)
    assert message.startswith(f"data.name: {name}: images are missing from {tmp_path} (data_root), or damaged")
    assert all(file in message for file in files)
    assert "\n" not in message


def md5(path) -> str:
    import hashlib

    return hashlib.md5(path.read_bytes()).hexdigest()


def test_cifar_files_are_read_with_their_checksums(tmp_path, offline, monkeypatch):
    from torchvision.datasets import CIFAR10

    random = np.random.default_rng(0)
    folder = tmp_path / CIFAR10.base_folder
    folder.mkdir()
    images = random.integers(0, 256, (80, 3072), dtype=np.uint8)
    labels = [0, 1, 2, 3] * 20
    for name, start, end in (("data_batch_1", 0, 30), ("data_batch_2", 30, 60), ("test_batch", 60, 80)):
        batch = {"data": images[start:end], "labels": labels[start:end]}
        (folder / name).write_bytes(pickle.dumps(batch))
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": list("abcd")}))
    sums = {path.name: md5(path) for path in folder.iterdir()}
    monkeypatch.setattr(CIFAR10, "train_list", [[name, sums[name]] for name in ("data_batch_1", "data_batch_2")])
    monkeypatch.setattr(CIFAR10, "test_list", [["test_batch", sums["test_batch"]]])
    meta = {"filename": "batches.meta", "key": "label_names", "md5": sums["batches.meta"]}
    monkeypatch.setattr(CIFAR10, "meta", meta)

    loaded = datasets.load(DataSettings(name="cifar10"), tmp_path, 0)
    assert loaded.classes == tuple("abcd")
    assert (len(loaded.train_images), len(loaded.validation_images)) == (54, 6)
    # CIFAR stores each image as three planes, red first, row by row.
    assert torch.equal(loaded.test_images, torch.from_numpy(images[60:].reshape(20, 3, 32, 32)))
    assert loaded.test_labels.tolist() == labels[60:]
    found = datasets.find(DataSettings(name="cifar10"), tmp_path, 0).images
    assert (found.validation_from, found.test_from) == ("training", "published")
    planes = torch.from_numpy(images[:60].reshape(60, 3, 32, 32))
    assert as_rows(loaded.train_images, loaded.validation_images) == as_rows(planes)

    (folder / "data_batch_2").write_bytes(b"damaged")
    with pytest.raises(UserError, match=f"^data.name: cifar10: images are missing from {tmp_path}.*or damaged"):
        datasets.load(DataSettings(name="cifar10"), tmp_path, 0)


def test_svhn_files_are_read_with_the_label_10_as_digit_0(tmp_path, offline, monkeypatch):
    from torchvision.datasets import SVHN

    random = np.random.default_rng(0)
    lists = {}
    for part, name in (("train", "train_32x32.mat"), ("test", "test_32x32.mat")):
        images = random.integers(0, 256, (32, 32, 3, 100), dtype=np.uint8)
        scipy.io.savemat(tmp_path / name, {"X": images, "y": np.arange(100)[:, None] % 10 + 1})
        lists[part] = ["http://unused", name, md5(tmp_path / name)]
    monkeypatch.setattr(SVHN, "split_list", lists)
    loaded = datasets.load(DataSettings(name="svhn"), tmp_path, 0)
    assert loaded.test_labels.tolist() == [(place + 1) % 10 for place in range(100)]
    assert torch.equal(loaded.test_images[7], torch.from_numpy(images[..., 7].transpose(2, 0, 1).copy()))


def test_digests_tell_data_sets_apart():
    part = Part(np.zeros((4, 1, 2, 2), np.uint8), np.array([0, 1, 0, 1]))
    changed = dataclasses.replace(part, labels=np.array([0, 1, 1, 0]))
    validation = np.array([1, 2])
    digests = {
        Division(("a", "b"), part, part, validation).digest,
        Division(("a", "c"), part, part, validation).digest,
        Division(("a", "b"), part, changed, validation).digest,
        Division(("a", "b"), dataclasses.replace(part, images=part.images + 1), part, validation).digest,
    }
    assert len(digests) == 4
    assert {len(item) for item in digests} == {64}


def test_digests_stay_what_they_are_in_the_records_of_searches(digits):
    """Of scikit-learn's digits, split with seed 1, in version 0.1.0."""
    assert digits.digest == "760f3cbe96b30645ed28c30b35edac4a251e8e583f445ff1cefc24c4f572881e"
    assert digits.split == "a97f42750f7dbf6df8ae0057221c55c724547937a674f8943aa13a278c715163"
