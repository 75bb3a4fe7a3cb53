"""What an audit costs: the paper's search, 2,080 evaluations with curves and clock readings, none of them trained.

Proposals and promotions are those of the workflow; what a training would say is made up.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from jointsearch.audit import crate, manifest
from jointsearch.core import config, layout
from jointsearch.core.data_set import DataSet
from jointsearch.core.environment import Environment
from jointsearch.core.evaluation import Batch, Evaluation
from jointsearch.core.files import digest, file_digest, read_record, write_bytes, write_record
from jointsearch.core.history import History, Observation
from jointsearch.core.proposal import Rung
from jointsearch.core.yaml_file import dump
from jointsearch.plotting.outcomes import outcomes
from jointsearch.results.results import Results
from jointsearch.search import proposals
from jointsearch.search.experiment import Experiment
from jointsearch.search.hyperband import newly_seen
from jointsearch.search.resolve import resolve, to_config
from jointsearch.search.studies import kinds
from jointsearch.space.space import Space
from jointsearch.training.clock import TICKS, pack
from sleeping_train import MADE_WITH, UNKNOWN

ROOT = Path(__file__).parents[1]
ROWS, STEPS_PER_SECOND = 16, 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brackets", type=int, default=128)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        settings = config.read(ROOT / "config" / "config.yaml")
        experiment = resolve(
            settings.model_copy(update={"space": str(ROOT / settings.space)}),
        )
        folder = Path(scratch) / experiment.name
        evaluations = make(experiment, arguments.brackets, folder)
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        print(f"{len(evaluations):,} evaluations, {size / 1e6:.0f} MB")
        for level in ("hash", "derive"):
            print(f"audit, {level} level: {audit(folder, level):.1f} CPU s", flush=True)


def make(experiment: Experiment, brackets: int, folder: Path) -> list[Evaluation]:
    """Write the results of a search that was not trained."""
    rng, space = np.random.default_rng(0), Space(experiment.space)
    around = environment()
    write_record(folder / "experiment.json", experiment)
    experiment = read_record(folder / "experiment.json", Experiment)
    known = DataSet(digest=UNKNOWN, split=UNKNOWN, classes=("a", "b"), shape=(3, 32, 32), train=9, validation=1, test=1)
    write_record(folder / "data.json", known)
    write_record(layout.environment_file(folder, digest(around)), around)
    study, made = folder / layout.SEARCH, dict[tuple[int, int], list[Evaluation]]()
    previous: History | None = None
    seen: list[Observation] = []
    for index in range(brackets):
        visible = [
            one
            for item, rung in newly_seen(index, experiment.lags, experiment.budget)
            for one in made[item.index, rung]
        ]
        previous = proposals.history(experiment, layout.SEARCH, index, digest(previous) if previous else None, visible)
        write_record(layout.history_file(study, index), previous)
        seen += previous.observations
        proposed = proposals.first_rung(experiment, previous, seen, [], space)
        number = 0
        while True:
            made[index, number] = train(experiment, proposed, around, rng, study)
            if number + 1 == len(proposals.bracket(index, experiment.budget).sizes):
                break
            proposed, number = proposals.next_rung(experiment, made[index, number]), number + 1
    evaluations = [one for place in sorted(made) for one in made[place]]
    write_outcomes(experiment, brackets, folder)
    return evaluations


def train(
    experiment: Experiment, proposed: Rung, around: Environment, rng: np.random.Generator, study: Path
) -> list[Evaluation]:
    """Make up and write the evaluations of a rung."""
    folder = layout.rung_folder(study, proposed.bracket, proposed.rung)
    write_record(folder / "proposals.json", proposed)
    evaluations = []
    for slot in range(len(proposed.proposals)):
        identity = experiment.identity(proposed, slot)
        steps, loss = int(identity.budget * STEPS_PER_SECOND), float(rng.integers(1, 5000)) / 5000
        row: dict[str, Any] = {"epoch": 1.0, "learning_rate": 0.1, "train_loss": 1.0}
        curve = [row | {"step": step} | dict.fromkeys(("validation_error", "test_error"), loss) for step in range(ROWS)]
        readings = np.sort(rng.integers(0, TICKS, steps)).tolist()
        record = identity.model_dump() | {
            "status": "success",
            "loss": loss,
            "test_error": loss,
            "parameters": 1,
            "epochs": 1.0,
            "steps": steps,
            "curve": curve,
            "made_with": MADE_WITH | {"code": around.code_digest},
            "observed": {
                "started": 0.0,
                "finished": 1.0,
                "host": "none",
                "device": "none",
                "environment": digest(around),
                "training_seconds": identity.budget,
                "evaluation_seconds": 0.0,
                "startup_seconds": 0.0,
                "clock": pack(readings),
                "curve_seconds": [0.0] * ROWS,
            },
            "parents": (digest(proposed),),
        }
        evaluations.append(Evaluation.model_validate(record))
        write_record(layout.slot_file(folder, slot), evaluations[-1])
        batch = Batch(first_slot=slot, records=(file_digest(layout.slot_file(folder, slot)),))
        write_record(folder / f"batch-{slot:02d}-{slot:02d}.json", batch)
    return evaluations


def write_outcomes(experiment: Experiment, brackets: int, folder: Path) -> None:
    """Write tables, figures, numbers, configuration and manifest."""
    write_bytes(folder / "space.yaml", dump(experiment.space))
    settings = to_config(experiment, brackets)
    write_bytes(folder / "config.yaml", dump(settings))
    write_record(layout.plan_file(folder), kinds.record(kinds.plan(settings, experiment), experiment))
    for name, content in outcomes(Results.read(folder)).items():
        write_bytes(folder / name, content)
    for name in ("paper.pdf", "paper.html"):
        write_bytes(folder / name, b"no paper")
    write_bytes(folder / crate.WORKFLOW, crate.workflow_text(ROOT / "Snakefile"))
    write_bytes(folder / crate.METADATA, crate.build(folder))
    write_bytes(folder / manifest.NAME, manifest.make(folder).encode())


def environment() -> Environment:
    """An environment that was made up."""
    return Environment(
        commit="none",
        diff=None,
        code={},
        lock=None,
        packages={},
        unpinned=(),
        python="none",
        torch={"version": MADE_WITH["torch"]},
        system="none",
        cpu="none",
        cores=1,
        threads=1,
        gpu=None,
        driver=None,
        flags={},
    )


def audit(folder: Path, level: str) -> float:
    """CPU seconds of an audit, from its start to its end; it has to find nothing wrong."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, str(ROOT / "scripts" / "audit.py"), str(folder), "--level", level]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 4:
        sys.exit(done.stdout + done.stderr)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
