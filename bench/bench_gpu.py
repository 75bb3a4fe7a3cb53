"""What this project does on a GPU, in ten minutes at most: everything about it that a machine without one cannot say.

Runs the tests that need a GPU; measures the engine beside the textbook's loop (`bench_train.py`), compiled and not;
trains four small networks one after another and side by side; and searches with the vision transformer of examples/.
Each part has a time limit; what is not finished by then is said to be so. The last lines are for docs/engine.md.
"""

import argparse
import contextlib
import json
import multiprocessing
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import torch

import bench_train
from jointsearch.core import cli, config, machine
from jointsearch.core.config import BudgetSettings
from jointsearch.core.errors import UserError
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.files import read_record
from jointsearch.core.layout import slot_file
from jointsearch.results.results import Results
from jointsearch.workflow import driver
from jointsearch.workflow.study_jobs import StudyJobs

ROOT = Path(__file__).parents[1]
WHOLE = 590.0
"""Seconds that all parts take together at most."""
LIMITS = {"tests": 80.0, "speed": 100.0, "side by side": 100.0, "example": 90.0}
"""Seconds of each part. Compiling comes last, a network after another, and has what the others leave."""
TRAININGS = 4
ROUNDS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda", help="cpu only tries the script itself")
    parser.add_argument("--seconds", type=cli.positive(float), default=1.0, help="of each measurement of speed (1)")
    parser.add_argument("--networks", nargs="+", choices=bench_train.NETWORKS, default=list(bench_train.NETWORKS))
    parser.add_argument("--peak", type=cli.positive(float), metavar="TFLOPS", help="of the GPU by its data sheet")
    arguments = parser.parse_args()
    if arguments.device == "cpu":
        # Also for the processes that the parts start.
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    elif not torch.cuda.is_available():
        raise UserError("torch sees no GPU, so there is nothing to measure; --device cpu tries the script itself")
    os.chdir(ROOT)
    flags = ["--seconds", str(arguments.seconds)]
    if arguments.peak is not None:
        flags += ["--peak", str(arguments.peak)]
    end = time.monotonic() + WHOLE
    tested = limited(LIMITS["tests"], run_tests)
    plain = limited(LIMITS["speed"], measure_speed, [*flags, "--networks", *arguments.networks])
    small = plain["networks"].get("small") if isinstance(plain, dict) else None
    steps = max(1, round(8 * arguments.seconds * (small["engine"] if small else 2000) / bench_train.BATCH))
    beside = limited(LIMITS["side by side"], train_side_by_side, steps)
    example = limited(LIMITS["example"], search_example)
    compiled = {
        name: limited(end - time.monotonic(), measure_speed, [*flags, "--networks", name, "--compile"])
        for name in arguments.networks
    }
    print("\n" + "\n".join([about(plain), "", *table(plain, compiled), "", tested, beside, example]).rstrip())


def limited(seconds: float, part: Callable[..., Any], *arguments: Any) -> Any:
    """Run a part in a process of its own; what it returns, or a line that says why there is nothing."""
    name = part.__name__.replace("_", " ")
    if seconds <= 0:
        return f"{name}: not run, as no time was left"
    print(f"\n# {name}, at most {seconds:.0f} s", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "result.json"
        process = multiprocessing.get_context("spawn").Process(target=_keep, args=(file, part, arguments))
        process.start()
        try:
            process.join(seconds)
            unfinished = process.is_alive()
        finally:
            _end(process)
        if unfinished:
            return f"{name}: not finished in {seconds:.0f} s"
        return json.loads(file.read_text()) if file.exists() else f"{name}: failed, see above"


def _end(process: BaseProcess) -> None:
    """End a part with all that it has started, which is in its group; the group may be empty, or not be there yet."""
    with contextlib.suppress(ProcessLookupError):
        assert process.pid is not None
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.join()


def _keep(file: Path, part: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    os.setsid()
    file.write_text(json.dumps(part(*arguments)))


def run_tests() -> str:
    """Run the tests that need a GPU; what pytest says at the end."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "gpu", "tests/training"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    print(done.stdout)
    return f"Tests that need a GPU: {done.stdout.strip().splitlines()[-1].strip('= ')}."


def measure_speed(flags: list[str]) -> dict[str, Any]:
    """Run `bench_train.py`; what it measured of the networks."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "speed.json"
        command = [
            sys.executable,
            "bench/bench_train.py",
            "--rounds",
            str(ROUNDS),
            "--budget",
            "0",
            "--json",
            str(file),
        ]
        # An empty folder, so that compiling takes what it takes the first time.
        subprocess.run([*command, *flags], check=True, env=os.environ | {"TORCHINDUCTOR_CACHE_DIR": folder})
        return json.loads(file.read_text())


def train_side_by_side(steps: int) -> str:
    """Train four small networks in one job, one after another and side by side."""
    took = []
    with tempfile.TemporaryDirectory() as folder:
        budget = BudgetSettings(unit="steps", minimum=steps, maximum=steps)
        networks = {str(index): bench_train.NETWORKS["small"] for index in range(TRAININGS)}
        bench = bench_train.Workbench(Path(folder), networks, budget)
        for abreast in (1, TRAININGS):
            started = time.perf_counter()
            bench.train_slots(0, TRAININGS - 1, abreast)
            took.append(time.perf_counter() - started)
            records = [read_record(slot_file(bench.folder, slot), Evaluation) for slot in range(TRAININGS)]
            took.append(max(one.observed.training_seconds for one in records))
    alone, slowest_alone, together, slowest = took
    return (
        f"{TRAININGS} small networks, {steps} steps each, start included: {alone:.1f} s one after another (a training "
        f"at most {slowest_alone:.1f} s), {together:.1f} s side by side (at most {slowest:.1f} s): "
        f"{alone / together:.2f} times as fast."
    )


def search_example() -> str:
    """Search with the vision transformer of examples/, shortened, in one process."""
    with tempfile.TemporaryDirectory() as folder:
        changes = {
            "budget": {"maximum": 9},
            "search": {"length": 2, "lags": [1, 1, 1]},
            "jobs": {"device": "auto"},
            "cache_root": f"{folder}/cache",
        }
        settings = config.read(ROOT / "examples" / "transformer" / "config.yaml", overrides=changes)
        jobs = StudyJobs.all_from_config(settings, Path(folder))
        started = time.perf_counter()
        driver.run(jobs)
        seconds = time.perf_counter() - started
        found = Results.read(jobs["search"].folder).evaluations("search")
    kinds = ", ".join(f"{number} {status}" for status, number in Counter(one.status for one in found).items())
    best = min(one.loss for one in found if one.loss is not None)
    return (
        "examples/transformer, two brackets up to 9 epochs of the digits, one training after another: "
        f"{len(found)} trainings ({kinds}) in {seconds:.0f} s, lowest validation error {best:.2%}."
    )


def about(plain: Any) -> str:
    """On what all this was measured."""
    if torch.cuda.is_available():
        where = f"{torch.cuda.get_device_name()}, driver {machine.gpu_driver() or 'unknown'}"
    else:
        where = f"{machine.cpu_model()}, no GPU: these numbers only try the script"
    precision = plain["precision"] if isinstance(plain, dict) else "precision unknown"
    return f"{where}; torch {torch.__version__}, Python {platform.python_version()}, {precision}."


def table(plain: Any, compiled: dict[str, Any]) -> Iterator[str]:
    """Rows of the speed of each network, and what is missing."""
    yield "| | images/s | | | kernel launches a step | | | share of peak | | compiled in |"
    yield "| --- " * 10 + "|"
    yield "| | textbook | engine | compiled | textbook | engine | compiled | engine | compiled | |"
    problems = [] if isinstance(plain, dict) else [plain]
    for name, found in compiled.items():
        without = plain["networks"][name] if isinstance(plain, dict) else {}
        within = found["networks"][name] if isinstance(found, dict) else {}
        if not within:
            problems.append(f"{name}, compiled: {found}")
        elif within["compiled_in"] is None:
            problems.append(f"{name}: was not compiled, see above")
            within = {}
        cells = [
            *(shown(without.get(key), ".0f") for key in ("textbook", "engine")),
            shown(within.get("engine"), ".0f"),
            *(shown(without.get(key), "d") for key in ("textbook_launches", "launches")),
            shown(within.get("launches"), "d"),
            *(shown(one.get("share"), ".1%") for one in (without, within)),
            shown(within.get("compiled_in"), ".0f", " s"),
        ]
        yield f"| {name} | " + " | ".join(cells) + " |"
    yield from problems


def shown(value: float | None, form: str, unit: str = "") -> str:
    """A number, or that it is not known."""
    return "unknown" if value is None else f"{value:{form}}{unit}"


if __name__ == "__main__":
    cli.run(main)
