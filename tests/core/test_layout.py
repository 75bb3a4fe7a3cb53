"""Names of folders and files."""

import pytest

from jointsearch.core import layout


def test_an_arm_names_its_repeat_and_its_step():
    assert layout.arm("joint_bohb", 0) == "joint_bohb-0"
    assert layout.arm("architecture_first", 12, 2) == "architecture_first-12-2"


def test_no_arm_passes_for_another_study():
    assert not {layout.arm("joint_random", repeat) for repeat in range(3)} & set(layout.STUDIES)


@pytest.mark.parametrize(
    ("begun", "count"), [([], 0), (["bracket-000"], 1), (["bracket-000", "bracket-011"], 12), (["bracket-1000"], 1001)]
)
def test_brackets_are_counted_up_to_the_last_that_was_begun(tmp_path, begun, count):
    for name in [*begun, "bracket-of-mine"]:
        (tmp_path / name).mkdir()
    assert layout.bracket_count(tmp_path) == count


def test_a_study_that_has_not_begun_has_no_brackets(tmp_path):
    assert layout.bracket_count(tmp_path / "none") == 0
