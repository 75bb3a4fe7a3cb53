"""Parts of a data set by the names of their folders, as public data sets, tools and people call them."""

from pathlib import Path

import pytest

from jointsearch.core.errors import UserError
from jointsearch.training.part_folders import part_of, recognise


def recognised(root: Path, *names: str):
    for name in names:
        (root / name).mkdir(parents=True)
    return recognise(root, [root / name for name in names])


def refusal(root: Path, *names: str) -> str:
    with pytest.raises(UserError) as caught:
        recognised(root, *names)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("part", "names"),
    [
        ("training", "train Train TRAIN training Training training_set Training-Set trainset train_data train_images"),
        (
            "validation",
            "val VAL valid Valid validation validation_set valid-set dev dev_set development eval val_images",
        ),
        ("test", "test Test tests testing Testing test_set TestSet test_data test-images test_split"),
        (None, "cat trains tested invalid value evaluate train2017 seg_train trainA devil contest unlabelled"),
    ],
)
def test_the_usual_names_are_understood_whatever_their_case(part, names):
    assert {name: part_of(name) for name in names.split()} == dict.fromkeys(names.split(), part)
    assert part_of("Training Data") == "training"


@pytest.mark.parametrize(
    "names",
    [
        ("train", "val", "test"),
        ("Training", "Validation", "Testing"),
        ("training_set", "valid_set", "test_set"),
        ("TRAIN", "dev", "Test"),
    ],
)
def test_three_parts_are_told_apart(tmp_path, names):
    found = recognised(tmp_path, *names)
    assert [found.training.name, found.validation.name, found.test.name] == list(names)


def test_other_folders_beside_the_parts_are_named(tmp_path):
    found = recognised(tmp_path, "train", "test1", "docs")
    assert (found.validation, found.test, found.beside) == (None, None, ("test1", "docs"))


@pytest.mark.parametrize("name", ["val2017", "my_validation", "test_a"])
def test_a_part_with_classes_that_is_not_understood_is_no_folder_to_ignore(tmp_path, name):
    (tmp_path / name / "cat").mkdir(parents=True)
    (tmp_path / "train").mkdir()
    with pytest.raises(UserError, match=f"{name}: looks like a part of the images, but not by its name"):
        recognise(tmp_path, [tmp_path / "train", tmp_path / name])


@pytest.mark.parametrize(
    "names",
    [
        ("cat", "dog"),
        # Classes, as long as pictures lie in them.
        ("invalid", "valid"),
        ("dev", "prod"),
        ("test_tube", "beaker"),
        ("train_station", "harbour"),
    ],
)
def test_without_parts_the_root_has_the_classes(tmp_path, names):
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / "0.png").touch()
    assert recognise(tmp_path, [tmp_path / name for name in names]).training == tmp_path


@pytest.mark.parametrize(
    "names",
    [
        ("seg_train", "seg_test", "seg_pred_test"),
        ("train2017", "val2017"),
        ("trainA", "trainB", "testA", "testB"),
        ("Train_1", "Test_1"),
        ("trainval", "test"),
        ("val", "test"),
        ("test",),
    ],
)
def test_folders_that_look_like_parts_and_are_not_understood_are_no_classes(tmp_path, names):
    message = refusal(tmp_path, *names)
    assert message.startswith(f"{tmp_path}: no training part among {', '.join(names)}; name the folders")
    assert "train, val and test" in message


def test_a_training_and_another_part_that_are_not_understood_are_no_classes_beside_others(tmp_path):
    assert "no training part among train2017, val2017;" in refusal(tmp_path, "annotations", "train2017", "val2017")


@pytest.mark.parametrize("part", ["test", "Testing", "val", "validation"])
def test_a_part_without_a_training_part_is_no_class(tmp_path, part):
    (tmp_path / part / "cat").mkdir(parents=True)
    (tmp_path / part / ".DS_Store").mkdir()
    folders = [tmp_path / name for name in ("cat", "dog", part)]
    for folder in folders:
        folder.mkdir(exist_ok=True)
    with pytest.raises(UserError, match=f"has a folder {part} but no folder train; add it, or rename {part}"):
        recognise(tmp_path, folders)


@pytest.mark.parametrize("both", [("train", "Train"), ("val", "valid"), ("dev", "validation"), ("test", "test_set")])
def test_two_folders_for_one_part_are_refused(tmp_path, both):
    message = refusal(tmp_path, *dict.fromkeys((*both, "train")))
    assert f"{both[0]} and {both[1]} can both be the " in message
