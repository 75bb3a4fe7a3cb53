"""How good are these proposals at this budget?

Trains the slots FIRST to LAST of one rung, one after another; writes a record for each as soon as it is known and,
at the end, the batch file. A slot whose record exists already is not trained again: a killed batch keeps what it had.
"""

import argparse
import os
from pathlib import Path
from typing import Any

from jointsearch import cli, layout
from jointsearch.errors import UserError
from jointsearch.experiment import Experiment
from jointsearch.records import Batch, DataSet, Evaluation, Rung, file_digest, read_record, write_record


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", type=Path, help="experiment.json")
    parser.add_argument("data", type=Path, help="data.json")
    parser.add_argument("proposals", type=Path, help="proposals.json of the rung")
    parser.add_argument("first", type=int, help="first slot")
    parser.add_argument("last", type=int, help="last slot")
    parser.add_argument("batch", type=Path, help="batch file to write")
    parser.add_argument("--data-root", type=Path, help="folder of the images")
    parser.add_argument("--cache", metavar="DIR", type=Path, help="folder of what can be made again: decoded images")
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    parser.add_argument("--memory-gb", type=float, help="memory of a training on the CPU, in 10^9 bytes")
    parser.add_argument("--threads", type=int, default=1, help="threads of a training on the CPU")
    arguments = parser.parse_args()
    experiment = read_record(arguments.experiment, Experiment)
    rung = read_record(arguments.proposals, Rung)
    files = {
        slot: layout.slot_file(arguments.batch.parent, slot) for slot in range(arguments.first, arguments.last + 1)
    }
    missing = [slot for slot, file in files.items() if not file.exists()]
    for slot in files.keys() - missing:
        _refuse_another(files[slot], experiment.identity(rung, slot))
    if missing:
        _train(experiment, rung, {slot: files[slot] for slot in missing}, arguments)
    for slot in files:
        if rung.rung:
            below = layout.rung_folder(layout.study_of(arguments.batch.parent), rung.bracket, rung.rung - 1)
            layout.end_file(below, rung.proposals[slot].id).unlink(missing_ok=True)
    records = tuple(file_digest(file) for file in files.values())
    write_record(arguments.batch, Batch(first_slot=arguments.first, records=records))


def _refuse_another(file: Path, identity: dict[str, Any]) -> None:
    evaluation = read_record(file, Evaluation)
    for name, expected in identity.items():
        if getattr(evaluation, name) != expected:
            raise UserError(f"{file}: its {name} is not that of this slot; delete it to train this one")


def _train(experiment: Experiment, rung: Rung, files: dict[int, Path], arguments: argparse.Namespace) -> None:
    # Idle threads that spin would slow the training beside this one; torch reads this when it is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if arguments.cache is not None:
        os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str((arguments.cache / "kernels").absolute()))
    import torch

    from jointsearch.provenance.capture import made_with
    from jointsearch.training import data, evaluate
    from jointsearch.training.device import claim

    torch.set_num_threads(arguments.threads)
    with claim(arguments.device, arguments.memory_gb) as device:
        known = read_record(arguments.data, DataSet)
        images = data.load(experiment.data, arguments.data_root, experiment.split_seed, arguments.cache, known)
        study = layout.study_of(arguments.batch.parent)
        made = made_with(images.digest, images.split, device.type, arguments.threads)
        for slot, file in files.items():
            if file.exists():
                continue
            evaluation = evaluate.evaluate(experiment, rung, slot, images, device, made, study)
            # A twin of this job, left over from a killed run, may have been faster: the first record stays.
            write_record(file, evaluation, keep=True)
            outcome = evaluation.status if evaluation.loss is None else f"{evaluation.loss:.2%} validation error"
            print(f"{file}: {outcome}", flush=True)


if __name__ == "__main__":
    cli.run(main)
