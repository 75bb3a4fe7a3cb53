"""How good are these proposals at this budget?

Trains the slots FIRST to LAST of one rung; writes a record for each as soon as it is known and, at the end, the batch
file. A slot whose record exists already is not trained again: a killed batch keeps what it had. SIGTERM, SIGHUP and
Ctrl-C save the state of the training under way, and the same command goes on from there.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from jointsearch.core import cli, layout
from jointsearch.core.files import read_record, write_record
from jointsearch.core.interruption import InterruptedTrainingError, Interruption
from jointsearch.core.records import DataSet, Rung
from jointsearch.search.experiment import Experiment
from jointsearch.training.job import Job


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
    parser.add_argument("--threads", type=int, default=1, help="threads of all trainings at a time")
    parser.add_argument("--save-every", metavar="SECONDS", type=cli.positive(float), default=600.0)
    parser.add_argument("--side-by-side", metavar="N", type=cli.positive(int), default=1, help="trainings at a time")
    parser.add_argument("--helper", action="store_true", help="train what no other process does, and write no batch")
    arguments = parser.parse_args()
    interruption = Interruption()
    interruption.listen()
    job = Job(
        read_record(arguments.experiment, Experiment),
        read_record(arguments.proposals, Rung),
        arguments.batch.parent,
        range(arguments.first, arguments.last + 1),
    )
    helpers: list[subprocess.Popen[bytes]] = []
    try:
        missing = job.missing()
        if not arguments.helper:
            command = [sys.executable, *sys.argv, "--helper"]
            helpers = [subprocess.Popen(command) for _ in missing[1 : arguments.side_by_side]]
        if missing:
            _train(job, arguments, interruption, helpers)
    except BaseException as error:
        for helper in helpers:
            helper.terminate()
        if not isinstance(error, InterruptedTrainingError):
            raise
        print(f"{job.folder}: {error}", file=sys.stderr, flush=True)
        sys.exit(128 + signal.SIGTERM if arguments.helper else interruption.end())
    finally:
        for helper in helpers:
            helper.wait()
    if not arguments.helper:
        job.finish(arguments.batch)


def _train(
    job: Job, arguments: argparse.Namespace, interruption: Interruption, helpers: list[subprocess.Popen[bytes]]
) -> None:
    # Idle threads that spin would slow the training beside this one; torch reads this when it is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if arguments.cache is not None:
        os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str((arguments.cache / "kernels").absolute()))
    import torch

    from jointsearch.training import data, environment
    from jointsearch.training.device import claim
    from jointsearch.training.evaluate import Safekeeping, evaluate

    threads = max(1, arguments.threads // arguments.side_by_side)
    torch.set_num_threads(threads)
    with claim(arguments.device, arguments.memory_gb, arguments.side_by_side, interruption.check) as device:
        known = read_record(arguments.data, DataSet)
        split_seed = job.experiment.split_seed
        images = data.load(job.experiment.data, arguments.data_root, split_seed, arguments.cache, known)
        around = environment.environment(device, threads)
        found = environment.keep(around, job.study.parent)
        made = environment.made_with(around, images.digest, images.split, device.type)
        safekeeping = Safekeeping(arguments.save_every, interruption)

        def train(slot: int, file: Path) -> None:
            evaluation = evaluate(
                job.experiment, job.rung, slot, images, device, made, found, job.study, safekeeping=safekeeping
            )
            # Where a file system loses a lock, another process may have been faster: the first record stays.
            write_record(file, evaluation, keep=True)
            layout.state_file(job.folder, slot).unlink(missing_ok=True)
            outcome = evaluation.status if evaluation.loss is None else f"{evaluation.loss:.2%} validation error"
            print(f"{file}: {outcome}", flush=True)

        for slot, file in job.to_train(interruption, wait=False):
            train(slot, file)
        while any(helper.poll() is None for helper in helpers):
            interruption.check()
            time.sleep(0.1)
        if not arguments.helper:
            # What another process held, and failed to train.
            for slot, file in job.to_train(interruption, wait=True):
                train(slot, file)


if __name__ == "__main__":
    cli.run(main)
