from dataclasses import replace

import pandas as pd
import pytest
from arm_runs import STEPS, arms
from scipy import stats
from synthetic import results

from jointsearch.analysis.arm_tests import ArmTest, arm_tests
from jointsearch.analysis.comparison import MEASURES, ArmComparison, Repeat, compare_arms
from jointsearch.analysis.power import smallest_effect
from jointsearch.analysis.tables.arms_table import data, numbers
from jointsearch.core.config import BudgetSettings
from jointsearch.core.evaluation import Evaluation
from jointsearch.results.results import Results, StudyResults

EPOCHS = BudgetSettings(unit="epochs", minimum=1, maximum=3)


@pytest.fixture(scope="module")
def six() -> Results:
    return arms(EPOCHS, 6, 4)


@pytest.fixture(scope="module")
def rows(six) -> pd.DataFrame:
    return data(six).set_index("arm")


def test_all_arms_spend_the_same(six, rows) -> None:
    assert rows["spent_mean"].nunique() == 1
    assert rows["spent_unit"].unique().tolist() == ["epochs"]


def test_means_and_differences_are_those_of_the_errors(six, rows) -> None:
    errors = pd.DataFrame([(run.arm, run.number, run.error("test")) for run in compare_arms(six).repeats]).pivot(
        index=1, columns=0
    )[2]
    assert rows["test_mean"].to_dict() == pytest.approx(errors.mean().to_dict())
    assert rows["test_sd"].to_dict() == pytest.approx(errors.std().to_dict())
    for arm in set(STEPS) - {"joint_bohb"}:
        assert rows.loc[arm, "test_difference"] == pytest.approx((errors[arm] - errors["joint_bohb"]).mean())
        assert rows.loc[arm, "test_difference"] == pytest.approx(rows.loc[arm, "validation_difference"])


def test_every_other_arm_is_tested_and_corrected(rows) -> None:
    others = rows.drop("joint_bohb")
    assert rows.loc["joint_bohb", ["test_difference", "test_p", "tested", "smallest_p", "test_verdict"]].isna().all()
    assert (rows["reference"] == "joint_bohb").all() and (rows["test"] == "paired t-test").all()
    assert (others["tested"] == 6).all() and (others["smallest_p"] == 1 / 32).all()
    assert (others["smallest_p_holm"] == 4 / 32).all()
    assert (others["test_p_holm"] >= others["test_p"]).all()
    assert others["test_p_holm"].min() == pytest.approx(4 * others["test_p"].min())


def test_verdicts_are_those_of_sign_and_interval(six, rows) -> None:
    low, high = (rows.drop("joint_bohb")[f"test_difference_{end}"] for end in ("low", "high"))
    assert (rows["test_verdict"].drop("joint_bohb") == "open").equals((low < 0) & (high > 0))
    better, worse = shifted(six, joint_random=-0.5, joint_hyperband=0.5)
    assert (better["test_verdict"], worse["test_verdict"]) == ("better", "worse")
    assert better["test_difference"] < better["test_difference_high"] <= 0
    assert worse["test_difference"] > worse["test_difference_low"] >= 0
    assert pd.isna(better["test_needed"]) and not better["test_needed_more"]


def test_open_comparisons_say_how_many_repeats_would_decide_them(rows) -> None:
    others = rows.drop("joint_bohb")
    undecided = others["test_verdict"] == "open"
    assert undecided.any() and (others.loc[undecided, "test_needed"] > 6).all()
    assert others.loc[~undecided, "test_needed"].isna().all()
    for row in others.to_dict("records"):
        # At the strictest level of four comparisons; the standard error gives the spread back.
        t = abs(stats.t.isf(row["test_p"] / 2, 5))
        spread = abs(row["test_difference"]) / t * 6**0.5
        assert row["test_detectable"] == pytest.approx(spread * smallest_effect(6, 6, True, 0.05 / 4), rel=1e-6)


def test_differences_of_errors_are_of_at_most_100_points() -> None:
    errors = {"joint_bohb": [0.05, 0.9, 0.1], "joint_random": [0.9, 0.1, 0.4]}
    repeats = [
        Repeat(arm, number, pd.DataFrame([{"spent": 1.0} | dict.fromkeys(MEASURES.values(), error)]), True, True)
        for arm, of_arm in errors.items()
        for number, error in enumerate(of_arm)
    ]
    design = compare_arms(arms(EPOCHS, 1, 4)).design
    of_errors, of_losses = (
        next(one for one in arm_tests(ArmComparison.of(design, repeats, is_error), "validation", 0) if one.low < 0)
        for is_error in (True, False)
    )
    assert of_losses.low < -1 and of_losses.high > 1 and of_losses.detectable > 1
    assert (of_errors.low, of_errors.high) == (-1, 1) and pd.isna(of_errors.detectable)
    assert (of_errors.verdict, of_errors.of) == (of_losses.verdict, of_losses.of)


def test_what_would_take_too_many_repeats_says_more_than(six) -> None:
    (row,) = shifted(six, joint_hyperband=-rows_of(six).loc["joint_hyperband", "test_difference"])
    assert (row["test_verdict"], row["test_needed"], row["test_needed_more"]) == ("open", 100, True)


def rows_of(made: Results) -> pd.DataFrame:
    return data(made).set_index("arm")


def shifted(made: Results, **by: float) -> list[pd.Series]:
    """Rows of arms whose errors are so much higher."""
    studies = {
        name: replace(
            one, evaluations=tuple(higher(each, by.get(name.rpartition("-")[0], 0)) for each in one.evaluations)
        )
        for name, one in made.studies.items()
    }
    rows = rows_of(replace(made, studies=studies))
    return [rows.loc[arm] for arm in by]


def higher(one: Evaluation, by: float) -> Evaluation:
    if one.loss is None or not by:
        return one
    return one.model_copy(update={"loss": one.loss + by, "test_error": one.test_error + by})


def test_arms_without_common_random_numbers_are_no_pairs() -> None:
    rows = rows_of(arms(EPOCHS, 4, 4, shared=False, steps_of={"joint_bohb": (None,), "joint_random": (None,)}))
    assert (rows["test"] == "Welch's t-test").all()
    errors = compare_arms(arms(EPOCHS, 4, 4, shared=False))
    own, reference = (list(errors.errors(arm, "test").values()) for arm in ("joint_random", "joint_bohb"))
    assert rows.loc["joint_random", "test_p"] == pytest.approx(stats.ttest_ind(own, reference, equal_var=False).pvalue)


def test_a_planned_arm_that_has_not_begun_counts_in_the_correction(six) -> None:
    studies = {name: one for name, one in six.studies.items() if not name.startswith("joint_random")}
    rows = rows_of(replace(six, studies=studies))
    assert "joint_random" not in rows.index
    assert rows["test_p_holm"].min() == pytest.approx(4 * rows["test_p"].min())
    assert rows["smallest_p_holm"].min() == 4 / 32


def test_two_arms_of_eight_repeats_are_compared() -> None:
    two = {"joint_bohb": (None,), "joint_random": (None,)}
    for shared in (True, False):
        row = rows_of(arms(EPOCHS, 8, 4, steps_of=two, shared=shared)).loc["joint_random"]
        assert row["tested"] == 8 and row["test_detectable"] > 0


def test_one_repeat_no_repeat_and_no_spread_each_say_so() -> None:
    for repeats in (1, 2):
        few = rows_of(arms(EPOCHS, repeats, 4))
        assert few["test_verdict"].dropna().unique().tolist() == ["too few repeats"]
        assert few["test_difference"].drop("joint_bohb").notna().all()
        assert few[["test_low", "test_difference_low", "test_p", "test_p_exact", "test_needed"]].isna().all(axis=None)
    made = arms(EPOCHS, 3, 4)
    without = {name: one for name, one in made.studies.items() if not name.startswith("joint_bohb")}
    alone = rows_of(replace(made, studies=without))
    assert alone["test_verdict"].unique().tolist() == ["no repeat to compare"]
    copied = {
        name: made.studies[f"joint_bohb-{name[-1]}"] if name.startswith("joint_hyperband") else one
        for name, one in made.studies.items()
    }
    same = rows_of(replace(made, studies=copied)).loc["joint_hyperband"]
    assert (same["test_verdict"], same["test_difference"]) == ("equal in all repeats", 0)


def test_all_arms_are_compared_where_the_first_incomplete_one_is(six) -> None:
    made = arms(EPOCHS, 3, 4, joint_bohb_0=1, joint_random_2=3)
    whole = data(arms(EPOCHS, 3, 4)).set_index("arm")
    rows = data(made).set_index("arm")
    random = next(run for run in compare_arms(made).repeats if (run.arm, run.number) == ("joint_random", 2))
    assert rows["compared_at"].unique().tolist() == [random.spent]
    assert (rows["spent_mean"] == random.spent).all() and (rows["trained_mean"] < whole["trained_mean"]).all()
    assert rows["complete"].tolist() == [2, 2, 3, 3, 3]
    assert (rows["compared"] == 3).all() and (rows["n"] == 3).all() and (rows["ended"] == 0).all()
    for run in compare_arms(made).repeats:
        assert run.until(random.spent)["spent"].iloc[-1] <= random.spent


def test_what_fails_for_nothing_makes_an_arm_end_early_and_it_keeps_its_incumbent() -> None:
    made = arms(EPOCHS, 2, 4, joint_bohb_0=1)
    free = {
        name: StudyResults(one.experiment, tuple(map(without_cost, one.evaluations)))
        for name, one in made.studies.items()
        if name.startswith("joint_random")
    }
    rows = data(replace(made, studies={**made.studies, **free})).set_index("arm")
    last = [run.error("test") for run in compare_arms(made).begun("joint_random")]
    assert rows.loc["joint_random", "ended"] == rows.loc["joint_random", "n"] == 2
    assert rows.loc["joint_random", "spent_mean"] < rows.loc["joint_bohb", "spent_mean"] == rows["compared_at"].max()
    assert rows.loc["joint_random", "test_mean"] == pytest.approx(sum(last) / 2)


def without_cost(one: Evaluation) -> Evaluation:
    return one if one.slot % 2 == 0 else one.model_copy(update={"epochs": 0.0})


def test_a_repeat_without_success_by_then_is_counted_and_not_paired() -> None:
    made = arms(EPOCHS, 3, 4)
    failed = [
        one.model_copy(update={"loss": None, "test_error": None, "status": "diverged"})
        for one in made.evaluations("joint_random-1")
    ]
    studies = {**made.studies, "joint_random-1": StudyResults(made.experiment, tuple(failed))}
    row = data(replace(made, studies=studies)).set_index("arm").loc["joint_random"]
    assert (row["compared"], row["n"], row["tested"], row["failed_mean"] > 0) == (3, 2, 2, True)


@pytest.mark.parametrize(
    "made",
    [results(EPOCHS), arms(EPOCHS, 1, 4), arms(EPOCHS, 2, 4, failing=1), arms(EPOCHS, 2, 4, failing=0.7)],
    ids=["none", "one", "failed", "mostly failed"],
)
def test_little_and_failed_data_give_a_table_with_empty_cells(made) -> None:
    rows = data(made)
    assert rows.columns.is_unique
    few = rows["tested"].fillna(0) < 3
    assert rows.loc[few, ["test_p", "test_p_holm", "test_difference_low", "smallest_p"]].isna().all(axis=None)
    assert rows.loc[rows["n"] == 0, ["test_mean", "test_low", "test_sd"]].isna().all(axis=None)
    numbers(made, rows)


def test_table_is_the_same_when_made_again(six) -> None:
    assert data(six).equals(data(six))


def test_numbers_are_those_of_the_table_and_name_the_incumbents(six, rows) -> None:
    found = numbers(six, data(six))
    assert found["joint_random_test_error"].value == pytest.approx(100 * rows.loc["joint_random", "test_mean"])
    assert found["joint_random_test_p_holm"].value == rows.loc["joint_random", "test_p_holm"]
    assert found["architecture_first_repeats"].value == 6
    assert found["joint_random_tested"].value == 6
    assert "joint_bohb_test_p" not in found and "joint_bohb_test_difference" not in found
    known = {f"{one.study}/{one.id}" for study in six.studies for one in six.evaluations(study)}
    assert all(known.issuperset(number.sources) for number in found.values())
    assert len(found["joint_random_test_error"].sources) == 6
    assert len(found["joint_random_test_p"].sources) == 12


def test_numbers_tell_how_far_the_arms_are() -> None:
    made = arms(EPOCHS, 2, 4, joint_bohb_0=1, joint_bohb_1=1, joint_random_1=2)
    found = numbers(made, data(made))
    assert found["arms_repeats"].value == 2
    assert (found["arms_complete"].value, found["arms_begun"].value) == (7, 10)
    assert found["arms_compared_at"].value == pytest.approx(data(made)["compared_at"].iloc[0])
    assert found["arms_compared_at"].unit == "epochs"


def test_random_permutations_of_an_arm_do_not_depend_on_the_other_arms() -> None:
    # Eleven and eleven repeats are divided in too many ways to count.
    made = arms(EPOCHS, 11, 4, shared=False, steps_of={name: STEPS[name] for name in sorted(STEPS)})
    studies = sorted(made.plan.studies, key=lambda one: -len(one.name))
    other = replace(made, plan=made.plan.model_copy(update={"studies": tuple(studies)}))
    first, second = ({test.arm: test.of.p_exact for test in arm_tests_of(one)} for one in (made, other))
    assert list(first) != list(second) and first == second
    assert rows_of(made)["validation_p_exact"].dropna().to_dict() == first


def arm_tests_of(made: Results) -> list[ArmTest]:
    return list(arm_tests(compare_arms(made), "validation", made.experiment.seed))


def test_a_small_p_keeps_a_digit_that_is_not_zero(six) -> None:
    small = [one for name, one in numbers(six, data(six)).items() if name.endswith(("_p", "_p_holm")) and one.value > 0]
    assert small and all(float(one.text()) > 0 for one in small)
