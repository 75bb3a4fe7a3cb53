import zlib

import numpy as np
import pytest
from PIL import Image

from jointsearch.config import DataSettings
from jointsearch.errors import UserError
from jointsearch.training import data, image_folder


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
    loaded = data.load(DataSettings(name="image_folder"), tree, 0)
    labels = loaded.train_labels, loaded.validation_labels, loaded.test_labels
    assert [part.bincount().tolist() for part in labels] == [[9, 9], [1, 1], [3, 3]]


@pytest.mark.parametrize("below", ["train", "."])
def test_without_a_test_folder_a_part_is_held_out(tmp_path, below):
    for name in ("a", "b"):
        for number in range(10):
            picture(tmp_path / below / name / f"{number}.png")
    settings = DataSettings(name="image_folder", test_fraction=0.3, validation_fraction=0.2)
    loaded = data.load(settings, tmp_path, 0)
    assert loaded.classes == ("a", "b")
    assert loaded.test_labels.bincount().tolist() == [3, 3]
    assert len(loaded.train_labels) + len(loaded.validation_labels) == 14
    assert loaded.test_images.equal(data.load(settings, tmp_path, 1).test_images)


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
    (tree / "train").rename(tree / "training")
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


def test_file_beside_the_class_folders_is_named(tree):
    picture(tree / "train" / "lost.png")
    assert refusal(tree).startswith(f"{tree / 'train' / 'lost.png'}: lies beside the class folders")


def test_too_few_images_for_the_split_are_told(tmp_path):
    for name in ("a", "b"):
        picture(tmp_path / "train" / name / "0.png")
        picture(tmp_path / "test" / name / "0.png")
    with pytest.raises(UserError, match="too few images"):
        data.load(DataSettings(name="image_folder"), tmp_path, 0)
