"""Memory, disk: what runs out is asked for again, or reported, and the rest goes on."""

import signal
import subprocess

import pytest
from conftest import RESOURCES, wait

from jointsearch.core.evaluation import Evaluation
from jointsearch.core.files import read_record


def test_a_job_that_lacks_memory_gets_more_and_a_bug_that_fails_always_stops_nothing_else(workspace, four_trainings):
    """Either is tried again as often as said."""
    workspace.lasting(2)
    script = workspace.folder / "scripts" / "train.py"
    bug = 'if "bracket-001" in " ".join(__import__("sys").argv): raise ZeroDivisionError("a bug")\n'
    script.write_text(script.read_text().replace('if __name__ == "__main__":', bug + '\nif __name__ == "__main__":'))
    memory = "train:mem_mb=300 if attempt == 1 and wildcards.bracket == '000' else 2000"
    printed = workspace.snakemake("search", *RESOURCES[:-1], memory, "--retries", "2", succeeds=False)
    failed = "failed: results/small/search/bracket-001/rung-0/batch-00-00.json: SLURM-job "
    assert printed.count(failed) == 3
    assert printed.count(failed.replace("001", "000")) == 1
    assert "train-0-00-00.log ends: ZeroDivisionError: a bug" in printed
    states = workspace.jobs()
    assert sorted(states[job] for job in workspace.jobs_of("000")) == ["COMPLETED", "FAILED"]
    assert sorted(states[job] for job in workspace.jobs_of("001")) == ["FAILED"] * 3
    (done,) = (read_record(slot, Evaluation) for slot in workspace.slots())
    assert done.derivable() == four_trainings[0]


@pytest.fixture
def small_disk(workspace):
    """Results on a disk of their own."""
    folder = workspace.folder / "results"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_is_told_and_leaves_nothing_half_written(workspace, small_disk):
    workspace.lasting(1)
    workspace.pause.touch()
    run = workspace.start("search", *RESOURCES, "--retries", "0")
    wait(workspace.still_running)
    with pytest.raises(OSError, match="No space left"), (small_disk / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(4096))
    workspace.pause.unlink()
    assert run.wait() != 0
    assert "cannot be written (No space left on device); make room or give access" in workspace.printed()
    assert not workspace.slots()
    assert not list(workspace.results.rglob("*.tmp"))
    (small_disk / "filler").unlink()
    workspace.snakemake("search", *RESOURCES)
    assert len(workspace.evaluations()) == 1


def test_partitions_are_chosen_by_the_time_that_a_training_needs(workspace):
    """Trainings of two minutes go to the partition of short jobs, longer ones do not. GPUs are asked for by --gres."""
    partitions = "partitions: {short: {max_runtime: 2, max_gpu: 2}, gpu: {max_runtime: 10000, max_gpu: 2}}"
    (workspace.folder / "partitions.yaml").write_text(partitions)
    jobs = {"device": "cpu", "seconds_per_unit": 20, "allowance": 20, "evaluations_per_job": 1}
    workspace.halve(budget={"unit": "rounds", "minimum": 2, "maximum": 6}, jobs=jobs)
    gres = ("--set-resources", "train:gres='gpu:pretend:1'", "train:mem_mb=2000")
    workspace.snakemake("search", *gres, "--slurm-partition-config", "partitions.yaml")
    assert {item.observed.gpu for item in workspace.evaluations()} <= {"0", "1"}
    assert sorted(workspace.squeue("%P %l").values()) == ["gpu 3:00", *["short 2:00"] * 3]


def test_a_job_that_is_refused_or_can_never_start_is_told(workspace):
    """The first without what an earlier run wrote; the other, longer than its partition allows, by status."""
    workspace.halve(2)
    log = workspace.folder / "logs/small/search/bracket-000/train-0-00-00.log"
    log.parent.mkdir(parents=True)
    log.write_text("# yesterday on node1\nZeroDivisionError: of yesterday\n")
    partition = "train:slurm_partition='nowhere' if wildcards.bracket == '000' else 'short'"
    run = workspace.start("search", *RESOURCES, partition, "train:runtime=5", "--retries", "0")
    said = "    in Slurm 1 pending; 1 for PartitionTimeLimit, and may never start"
    wait(lambda: said in workspace.call("status", "config.yaml").stdout)
    wait(lambda: "invalid partition specified: nowhere" in workspace.printed())
    run.send_signal(signal.SIGINT)
    assert run.wait() != 0
    assert "of yesterday" not in workspace.printed()
    assert "in Slurm" not in workspace.call("status", "config.yaml").stdout
