"""What a cluster gives to a search, and what it does to one."""

import itertools
import subprocess

import cluster
import yaml
from conftest import RESOURCES, attempts, sbatch, wait
from end_to_end.conftest import ROOT

from jointsearch.results.results import StudyResults

FRAIL = "train:slurm_partition={'001': 'frail', '002': 'frail'}.get(wildcards.bracket, 'gpu')"
APART = "train:slurm_extra={'001': '--nodelist=node5', '002': '--nodelist=node6'}.get(wildcards.bracket, '')"


def test_the_demo_takes_the_same_course_as_here(workspace):
    """Its first two brackets, as the profile has it: several jobs at once, and what waits for them."""
    demo = ROOT / "results" / "demo"
    config = yaml.safe_load((ROOT / "config/demo.yaml").read_text())
    config["search"]["length"] = 2
    config["jobs"]["evaluations_per_job"] = 7
    del config["studies"]
    (workspace.folder / "config.yaml").write_text(yaml.safe_dump(config))
    figure = "results/demo/figures/full_budget_evaluations.pdf"
    workspace.snakemake(figure)
    here, there = (
        StudyResults.read(folder, "search").evaluations for folder in (demo, workspace.folder / "results" / "demo")
    )
    assert here[0].made_with.code == there[0].made_with.code, f"{demo} is of other code: remove it, `make demo`"
    assert len(there) == 53
    assert [one.derivable() for one in there] == [one.derivable() for one in here if one.bracket < 2]
    # Slurm fills a node before it takes the next one: how many it takes depends on how fast jobs come and go.
    assert {item.observed.gpu for item in there} == {"0", "1"}
    assert len({item.observed.host for item in there}) >= 2
    assert {item.observed.host for item in there} <= set(cluster.STEADY)
    times = workspace.squeue("%T %S %e")
    assert {item.observed.job for item in there} == set(times)
    assert {state for state, *_ in map(str.split, times.values())} == {"COMPLETED"}
    changes = [
        (moment, change)
        for _, *times_of in map(str.split, times.values())
        for moment, change in zip(times_of, (1, -1), strict=True)
    ]
    assert max(itertools.accumulate(change for _, change in sorted(changes))) >= 4
    assert (workspace.folder / figure).exists()


def test_trainings_side_by_side_give_the_same_records(workspace, tmp_path):
    """Three in one job on one GPU, all at a time, against one by one and here."""
    lasting = {"unit": "steps", "minimum": 400, "maximum": 1200}
    workspace.configure(budget=lasting, search={"length": 1, "lags": None}, jobs={"evaluations_per_job": 1})
    here = workspace.copy(tmp_path / "here")
    here.drive()
    workspace.configure(budget=lasting, search={"length": 1, "lags": None}, jobs={"side_by_side": 3})
    workspace.snakemake("search", *RESOURCES)
    assert workspace.derivable() == here.derivable()
    first = [item.observed for item in workspace.evaluations() if item.rung == 0]
    assert len(first) == 3
    assert len({(one.job, one.host, one.gpu) for one in first}) == 1
    assert min(one.finished for one in first) > max(one.started for one in first)


def test_whatever_befalls_a_job_its_training_goes_on_to_the_same_record(workspace, frail_nodes, four_trainings):
    """One is cancelled, one loses its node, one is preempted, one is killed without notice."""
    workspace.lasting(4)
    workspace.pause.touch()
    run = workspace.start("search", *RESOURCES, FRAIL, APART)
    # All have saved a state on the way.
    wait(lambda: len(workspace.states()) == 4)
    job = {bracket: workspace.job_of(f"00{bracket}") for bracket in "0123"}
    subprocess.run(["scancel", job["0"]], check=True)
    cluster.node_down("node5")
    sbatch("--partition=urgent", "--nodelist=node6", "--gres=gpu:2", "--wrap=sleep 1")
    subprocess.run(["pkill", "-KILL", "--full", f"{workspace.folder}/scripts/train.py.*bracket-003"], check=True)
    wait(lambda: workspace.jobs()[job["1"]] == "PENDING")
    cluster.node_up("node5")
    # Slurm asks the one that it preempts to end within seconds; until then it has to be training.
    wait(lambda: workspace.jobs()[job["2"]] != "RUNNING")
    workspace.pause.unlink()
    assert run.wait() == 0, workspace.printed()
    evaluations = workspace.evaluations()
    assert [item.derivable() for item in evaluations] == four_trainings
    cancelled, lost, preempted, killed = map(attempts, evaluations)
    # Slurm puts a job back into its queue whose node is lost or wanted by another; Snakemake submits the others again.
    assert [one[1] for one in lost] == [job["1"]] * 2
    assert [one[1] for one in preempted] == [job["2"]] * 2
    for which, was in ((cancelled, job["0"]), (killed, job["3"])):
        assert which[0][1] == was
        assert which[1][1] not in job.values()
    assert not workspace.states()
    assert "'CANCELLED'" in workspace.printed()
