import pytest

from jointsearch.core.data_set import DataSet
from jointsearch.results import data_summary

CIFAR = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def found(**changes) -> DataSet:
    known = {"digest": "d" * 64, "split": "5" * 64, "classes": CIFAR, "shape": (3, 32, 32)}
    return DataSet(**known | {"train": 45000, "validation": 5000, "test": 10000} | changes)


def test_classes_and_sizes_stand_in_one_line():
    assert data_summary.line(found()) == (
        f"10 classes: {', '.join(CIFAR)}; 45,000 / 5,000 / 10,000 images of 32 x 32 x 3 for training, "
        "validation, test; validation held out of the training images, test given with the data"
    )


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"validation_from": "training", "test_from": "published"},
            "held out of the training images, test given with the data",
        ),
        ({"validation_from": "val/", "test_from": "Test/"}, "; validation from val/, test from Test/"),
        (
            {"validation_from": "training", "test_from": "training"},
            "; validation and test held out of the training images",
        ),
        ({"duplicates": 1234}, "; 1,234 of validation and test are copies of images in another part"),
        ({"classes": tuple(f"c{number}" for number in range(100))}, "100 classes: c0, c1, c2, ..., c99; "),
        ({"classes": ("two\nlines", "süß")}, r"2 classes: two\nlines, süß; "),
        ({"shape": (1, 28, 20)}, "images of 28 x 20 x 1 for"),
    ],
)
def test_the_line_says_where_parts_are_from_and_what_is_twice(changes, says):
    line = data_summary.line(found(**changes))
    assert says in line
    assert "\n" not in line
