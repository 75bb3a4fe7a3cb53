"""Names of folders and files."""

from jointsearch.core import layout


def test_an_arm_names_its_repeat_and_its_step():
    assert layout.arm("joint_bohb", 0) == "joint_bohb-0"
    assert layout.arm("architecture_first", 12, 2) == "architecture_first-12-2"


def test_no_arm_passes_for_another_study():
    assert not {layout.arm("joint_random", repeat) for repeat in range(3)} & set(layout.STUDIES)
