"""Runs are kept, resumed and never half written; the report comes from what is there."""

import numpy as np
import pytest

from jointsearch.core.errors import UserError
from search import report, runs, simulate, tasks
from search.optimisers import HPBANDSTER, parse
from search.summary import summarise


def job(optimiser="hyperband", seed=0, **changes) -> runs.Job:
    settings = {"task": "branin", "brackets": 4, "given_lags": None, "tag": ""} | changes
    return runs.Job(optimiser=parse(optimiser), seed=seed, **settings)


def test_what_is_there_is_not_run_again(tmp_path, monkeypatch):
    runs.execute(job(), tmp_path)
    before = job().path(tmp_path).read_bytes()
    monkeypatch.setattr(simulate, "search", lambda *arguments: pytest.fail("ran again"))
    assert runs.execute(job(), tmp_path) == 0
    assert list(runs.execute_all([job()], tmp_path, workers=1)) == []
    assert job().path(tmp_path).read_bytes() == before
    [(found, run)] = runs.collect([job(), job(seed=1)], tmp_path).items()
    assert found == job()
    assert run.spent == 405


@pytest.mark.parametrize(
    "changes",
    [{"brackets": 5}, {"given_lags": (0,)}, {"tag": "new"}, {"task": "hartmann3"}, {"seed": 1}, {"optimiser": "bohb"}],
)
def test_another_search_has_another_record(tmp_path, changes):
    assert job(**changes).path(tmp_path) != job().path(tmp_path)


def test_an_interrupted_run_leaves_nothing(tmp_path, monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(simulate, "evaluate", interrupted)
    with pytest.raises(KeyboardInterrupt):
        runs.execute(job(), tmp_path)
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


def test_workers_share_the_missing_runs_and_one_that_fails_stops_no_other(tmp_path):
    jobs = [job(), job("random-full"), job("no_such_module.sampler")]
    done = dict(runs.execute_all(jobs, tmp_path, workers=2))
    assert isinstance(done[jobs[2]], UserError)
    assert set(runs.collect(jobs, tmp_path)) == set(jobs[:2])


def test_runs_of_other_code_are_told(tmp_path, monkeypatch, capsys):
    runs.execute(job(), tmp_path)
    monkeypatch.setattr(runs, "sampler_code", lambda name: "0" * 64)
    runs.collect([job()], tmp_path)
    assert "runs of hyperband were made with other code" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("sampler", "files"),
    [
        (
            "tpe_hyperband",
            {"tpe.py", "tpe_settings.py", "optuna_study.py", "plain_values.py", "history.py", "space.py"},
        ),
        ("mfgp", {"mfgp.py", "mfgp_settings.py", "gaussian_process.py", "space.py"}),
        ("hyperband", {"bohb.py", "bohb_settings.py", "density.py", "space.py"}),
        (HPBANDSTER, {"hpbandster.py", "history.py", "space.py"}),
    ],
)
def test_the_code_of_a_sampler_is_its_module_and_all_that_this_imports(sampler, files, monkeypatch):
    digested = []
    monkeypatch.setattr(runs, "file_digest", lambda path: digested.append(path.name) or path.name)
    runs.sampler_code.__wrapped__(sampler)
    assert files <= {*digested}
    others = {
        "tpe.py",
        "dehb.py",
        "smac.py",
        "mfgp.py",
        "bohb.py",
        "hpbandster.py",
        "gaussian_process.py",
        "density.py",
    }
    assert not {*digested} & (others - files)
    assert "config.py" not in digested


@pytest.fixture
def found(tmp_path) -> dict:
    jobs = [
        job(optimiser, seed, task=task)
        for task in ("branin", "hartmann3")
        for optimiser in ("bohb", "hyperband", "random-full")
        for seed in range(2)
    ]
    for one in jobs:
        runs.execute(one, tmp_path / "results")
    return runs.collect(jobs, tmp_path / "results")


def test_the_report_is_the_same_again(found, tmp_path):
    report.write(found, tmp_path / "first", None, {"smac": "no library"}, ["--seeds", "2"])
    report.write(found, tmp_path / "second", None, {"smac": "no library"}, ["--seeds", "2"])
    names = {path.name for path in (tmp_path / "first").iterdir()}
    assert names == {f"search_quality.{suffix}" for suffix in ("md", "pdf", "svg", "png")}
    for name in names:
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()
    text = (tmp_path / "first" / "search_quality.md").read_text()
    assert "## bohb against each other optimiser" in text
    assert "left out: smac: no library" in text
    assert "seeds: 0, 1" in text
    assert 'make bench-search BENCH_FLAGS="--seeds 2"' in text


@pytest.mark.parametrize("seeds", [{1}, {0, 1}])
def test_an_optimiser_that_lacks_a_seed_of_a_task_is_not_shown_there_and_the_task_not_ranked(found, seeds, tmp_path):
    lacking = {one for one in found if (one.task, one.optimiser.label) == ("branin", "bohb") and one.seed in seeds}
    part = {one: run for one, run in found.items() if one not in lacking}
    summary = summarise(part)
    assert set(summary.optimisers) == {"bohb", "hyperband", "random-full"}
    assert set(summary.on("branin")) == {"hyperband", "random-full"}
    assert summary.ranked == ("hartmann3",)
    assert summary.blocks(1.0).shape == (2, 3)
    report.write(part, tmp_path, None, {}, [])
    [row] = [
        line
        for line in (tmp_path / "search_quality.md").read_text().split("at the end")[1].splitlines()
        if line.startswith("| bohb |")
    ]
    assert row.startswith("| bohb | – | ")


def test_a_task_on_which_nothing_has_all_seeds_is_left_out(found, tmp_path):
    missing = {("bohb", 0), ("hyperband", 1), ("random-full", 0)}
    lacking = {one for one in found if one.task == "branin" and (one.optimiser.label, one.seed) in missing}
    part = {one: run for one, run in found.items() if one not in lacking}
    assert summarise(part).tasks == summarise(part).ranked == ("hartmann3",)
    report.write(part, tmp_path, None, {}, [])
    with pytest.raises(UserError, match="nothing to compare"):
        report.write({one: run for one, run in part.items() if one.task == "branin"}, tmp_path, None, {}, [])


def test_without_runs_there_is_nothing_to_compare(tmp_path):
    with pytest.raises(UserError, match="nothing to compare"):
        report.write({}, tmp_path, None, {}, [])


def test_regrets_of_the_table_are_those_of_the_runs(found):
    summary = summarise(found)
    for one, run in found.items():
        last = run.trajectory[-1][1]
        place = summary.seeds[one.task].index(one.seed)
        assert summary.regrets(one.task, one.optimiser.label, np.array([run.spent]))[place, 0] == last
        assert tasks.make(one.task).digest == run.decides["task"]
