"""Many searches: side by side, and none twice."""

import importlib.util
import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jointsearch.core import imports
from jointsearch.core.errors import UserError
from jointsearch.core.fields import Digest, Record
from jointsearch.core.files import digest, file_digest, read_record, write_record
from jointsearch.core.machine import cpu_model
from jointsearch.samplers import registry
from search import simulate, tasks
from search.optimisers import Optimiser
from search.provenance import versions

VERSION = 1
"""Raised when a change alters what a run means; runs of another version are not used."""


class SearchRun(Record):
    """`<task>/<optimiser>/<what decides it>/seed-NN.json`: one search.

    Attributes
    ----------
    decides
        All that decides the outcome but the sampler's code.
    code
        Digest of the sampler's code, see `sampler_code`; runs with another one are used too, with a note.
    versions, machine
        Of libraries; model of the processor.
    others
        See `simulate.Outcome`.
    """

    decides: dict[str, Any]
    code: Digest
    versions: dict[str, str]
    machine: str
    trajectory: tuple[tuple[float, float], ...]
    spent: float
    proposals: int
    evaluations: int
    failures: int
    modelled: int
    repeated: int
    cpu_seconds: float


@dataclass(frozen=True)
class Job:
    """One search to run.

    Attributes
    ----------
    given_lags
        As for `simulate.lags`.
    tag
        Tells runs apart that differ in code.
    """

    task: str
    optimiser: Optimiser
    seed: int
    brackets: int
    given_lags: tuple[int, ...] | None
    tag: str

    def decides(self) -> dict[str, Any]:
        """All that decides the outcome but the sampler's code, as a JSON value."""
        task = tasks.make(self.task)
        settings = simulate.budget_of(task, self.optimiser)
        return {
            "version": VERSION,
            "task": task.digest,
            "sampler": self.optimiser.sampler,
            "settings": self.optimiser.settings,
            "schedule": self.optimiser.schedule,
            "brackets": self.brackets,
            "lags": list(simulate.lags(self.given_lags, settings)),
            "tag": self.tag,
        }

    def path(self, results: Path) -> Path:
        """Where the run's record lies."""
        folder = results / self.task / self.optimiser.label / digest(self.decides())[:12]
        return folder / f"seed-{self.seed:02d}.json"


@cache
def sampler_code(name: str) -> Digest:
    """Digest of the code of a sampler: of its module and of all that this imports of `jointsearch`."""
    found = importlib.util.find_spec(registry.module_of(name))
    assert found is not None and found.origin is not None, f"{name} has run"
    file = Path(found.origin)
    within = [".".join(one.relative_to(imports.PACKAGE).with_suffix("").parts) for one in imports.imported(file)]
    return digest([[path.name, file_digest(path)] for path in (file, *imports.closure(*within))])


def execute(job: Job, results: Path) -> float:
    """Run one search and write its record, unless it is there; returns the seconds that it took."""
    path, started = job.path(results), time.perf_counter()
    # Another process may have made it since.
    if path.exists():
        return 0.0
    code = sampler_code(job.optimiser.sampler)
    outcome = simulate.search(tasks.make(job.task), job.optimiser, job.seed, job.brackets, job.given_lags)
    made_with = {"code": code, "versions": versions(), "machine": cpu_model()}
    record = SearchRun.model_validate({"decides": {**job.decides(), "seed": job.seed}, **made_with, **vars(outcome)})
    write_record(path, record, keep=True)
    return time.perf_counter() - started


def execute_all(jobs: Sequence[Job], results: Path, workers: int) -> Iterator[tuple[Job, float | UserError]]:
    """Run what is missing, on so many processes; yields each job with the seconds it took, or why it has no result."""
    missing = [job for job in jobs if not job.path(results).exists()]
    if not missing:
        return
    # Set before the workers start, and so before they import numpy.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(missing)), context, end_with_parent) as pool:
        futures = {pool.submit(execute, job, results): job for job in missing}
        try:
            for future in as_completed(futures):
                error = future.exception()
                if error is not None and not isinstance(error, UserError):
                    error = UserError(f"{type(error).__name__}: {' '.join(str(error).split())}")
                yield futures[future], future.result() if error is None else error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def end_with_parent() -> None:
    """Let a worker end when the process that started it has, whatever ended that."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def collect(jobs: Sequence[Job], results: Path) -> dict[Job, SearchRun]:
    """Read the records of those jobs that have one, and say where they come from other code than this."""
    found = {job: read_record(path, SearchRun) for job in jobs if (path := job.path(results)).exists()}
    older = sorted(
        {one.optimiser.label for one, run in found.items() if run.code != sampler_code(one.optimiser.sampler)}
    )
    if older:
        print(
            f"NOTE: runs of {', '.join(older)} were made with other code of the sampler than is here now; "
            "give --tag TEXT to keep apart, or delete them to make them again",
            file=sys.stderr,
        )
    return found
