from dataclasses import replace

import pytest
from arm_runs import EIGHT, STEPS, arms
from synthetic import results

from jointsearch.analysis.arm_design import ArmDesign, title
from jointsearch.core.config import BudgetSettings
from jointsearch.results.results import Results

EPOCHS = BudgetSettings(unit="epochs", minimum=1, maximum=3)


@pytest.fixture(scope="module")
def made() -> Results:
    return arms(EPOCHS, 2, 4, steps_of=dict(reversed(EIGHT.items())))


def named(made: Results, reference: str) -> Results:
    studies = tuple(
        one.model_copy(update={"is_reference": one.arm == reference}) if one.arm else one for one in made.plan.studies
    )
    return replace(made, plan=made.plan.model_copy(update={"studies": studies}))


def test_the_reference_is_that_of_the_plan_and_comes_first(made) -> None:
    order = [arm for arm in reversed(EIGHT) if arm != "joint_bohb"]
    assert ArmDesign.of(made).arms == ("joint_bohb", *order)
    design = ArmDesign.of(named(made, "joint_random"))
    assert (design.reference, set(design.others)) == ("joint_random", set(EIGHT) - {"joint_random"})


def test_without_arms_there_is_no_reference() -> None:
    design = ArmDesign.of(results(EPOCHS))
    assert (design.arms, design.others, design.reference) == ((), (), "")


def test_arms_with_a_step_that_follows_another_are_stepwise(made) -> None:
    assert set(ArmDesign.of(made).stepwise) == {arm for arm, steps in EIGHT.items() if len(steps) == 2}


def test_repeats_are_pairs_only_if_all_arms_have_common_random_numbers() -> None:
    assert ArmDesign.of(arms(EPOCHS, 2, 4)).paired
    alone = arms(EPOCHS, 2, 4, shared=False)
    assert not ArmDesign.of(alone).paired and not ArmDesign.of(results(EPOCHS)).paired
    common = arms(EPOCHS, 2, 4)
    one = {**common.studies, "joint_random-1": alone.studies["joint_random-1"]}
    assert not ArmDesign.of(replace(common, studies=one)).paired


def test_the_test_and_its_reason_follow_from_that() -> None:
    paired, alone = (ArmDesign(tuple(STEPS), (), paired=one) for one in (True, False))
    assert (paired.test, alone.test) == ("paired t-test", "Welch's t-test")
    assert paired.test in paired.why and alone.test in alone.why


def test_arms_are_called_by_the_words_of_their_names() -> None:
    names = ("joint_bohb", "joint_random", "joint_tpe_full", "joint_mfgp_full", "architecture_first", "a_b_first")
    assert [title(arm) for arm in names] == [
        "joint BOHB",
        "joint random search",
        "joint TPE full",
        "joint MFGP full",
        "architecture first",
        "a b first",
    ]
