"""Names of folders and files."""

from pathlib import Path

import pytest

from jointsearch.core import layout


def test_an_arm_names_its_repeat_and_its_step():
    assert layout.arm("joint_bohb", 0) == "joint_bohb-0"
    assert layout.arm("architecture_first", 12, 2) == "architecture_first-12-2"


def test_no_arm_passes_for_another_study():
    assert not {layout.arm("joint_random", repeat) for repeat in range(3)} & set(layout.STUDIES)


@pytest.mark.parametrize(
    ("file", "located"),
    [
        (layout.history_file(Path("search"), 7), ("history", "search", 7, None, None)),
        (layout.proposals_file(Path("arm-0-1"), 7, 2), ("proposals", "arm-0-1", 7, 2, None)),
        (layout.slot_file(layout.rung_folder(Path("search"), 1000, 0), 3), ("slot", "search", 1000, 0, 3)),
        (layout.batch_files(Path("search"), 0, 1, 9, 3)[1], ("batch", "search", 0, 1, 3)),
    ],
)
def test_the_name_of_a_record_says_its_place(file, located):
    assert layout.locate(file.as_posix()) == located
    assert layout.in_bracket(file.as_posix())
    assert layout.lasts(file.as_posix())


@pytest.mark.parametrize("name", ["search/bracket-0/slot.json", "bracket-0/history.json", "search/warm_start.json"])
def test_other_files_have_no_place(name):
    assert layout.locate(name) is None


def test_single_evaluations_are_no_files_of_the_workflow_engine():
    rung = layout.rung_folder(Path("search"), 0, 0)
    assert not layout.is_declared(layout.slot_file(rung, 0).as_posix())
    for file in (rung / "proposals.json", rung / "batch-00-00.json", layout.warm_start_file(Path("search"))):
        assert layout.is_declared(file.as_posix())
        assert layout.is_upstream(file.as_posix())
