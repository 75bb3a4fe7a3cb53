"""The record of the images, before the first training and later."""

import pytest
from results_folder import settings, write_search

from jointsearch.core.data_set import DataSet
from jointsearch.core.errors import UserError
from jointsearch.core.files import read_record
from jointsearch.workflow import images

EXPERIMENT = settings(9)


def find(folder):
    return images.find(folder / "data.json", EXPERIMENT, None, None, False)


def test_the_same_images_are_recorded_again(tmp_path):
    found = find(tmp_path)
    assert find(tmp_path) == found == read_record(tmp_path / "data.json", DataSet)


def test_without_the_record_those_of_the_trainings_are_known(tmp_path):
    write_search(tmp_path, EXPERIMENT, 1)
    (tmp_path / "data.json").unlink()
    (tmp_path / "search/bracket-000/rung-0/slot-00.json").write_text("{")
    with pytest.raises(UserError, match=r"other images, or another split, than \S+/slot-\d\d\.json says"):
        find(tmp_path)
    assert not (tmp_path / "data.json").exists()
