from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from arm_runs import STEPS, TEST_ABOVE, arms
from synthetic import SPACE

from jointsearch.analysis.arm_design import ArmDesign
from jointsearch.analysis.comparison import ArmComparison, Repeat, compare_arms, mean_path, reach
from jointsearch.analysis.tables.arms_table import data
from jointsearch.core import layout
from jointsearch.core.config import BudgetSettings, Config, DataSettings
from jointsearch.core.evaluation import LearnedArchitecture
from jointsearch.results.results import Results, StudyResults
from jointsearch.search.hyperband import Bracket, budgets
from jointsearch.search.resolve import resolve
from jointsearch.search.studies.kinds import plan

EPOCHS = BudgetSettings(unit="epochs", minimum=1, maximum=3)
SECONDS = BudgetSettings(unit="seconds", minimum=1, maximum=9)


@pytest.fixture(scope="module")
def six() -> Results:
    return arms(EPOCHS, 6, 4)


@pytest.mark.parametrize("settings", [EPOCHS, SECONDS])
def test_repeats_are_complete_when_they_hold_what_is_planned(settings) -> None:
    brackets = 2 * len(budgets(settings))
    studies = {"arms": {"brackets": brackets, "repeats": 1}}
    config = Config(
        experiment="made-up", budget=settings, data=DataSettings(name="digits"), space=SPACE, studies=studies
    )
    planned = plan(config, resolve(config))
    made = arms(settings, 1, brackets)
    for name, study in planned.items():
        if name != layout.SEARCH:
            assert len(made.evaluations(name)) == sum(sum(one.sizes) for one in study.brackets), name
    assert [run.arm for run in compare_arms(made).repeats] == list(STEPS)
    assert all(run.complete for run in compare_arms(made).repeats)


@pytest.mark.parametrize("missing", ["joint_bohb_1", "joint_random_1", "joint_hyperband_1", "architecture_first_1_2"])
def test_a_repeat_that_lacks_a_training_is_not_complete(missing) -> None:
    made = compare_arms(arms(EPOCHS, 2, 4, **{missing: 1})).repeats
    assert [f"{run.arm}_{run.number}" for run in made if not run.complete] == [missing.removesuffix("_2")]


def test_a_second_step_that_has_not_begun_leaves_the_repeat_incomplete() -> None:
    whole = arms(EPOCHS, 1, 4)
    studies = {name: one for name, one in whole.studies.items() if name != "architecture_first-0-2"}
    comparison = compare_arms(replace(whole, studies=studies))
    (half,) = comparison.begun("architecture_first")
    assert not half.complete and comparison.at == half.spent == comparison.begun("joint_bohb")[0].spent / 2


def test_arms_alone_that_are_under_way_are_not_taken_for_complete() -> None:
    whole = arms(EPOCHS, 1, 4, joint_bohb_0=1)
    made = compare_arms(replace(whole, studies={"joint_bohb-0": whole.studies["joint_bohb-0"]})).repeats
    assert [run.complete for run in made] == [False]


@pytest.mark.parametrize("missing", [0, 1])
def test_joint_arms_alone_may_end_within_a_round(missing) -> None:
    whole = arms(EPOCHS, 2, 6, joint_bohb_1=missing)
    joint = {name: one for name, one in whole.studies.items() if name.startswith("joint_")}
    made = compare_arms(replace(whole, studies=joint)).repeats
    assert [run.complete for run in made if run.arm == "joint_bohb"] == [True, not missing]


def test_error_of_two_steps_is_the_better_of_both(six) -> None:
    for run in compare_arms(six).repeats:
        parts = [six.evaluations(layout.arm(run.arm, run.number, step)) for step in STEPS[run.arm]]
        losses = [one.loss for part in parts for one in part if one.budget == 3 and one.loss is not None]
        assert run.error("validation") == min(losses)
        assert run.error("test") == pytest.approx(min(losses) + TEST_ABOVE)


def run(
    *losses: tuple[float, float], spent: float, arm: str = "joint_bohb", repeat: int = 0, complete: bool = True
) -> Repeat:
    """A repeat whose error at the full budget changes at some points, and that is by now where so much is spent."""
    path = pd.DataFrame([*losses, (spent, losses[-1][1])], columns=["spent", "full_budget_loss"])
    path = pd.concat([pd.DataFrame({"spent": [0.5]}), path], ignore_index=True)
    return Repeat(arm, repeat, path, complete, full=True)


def test_time_is_that_of_the_first_incomplete_search_and_complete_ones_set_no_limit() -> None:
    runs = [run((1, 0.8), spent=3), run((1, 0.8), spent=6, complete=False), run((1, 0.8), spent=5, complete=False)]
    assert reach(runs) == 5
    assert reach(runs[:1]) == 3


def test_time_where_all_are_complete_is_that_of_the_last_end() -> None:
    assert reach([run((1, 0.8), spent=3), run((1, 0.8), spent=6)]) == 6
    assert np.isnan(reach([]))


def test_time_only_grows_as_searches_go_on() -> None:
    times = [compare_arms(arms(EPOCHS, 2, 4, joint_bohb_1=missing)).at for missing in (3, 2, 1, 0)]
    assert all(earlier < later for earlier, later in pairwise(times))


DESIGN = ArmDesign(tuple(STEPS), (), paired=True)
LEARNED = LearnedArchitecture(
    choices={"blocks": (1, 2)}, weights={"blocks": (0.2, 0.8)}, values={"blocks": 2}, entropies={}, losses=()
)


def test_repeats_are_compared_that_have_got_to_the_full_budget_in_every_arm() -> None:
    begun = [run((1, 0.8), spent=5, arm=arm, repeat=repeat) for arm in STEPS for repeat in (0, 1)]
    late = [replace(run((1, 0.8), spent=1, arm=arm, repeat=2, complete=False), full=False) for arm in STEPS]
    comparison = ArmComparison.of(DESIGN, [*begun, *late, run((1, 0.8), spent=1, repeat=3, complete=False)])
    assert (comparison.numbers, comparison.at) == ((0, 1), 5)
    assert len(comparison.begun("joint_bohb")) == 4 and len(comparison.compared("joint_bohb")) == 2


def test_an_arm_that_has_not_begun_a_repeat_keeps_no_other_from_it() -> None:
    early = [run((1, 0.8), spent=5, arm=arm, repeat=repeat) for arm in STEPS for repeat in (0, 1)]
    late = [one for one in early if (one.arm, one.number) != ("joint_random", 1)]
    comparison = ArmComparison.of(DESIGN, late)
    assert comparison.numbers == (0, 1)
    assert comparison.errors("joint_random", "validation") == {0: 0.8}
    assert comparison.errors("joint_bohb", "validation") == {0: 0.8, 1: 0.8}


def test_a_search_that_is_complete_without_the_full_budget_keeps_no_other_from_its_repeat() -> None:
    failed = replace(run((1, 0.8), spent=2, arm="joint_random"), full=False)
    assert ArmComparison.of(DESIGN, [run((1, 0.8), spent=5), failed]).numbers == (0,)
    running = replace(failed, complete=False)
    comparison = ArmComparison.of(DESIGN, [run((1, 0.8), spent=5), running])
    assert comparison.numbers == () and np.isnan(comparison.at)
    assert comparison.mean_path("joint_bohb").empty and comparison.incumbents("joint_bohb") == ()


def test_a_weight_sharing_network_that_trains_for_a_full_budget_is_no_configuration_there() -> None:
    whole = arms(EPOCHS, 1, 4)
    step = whole.plan.find("architecture_first-0-1").model_copy(update={"brackets": (Bracket(0, (1,), (0,)),)})
    studies = tuple(step if one.name == step.name else one for one in whole.plan.studies)
    (learned,) = [one for one in whole.evaluations(step.name) if one.budget == 3][:1]
    learned = learned.model_copy(update={"bracket": 0, "rung": 0, "slot": 0, "architecture": LEARNED})
    begun = {name: one for name, one in whole.studies.items() if not name.startswith("architecture_first")}
    begun[step.name] = StudyResults(whole.experiment, (learned,))
    made = replace(whole, plan=whole.plan.model_copy(update={"studies": studies}), studies=begun)
    comparison = compare_arms(made)
    (one,) = comparison.begun("architecture_first")
    assert (one.spent, one.full, comparison.numbers) == (3, False, ())


def test_a_search_ends_for_now_at_its_first_missing_training() -> None:
    whole = arms(EPOCHS, 1, 4)
    made = whole.evaluations("joint_random-0")
    gap = StudyResults(whole.experiment, (*made[:2], *made[3:]))
    for studies, trained in (
        ({"joint_random-0": gap}, 2),
        ({"joint_random-0": StudyResults(whole.experiment, made[1:])}, 0),
    ):
        (one,) = compare_arms(replace(whole, studies={**whole.studies, **studies})).begun("joint_random")
        assert (len(one.path), one.spent, one.complete) == (trained, 3 * trained, False)


def test_error_then_is_the_last_one_known_by_then() -> None:
    one = run((1, 0.8), (3, 0.4), spent=5)
    assert [one.error("validation", at) for at in (1, 2.9, 3, 9)] == [0.8, 0.8, 0.4, 0.4]
    assert np.isnan([one.error("validation", at) for at in (0.1, 0.9)]).all()


def test_mean_begins_with_the_last_first_success_and_holds_what_is_over() -> None:
    path = mean_path([run((1, 0.8), (3, 0.4), spent=5), run((2, 0.6), (6, 0.2), spent=7)], 7)
    assert path["spent"].tolist() == [2, 3, 6, 7]
    assert path["error"].tolist() == pytest.approx([0.7, 0.5, 0.3, 0.3])


def test_mean_passes_the_mean_of_the_table_where_arms_are_compared() -> None:
    made = arms(EPOCHS, 3, 4, joint_bohb_0=2, joint_random_2=1)
    comparison, rows = compare_arms(made), data(made).set_index("arm")
    for arm in STEPS:
        path = comparison.mean_path(arm)
        then = path.loc[path["spent"] <= comparison.at, "error"].iloc[-1]
        assert then == pytest.approx(rows.loc[arm, "validation_mean"])
        assert path["spent"].iloc[-1] >= comparison.at


def test_one_repeat_has_a_path_without_interval_and_none_has_no_path() -> None:
    path = mean_path([run((1, 0.8), spent=5)], 5)
    assert path["error"].tolist() == [0.8, 0.8]
    assert path[["interval_low", "interval_high"]].isna().all(axis=None)
    assert mean_path([], np.nan).empty
