import re

import pytest

from jointsearch.core import layout
from jointsearch.core.code import ROOT
from jointsearch.core.config import BudgetSettings, Config, load, parse
from jointsearch.core.units import amount
from jointsearch.search.hyperband import bracket, trainings
from jointsearch.workflow import arm_proposals
from jointsearch.workflow.cost import first_model, report
from jointsearch.workflow.lag_advice import recommended
from jointsearch.workflow.simulation import Cluster, simulate
from jointsearch.workflow.study_jobs import StudyJobs

PAPER = BudgetSettings()


def test_one_worker_is_always_busy_and_takes_the_sum_of_all_budgets():
    schedule = simulate(4, (0, 0, 0, 0), 1, PAPER)
    assert schedule.makespan == 14 * 10800 + 10800  # brackets cost 4 + 3 + 4 + 4 times the full budget
    assert schedule.utilisation == 1


def test_one_bracket_on_many_workers_takes_the_sum_of_its_rungs():
    assert simulate(1, (1, 2, 4, 5), 100, PAPER).makespan == 400 + 1200 + 3600 + 10800


def test_without_lags_brackets_come_one_after_another():
    assert simulate(4, (0, 0, 0, 0), 100, PAPER).starts == (0, 16000, 16000 + 15600, 16000 + 15600 + 14400)


def test_lags_of_the_paper_config_keep_ten_workers_busy():
    """Facts simulated independently when the lags were chosen: 29 %, 98 %, 99 %, each to two points."""
    for lag, utilisation in [((0, 0, 0, 0), 0.29), ((4, 4, 4, 4), 0.98), ((1, 2, 4, 5), 0.99)]:
        assert simulate(128, lag, 10, PAPER).utilisation == pytest.approx(utilisation, abs=0.02)


def test_a_batch_occupies_one_worker_for_the_sum_of_its_trainings():
    assert (
        simulate(1, (0, 0, 0, 0), 100, PAPER, evaluations_per_job=27).makespan == 27 * 400 + 9 * 1200 + 3 * 3600 + 10800
    )


def test_first_model_is_the_first_bracket_that_sees_enough_at_one_budget():
    demo = BudgetSettings(unit="epochs", minimum=1, maximum=27)
    assert first_model(12, (0, 0, 0, 0), 36, demo) == (5, 0)
    assert first_model(12, (3, 2, 3, 3), 36, demo) == (8, 1)
    assert first_model(4, (0, 0, 0, 0), 36, demo) is None
    # Bracket 0 has 40 evaluations, 27 of them at the lowest budget.
    assert first_model(12, (0, 0, 0, 0), 36, demo, pooled=True) == (1, 3)
    assert first_model(12, (1, 2, 3, 4), 36, demo, pooled=True) == (3, 1)
    assert first_model(12, (0, 0, 0, 0), 36, demo, known=[1, 9] * 36) == (0, 2)
    assert first_model(12, (0, 0, 0, 0), 36, demo, known=[1, 9] * 18, pooled=True) == (0, 2)


def test_trainings_of_32_rounds():
    counts = trainings([bracket(index, PAPER) for index in range(128)], 4)
    assert counts == [27 * 32, (9 + 9) * 32, (3 + 3 + 6) * 32, 256]


def test_amounts_are_written_for_people():
    assert [amount(seconds, "seconds") for seconds in (400, 1200, 10800, 32 * 86400)] == [
        "400 s",
        "20 min",
        "3 h",
        "32 days",
    ]
    assert amount(27, "epochs") == "27 epochs"


def test_continuation_trains_the_rest_of_each_budget_only():
    """One bracket of 27, 9, 3, 1: 27 * 400 + 9 * 800 + 3 * 2400 + 7200, where it was 4 * 10800."""
    assert simulate(1, (0, 0, 0, 0), 1, PAPER, continuation=True).makespan == 10800 + 7200 + 7200 + 7200
    assert simulate(1, (0, 0, 0, 0), 100, PAPER, continuation=True).makespan == 10800


def test_the_plan_says_what_continuation_saves():
    """A round of four brackets trains 15 times 10800 s, or 32400 + 25200 + 36000 + 43200 s: 25200 s less, 32 times."""
    plans = [
        report(StudyJobs.all_from_config(Config(experiment="no-such", training={"continuation": on})), 10)
        for on in (False, True)
    ]
    assert "continuation" not in plans[0]
    assert "continuation      saves 9.33 days, 16% of training from scratch" in plans[1]


def test_the_plan_converts_other_budgets_into_time():
    gflop = {"unit": "gflop", "minimum": 400, "maximum": 10800}
    jobs = {"seconds_per_unit": 0.5}
    in_gflop = Config(experiment="no-such", budget=gflop, jobs=jobs)
    plans = [report(StudyJobs.all_from_config(one), 10) for one in (Config(experiment="no-such"), in_gflop)]
    assert "in time" not in plans[0] and "60 days = 480 times" in plans[0]
    assert "total training    5,184,000 GFLOP = 480 times the full budget" in plans[1]
    # Half of the sixty days.
    assert "\nin time           30 days of training, in 3" in plans[1]
    assert ", if 1 GFLOP takes 0.5 s (jobs.seconds_per_unit)\n" in plans[1]


@pytest.mark.parametrize("unit", ["epochs", "steps", "gflop"])
def test_the_plan_makes_no_time_of_a_unit_whose_seconds_nobody_gave(unit):
    budget = {"unit": unit, "minimum": 1, "maximum": 27}
    plan = report(StudyJobs.all_from_config(Config(experiment="no-such", budget=budget)), 10)
    [line] = [one for one in plan.splitlines() if one.startswith("in time")]
    says = f"not known; set jobs.seconds_per_unit to the seconds that {amount(1, unit)} takes at most"
    assert line.split(maxsplit=2)[2] == says


def test_the_plan_of_the_demo_is_of_minutes():
    raw = load(ROOT / "config/demo.yaml") | {"experiment": "no-such"}
    plan = report(StudyJobs.all_from_config(parse(raw)), 2)
    assert re.search(r"\nin time           [\d.]+ min of training, in [\d.]+ min, if 1 epoch takes 1\.5 s ", plan)


def test_columns_of_the_plan_stay_apart_whatever_the_unit():
    nominal = {"step": 0.01, "convolution": 0, "gflop": 0, "megabyte": 0}
    budget = {"unit": "nominal_seconds", "nominal": nominal, "minimum": 1.5, "maximum": 40.5}
    jobs = StudyJobs.all_from_config(
        parse(
            {
                "experiment": "no-such",
                "budget": budget,
                "studies": {"correlation": {}},
                "training": {"precision": "float32"},
            }
        )
    )
    lines = report(jobs, 2).splitlines()
    heads = next(line for line in lines if line.strip().startswith("1.5 nominal s"))
    assert re.split("  +", heads.strip()) == ["1.5 nominal s", "4.5 nominal s", "13.5 nominal s", "40.5 nominal s"]
    ends = [line for line in lines if line.startswith(("  training ", "  trainings ", "  bracket 0 "))]
    assert {len(line) for line in [heads, *ends]} == {len(heads)}


def test_a_cluster_that_adds_nothing_changes_nothing():
    for lag, workers in (((1, 2, 4, 5), 10), ((4, 4, 4, 4), 20)):
        plain, none = simulate(16, lag, workers, PAPER), simulate(16, lag, workers, PAPER, cluster=Cluster(ahead=0))
        assert plain == none


def test_what_a_cluster_adds_costs_time():
    """One bracket: each of its four rungs starts once the end of the one before was noticed."""
    waves = 400 + 1200 + 3600 + 10800
    around = simulate(1, (1, 2, 4, 5), 100, PAPER, cluster=Cluster(around=20))
    assert around.makespan == waves + 4 * 20
    # It looks after 5, 20, 45, 80, 125, 180, 245, 320 and 405 s; later as rarely as every three minutes.
    looking = simulate(1, (1, 2, 4, 5), 100, PAPER, cluster=Cluster(look=5))
    assert looking.starts == (0,)
    assert waves + 3 * 5 <= looking.makespan <= waves + 3 * 185


def test_jobs_ahead_of_the_workers_hide_how_rarely_the_run_looks():
    rarely = {"look": 60, "slower": 0}
    without, ahead = (
        simulate(64, (1, 2, 4, 5), 10, PAPER, cluster=Cluster(**rarely, ahead=number)).utilisation for number in (0, 2)
    )
    assert without < ahead


def plan_of_arms(arms, brackets):
    studies = {"arms": {"arms": arms, "brackets": brackets, "repeats": 2}}
    config = Config(experiment="no-such", studies=studies, budget={"unit": "epochs", "minimum": 1, "maximum": 9})
    lines = arm_proposals.report(StudyJobs.all_from_config(config)).splitlines()
    return {re.split("  +", one.strip())[0]: re.split("  +", one.strip())[1:] for one in lines if "  " in one}, lines


def test_the_plan_says_how_many_proposals_of_each_step_of_an_arm_can_come_from_a_model():
    """By hand: a round of three brackets has 9, 3 and 3 proposals, 9 evaluations at 1 epoch and 22 in all.

    In 17 dimensions a model needs 36 evaluations, which the fourth round completes; in 7 dimensions 16, and in 10
    dimensions 22, which the second and the third do.
    """
    arms = {
        "joint_bohb": None,
        "joint_hyperband": None,
        "architecture_first": None,
        "evolution": {"sampler": "evolution", "sampler_settings": {"population_size": 8}, "hyperband": False},
        "ppo": {"sampler": "ppo", "sampler_settings": {"batch_size": 13}},
        "tpe": {"sampler": "tpe"},
    }
    rows, lines = plan_of_arms(arms, 18)
    assert rows["each repeat"] == ["proposals", "by a model"]
    assert rows["joint_bohb"] == ["90", "36 at most, from bracket 10 on"]
    assert rows["joint_hyperband"] == ["90", "none"]
    assert rows["architecture_first, step 1"] == ["45", "6 at most, from bracket 7 on"]
    assert rows["architecture_first, step 2"] == ["45", "21 at most, from bracket 4 on"]
    assert rows["evolution"] == ["48", "40 at most, from bracket 8 on"]
    assert rows["ppo"] == ["90", "81 at most, from bracket 1 on"]
    assert rows["tpe"] == ["90", "not known"]
    assert not [one for one in lines if one.startswith("note")]


def test_the_plan_notes_where_a_step_that_should_learn_cannot():
    _, lines = plan_of_arms({"joint_bohb": None, "architecture_first": None, "joint_hyperband": None}, 6)
    assert [one.split(";")[0].split(maxsplit=1)[1] for one in lines if one.startswith("note")] == [
        "joint_bohb learns nothing: none of its brackets sees the 36 evaluations at one budget that bohb needs",
        "architecture_first, step 1 learns nothing: none of its brackets sees the 22 evaluations at one budget that "
        "bohb needs",
        "architecture_first, step 2 learns nothing: none of its brackets sees the 16 evaluations at one budget that "
        "bohb needs",
    ]


def test_without_arms_there_is_nothing_to_say_of_them():
    assert arm_proposals.report(StudyJobs.all_from_config(Config(experiment="no-such"))) == ""


def test_the_plan_says_what_studies_cost():
    studies = {"correlation": {"configurations": 10}, "manual": {"seeds": 2}, "arms": {"brackets": 8, "repeats": 1}}
    plan = report(StudyJobs.all_from_config(Config(experiment="no-such", studies=studies)), 10)
    lines = [line.split() for line in plan.splitlines()]
    assert ["correlation", "40", "44.4", "h"] in lines  # 10 x (400 + 1,200 + 3,600 + 10,800) s
    assert ["manual", "10", "30", "h"] in lines
    # Two rounds each: 130 trainings, in all 30 times the full budget; random search trains 30 at the full budget.
    assert ["arms", "550", "18.8", "days"] in lines
    assert ["joint_random", "30", "3.75", "days"] in lines and ["joint_bohb", "130", "3.75", "days"] in lines
    assert ["all", "studies", "81.9", "days", "of", "training"] in lines
    assert "all studies" in plan
    assert "all studies" not in report(StudyJobs.all_from_config(Config(experiment="no-such")), 10)


def planned(sampler: str) -> StudyJobs:
    return StudyJobs.all_from_config(Config(experiment="no-such", search={"sampler": sampler}))[layout.SEARCH]


def test_the_recommended_lags_are_the_smallest_that_keep_the_workers_busy():
    lags = [recommended(planned("bohb"), workers)[0] for workers in (1, 4, 8, 16)]
    assert lags == [(0, 0, 0, 0), (1, 1, 2, 2), (1, 2, 3, 4), (2, 4, 6, 8)]
    for workers, fewer in ((4, (0, 0, 0, 0)), (8, (1, 1, 2, 2))):
        lag, busy = recommended(planned("bohb"), workers)
        number = len(planned("bohb").brackets)
        assert simulate(number, fewer, workers, PAPER).utilisation < 0.9 * busy
        assert simulate(number, lag, workers, PAPER).utilisation == busy


def test_the_plan_recommends_lags_for_a_sampler_that_learns():
    plans = {
        name: report(StudyJobs.all_from_config(Config(experiment="no-such", search={"sampler": name})), 8)
        for name in ("bohb", "random")
    }
    assert "\nlags              1, 2, 3, 4 are the smallest that suit 8 workers (busy 100%; " in plans["bohb"]
    assert "\nlags              do not matter to random, which does not learn" in plans["random"]
