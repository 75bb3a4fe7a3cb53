"""Measure how busy the workflow keeps the GPUs of a cluster, and where the rest of the time goes.

Runs a search under `--profile slurm` on the test cluster (root on Debian 12; tests/slurm/cluster.py) with its eight
pretend GPUs. Trainings sleep for their budget, so that two cores do as well as many. Beside what was measured stand
simulations of the same case and of the paper's.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import yaml

from jointsearch.core.config import BudgetSettings
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.files import read_record
from jointsearch.workflow.simulation import Cluster, simulate

ROOT = Path(__file__).parents[1]
GPUS = 8
LAGS = [1, 2, 4, 5]
AHEAD = 2
LOOK = 5.0
PAPER = BudgetSettings()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brackets", type=int, default=8)
    parser.add_argument("--full-budget", type=int, default=162, help="seconds; a multiple of 27")
    arguments = parser.parse_args()
    cluster = [sys.executable, str(ROOT / "tests" / "slurm" / "cluster.py")]
    subprocess.run([*cluster, "start", "--accounting"], check=True)
    try:
        with tempfile.TemporaryDirectory() as folder:
            added = measure(Path(folder), arguments.brackets, arguments.full_budget)
    finally:
        subprocess.run([*cluster, "stop"], check=True)
    paper(added)


def measure(clone: Path, brackets: int, full: int) -> Cluster:
    """Run the search and print what was seen; what the cluster adds to training."""
    for name in ("Snakefile", "workflow", "src", "config", "profiles", "envs", "slurm"):
        (clone / name).symlink_to(ROOT / name)
    (clone / "scripts").mkdir()
    for script in (ROOT / "scripts").glob("*.py"):
        (clone / "scripts" / script.name).symlink_to(script)
    (clone / "scripts" / "train.py").unlink()
    (clone / "scripts" / "train.py").symlink_to(ROOT / "bench" / "sleeping_train.py")
    budget = {"unit": "seconds", "minimum": full / 27, "maximum": full}
    settings = {
        "experiment": "sleeping",
        "data": {"name": "digits"},
        "budget": budget,
        "search": {"length": brackets, "length_unit": "brackets", "lags": LAGS},
    }
    (clone / "config.yaml").write_text(yaml.safe_dump(settings))
    snakemake = str(Path(sys.executable).with_name("snakemake"))
    resources = ["--set-resources", "train:gpu=1", "train:cpus_per_task=1", "train:mem_mb=1000"]
    command = [snakemake, "--profile", "slurm", "--configfile", "config.yaml", "--jobs", str(GPUS + AHEAD), "search"]
    with (clone / "printed").open("w") as printed:
        done = subprocess.run([*command, *resources], cwd=clone, stdout=printed, stderr=subprocess.STDOUT)
    if done.returncode:
        sys.exit((clone / "printed").read_text())
    files = sorted(clone.glob("results/sleeping/search/*/*/slot-*.json"))
    evaluations = [read_record(file, Evaluation) for file in files]
    jobs = accounting(clone)
    began = [json.loads(file.with_suffix(".times").read_text()) for file in files]
    rows = [(item, times, *jobs[item.observed.job or ""]) for item, times in zip(evaluations, began, strict=True)]

    makespan = max(row[4] for row in rows) - min(row[3] for row in rows)
    training = sum(item.budget for item in evaluations)
    held = sum(end - start for *_, start, end in rows)
    around = statistics.median(end - start - item.budget for item, _, _, start, end in rows)
    waits = [start - submission for _, _, submission, start, _ in rows if start - submission < 5]
    gaps = next_rungs(rows)
    # Of the time between two rungs the simulation itself has what passes until the run looks: half of LOOK on average.
    before = statistics.median(gaps) - LOOK / 2 + statistics.median(waits)
    added = Cluster(around, before, LOOK, ahead=AHEAD)
    measured = training / (GPUS * makespan)
    print(f"{len(rows)} jobs, budgets of {full / 27:g} to {full} s, {GPUS} GPUs, {GPUS + AHEAD} jobs in the queue\n")
    case = BudgetSettings.model_validate(budget)
    for name, utilisation, seconds in (
        ("measured", measured, makespan),
        ("simulated, with what the cluster adds", *simulated(brackets, case, added)),
        ("simulated, training alone", *simulated(brackets, case, Cluster())),
    ):
        print(f"{name:<40} {utilisation:6.1%} of GPU time is training   {seconds:6.0f} s")
    print(f"{'GPUs held by jobs (measured)':<40} {held / (GPUS * makespan):6.1%}\n")
    print("seconds of a job (median, 90 %)")
    show("submitted to started by Slurm, a GPU being free", waits)
    show("outer Snakemake and srun", (row[1]["snakemake"] - row[3] for row in rows))
    show("inner Snakemake and shell", (row[1]["process"] - row[1]["snakemake"] for row in rows))
    show("process to training (torch comes on top)", (row[1]["training"] - row[1]["process"] for row in rows))
    show("training to end of job", (row[4] - row[0].observed.finished for row in rows))
    show("end of a rung to submission of the next", gaps)
    return added


def simulated(brackets: int, case: BudgetSettings, cluster: Cluster) -> tuple[float, float]:
    schedule = simulate(brackets, LAGS, GPUS, case, cluster=cluster)
    return schedule.utilisation, schedule.makespan


def accounting(clone: Path) -> dict[str, tuple[float, float, float]]:
    """When each job was submitted, started and ended, as Unix time, by id."""
    command = ["sacct", "--allocations", "--noheader", "--parsable2", "--format=JobIDRaw,Submit,Start,End,WorkDir"]
    rows = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    times = {}
    for job, *moments, folder in (row.split("|") for row in rows):
        if folder == str(clone):
            submitted, started, ended = (datetime.fromisoformat(moment).timestamp() for moment in moments)
            times[job] = (submitted, started, ended)
    return times


def next_rungs(rows: list[tuple[Evaluation, dict[str, float], float, float, float]]) -> list[float]:
    """Seconds between the end of a rung's last job and the submission of the first of the next."""
    submitted, ended = defaultdict(list), defaultdict(list)
    for item, _, submission, _, end in rows:
        submitted[item.bracket, item.rung].append(submission)
        ended[item.bracket, item.rung].append(end)
    return [
        min(submitted[bracket, rung + 1]) - max(ends)
        for (bracket, rung), ends in ended.items()
        if (bracket, rung + 1) in submitted
    ]


def show(what: str, values: Iterable[float]) -> None:
    ordered = sorted(values)
    print(f"{what:<45} {statistics.median(ordered):6.1f} {ordered[int(0.9 * (len(ordered) - 1))]:6.1f}")


def paper(added: Cluster) -> None:
    """Print the simulated utilisation of the paper's experiment."""
    print("\nthe paper's experiment, simulated: training alone / with what this cluster adds")
    for lags in (tuple(LAGS), (1, 2, 3, 4), (4, 4, 4, 4), (2, 4, 8, 10), (16, 16, 16, 16), (0, 0, 0, 0)):
        cells = []
        for workers in (10, 20, 100):
            alone, real = (simulate(128, lags, workers, PAPER, cluster=cluster) for cluster in (Cluster(), added))
            cells.append(
                f"{workers:>4} GPUs {alone.utilisation:6.1%} /{real.utilisation:6.1%} {real.makespan / 86400:5.1f} d"
            )
        print(f"lags {', '.join(map(str, lags)):<16}", "  ".join(cells))


if __name__ == "__main__":
    main()
