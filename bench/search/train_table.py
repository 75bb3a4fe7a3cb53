"""Train a table for benchmarks: random configurations of the demo's space, each from scratch at every budget.

    python bench/search/train_table.py [--configurations 400] [--folder results/search-table]

Real trainings with the demo's settings (config/demo.yaml), by the workflow's own training script, so that each has a
record with its provenance. What is there is not trained again: stop it and start it again at any time. Ends with
`table.csv`, a row a configuration, and `table.json`, what it was made with; those two are committed.
"""

import argparse
import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from jointsearch.core import cli, config, layout
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.files import digest, read_record, write_record
from jointsearch.core.proposal import Origin, Proposal, Rung
from jointsearch.core.seeds import derive_seed
from jointsearch.results.folder import Folder
from jointsearch.search import hyperband
from jointsearch.search.experiment import Experiment
from jointsearch.search.resolve import resolve
from jointsearch.space.space import Space

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
STUDY = "table"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--configurations", type=cli.positive(int), default=400)
    parser.add_argument("--folder", type=Path, default=ROOT / "results" / "search-table", help="where the records lie")
    parser.add_argument("--processes", type=cli.positive(int), default=os.cpu_count(), help="trainings at a time")
    arguments = parser.parse_args()
    experiment = resolve(
        config.read(
            ROOT / "config" / "demo.yaml", overrides={"experiment": "search-table", "search": {"sampler": "random"}}
        )
    )
    folder, count = arguments.folder, arguments.configurations
    write_record(folder / "experiment.json", experiment)
    if not (folder / "data.json").exists():
        run("data.py", folder / "experiment.json", folder / "data.json")
    rng = np.random.default_rng(derive_seed(experiment.seed, STUDY, "sample", 0))
    proposals = tuple(
        Proposal(id=f"0-0-{slot}", values=values, origin=Origin(sampler="random", kind="random"))
        for slot, values in enumerate(Space(experiment.space).sample(count, rng))
    )
    batches = []
    for rung in range(len(hyperband.budgets(experiment.budget))):
        file = layout.proposals_file(folder / STUDY, 0, rung)
        write_record(
            file,
            Rung(experiment=experiment.id, study=STUDY, bracket=0, rung=rung, proposals=proposals),
        )
        [batch] = layout.batch_files(folder / STUDY, 0, rung, count, count)
        many = ["--side-by-side", arguments.processes, "--threads", arguments.processes, "--device", "cpu"]
        run("train.py", folder / "experiment.json", file, 0, count - 1, batch, folder / "data.json", *many)
        batches.append(batch)
    write_table([Folder(folder).of_batches([batch]) for batch in batches], folder)


def run(script: str, *arguments: object) -> None:
    command = [sys.executable, str(ROOT / "scripts" / script), *map(str, arguments)]
    done = subprocess.run(command)
    if done.returncode:
        sys.exit(done.returncode)


def write_table(rungs: list[list[Evaluation]], folder: Path) -> None:
    """Write the table and what it was made with; `rungs[k][i]` is configuration i at budget k."""
    budgets = [rung[0].budget for rung in rungs]
    names = list(rungs[0][0].proposal.values)
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    kinds = ("validation_error", "test_error", "parameters", "training_seconds")
    rows.writerow([*names, *(f"{kind}_{budget:g}" for budget in budgets for kind in kinds)])
    for evaluations in zip(*rungs, strict=True):
        assert len({one.proposal.id for one in evaluations}) == 1
        outcomes = [
            (one.loss, one.test_error, one.parameters, round(one.observed.training_seconds, 3)) for one in evaluations
        ]
        rows.writerow([*evaluations[0].proposal.values.values(), *(item for one in outcomes for item in one)])
    (HERE / "table.csv").write_text(text.getvalue())
    everything = [one for rung in rungs for one in rung]
    made = sorted({json.dumps(one.made_with.model_dump(mode="json"), sort_keys=True) for one in everything})
    provenance = {
        "experiment": read_record(folder / "experiment.json", Experiment).model_dump(mode="json"),
        "budgets": budgets,
        "configurations": len(rungs[0]),
        "made_with": [json.loads(item) for item in made],
        "devices": sorted({one.observed.device for one in everything}),
        "failed": sum(one.loss is None for one in everything),
        "records": digest([digest(one) for one in everything]),
    }
    (HERE / "table.json").write_text(json.dumps(provenance, indent=1) + "\n")


if __name__ == "__main__":
    cli.run(main)
