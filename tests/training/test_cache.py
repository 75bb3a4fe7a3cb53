import dataclasses
import os
import resource
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from jointsearch.core.config import DataSettings
from jointsearch.core.data_set import DataSet
from jointsearch.core.errors import UserError
from jointsearch.core.files import ABANDONED
from jointsearch.training import cache, datasets
from jointsearch.training.image_data import Division, ImageData
from jointsearch.training.raw_data import Part

FOLDER = DataSettings(name="image_folder", validation_fraction=0.2)


@pytest.fixture
def tree(tmp_path):
    """Two classes, 10 images each."""
    random = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (tmp_path / "tree" / name).mkdir(parents=True)
        for number in range(10):
            pixels = random.integers(0, 256, (4, 5, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "tree" / name / f"{number}.png")
    return tmp_path / "tree"


@pytest.fixture
def root(tmp_path):
    return tmp_path / "cache"


def known(images) -> DataSet:
    shape = tuple(images.train_images.shape[1:])
    return DataSet(
        digest=images.digest, split=images.split, classes=images.classes, shape=shape, train=0, validation=0, test=0
    )


def assert_equal(one, other):
    for field in dataclasses.fields(ImageData):
        first, second = getattr(one, field.name), getattr(other, field.name)
        if isinstance(first, torch.Tensor):
            assert first.dtype == second.dtype
            assert first.shape == second.shape
            assert first.contiguous().numpy().tobytes() == second.contiguous().numpy().tobytes()
        else:
            assert first == second


def only_file(root):
    (path,) = (root / "images").iterdir()
    return path


def one_warning(capsys) -> str:
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("warning: ")
    return lines[0]


def test_a_hit_gives_the_same_images_without_a_look_at_their_source(tree, root, capsys):
    fresh = datasets.load(FOLDER, tree, 0, root)
    assert_equal(fresh, datasets.load(FOLDER, tree, 0))
    shutil.rmtree(tree)
    assert_equal(datasets.load(FOLDER, tree, 0, root, known(fresh)), fresh)
    assert capsys.readouterr().err == ""


HIT = """
import sys
from pathlib import Path
from jointsearch.core.config import DataSettings
from jointsearch.core.files import read_record
from jointsearch.core.data_set import DataSet
from jointsearch.training import datasets, evaluate

known = read_record(Path(sys.argv[2]), DataSet)
images = datasets.load(DataSettings(name="digits"), None, 1, Path(sys.argv[1]), known)
assert images.train_images.shape[1:] == (1, 8, 8)
print({"sklearn", "torchvision", "PIL"} & sys.modules.keys())
"""


def test_a_hit_imports_nothing_that_decodes(tmp_path, root):
    fresh = datasets.load(DataSettings(name="digits"), None, 1, root)
    (tmp_path / "data.json").write_text(known(fresh).model_dump_json())
    command = [sys.executable, "-c", HIT, root, tmp_path / "data.json"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout == "set()\n", done.stderr


def test_changed_images_are_refused_unless_the_cache_has_the_known_ones(tree, root):
    fresh = datasets.load(FOLDER, tree, 0, root)
    Image.new("RGB", (5, 4)).save(tree / "cat" / "0.png")
    assert_equal(datasets.load(FOLDER, tree, 0, root, known(fresh)), fresh)
    shutil.rmtree(root)
    for cache_root in (root, None):
        with pytest.raises(UserError, match="other images, or another split, than") as caught:
            datasets.load(FOLDER, tree, 0, cache_root, known(fresh))
        assert "\n" not in str(caught.value)
    assert not root.exists()


def test_without_known_images_the_source_is_always_looked_at(tree, root):
    before = datasets.load(FOLDER, tree, 0, root)
    Image.new("RGB", (5, 4)).save(tree / "cat" / "0.png")
    after = datasets.load(FOLDER, tree, 0, root)
    assert before.digest != after.digest
    assert len(list((root / "images").iterdir())) == 2


def test_each_split_has_a_file_of_its_own(tree, root):
    both = [datasets.load(FOLDER, tree, seed, root) for seed in (0, 1)]
    assert both[0].digest == both[1].digest
    for seed, fresh in enumerate(both):
        assert_equal(datasets.load(FOLDER, None, seed, root, known(fresh)), fresh)


@pytest.fixture
def division():
    random = np.random.default_rng(0)
    train, test = (
        Part(random.integers(0, 256, (size, 2, 3, 3), dtype=np.uint8), random.integers(0, 2, size)) for size in (8, 3)
    )
    return Division(("süß", "it's"), train, test, np.array([2, 5]))


@pytest.fixture
def written(division, root):
    """The file's path, and what it should hold."""
    cache.write(root, division)
    path = only_file(root)
    return path, path.read_bytes()


def read(division, root) -> Division | None:
    return cache.read(root, division.digest, division.split)


def test_the_same_images_make_the_same_file(division, root, written):
    path, content = written
    assert_equal(read(division, root).image_data(), division.image_data())
    path.unlink()
    cache.write(root, division)
    assert path.read_bytes() == content


def test_a_byte_that_changed_never_changes_the_images(division, root, written, capsys):
    """Not every byte counts (the archive has times and versions), but each of the content does."""
    path, content = written
    arrays = [division.train.images, division.train.labels, division.test.images, division.test.labels]
    starts = [(content.index(array.tobytes()), array.nbytes) for array in [*arrays, division.validation]]
    matters = {place for start, size in starts for place in range(start, start + size)}
    for place in range(len(content)):
        damaged = bytearray(content)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        found = read(division, root)
        if found is None:
            one_warning(capsys)
        else:
            assert place not in matters
            assert capsys.readouterr().err == ""
            assert_equal(found.image_data(), division.image_data())


def test_every_truncation_is_noticed(division, root, written, capsys):
    path, content = written
    for length in range(len(content)):
        path.write_bytes(content[:length])
        assert read(division, root) is None
        assert str(path) in one_warning(capsys)


@pytest.mark.parametrize("part", ["train", "test"])
@pytest.mark.parametrize("change", ["pixel", "label", "type", "label type"])
def test_a_whole_file_of_other_content_is_noticed(division, root, written, capsys, part, change):
    images, labels = getattr(division, part).images, getattr(division, part).labels
    other = {
        "pixel": Part(images ^ (np.arange(images.size).reshape(images.shape) == 7), labels),
        "label": Part(images, labels[::-1] ^ 1),
        "type": Part(images.view(np.int8), labels),
        "label type": Part(images, labels.astype(np.int32)),
    }[change]
    forged = dataclasses.replace(division, **{part: other})
    cache.write(root / "forged", forged)
    only_file(root / "forged").replace(written[0])
    assert read(division, root) is None
    one_warning(capsys)


def test_other_class_names_and_another_split_are_noticed(division, root, written, capsys):
    for change in ({"classes": ("a", "b")}, {"validation": np.array([2, 4])}):
        cache.write(root / "other", dataclasses.replace(division, **change))
        only_file(root / "other").replace(written[0])
        assert read(division, root) is None
        assert "other images, or another split" in one_warning(capsys)


@pytest.mark.parametrize("fault", ["empty", "text", "npy", "pickle", "folder"])
def test_what_is_no_cache_file_is_ignored(division, root, written, capsys, fault):
    path, _ = written
    path.unlink()
    if fault == "folder":
        path.mkdir()
    elif fault in ("npy", "pickle"):
        with path.open("wb") as file:
            np.save(file, np.array([None]) if fault == "pickle" else np.zeros(3), allow_pickle=True)
    else:
        path.write_text("" if fault == "empty" else "warning:\nno images")
    assert read(division, root) is None
    one_warning(capsys)


def test_a_damaged_file_is_replaced(tree, root, capsys):
    fresh = datasets.load(FOLDER, tree, 0, root)
    path = only_file(root)
    content = path.read_bytes()
    path.write_bytes(content[:-100])
    assert_equal(datasets.load(FOLDER, tree, 0, root, known(fresh)), fresh)
    assert "ignored, the images are read from their source" in one_warning(capsys)
    assert only_file(root).read_bytes() == content
    assert_equal(datasets.load(FOLDER, None, 0, root, known(fresh)), fresh)
    assert capsys.readouterr().err == ""


def test_a_cache_that_cannot_be_written_costs_a_warning(tree, root, capsys):
    root.write_text("a file, where a folder is needed")
    fresh = datasets.load(FOLDER, tree, 0, root)
    assert "images are not cached" in one_warning(capsys)
    assert_equal(datasets.load(FOLDER, tree, 0, root, known(fresh)), fresh)
    assert "images are not cached" in one_warning(capsys)


@pytest.mark.parametrize("room", [0, 100, 500, 1000])
def test_a_full_disk_costs_a_warning_and_leaves_no_file(division, root, capsys, room):
    """A file size limit fails the write as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        cache.write(root, division)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "cannot be written" in one_warning(capsys)
    assert not list((root / "images").iterdir())
    assert read(division, root) is None


def test_what_killed_writers_left_is_removed(division, root):
    (root / "images").mkdir(parents=True)
    for name, age in ((".old.npz.1.tmp", 2), (".young.npz.1.tmp", 0)):
        (root / "images" / name).write_text("half")
        modified = (root / "images" / name).stat().st_mtime - age * ABANDONED
        os.utime(root / "images" / name, (modified, modified))
    cache.write(root, division)
    names = {path.name for path in (root / "images").iterdir()}
    assert names == {".young.npz.1.tmp", cache.file_of(root, division.digest, division.split).name}


AT_ONCE = """
import multiprocessing, sys
from pathlib import Path
from jointsearch.core.config import DataSettings
from jointsearch.core.files import read_record
from jointsearch.core.data_set import DataSet
from jointsearch.training import datasets

tree, root, known = map(Path, sys.argv[1:])
settings, known = DataSettings.model_validate_json(sys.stdin.read()), read_record(known, DataSet)
processes = multiprocessing.get_context("fork")
# Once for all of them: what reads and divides images is imported where it is needed, and takes a second.
datasets.load(settings, tree, 0)
together = processes.Barrier(10)

def job(number):
    for _ in range(3):
        together.wait()
        images = datasets.load(settings, tree, 0, root, known)
        assert (images.digest, images.split) == (known.digest, known.split)
        if number == 0:
            (written,) = (root / "images").glob("*.npz")
            written.unlink()

jobs = [processes.Process(target=job, args=(number,)) for number in range(10)]
for one in jobs: one.start()
for one in jobs: one.join()
datasets.load(settings, tree, 0, root, known)
print([one.exitcode for one in jobs])
"""


def test_ten_jobs_at_once_on_an_empty_cache(tree, root, tmp_path):
    """One of them deletes the cache as soon as it has its images, three times over."""
    fresh = datasets.load(FOLDER, tree, 0)
    (tmp_path / "data.json").write_text(known(fresh).model_dump_json())
    command = [sys.executable, "-c", AT_ONCE, tree, root, tmp_path / "data.json"]
    done = subprocess.run(command, input=FOLDER.model_dump_json(), capture_output=True, text=True)
    assert done.stdout == f"{[0] * 10}\n", done.stderr
    assert done.stderr == ""
    assert only_file(root).suffix == ".npz"
    assert_equal(datasets.load(FOLDER, None, 0, root, known(fresh)), fresh)
