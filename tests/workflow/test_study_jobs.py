"""What the workflow asks for a job."""

from pathlib import Path

import pytest
import yaml
from own_searches import OWN

from jointsearch.core.config import parse
from jointsearch.core.errors import UserError
from jointsearch.search.resolve import configuration
from jointsearch.workflow.study_jobs import StudyJobs


def study_jobs(**changes) -> StudyJobs:
    return StudyJobs.from_config(parse({"experiment": "small"} | changes))


def test_time_limits_are_a_tenth_above_the_budget_with_five_minutes_for_what_surrounds_it():
    paper = study_jobs()
    assert [paper.time_limit(0, rung, 1) for rung in range(4)] == [13, 27, 71, 203]
    # Nine of 400 s one after another.
    assert paper.time_limit(0, 0, 9) == -(-9 * (440 + 300) // 60)


def test_the_time_limit_of_a_batch_counts_those_that_follow_each_other():
    steps = {"unit": "steps", "minimum": 100, "maximum": 300}
    one = study_jobs(budget=steps, jobs={"seconds_per_unit": 0.5, "allowance": 60})
    assert one.time_limit(0, 0, 3) == -(-3 * (55 + 60) // 60)
    many = study_jobs(budget=steps, jobs={"seconds_per_unit": 0.5, "allowance": 60, "side_by_side": 2})
    assert many.time_limit(0, 0, 3) == -(-2 * (55 + 60) // 60)


@pytest.mark.parametrize(("unit", "given", "each"), [("gflop", None, 1), ("gflop", 0.5, 0.5), ("epochs", None, 60)])
def test_a_budget_that_is_not_in_seconds_takes_what_the_configuration_says(unit, given, each):
    one = study_jobs(
        budget={"unit": unit, "minimum": 100, "maximum": 300}, jobs={"seconds_per_unit": given, "allowance": 60}
    )
    assert one.time_limit(0, 0, 1) == -(-(110 * each + 60) // 60)


def test_a_unit_of_ones_own_takes_what_the_configuration_says_and_that_of_the_results_says_it_again():
    one = study_jobs(**OWN | {"jobs": {"seconds_per_unit": 30.5, "allowance": 60}})
    assert one.time_limit(0, 0, 1) == -(-(1.1 * 2 * 30.5 + 60) // 60)
    assert one.configuration_flags == "--seconds-per-unit=30.5"
    written = configuration(one.experiment, one.length, one.config.studies, one.config.jobs.seconds_per_unit)
    assert yaml.safe_load(written["config.yaml"])["jobs"] == {"seconds_per_unit": 30.5}


def test_a_nominal_second_is_counted_as_a_second():
    nominal = {"step": 1e-3, "convolution": 0, "gflop": 0, "megabyte": 0}
    budget = {"unit": "nominal_seconds", "nominal": nominal, "minimum": 400, "maximum": 10800}
    one = study_jobs(budget=budget, training={"precision": "float32"}, jobs={"side_by_side": 2})
    assert one.time_limit(0, 3, 1) == study_jobs().time_limit(0, 3, 1)


def test_a_training_that_goes_on_from_a_lower_budget_gets_the_rest():
    on = study_jobs(training={"continuation": True})
    assert on.time_limit(0, 1, 1) == -(-(880 + 300) // 60)


def test_seconds_are_not_shared():
    with pytest.raises(
        UserError, match=r"jobs\.side_by_side: 2 trainings on one device disturb each other's seconds; use 1, or"
    ):
        study_jobs(jobs={"side_by_side": 2})


def test_a_promotion_waits_for_all_jobs_of_the_rung_below():
    below = study_jobs(jobs={"evaluations_per_job": 10}).inputs("proposals", 0, 1)["below"]
    assert [path.name for path in below] == ["batch-00-09.json", "batch-10-19.json", "batch-20-26.json"]


def test_only_a_sampler_that_looks_at_what_is_pending_waits_for_it():
    def pending(sampler: str, bracket: int) -> list[str]:
        found = study_jobs(search={"lags": [1, 2, 2, 2], "sampler": sampler}).inputs("proposals", bracket)["pending"]
        return [path.parts[-3] for path in found]

    assert pending("bohb", 4) == []
    # Bracket 3 starts at the full budget, bracket 2 at the one below.
    assert pending("mfgp", 4) == ["bracket-002", "bracket-003"]
    assert pending("jointsearch.core.cli:run", 1) == ["bracket-000"]


@pytest.mark.parametrize("kind", ["paper", "latex"])
def test_the_paper_follows_the_configuration_of_the_results_which_has_nothing_of_jobs_and_folders(kind):
    one, other = study_jobs(), study_jobs(jobs={"workers": 7, "save_every": 9}, data_root="elsewhere")
    assert one.inputs(kind) == other.inputs(kind)
    assert one.folder / "config.yaml" in one.inputs(kind)["configuration"]
    first, second = (configuration(jobs.experiment, jobs.length, jobs.config.studies) for jobs in (one, other))
    assert first == second
    # Nothing else of the configuration reaches the rules: a parameter that changes would run them again.
    assert "settings" not in (Path(__file__).parents[2] / "workflow/rules/paper.smk").read_text()


def test_what_could_start_does_so_by_bracket_and_in_it_the_later_rung_first():
    one = study_jobs()
    places = [(item.index, rung) for item in one.brackets for rung in reversed(range(len(item.sizes)))]
    assert sorted(places, key=lambda place: one.priority(*place), reverse=True) == places
