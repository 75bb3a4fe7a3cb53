"""Arms that have begun keep their configuration: a change is refused by its key."""

from pathlib import Path
from typing import Any

import pytest

from jointsearch.core import config, layout
from jointsearch.core.code import ROOT
from jointsearch.core.errors import UserError
from jointsearch.core.files import write_record
from jointsearch.networks import manual
from jointsearch.search.incumbent import Incumbent
from jointsearch.search.studies.arms import later_step
from jointsearch.workflow.study_jobs import StudyJobs

FIRST = dict(manual.architecture("resnet_20").values)
STEPS = [{"search": "architecture"}, {"search": "hyperparameters"}]
BY_GRADIENTS = {"steps": [STEPS[0] | {"sampler": "gradients"}, STEPS[1]]}
ARMS: dict[str, Any] = {
    "joint_bohb": None,
    "joint_random": None,
    "ppo": {"sampler": "ppo", "sampler_settings": {"batch_size": 5}},
    "stepwise": {"steps": STEPS},
    "gradients_first": BY_GRADIENTS,
}


def jobs(folder: Path, arms: dict[str, Any] = ARMS, **section: Any) -> dict[str, StudyJobs]:
    section = {"arms": arms, "brackets": 6, "repeats": 1, "start": FIRST} | section
    raw = {
        "experiment": "x",
        "space": str(ROOT / "config/spaces/joint17.yaml"),
        "data": {"name": "cifar10"},
        "budget": {"unit": "epochs", "minimum": 1, "maximum": 9},
        "studies": {"arms": section},
    }
    return StudyJobs.all_from_config(config.parse(raw), folder)


def begin(folder: Path, arms: dict[str, Any] = ARMS, *left: str) -> None:
    """Write plan and settings, and proposals of first brackets, of some studies; later steps keep what was found."""
    planned = jobs(folder, arms)
    first = next(iter(planned.values()))
    write_record(layout.plan_file(first.folder), first.graph.plan)
    found = Incumbent(evaluations=1, failed=0, values=dict(manual.architecture("resnet_56").values))
    for name, one in planned.items():
        if name not in left:
            keeps = one.planned.plan.keeps
            write_record(one.settings_file, later_step(one.experiment, [found] if keeps else [], keeps))
            layout.proposals_file(one.study_folder, one.brackets[0].index, 0).parent.mkdir(parents=True)
            layout.proposals_file(one.study_folder, one.brackets[0].index, 0).write_bytes(b"{}")


@pytest.fixture
def folder(tmp_path) -> Path:
    begin(tmp_path)
    return tmp_path


def refusal(folder: Path, arms: dict[str, Any] = ARMS, **section: Any) -> str:
    with pytest.raises(UserError) as error:
        jobs(folder, arms, **section)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_what_is_the_same_and_more_repeats_go_on(folder):
    jobs(folder)
    jobs(folder, repeats=2)


def test_searches_may_get_more_brackets(tmp_path):
    begin(tmp_path, {"joint_bohb": None})
    jobs(tmp_path, {"joint_bohb": None}, brackets=7)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"start": FIRST | {"momentum": 0.5}}, "studies.arms.start.momentum was 0.9, is now 0.5"),
        ({"brackets": 12}, "studies.arms.brackets was 6, is now 12"),
        (
            {"arms": ARMS | {"ppo": {"sampler": "ppo", "sampler_settings": {"batch_size": 6}}}},
            "studies.arms.arms.ppo.sampler_settings.batch_size was 5, is now 6",
        ),
        ({"arms": ARMS | {"ppo": {"sampler": "smac"}}}, 'studies.arms.arms.ppo.sampler was "ppo", is now "smac"'),
        (
            {"arms": ARMS | {"joint_random": {"sampler": "random"}}},
            "studies.arms.arms.joint_random.hyperband was false, is now true",
        ),
        (
            {"arms": ARMS | {"stepwise": {"steps": STEPS[::-1]}}},
            "studies.arms.arms.stepwise.steps.0: whether it searches ",
        ),
        (
            {"arms": ARMS | {"stepwise": {"steps": STEPS, "start": FIRST | {"momentum": 0.5}}}},
            "studies.arms.arms.stepwise.start.momentum was 0.9, is now 0.5",
        ),
    ],
)
def test_the_key_that_changed_is_named_with_both_values(folder, changes, says):
    said = refusal(folder, **changes)
    assert f": has begun with another configuration: {says}" in said
    assert said.endswith("; restore it, or give this experiment another name")


@pytest.mark.parametrize("arm", ["joint_random", "gradients_first"])
def test_the_budget_of_what_cannot_grow_is_that_of_so_many_brackets(tmp_path, arm):
    arms = {"joint_bohb": None, arm: ARMS[arm]}
    begin(tmp_path, arms)
    assert "studies.arms.brackets was 6, is now 12; " in refusal(tmp_path, arms, brackets=12)


def test_another_share_of_a_gradient_step_is_named(tmp_path):
    arms = {"gradients_first": BY_GRADIENTS}
    begin(tmp_path, arms, "gradients_first-0-2")
    first, second = BY_GRADIENTS["steps"]
    steps = [first | {"share": 0.6875}, second | {"share": 0.3125}]
    says = "studies.arms.arms.gradients_first.steps.0.share was 0.5, is now 0.6875; "
    assert says in refusal(tmp_path, {"gradients_first": {"steps": steps}})


@pytest.mark.parametrize("by_gradients", [0, 1])
def test_the_budget_of_each_step_is_that_of_its_own_settings(tmp_path, by_gradients):
    steps = [{"search": "hyperparameters", "sampler": "random", "hyperband": False}]
    steps.insert(by_gradients, BY_GRADIENTS["steps"][0])
    begin(tmp_path, {"own": {"steps": steps}})
    assert "studies.arms.brackets was 6, is now 12; " in refusal(tmp_path, {"own": {"steps": steps}}, brackets=12)


def test_of_a_budget_that_was_not_recorded_it_is_said_which_may_differ(tmp_path):
    """That of a gradient-based step is a setting, which is frozen once the step before has ended."""
    random = {"search": "hyperparameters", "sampler": "random", "hyperband": False}
    arms = {"own": {"steps": [random, BY_GRADIENTS["steps"][0]]}}
    begin(tmp_path, arms, "own-0-2")
    says = "own-0-1: has begun with another configuration: studies.arms.brackets, or a share, has another value "
    assert says in refusal(tmp_path, arms, brackets=12)


def test_of_values_that_a_step_before_replaces_it_is_said_which_may_differ(tmp_path):
    """They are in the digest of the plan alone: the step that is left has the values that were found."""
    arms = {"stepwise": ARMS["stepwise"]}
    begin(tmp_path, arms)
    said = refusal(tmp_path, arms, start=FIRST | {"residual_blocks_1": 1})
    assert "stepwise-0-2: has begun with another configuration: studies.arms.start has other values of " in said


def test_a_search_of_an_arm_is_not_cut_below_what_has_begun(tmp_path):
    begin(tmp_path, {"joint_bohb": None})
    for bracket in (1, 2):
        layout.proposals_file(tmp_path / "x/joint_bohb-0", bracket, 0).parent.mkdir(parents=True)
        layout.proposals_file(tmp_path / "x/joint_bohb-0", bracket, 0).touch()
    says = "plans 6 brackets of joint_bohb-0, 3 of them begun; 2 are fewer; configure at least 3 brackets "
    assert f"{says}(studies.arms.brackets, or a share)" in refusal(tmp_path, {"joint_bohb": None}, brackets=2)


def test_an_arm_that_has_begun_is_not_left_out_and_no_way_is_named_that_leads_nowhere(folder):
    said = refusal(folder, {name: one for name, one in ARMS.items() if name != "ppo"})
    assert "so that the tests of arms are settled, with their arms (" in said
    assert said.endswith("; restore them, or give this experiment another name") and "move" not in said
