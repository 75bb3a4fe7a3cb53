"""Does a record come out again?

Trains the evaluation of a record again, step for step: a budget in seconds by the clock readings that it holds. Says
whether the outcome is the same, bit for bit; exits with 1 if it is not. Leaves the results as they are.
"""

import argparse
import os
import sys
from pathlib import Path

from jointsearch import cli, layout
from jointsearch.errors import UserError
from jointsearch.experiment import Experiment
from jointsearch.records import DataSet, Evaluation, Rung, read_record


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("record", type=Path, help="results/<experiment>/<study>/bracket-BBB/rung-R/slot-SS.json")
    parser.add_argument("--data-root", type=Path, default=Path("data"), help="folder of the images")
    parser.add_argument("--cache", metavar="DIR", type=Path, default=Path(".cache"), help="folder of decoded images")
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    arguments = parser.parse_args()
    record = read_record(arguments.record, Evaluation)
    if record.continues is not None:
        raise UserError(f"{arguments.record}: goes on from {record.continues}, whose state is gone: cannot be replayed")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import torch

    from jointsearch.provenance.capture import made_with
    from jointsearch.training import data
    from jointsearch.training.clock import ReplayClock, unpack
    from jointsearch.training.device import claim
    from jointsearch.training.evaluate import evaluate

    try:
        readings = unpack(record.observed.clock) if record.observed.clock else []
    except ValueError as error:
        raise UserError(f"{arguments.record}: observed.clock: {error}; restore the record") from None
    if record.budget_unit == "seconds" and len(readings) < record.steps:
        raise UserError(
            f"{arguments.record}: {len(readings)} clock readings for {record.steps} steps; restore the record"
        )
    rung = arguments.record.absolute().parent
    study = layout.study_of(rung)
    folder = study.parent
    if not (folder / "experiment.json").exists():
        raise UserError(f"{arguments.record}: lies in no results folder; name it where it was made")
    experiment = read_record(folder / "experiment.json", Experiment)
    proposals = read_record(rung / "proposals.json", Rung)
    if record.slot >= len(proposals.proposals) or proposals.proposals[record.slot] != record.proposal:
        raise UserError(f"{arguments.record}: is not of slot {record.slot} of {rung / 'proposals.json'}; restore it")
    torch.set_num_threads(record.made_with.threads)
    with claim(arguments.device) as device:
        known = read_record(folder / "data.json", DataSet)
        images = data.load(experiment.data, arguments.data_root, experiment.split_seed, arguments.cache, known)
        made = made_with(images.digest, images.split, device.type, record.made_with.threads)
        clock = ReplayClock(readings) if readings else None
        again = evaluate(experiment, proposals, record.slot, images, device, made, study, clock, keep_end=False)
    before, now = (one.derivable() for one in (record, again))
    for name, value in before.pop("made_with").items():
        if now["made_with"][name] != value:
            print(f"made with another {name}: {value}, now {now['made_with'][name]}")
    differences = [name for name in before if before[name] != now[name]]
    if differences:
        print(f"{arguments.record}: differs in {', '.join(differences)}")
        sys.exit(1)
    print(f"{arguments.record}: the same, bit for bit, after {record.steps} steps")


if __name__ == "__main__":
    cli.run(main)
