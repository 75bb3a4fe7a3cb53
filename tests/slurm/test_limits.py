"""Memory, disk: what runs out is asked for again, or reported, and the rest goes on."""

import signal
import subprocess

import pytest
from conftest import RESOURCES, wait

from jointsearch.core.files import read_record
from jointsearch.core.records import Evaluation


def test_a_job_that_lacks_memory_is_tried_again_with_more(workspace):
    workspace.lasting(1)
    run = workspace.start("search", *RESOURCES[:-1], "train:mem_mb=300 if attempt == 1 else 2000")
    assert run.wait() == 0, workspace.printed()
    assert sorted(workspace.jobs().values()) == ["COMPLETED", "FAILED"]
    (evaluation,) = workspace.evaluations()
    assert evaluation.status == "success"


def test_a_bug_that_fails_always_is_tried_as_often_as_said_and_stops_nothing_else(workspace, four_trainings):
    workspace.lasting(2)
    script = workspace.folder / "scripts" / "train.py"
    bug = 'if "bracket-001" in " ".join(__import__("sys").argv): raise ZeroDivisionError("a bug")\n'
    script.write_text(script.read_text().replace('if __name__ == "__main__":', bug + '\nif __name__ == "__main__":'))
    printed = workspace.snakemake("search", *RESOURCES, "--retries", "2", succeeds=False)
    failed = "failed: results/small/search/bracket-001/rung-0/batch-00-00.json: SLURM-job "
    assert printed.count(failed) == 3
    assert "train-0-00-00.log ends: ZeroDivisionError: a bug" in printed
    assert sorted(workspace.jobs().values()) == ["COMPLETED"] + ["FAILED"] * 3
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
    workspace.lasting(2)
    run = workspace.start("search", *RESOURCES, "--retries", "0")
    wait(lambda: len(workspace.still_running()) == 2)
    with pytest.raises(OSError, match="No space left"), (small_disk / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(4096))
    assert run.wait() != 0
    assert "cannot be written (No space left on device); make room or give access" in workspace.printed()
    assert not workspace.slots()
    assert not list(workspace.results.rglob("*.tmp"))
    (small_disk / "filler").unlink()
    workspace.snakemake("search", *RESOURCES)
    assert len(workspace.evaluations()) == 2


def test_partitions_are_chosen_by_the_time_that_a_training_needs(workspace):
    """Trainings of two minutes go to the partition of short jobs, longer ones do not. GPUs are asked for by --gres."""
    partitions = "partitions: {short: {max_runtime: 2, max_gpu: 2}, gpu: {max_runtime: 10000, max_gpu: 2}}"
    (workspace.folder / "partitions.yaml").write_text(partitions)
    workspace.configure(
        budget={"unit": "steps", "minimum": 2, "maximum": 6},
        search={"length": 1, "lags": None},
        jobs={"seconds_per_unit": 20, "allowance": 20, "evaluations_per_job": 1},
    )
    gres = ("--set-resources", "train:gres='gpu:pretend:1'", "train:mem_mb=2000")
    workspace.snakemake("search", *gres, "--slurm-partition-config", "partitions.yaml")
    assert {item.observed.gpu for item in workspace.evaluations()} <= {"0", "1"}
    assert sorted(workspace.squeue("%P %l").values()) == ["gpu 3:00", *["short 2:00"] * 3]


def test_a_job_that_is_refused_is_told_without_what_an_earlier_run_wrote(workspace):
    workspace.lasting(1)
    log = workspace.folder / "logs/small/search/bracket-000/train-0-00-00.log"
    log.parent.mkdir(parents=True)
    log.write_text("# yesterday on node1\nZeroDivisionError: of yesterday\n")
    nowhere = (*RESOURCES, "train:slurm_partition='nowhere'")
    printed = workspace.snakemake("search", *nowhere, "--retries", "0", succeeds=False)
    assert "invalid partition specified: nowhere" in printed
    assert "of yesterday" not in printed


def test_a_job_that_can_never_start_is_told_by_status(workspace):
    """Trainings of more than two minutes in the partition of short jobs."""
    workspace.lasting(1)
    run = workspace.start("search", *RESOURCES, "train:slurm_partition='short'", "train:runtime=5")
    said = "    in Slurm 1 pending; 1 for PartitionTimeLimit, and may wait for ever"
    wait(lambda: said in workspace.call("status", "config.yaml").stdout, patience=60)
    run.send_signal(signal.SIGINT)
    assert run.wait() != 0
    assert "in Slurm" not in workspace.call("status", "config.yaml").stdout
