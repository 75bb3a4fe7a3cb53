"""How good are these proposals at this budget?

Trains the slots FIRST to LAST of one rung; writes a record for each as soon as it is known and, at the end, the batch
file. A slot whose record exists already is not trained again: a killed batch keeps what it had. SIGTERM, SIGHUP and
Ctrl-C save the state of the training that is running, and the same command resumes it.
"""

import argparse
import signal
import sys
from pathlib import Path

from jointsearch.core import cli
from jointsearch.core.files import read_record
from jointsearch.core.interruption import InterruptedTrainingError, Interruption
from jointsearch.core.proposal import Rung
from jointsearch.search.experiment import Experiment
from jointsearch.training.job import Job
from jointsearch.training.supervised import supervised
from jointsearch.training.trainer import Resources
from jointsearch.training.work import work


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", type=Path, help="experiment.json")
    parser.add_argument("proposals", type=Path, help="proposals.json of the rung")
    parser.add_argument("first", type=int, help="first slot")
    parser.add_argument("last", type=int, help="last slot")
    parser.add_argument("batch", type=Path, help="batch file to write")
    parser.add_argument("data", type=Path, nargs="?", help="data.json, of an experiment that has images")
    parser.add_argument("--data-root", type=Path, help="folder of the images")
    parser.add_argument("--cache", metavar="DIR", type=Path, help="folder of files that can be remade: decoded images")
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    parser.add_argument("--memory-gb", type=float, help="memory of a training on the CPU, in 10^9 bytes")
    parser.add_argument("--threads", type=int, default=1, help="threads of all concurrent trainings together")
    parser.add_argument("--save-every", metavar="SECONDS", type=cli.positive(float), default=600.0)
    parser.add_argument("--side-by-side", metavar="N", type=cli.positive(int), default=1, help="concurrent trainings")
    parser.add_argument("--helper", action="store_true", help="train the slots of no other process; write no batch")
    args = parser.parse_args()
    interruption = Interruption()
    interruption.listen()
    experiment, rung = read_record(args.experiment, Experiment), read_record(args.proposals, Rung)
    job = Job(experiment, rung, args.batch.parent, range(args.first, args.last + 1))
    resources = Resources(
        args.data_root, args.cache, args.device, args.memory_gb, args.threads, args.side_by_side, args.save_every
    )
    helper = None if args.helper else [sys.executable, *sys.argv, "--helper"]
    with supervised(job, interruption):
        try:
            work(job, args.data, resources, interruption, helper)
        except InterruptedTrainingError as error:
            print(f"{job.folder}: {error}", file=sys.stderr, flush=True)
            sys.exit(128 + signal.SIGTERM if args.helper else interruption.end())
        if not args.helper:
            job.finish(args.batch)


if __name__ == "__main__":
    cli.run(main)
