"""How good is a sampler? Simulated searches on tasks whose truth is known, and what they say.

    python bench/bench_search.py [--tasks report] [--optimisers bohb hyperband ...] [--seeds 20] [--brackets 16]

Each search has the workflow's brackets, lags, histories and seeds; only the training is simulated. What ran before is
read from `results/bench-search` and not run again: stop it and start it again at any time, or start it twice. Ends
with `search_quality.md` and its figure. An optimiser is a sampler's name, with `-full` for the full budget only, and
settings: `bohb:random_fraction=0.1,num_samples=128`; one whose library is missing is left out, with a line that says
so. `gp` takes torch, which only the main environment has, `dehb` and `hpbandster` only that of `make peers`: run this
with both; a report has whatever has run with either.
"""

import argparse
import sys
import time
from pathlib import Path

from jointsearch.core import cli
from jointsearch.core.errors import UserError
from search import optimisers, runs, tasks

ROOT = Path(__file__).parents[1]


def main() -> None:
    arguments = read_arguments()
    chosen = available(tasks.select(arguments.tasks))
    compared = [optimisers.parse(text) for text in arguments.optimisers]
    lags = tuple(arguments.lags)
    jobs = [
        runs.Job(task, optimiser, seed, arguments.brackets, lags, arguments.tag)
        for seed in range(arguments.first_seed, arguments.first_seed + arguments.seeds)
        for task in chosen
        for optimiser in compared
    ]
    if arguments.ours is not None and arguments.ours not in [one.label for one in compared]:
        raise UserError(
            f"--ours: {arguments.ours} is not among the optimisers: {', '.join(one.label for one in compared)}"
        )
    unable = {one.label: reason for one in compared if (reason := optimisers.why_not(one)) is not None}
    for label, reason in unable.items():
        print(f"!!! LEFT OUT: {label}: {reason}", file=sys.stderr)
    try:
        if not arguments.no_run:
            execute([job for job in jobs if job.optimiser.label not in unable], arguments)
    except KeyboardInterrupt:
        sys.exit("interrupted: start it again to continue from here")
    if not arguments.no_report:
        # Here, because each worker imports this module, and none draws.
        from search import report

        report.write(runs.collect(jobs, arguments.results), arguments.output, arguments.ours, unable, sys.argv[1:])


def lag(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"must not be below 0 (got {text})")
    return value


def available(names: list[str]) -> list[str]:
    """Those tasks that can be made here; says which cannot, and why."""
    chosen = []
    for name in names:
        try:
            tasks.make(name)
        except (UserError, ImportError) as error:
            print(f"!!! LEFT OUT: task {name}: {error}", file=sys.stderr)
        else:
            chosen.append(name)
    return chosen


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    known = ", ".join(tasks.catalogue())
    parser.add_argument(
        "--tasks", nargs="+", default=["report"], metavar="TASK", help=f"report, development, all, or of: {known}"
    )
    parser.add_argument("--optimisers", nargs="+", default=optimisers.DEFAULT, metavar="NAME[:KEY=VALUE,...]")
    parser.add_argument("--seeds", type=cli.positive(int), default=20, help="searches of each optimiser on each task")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument(
        "--brackets", type=cli.positive(int), default=16, help="length of a search in Hyperband brackets"
    )
    parser.add_argument(
        "--lags",
        type=lag,
        nargs="+",
        default=[0],
        help="lag of each budget, lowest first, the last one repeated (default: 0; the workflow's is 1 2 3 ...)",
    )
    parser.add_argument("--workers", type=cli.positive(int), default=2, help="searches at a time")
    parser.add_argument("--ours", help="optimiser that the others are tested against (default: mfgp, or bohb)")
    parser.add_argument("--tag", default="", help="keeps runs apart that differ in code")
    parser.add_argument("--results", type=Path, default=ROOT / "results" / "bench-search", help="where runs are kept")
    parser.add_argument(
        "--output", type=Path, default=ROOT / "results" / "bench-search", help="folder of search_quality.*"
    )
    parser.add_argument("--no-run", action="store_true", help="only report the runs so far")
    parser.add_argument("--no-report", action="store_true", help="only run what is missing")
    return parser.parse_args()


def execute(jobs: list[runs.Job], arguments: argparse.Namespace) -> None:
    """Run what is missing and say how far it is."""
    missing = sum(not job.path(arguments.results).exists() for job in jobs)
    print(f"{len(jobs)} searches, {len(jobs) - missing} of them there already", file=sys.stderr)
    started = time.monotonic()
    for number, (job, took) in enumerate(runs.execute_all(jobs, arguments.results, arguments.workers), start=1):
        left = (time.monotonic() - started) / number * (missing - number) / 60
        what = f"{job.task} {job.optimiser.label} seed {job.seed}"
        if isinstance(took, Exception):
            print(f"!!! FAILED: {what}: {took}", file=sys.stderr)
        else:
            print(f"{number}/{missing} {what}: {took:.1f} s, about {left:.0f} min left", file=sys.stderr)


if __name__ == "__main__":
    cli.run(main)
