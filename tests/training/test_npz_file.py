"""Images in a file of arrays."""

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jointsearch.core.config import DataSettings
from jointsearch.core.errors import UserError
from jointsearch.training import datasets, npz_file

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 6, 5, 3), np.uint8)
LABELS = np.arange(40) % 4
TRAIN = {"train_images": IMAGES, "train_labels": LABELS}


def write(folder: Path, **arrays) -> Path:
    np.savez_compressed(folder / "images.npz", **arrays)
    return folder / "images.npz"


def test_parts_are_those_of_medmnist_whose_labels_have_a_second_axis(tmp_path):
    file = write(tmp_path, **TRAIN, val_images=IMAGES[:8], val_labels=LABELS[:8, None], classes=np.array([*"abcd"]))
    raw = npz_file.read(file)
    assert raw.classes == ("a", "b", "c", "d")
    assert (raw.train.images == IMAGES.transpose(0, 3, 1, 2)).all()
    assert (raw.train.labels == LABELS).all()
    assert raw.validation is not None and (raw.validation.labels == LABELS[:8]).all()
    assert raw.test is None


def test_it_is_a_data_set_like_any_other(tmp_path):
    write(tmp_path, **TRAIN)
    found = datasets.find(DataSettings(name="images.npz", validation_fraction=0.2), tmp_path, 0).images
    assert (found.train, found.validation, found.test) == (26, 6, 8)
    assert DataSettings(name="images.npz").own is None


def test_a_file_with_another_digest_is_refused(tmp_path):
    file = write(tmp_path, **TRAIN)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    datasets.find(DataSettings(name="images.npz", sha256=digest, validation_fraction=0.2), tmp_path, 0)
    write(tmp_path, **{**TRAIN, "train_images": 255 - IMAGES})
    with pytest.raises(UserError, match=rf"images\.npz: SHA-256 .*, not {digest[:12]}\.\.\. as data\.sha256 has it"):
        datasets.find(DataSettings(name="images.npz", sha256=digest, validation_fraction=0.2), tmp_path, 0)


@pytest.mark.parametrize(
    ("arrays", "problem"),
    [
        ({"train_images": IMAGES}, "lacks train_labels; add it"),
        ({"test_images": IMAGES, "test_labels": LABELS}, "lacks train_images; add it"),
        ({**TRAIN, "test_labels": LABELS}, "lacks test_images; add it"),
        ({**TRAIN, "tets_images": IMAGES}, "has tets_images, which is unknown; did you mean 'test_images'?"),
        ({**TRAIN, "train_images": IMAGES / 255}, "train: images are float64; they must be uint8, 0 to 255"),
        ({**TRAIN, "classes": np.array([*"aacd"])}, "classes: a name is there twice"),
        (
            {"train_images": IMAGES, "train_labels": np.array([None] * 40)},
            "no readable file of arrays (it holds Python objects, or is of another kind)",
        ),
    ],
)
def test_other_arrays_are_reported_in_one_line(tmp_path, arrays, problem):
    file = write(tmp_path, **arrays)
    with pytest.raises(UserError) as caught:
        npz_file.read(file)
    assert str(caught.value).startswith(f"{file}: ") and problem in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_damaged_or_of_another_kind_is_reported_in_one_line(tmp_path):
    file = write(tmp_path, **TRAIN)
    whole = file.read_bytes()
    middle = len(whole) // 2
    buffer = tmp_path / "one.npy"
    np.save(buffer, IMAGES)
    flipped = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
    for damaged in (b"", b"text", whole[:middle], flipped, buffer.read_bytes()):
        file.write_bytes(damaged)
        with pytest.raises(UserError, match=r"images\.npz: no readable file of arrays \(.+\); write it with numpy"):
            npz_file.read(file)
    file.unlink()
    with pytest.raises(UserError, match=r"images\.npz: no such file; set data_root to its folder"):
        npz_file.read(file)
    file.mkdir()
    with pytest.raises(UserError, match=r"images\.npz: cannot be read \(Is a directory\)"):
        npz_file.read(file)


def test_the_images_of_the_scale_model_are_those_that_its_configuration_names():
    raw = npz_file.read(Path("config/images/cifar10-8x8.npz"))
    assert raw.train.images.shape == (9000, 3, 8, 8)
    assert (np.bincount(raw.train.labels) == 900).all()
    assert raw.test is not None and (np.bincount(raw.test.labels) == 200).all()
    assert raw.classes[0] == "airplane"


def test_a_file_may_be_made_of_more_classes_than_a_byte_can_count(tmp_path):
    for index in range(257):
        for part in ("train", "test"):
            folder = tmp_path / "pictures" / part / f"{index:03d}"
            folder.mkdir(parents=True)
            Image.new("RGB", (1, 1), (index // 2, index % 2, 0)).save(folder / "a.png")
    command = [sys.executable, "scripts/image_file.py", tmp_path / "pictures", tmp_path / "a.npz"]
    subprocess.run([*command, "--size", "1", "--train", "1", "--test", "1"], check=True, capture_output=True)
    assert npz_file.read(tmp_path / "a.npz").train.labels.tolist() == [*range(257)]


def test_the_file_is_made_of_the_first_pictures_of_each_class_and_the_same_bytes_again(tmp_path):
    for part, number in (("train", 3), ("test", 2)):
        for label, name in enumerate(("cat", "dog")):
            folder = tmp_path / "pictures" / part / name
            folder.mkdir(parents=True)
            for index in range(number):
                Image.new("RGB", (16, 16), (label, index, number)).save(folder / f"{index}.png")
    files = [tmp_path / "a.npz", tmp_path / "b.npz"]
    for file in files:
        command = [sys.executable, "scripts/image_file.py", tmp_path / "pictures", file]
        subprocess.run([*command, "--size", "8", "--train", "2", "--test", "1"], check=True, capture_output=True)
    assert files[0].read_bytes() == files[1].read_bytes()
    raw = npz_file.read(files[0])
    assert raw.classes == ("cat", "dog")
    assert raw.train.images[..., 0, 0].tolist() == [[0, 0, 3], [0, 1, 3], [1, 0, 3], [1, 1, 3]]
    assert raw.test is not None and raw.test.images[..., 0, 0].tolist() == [[0, 0, 2], [1, 0, 2]]
