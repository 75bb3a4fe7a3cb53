"""In place of scripts/train.py: sleeps for the budget in seconds instead of training, and writes records that say so.

Leaves beside each record when the job's Snakemake, this process and the "training" began.
"""

import json
import os
import random
import sys
import time
from pathlib import Path

from jointsearch.core import cli
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.files import digest, read_record, write_bytes, write_record
from jointsearch.core.interruption import Interruption
from jointsearch.core.proposal import Rung
from jointsearch.search.experiment import Experiment
from jointsearch.training.job import Job

UNKNOWN = "0" * 64
MADE_WITH = {
    "code": UNKNOWN,
    "lock": None,
    "python": "",
    "torch": "",
    "data": UNKNOWN,
    "split": UNKNOWN,
    "device_type": "cpu",
    "threads": 1,
    "precision": "float32",
    "compiled": False,
}


def main() -> None:
    experiment_file, proposals, first, last, batch = sys.argv[1:6]
    experiment, rung = read_record(Path(experiment_file), Experiment), read_record(Path(proposals), Rung)
    job = Job(experiment, rung, Path(batch).parent, range(int(first), int(last) + 1))
    for slot, file in job.to_train(Interruption()):
        identity, started = experiment.identity(rung, slot), time.time()
        time.sleep(identity.budget)
        loss = random.Random(identity.seed).random()
        observed = {
            "started": started,
            "finished": time.time(),
            "training_seconds": identity.budget,
            "evaluation_seconds": 0,
            "startup_seconds": 0,
            "curve_seconds": [identity.budget],
            "host": os.environ["SLURMD_NODENAME"],
            "device": "none",
            "job": os.environ["SLURM_JOB_ID"],
            "environment": UNKNOWN,
        }
        point = {"step": 1, "epoch": 1, "learning_rate": 0, "train_loss": 1} | dict.fromkeys(
            ("validation_error", "test_error"), loss
        )
        outcome = {"status": "success", "loss": loss, "test_error": loss, "parameters": 1, "epochs": 1, "steps": 1}
        evaluation = Evaluation.model_validate(
            identity.model_dump()
            | outcome
            | {"curve": [point], "made_with": MADE_WITH, "observed": observed, "parents": (digest(rung),)}
        )
        times = {"snakemake": began(os.getppid()), "process": began("self"), "training": started}
        write_bytes(file.with_suffix(".times"), json.dumps(times).encode())
        write_record(file, evaluation)
    job.finish(Path(batch))


def began(process: int | str) -> float:
    """When a process began, as Unix time; of a shell, when its parent did."""
    status = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    if Path(f"/proc/{process}/comm").read_text().strip() in ("bash", "sh"):
        return began(int(status[1]))
    boot = next(float(line.split()[1]) for line in Path("/proc/stat").read_text().splitlines() if line[:5] == "btime")
    return boot + int(status[19]) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    cli.run(main)
