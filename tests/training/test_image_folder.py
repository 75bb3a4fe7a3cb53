import os
import shutil
import socket
import unicodedata
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from unprivileged import unprivileged

from jointsearch.core.config import DataSettings
from jointsearch.core.errors import UserError
from jointsearch.training import datasets, image_folder


def picture(path, size=(6, 4), mode="RGB", colour=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(zlib.crc32(path.name.encode()))
    width, height = size
    pixels = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
    if colour is not None:
        pixels[:] = colour
    Image.fromarray(pixels).convert(mode).save(path)


@pytest.fixture
def tree(tmp_path):
    """Two classes, 10 training images and 3 test images each."""
    for part, count in (("train", 10), ("test", 3)):
        for name in ("cat", "dog"):
            for number in range(count):
                picture(tmp_path / part / name / f"{number:02}.png")
    return tmp_path


def refusal(root, image_size=None) -> str:
    with pytest.raises(UserError) as caught:
        image_folder.read(root, image_size)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_train_and_test_are_read_in_sorted_order(tree):
    source = image_folder.read(tree, None)
    assert source.classes == ("cat", "dog")
    assert source.train.labels.tolist() == [0] * 10 + [1] * 10
    assert source.test.labels.tolist() == [0] * 3 + [1] * 3
    assert source.train.images.shape == (20, 3, 4, 6)
    third = np.asarray(Image.open(tree / "train" / "cat" / "02.png"))
    np.testing.assert_array_equal(source.train.images[2].transpose(1, 2, 0), third)


def test_loading_splits_the_training_part(tree):
    loaded = datasets.load(DataSettings(name="image_folder"), tree, 0)
    labels = loaded.train_labels, loaded.validation_labels, loaded.test_labels
    assert [part.bincount().tolist() for part in labels] == [[9, 9], [1, 1], [3, 3]]


@pytest.mark.parametrize("below", ["train", "."])
def test_without_a_test_folder_a_part_is_held_out(tmp_path, below):
    for name in ("a", "b"):
        for number in range(10):
            picture(tmp_path / below / name / f"{number}.png")
    settings = DataSettings(name="image_folder", test_fraction=0.3, validation_fraction=0.2)
    loaded = datasets.load(settings, tmp_path, 0)
    assert loaded.classes == ("a", "b")
    assert loaded.test_labels.bincount().tolist() == [3, 3]
    assert len(loaded.train_labels) + len(loaded.validation_labels) == 14
    assert loaded.test_images.equal(datasets.load(settings, tmp_path, 1).test_images)


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "1", "LA"])
def test_every_mode_becomes_rgb(tree, mode):
    picture(tree / "train" / "cat" / "99.png", mode=mode, colour=(255, 255, 255))
    source = image_folder.read(tree, None)
    assert source.train.images.shape == (21, 3, 4, 6)
    assert (source.train.images[10] == 255).all()


def test_16_bit_greys_keep_their_upper_8_bits(tree):
    grey = np.full((4, 6), 0x8040, np.uint16)
    Image.fromarray(grey).save(tree / "train" / "cat" / "99.png")
    assert (image_folder.read(tree, None).train.images[10] == 0x80).all()


def test_images_of_several_sizes_are_refused_without_a_size(tree):
    picture(tree / "train" / "dog" / "99.png", size=(8, 8))
    message = refusal(tree)
    assert message.startswith(f"{tree / 'train' / 'dog' / '99.png'}: 8 x 8 pixels, but ")
    assert "6 x 4; set data.image_size" in message


def test_images_are_brought_to_one_size(tree):
    picture(tree / "test" / "dog" / "99.png", size=(50, 20), colour=(10, 20, 30))
    source = image_folder.read(tree, 8)
    assert source.train.images.shape[1:] == source.test.images.shape[1:] == (3, 8, 8)
    assert (source.test.images[-1] == np.array([10, 20, 30])[:, None, None]).all()


def test_resizing_keeps_proportions_and_averages_all_pixels(tree):
    """The middle square of a wide checkerboard, made smaller, is grey: no pixel is skipped."""
    board = (np.indices((40, 80)).sum(0) % 2 * 255).astype(np.uint8)
    Image.fromarray(board).save(tree / "train" / "cat" / "99.png")
    small = image_folder.read(tree, 5).train.images[10].astype(int)
    assert np.abs(small - 127.5).max() < 8


def test_hidden_files_and_clutter_are_ignored(tree):
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", ".hidden/file.txt"):
        path = tree / "train" / "cat" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("no image")
    (tree / "train" / ".git").mkdir()
    (tree / "README.md").write_text("beside train and test, anything may lie")
    assert len(image_folder.read(tree, None).train.labels) == 20


@pytest.mark.parametrize("name", [*sorted(image_folder.CLUTTER), "@eaDir", "$RECYCLE.BIN"])
def test_what_systems_leave_behind_is_neither_class_nor_picture(tree, name):
    for place in (".", "train", "train/cat", "test/dog/more"):
        picture(tree / place / name / "thumbnail.png")
    picture(tree / "test" / "dog" / "more" / "x.png")
    source = image_folder.read(tree, None)
    assert (len(source.train.labels), len(source.test.labels)) == (20, 7)
    assert source.classes == ("cat", "dog")
    assert source.warnings == ()


def test_clutter_in_a_root_of_classes_is_no_class(tmp_path):
    for name in ("@eaDir", "#recycle", "lost+found", ".ipynb_checkpoints", "cat", "dog"):
        picture(tmp_path / name / "0.png")
    assert image_folder.read(tmp_path, None).classes == ("cat", "dog")


def test_the_list_of_clutter_is_documented():
    text = (Path(__file__).parents[2] / "docs" / "images.md").read_text().lower().replace(r"icon\r", "icon\r")
    assert [name for name in image_folder.CLUTTER if f"`{name}`" not in text] == []


def test_images_in_subfolders_of_a_class_count(tree):
    picture(tree / "train" / "cat" / "more" / "x.png")
    assert image_folder.read(tree, None).train.labels.tolist() == [0] * 11 + [1] * 10


def test_missing_root(tmp_path):
    assert "no such folder" in refusal(tmp_path / "nowhere")


def test_one_class(tmp_path):
    picture(tmp_path / "train" / "cat" / "0.png")
    assert "1 class folder(s); at least 2" in refusal(tmp_path)


def test_empty_class(tree):
    (tree / "train" / "emu").mkdir()
    assert refusal(tree).startswith(f"{tree / 'train' / 'emu'}: class without images")


def test_test_class_that_training_does_not_know(tree):
    picture(tree / "test" / "emu" / "0.png")
    assert refusal(tree).startswith(f"{tree / 'test' / 'emu'}: class is unknown")


def test_test_folder_without_training_folder(tree):
    (tree / "train").rename(tree / "pictures")
    assert "has a folder test but no folder train" in refusal(tree)


@pytest.mark.parametrize("kept", [0, 20, 100])
def test_corrupt_image_is_named(tree, kept):
    path = tree / "train" / "dog" / "04.png"
    path.write_bytes(path.read_bytes()[:kept])
    assert refusal(tree).startswith(f"{path}: not an image, or a damaged one")


def test_changed_bytes_in_an_image_are_noticed(tree):
    path = tree / "train" / "dog" / "04.png"
    content = bytearray(path.read_bytes())
    content[60] ^= 255
    path.write_bytes(bytes(content))
    assert str(path) in refusal(tree)


@pytest.mark.parametrize("place", ["train/cat/notes.txt", "test/dog/labels.csv"])
def test_file_that_is_no_image_is_named(tree, place):
    (tree / place).write_text("cat, 1")
    assert refusal(tree, 8).startswith(f"{tree / place}: not an image")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (os.mkfifo, "a named pipe, no image; move it out of the images"),
        (lambda path: socket.socket(socket.AF_UNIX).bind(str(path)), "a socket, no image"),
        (lambda path: path.symlink_to("/dev/zero"), "a device, no image"),
        (
            lambda path: path.symlink_to("gone"),
            "cannot be read (No such file or directory); fix the link, or gone, which it leads to",
        ),
        (
            lambda path: path.symlink_to("x.png"),
            "cannot be read (Too many levels of symbolic links); fix the link",
        ),
        (lambda path: path.symlink_to("."), "a link to a folder that it lies in, which has no end; remove the link"),
        (lambda path: path.symlink_to(".."), "a link to a folder that it lies in"),
    ],
    ids=["pipe", "socket", "device", "broken link", "link to itself", "link to its folder", "link to a folder above"],
)
def test_what_is_no_file_is_named(tree, monkeypatch, make, says):
    # The name of a socket must be short.
    monkeypatch.chdir(tree / "train" / "dog")
    make(Path("x.png"))
    message = refusal(tree)
    assert message.startswith(f"{tree / 'train' / 'dog'}/") and says in message


def test_links_to_pictures_and_folders_without_a_loop_are_followed(tree):
    elsewhere = tree / "elsewhere"
    picture(elsewhere / "deep" / "1.png")
    (tree / "train" / "cat" / "linked.png").symlink_to(elsewhere / "deep" / "1.png")
    for name in ("once", "twice"):
        (tree / "train" / "cat" / name).symlink_to(elsewhere)
    assert image_folder.read(tree, None).train.labels.tolist() == [0] * 13 + [1] * 10


def test_a_folder_that_may_not_be_read_says_so(tree):
    closed = tree / "train" / "dog" / "closed"
    closed.mkdir(mode=0)
    with unprivileged(tree):
        message = refusal(tree)
    assert message == f"{closed}: cannot be read (Permission denied); restore it, or give access to it"


def test_file_beside_the_class_folders_is_named(tree):
    picture(tree / "train" / "lost.png")
    assert refusal(tree).startswith(f"{tree / 'train' / 'lost.png'}: is beside the class folders")


def test_too_few_images_for_the_split_are_told(tmp_path):
    for name in ("a", "b"):
        picture(tmp_path / "train" / name / "0.png")
        picture(tmp_path / "test" / name / "0.png")
    with pytest.raises(UserError, match="too few images"):
        datasets.load(DataSettings(name="image_folder"), tmp_path, 0)


def add_part(root, name, count=2, classes=("cat", "dog")):
    for kind in classes:
        for number in range(count):
            picture(root / name / kind / f"{name}-{number}.png")


@pytest.mark.parametrize("name", ["val", "valid", "validation", "Validation_Set", "dev"])
def test_a_folder_of_validation_images_is_the_validation_part(tree, name):
    add_part(tree, name)
    loaded = datasets.load(DataSettings(name="image_folder"), tree, 0)
    labels = loaded.train_labels, loaded.validation_labels, loaded.test_labels
    assert [part.bincount().tolist() for part in labels] == [[10, 10], [2, 2], [3, 3]]
    given = image_folder.read(tree, None).validation.images
    np.testing.assert_array_equal(loaded.validation_images.numpy(), given)
    assert datasets.load(DataSettings(name="image_folder"), tree, 1).split == loaded.split
    found = datasets.find(DataSettings(name="image_folder"), tree, 0).images
    assert (found.train, found.validation, found.test) == (20, 4, 6)
    assert (found.validation_from, found.test_from) == (f"{name}/", "test/")
    assert (found.digest, found.split) == (loaded.digest, loaded.split)


def test_with_validation_images_alone_the_test_part_is_held_out_of_the_training_images(tree):
    shutil.rmtree(tree / "test")
    add_part(tree, "val")
    settings = DataSettings(name="image_folder", test_fraction=0.3)
    loaded = datasets.load(settings, tree, 0)
    labels = loaded.train_labels, loaded.validation_labels, loaded.test_labels
    assert [part.bincount().tolist() for part in labels] == [[7, 7], [2, 2], [3, 3]]
    np.testing.assert_array_equal(loaded.validation_images.numpy(), image_folder.read(tree, None).validation.images)
    found = datasets.find(settings, tree, 0).images
    assert (found.validation_from, found.test_from) == ("val/", "training")


def test_training_on_everything_includes_the_given_validation_images_and_changes_no_record(tree):
    add_part(tree, "val")
    some, everything = (
        DataSettings(name="image_folder", train_on=one) for one in ("training", "training_and_validation")
    )
    loaded = datasets.load(everything, tree, 0)
    assert [len(part) for part in (loaded.train_labels, loaded.validation_labels)] == [24, 4]
    assert datasets.find(everything, tree, 0) == datasets.find(some, tree, 0)


def test_given_validation_images_come_back_from_the_cache(tree, tmp_path_factory):
    add_part(tree, "val")
    cache, settings = tmp_path_factory.mktemp("cache"), DataSettings(name="image_folder")
    found = datasets.find(settings, tree, 0, cache).images
    loaded = datasets.load(settings, None, 0, cache, found)
    assert loaded.validation_images.equal(datasets.load(settings, tree, 0).validation_images)
    assert loaded.train_images.equal(datasets.load(settings, tree, 0).train_images)


@pytest.mark.parametrize(("fraction", "given"), [(0.2, False), (0.2, True), (0.1, True)])
def test_a_share_for_validation_beside_a_folder_for_it_is_a_mistake(tree, fraction, given):
    add_part(tree, "val")
    settings = DataSettings(name="image_folder", validation_fraction=fraction)
    with pytest.raises(UserError) as caught:
        datasets.find(settings, tree, 0, fraction_given=given)
    assert str(caught.value) == (
        f"data.validation_fraction: {fraction:g} of the training images are to be held out, but the data has a "
        "validation part, val/; remove the setting, or that part"
    )


def test_the_validation_part_needs_every_class(tree):
    add_part(tree, "val", classes=["cat"])
    assert refusal(tree).startswith(f"{tree / 'val'}: no images of dog, which {tree / 'train'} has; add some")


def test_a_class_that_the_test_part_lacks_is_warned_of(tree):
    shutil.rmtree(tree / "test" / "dog")
    (warning,) = image_folder.read(tree, None).warnings
    assert warning == f"{tree / 'test'}: no images of dog, about which the test error then says nothing"


@pytest.mark.parametrize("name", ["val", "test", "Validation"])
@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("/unmounted/images", "cannot be read (No such file or directory); fix the link, or /unmounted/images"),
        ("x" * 300, "cannot be read (File name too long)"),
        ("README.md", "has the name of a part of the images, but is no folder"),
    ],
)
def test_a_part_that_is_no_folder_is_told_and_not_passed_over(tree, name, target, says):
    (tree / "README.md").write_text("about these images")
    if (tree / name).exists():
        shutil.rmtree(tree / name)
    (tree / name).symlink_to(target)
    assert refusal(tree).startswith(f"{tree / name}: {says}")


def test_a_class_that_is_a_broken_link_is_told_as_such(tree):
    (tree / "train" / "wasp").symlink_to("/unmounted/wasp")
    assert refusal(tree).startswith(f"{tree / 'train' / 'wasp'}: cannot be read (No such file or directory)")


def test_a_folder_beside_the_parts_is_warned_of(tree):
    (tree / "test1").mkdir()
    source = image_folder.read(tree, None)
    assert len(source.test.labels) == 6
    (warning,) = source.warnings
    assert warning.startswith(f"{tree / 'test1'}: ignored, beside train/")


@pytest.mark.parametrize("part", ["test", "val", "Test"])
@pytest.mark.parametrize("content", [None, ".gitkeep", "Thumbs.db", ".hidden/x.png"])
def test_an_empty_part_is_told(tree, part, content):
    shutil.rmtree(tree / "test")
    (tree / part).mkdir()
    if content:
        (tree / part / content).parent.mkdir(exist_ok=True)
        (tree / part / content).touch()
    assert refusal(tree) == f"{tree / part}: empty; put images into it, as {part}/<class>/*, or remove it"


@pytest.mark.parametrize("number", [2, 3])
def test_a_rare_class_is_in_each_part_or_named(tmp_path, number):
    for name, count in (("cat", 40), ("emu", number)):
        for place in range(count):
            picture(tmp_path / name / f"{place}.png", size=(1, 1))
    settings = DataSettings(name="image_folder")
    if number == 2:
        with pytest.raises(UserError, match="class emu: 2 of the 3 needed, one each for training, validation, test"):
            datasets.load(settings, tmp_path, 0)
    else:
        loaded = datasets.load(settings, tmp_path, 0)
        labels = loaded.train_labels, loaded.validation_labels, loaded.test_labels
        assert [part.bincount().tolist() for part in labels] == [[30, 1], [2, 1], [8, 1]]


def test_an_empty_training_part_is_told(tree):
    shutil.rmtree(tree / "train")
    (tree / "train").mkdir()
    assert "0 class folder(s); at least 2 are needed" in refusal(tree)


@pytest.mark.parametrize("part", ["train", "test", "val"])
def test_pictures_without_class_folders_are_told(tree, part):
    shutil.rmtree(tree / part, ignore_errors=True)
    picture(tree / part / "0.png")
    assert refusal(tree).startswith(f"{tree / part}: no class folders, but 0.png; sort the images into")


@pytest.mark.parametrize("place", ["train", "test", "."])
@pytest.mark.parametrize("names", [("images", "labels"), ("Images", "Annotations"), ("img", "masks")])
def test_data_for_detection_or_segmentation_has_no_classes(tmp_path, place, names):
    if place == "test":
        add_part(tmp_path, "train")
    for name in names:
        picture(tmp_path / place / name / "0.png")
    (tmp_path / place / "labels.cache").touch()
    assert refusal(tmp_path).startswith(f"{tmp_path / place}: has {names[0]}/ and {names[1]}/, as for detection")


def test_parts_below_the_classes_are_told(tmp_path):
    for name in ("bottle", "cable"):
        add_part(tmp_path / name, "train", classes=["good"])
        add_part(tmp_path / name, "test", classes=["good", "broken"])
    assert refusal(tmp_path) == (
        f"{tmp_path / 'bottle'}: has test and train below the class; put the class below each of them: test/bottle, "
        "train/bottle"
    )


def test_a_root_that_holds_the_root_is_told(tree, tmp_path):
    (tmp_path / "flowers").mkdir()
    for part in ("train", "test"):
        (tree / part).rename(tmp_path / "flowers" / part)
    assert refusal(tmp_path).endswith(f"needed, one for each class; is data_root to be {tmp_path / 'flowers'}?")


def test_one_class_in_two_unicode_forms_is_one_class(tree):
    for part, form in (("train", "NFC"), ("test", "NFD"), ("val", "NFD")):
        picture(tree / part / unicodedata.normalize(form, "é") / "0.png")
    add_part(tree, "val")
    source = image_folder.read(tree, None)
    assert source.classes == ("cat", "dog", "é")
    assert source.test.labels.tolist() == [0, 0, 0, 1, 1, 1, 2]


def test_one_class_in_two_unicode_forms_within_a_part_is_told(tree):
    for form in ("NFC", "NFD"):
        picture(tree / "train" / unicodedata.normalize(form, "é") / "0.png")
    assert r"has two folders of one class, 'e\u0301' and '\xe9'" in refusal(tree)


@pytest.mark.parametrize("part", ["train", "test"])
def test_a_class_whose_name_is_not_utf_8_is_told_before_pictures_are_read(tree, part):
    folder = Path(os.fsdecode(os.fsencode(tree / part) + b"/caf\xe9"))
    folder.mkdir()
    (folder / "0.png").write_text("no picture")
    assert refusal(tree) == rf"{tree / part}/caf\xe9: the name of this class is not UTF-8; rename the folder"


def test_pictures_whose_names_are_not_utf_8_are_read(tree):
    name = Path(os.fsdecode(b"caf\xe9.png"))
    (tree / "train/cat/00.png").rename(tree / "train/cat" / name)
    assert len(image_folder.read(tree, None).train.labels) == 20


def test_a_class_in_another_case_is_told_by_both_names(tree):
    (tree / "test" / "cat").rename(tree / "test" / "Cat")
    assert refusal(tree).endswith(f"Cat: class is unknown in {tree / 'train'}; call it cat, as there")


def test_copies_across_parts_are_counted_and_named(tree):
    shutil.copy(tree / "train" / "cat" / "03.png", tree / "test" / "dog" / "copy.bmp.png")
    found = datasets.find(DataSettings(name="image_folder"), tree, 0)
    # Pictures of one name are alike here, in both classes.
    assert found.images.duplicates > 0
    (warning,) = found.warnings
    assert f"{found.images.duplicates} images of the validation or test part are copies" in warning
    assert str(tree) in warning
