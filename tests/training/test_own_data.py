"""Images of one's own: arrays that a function returns."""

import sys

import numpy as np
import pytest
import torch

from jointsearch.core.config import DataSettings
from jointsearch.core.errors import UserError
from jointsearch.training import datasets, own_data

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 6, 5), np.uint8)
LABELS = np.arange(40) % 4
NAME = "my_arrays:load"
MODULE = """
value, number = None, 3

def load(root):
    return value

def bare(): ...
"""


@pytest.fixture
def returns(tmp_path, monkeypatch):
    """Have the user's function return something."""
    (tmp_path / "my_arrays.py").write_text(
        "value = None\nnumber = 3\ndef load(root):\n    return value\ndef bare(): ...\n"
    )
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    sys.modules.pop("my_arrays", None)
    import my_arrays

    yield lambda value: setattr(my_arrays, "value", value)
    del sys.modules["my_arrays"]


@pytest.mark.parametrize(
    ("images", "shape"),
    [
        (IMAGES, (1, 6, 5)),
        (IMAGES[..., None], (1, 6, 5)),
        (IMAGES[:, None], (1, 6, 5)),
        (np.repeat(IMAGES[..., None], 3, axis=3), (3, 6, 5)),
        (torch.from_numpy(np.repeat(IMAGES[:, None], 3, axis=1)), (3, 6, 5)),
    ],
    ids=["N, H, W", "N, H, W, 1", "N, 1, H, W", "N, H, W, C", "N, C, H, W"],
)
def test_images_are_taken_in_any_usual_order(returns, images, shape):
    returns({"train": (images, LABELS)})
    raw = own_data.read(NAME, None)
    assert raw.train.images.shape == (40, *shape)
    assert (raw.train.images == IMAGES[:, None]).all()
    assert raw.classes == ("0", "1", "2", "3")
    assert (raw.test, raw.validation) == (None, None)


def test_parts_and_class_names_are_taken_and_the_rest_is_as_for_any_data(returns, tmp_path):
    classes = ["apple", "pear", "plum", "fig"]
    returns({"train": (IMAGES, LABELS), "validation": (IMAGES[:8], LABELS[:8]), "classes": classes})
    settings = DataSettings(name=NAME, test_fraction=0.2)
    found = datasets.find(settings, tmp_path, 0, tmp_path / "cache").images
    assert found.classes == tuple(classes)
    assert (found.train, found.validation, found.test) == (32, 8, 8)
    assert (found.validation_from, found.test_from) == ("published", "training")
    # Six of them remain in the training part.
    assert found.duplicates > 0
    returns(None)
    assert datasets.load(settings, tmp_path, 0, tmp_path / "cache", found).digest == found.digest


def test_other_arrays_than_before_are_refused(returns, tmp_path):
    settings = DataSettings(name=NAME, validation_fraction=0.2)
    returns({"train": (IMAGES, LABELS)})
    found = datasets.find(settings, tmp_path, 0).images
    returns({"train": (255 - IMAGES, LABELS)})
    with pytest.raises(UserError, match=r"other images, or another split, than data\.json says"):
        datasets.load(settings, tmp_path, 0, None, found)


TRAIN = (IMAGES, LABELS)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (None, "returns None; it must return a mapping with train, a pair of arrays"),
        ({"test": TRAIN}, "it must return a mapping with train, a pair of arrays"),
        ({"train": TRAIN, "tset": TRAIN}, "returns 'tset', which is unknown; did you mean 'test'?"),
        ({"train": IMAGES}, "it must be a pair of images and labels"),
        ({"train": (IMAGES / 255, LABELS)}, "train: images are float64; they must be uint8, 0 to 255"),
        ({"train": (IMAGES[0], LABELS)}, "train: images have the shape (6, 5); it must be (N, H, W)"),
        ({"train": (IMAGES[:, :5, :, None].repeat(5, 3), LABELS)}, "train: images have the shape (40, 5, 5, 5)"),
        ({"train": (IMAGES[:0], LABELS[:0])}, "train: has no images; leave it out, or fill it"),
        ({"train": (IMAGES, LABELS[:3])}, "one for each of the 40 images"),
        ({"train": (IMAGES, LABELS / 2)}, "train: labels are float64 of shape (40,); they must be whole numbers"),
        ({"train": (IMAGES, LABELS - 1)}, "train: a label is -1; the first class is 0"),
        ({"train": TRAIN, "test": (IMAGES[:, 1:], LABELS)}, "test: images of 5 x 5 x 1, those of train have 6 x 5 x 1"),
        ({"train": TRAIN, "classes": ["a", "b"]}, "2 classes, and labels up to 3"),
        ({"train": TRAIN, "classes": 4}, "classes: is 4; it must be a list of names"),
        ({"train": None}, "it must return a mapping with train, a pair of arrays"),
        ({"train": TRAIN, "classes": list("abca")}, "classes: a name is there twice"),
        ({"train": (IMAGES, LABELS * 2)}, "train: no images of class 1; add some, or number the classes without gaps"),
        ({"train": TRAIN, "classes": list("abcde")}, "train: no images of class e; add some"),
        ({"train": (IMAGES, 0 * LABELS)}, "1 classes, and labels up to 0"),
        ({"train": ([IMAGES[0], IMAGES[1, 1:]], [0, 1])}, "train: is no pair of arrays (setting an array element"),
        ({"train": (IMAGES, [[0], [0, 1]])}, "train: is no pair of arrays (setting an array element"),
        ({"train": (IMAGES, LABELS + 10**9)}, "train: a label is 1000000003; number the classes from 0, 100,000 at"),
        ({"train": (IMAGES, LABELS.astype(np.uint64) + 2**63)}, "train: a label is 9223372036854775811; number"),
    ],
)
def test_anything_else_is_reported_in_one_line(returns, value, problem):
    returns(value)
    with pytest.raises(UserError) as caught:
        own_data.read(NAME, None)
    message = str(caught.value)
    assert message.startswith(f"data.name: {NAME}: ") and problem in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("my_arrays:number", "is 3, not a function; it must be load(root)"),
        ("my_arrays:bare", "is called as load(root), but too many positional arguments; change its arguments"),
        ("my_arrays:other", "my_arrays has no 'other'; correct the name"),
    ],
)
def test_what_is_no_function_of_the_data_root_is_reported_in_one_line(returns, name, problem):
    with pytest.raises(UserError) as caught:
        own_data.read(name, None)
    assert str(caught.value) == f"data.name: {name}: {problem}"
