"""How fast the engine trains, beside the textbook's loop, in one run and on one thread.

Each round trains every network a while with either, one after the other, so that a machine that slows down slows both.
On a CPU the times are those of the processor; what is printed are medians over the rounds, and their range.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

import textbook
from jointsearch.core.config import BudgetSettings, DataSettings, TrainingSettings
from jointsearch.core.files import read_record, write_record
from jointsearch.core.layout import slot_file
from jointsearch.core.machine import cpu_model
from jointsearch.core.records import DataSet, Evaluation, Origin, Precision, Proposal, Rung
from jointsearch.networks.cost import step_cost
from jointsearch.networks.hyperparameters import Hyperparameters
from jointsearch.search.experiment import Experiment
from jointsearch.space.file import SpaceFile
from jointsearch.training import accelerate, cache
from jointsearch.training.augment import Augmentation
from jointsearch.training.clock import SecondClock, stopwatch_for
from jointsearch.training.image_data import Division, ImageData
from jointsearch.training.loop import Progress, Task, Training
from jointsearch.training.minibatches import Minibatch, Minibatches
from jointsearch.training.raw_data import Part

PADDING, CUTOUT, BATCH, IMAGES, SIDE, CLASSES = 4, 8, 64, 5000, 32, 10


def configuration(blocks: int, branches: int, filters: int, widen: tuple[int, int, int]) -> Hyperparameters:
    """One architecture with all of the regularisation."""
    each = {f"residual_blocks_{i}": blocks for i in (1, 2, 3)} | {f"residual_branches_{i}": branches for i in (1, 2, 3)}
    widths = {f"widen_factor_{i}": factor for i, factor in enumerate(widen, start=1)}
    rest = {"learning_rate": 0.05, "batch_size": BATCH, "momentum": 0.9, "weight_decay": 1e-4, "mixup_alpha": 0.2}
    return Hyperparameters(
        **each, **widths, **rest, initial_filters=filters, cutout_length=CUTOUT, shakedrop_death_rate=0.3
    )


NETWORKS = {
    "small": configuration(1, 1, 8, (1, 2, 2)),
    "medium": configuration(2, 2, 16, (1, 2, 2)),
    "shake": configuration(4, 2, 16, (2, 2, 2)),
    "wide": configuration(2, 4, 16, (2, 2, 2)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each measurement")
    parser.add_argument("--budget", type=float, default=30.0, help="seconds of the whole trainings; 0 for none")
    parser.add_argument("--precision", choices=["auto", "float32", "bfloat16"], default="auto")
    parser.add_argument("--compile", action="store_true", help="compile the engine's networks first")
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    settings = TrainingSettings(precision=arguments.precision)
    precision = accelerate.choose_precision(settings, device)
    machine = torch.cuda.get_device_name(device) if device.type == "cuda" else f"one thread, {cpu_model()}"
    print(f"{machine}; torch {torch.__version__}; {precision}; batches of {BATCH} pictures of 32 x 32")

    data = pictures()
    networks = {name: NETWORKS[name] for name in arguments.networks}
    engines = {name: Engine(one, settings, data, device) for name, one in networks.items()}
    if arguments.compile:
        for name, engine in engines.items():
            print(f"  {name}: compiled in {engine.compile():.0f} s")
    pairs = {
        name: Pair(
            textbook.steps(
                textbook.Network(one, 3, CLASSES), one, data.train_images, data.train_labels, PADDING, device
            ),
            engines[name].steps,
        )
        for name, one in networks.items()
    }
    loader = textbook.batches(data.train_images, data.train_labels, BATCH, PADDING, CUTOUT)
    pairs["input"] = Pair(loader, made_batches(data, device))
    with accelerate.deterministic():
        compare(pairs, arguments.rounds, arguments.seconds, device, precision)
    if device.type == "cuda":
        for name, engine in engines.items():
            print(f"  {name}: {launches(engine)} kernel launches a step")
    else:
        whole_processes(networks, arguments.budget, arguments.rounds)


class Pair:
    """The textbook's way and the engine's, each an endless iterator of steps."""

    def __init__(self, textbook: Iterator[Any], engine: Iterator[Any]):
        self.textbook, self.engine = textbook, engine


class Engine:
    """A training without end."""

    def __init__(self, parameters: Hyperparameters, settings: TrainingSettings, data: ImageData, device: torch.device):
        task = Task(parameters, 1, "epochs", (1.0,), 0, settings, DataSettings(crop_padding=PADDING))
        self.cost = step_cost(parameters, (3, SIDE, SIDE), CLASSES, BATCH)
        precision = accelerate.choose_precision(settings, device)
        stopwatch = stopwatch_for(device)
        self.training = Training(task, data, device, precision, Progress(), stopwatch)
        # A budget that never ends, so that the clock costs what it costs.
        self.steps = self.training.run(SecondClock(1e9, stopwatch))

    def compile(self) -> float:
        """Compile the network; the seconds that it took."""
        started = time.perf_counter()
        self.training.compile(3600)
        return time.perf_counter() - started


def pictures() -> ImageData:
    """Random images of CIFAR-10's size: what is in them changes no speed."""
    random = torch.Generator().manual_seed(0)
    images = torch.randint(256, (IMAGES, 3, SIDE, SIDE), generator=random, dtype=torch.uint8)
    labels = torch.arange(IMAGES) % CLASSES
    part = images, labels
    mean, std = torch.full((3,), 127.5), torch.full((3,), 73.9)
    return ImageData(*part, *part, *part, tuple(map(str, range(CLASSES))), mean, std, "0" * 64, "0" * 64)


def made_batches(data: ImageData, device: torch.device) -> Iterator[Minibatch]:
    """The engine's batches alone."""
    batches = Minibatches(data, BATCH, Augmentation(PADDING, True, CUTOUT), 0.2, np.random.SeedSequence(0), device)
    while True:
        yield next(batches)


def compare(pairs: dict[str, Pair], rounds: int, seconds: float, device: torch.device, precision: Precision) -> None:
    """Take turns, and print microseconds an image and their ratios."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in pairs}
    for pair in pairs.values():
        next(pair.textbook), next(pair.engine)
    for _ in range(rounds):
        for name, pair in pairs.items():
            times[name].append((per_image(pair.textbook, seconds, device), per_image(pair.engine, seconds, device)))
    peak = matrix_product_rate(device, precision)
    print(f"\n{'':<8}{'textbook':>20}{'engine':>20}{'ratio':>20}{'images/s':>10}{'GFLOP/s':>9}{'of peak':>9}")
    for name, measured in times.items():
        slow, fast = zip(*measured, strict=True)
        ratios = [one / other for one, other in measured]
        rate = ""
        if name in NETWORKS:
            work = step_cost(NETWORKS[name], (3, SIDE, SIDE), CLASSES, BATCH).operations / BATCH
            speed = work / statistics.median(fast) / 1e3
            rate = f"{speed:>9.0f}{speed / peak:>9.0%}"
        images = 1e6 / statistics.median(fast)
        columns = spread(slow, ".0f"), spread(fast, ".0f"), spread(ratios, ".2f")
        print(f"{name:<8}" + "".join(f"{column:>20}" for column in columns) + f"{images:>10.0f}{rate}")
    print(f"Microseconds an image; the peak is a large matrix product's, {peak:.0f} GFLOP/s.")


def matrix_product_rate(device: torch.device, precision: Precision) -> float:
    """10^9 operations a second of a product of two large matrices, the best of some: what the device can do."""
    side = 8192 if device.type == "cuda" else 1024
    one, other = torch.randn(2, side, side, device=device, dtype=getattr(torch, precision))
    now = time.perf_counter if device.type == "cuda" else time.process_time
    best = float("inf")
    for _ in range(20):
        started = now()
        one @ other
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        best = min(best, now() - started)
    return 2 * side**3 / best / 1e9


def per_image(steps: Iterator[Any], seconds: float, device: torch.device) -> float:
    """Microseconds an image: of the processor, or on a GPU of the wall clock."""
    now = time.perf_counter if device.type == "cuda" else time.process_time
    count, started = 0, now()
    while now() - started < seconds:
        next(steps)
        count += 1
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return (now() - started) / (count * BATCH) * 1e6


def launches(engine: Engine) -> int:
    """Kernels that a step launches on a GPU."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profiler:
        next(engine.steps)
        torch.cuda.synchronize()
    events = [event for event in profiler.events() if event.device_type == torch.autograd.DeviceType.CUDA]
    return sum(not event.name.startswith(("Memcpy", "Memset")) for event in events)


class Workbench:
    """A folder with what `scripts/train.py` needs: settings, cached images, proposals."""

    def __init__(self, folder: Path, networks: dict[str, Hyperparameters], budget: BudgetSettings):
        self.folder, self.networks = folder, list(networks)
        random = np.random.default_rng(0)
        train, test = (
            Part(random.integers(256, size=(count, 3, SIDE, SIDE), dtype=np.uint8), np.arange(count) % CLASSES)
            for count in (IMAGES + 500, 1000)
        )
        images = Division(tuple(map(str, range(CLASSES))), train, test, np.arange(500))
        cache.write(folder, images)
        self.images = cache.file_of(folder, images.digest, images.split)
        space = SpaceFile.read(Path(__file__).parents[1] / "config" / "spaces" / "joint17.yaml")
        experiment = Experiment(
            name="bench", seed=0, space=space, data=DataSettings(), budget=budget, training=TrainingSettings(),
            sampler="random", sampler_settings={}, lags=(1,),
        )  # fmt: skip
        write_record(folder / "experiment.json", experiment)
        write_record(
            folder / "data.json",
            DataSet(
                digest=images.digest, split=images.split, classes=images.classes, shape=(3, SIDE, SIDE),
                train=IMAGES, validation=500, test=1000,
            ),
        )  # fmt: skip
        proposals = tuple(
            Proposal(id=f"0-0-{slot}", values=one.model_dump(), origin=Origin(sampler="random", kind="random"))
            for slot, one in enumerate(networks.values())
        )
        rung = Rung(experiment=experiment.id, study="search", bracket=0, rung=0, proposals=proposals)
        write_record(folder / "proposals.json", rung)

    def train(self, network: str) -> tuple[float, int]:
        """Train one network in a process of its own; its CPU seconds, and the images that it trained on."""
        slot = self.networks.index(network)
        record = slot_file(self.folder, slot)
        record.unlink(missing_ok=True)
        files = [self.folder / name for name in ("experiment.json", "proposals.json")]
        script = Path(__file__).parents[1] / "scripts" / "train.py"
        cpu, _ = run(
            [script, *files, slot, slot, self.folder / "batch.json", self.folder / "data.json", "--cache", self.folder]
        )
        return cpu, (read_record(record, Evaluation).steps or 0) * BATCH

    def train_by_the_textbook(self, network: str, seconds: float) -> tuple[float, int]:
        """The same by the textbook's loop."""
        script, parameters = Path(__file__).with_name("textbook.py"), NETWORKS[network].model_dump_json()
        cpu, output = run([script, parameters, self.images, PADDING, seconds])
        return cpu, int(output) * BATCH


def run(arguments: list[Any]) -> tuple[float, str]:
    """Run a script; its CPU seconds and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, *map(str, arguments)]
    environment = os.environ | {"OMP_WAIT_POLICY": "PASSIVE", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def whole_processes(networks: dict[str, Hyperparameters], seconds: float, rounds: int) -> None:
    """Measure start-up, and compare trainings with a budget of seconds from start to end."""
    with tempfile.TemporaryDirectory() as folder:
        one_step = Workbench(
            Path(folder), {"small": NETWORKS["small"]}, BudgetSettings(unit="steps", minimum=1, maximum=1)
        )
        one_step.train("small")
        starts = [one_step.train("small")[0] for _ in range(rounds)]
    print(f"\nA process that trains the small network for one step: {spread(starts, '.2f')} CPU s")
    if seconds == 0:
        return
    print(f"\nWhole processes with a budget of {seconds:g} s, evaluation included: images trained on per CPU second")
    with tempfile.TemporaryDirectory() as folder:
        bench = Workbench(Path(folder), networks, BudgetSettings(minimum=seconds, maximum=seconds))
        for name in networks:
            results = bench.train_by_the_textbook(name, seconds), bench.train(name)
            slow, fast = (images / cpu for cpu, images in results)
            print(f"{name:<8}{slow:>20.0f}{fast:>20.0f}{fast / slow:>20.2f}", flush=True)


def spread(values: Sequence[float], form: str) -> str:
    """Median, and the lowest and highest."""
    return f"{statistics.median(values):{form}} ({min(values):{form}}-{max(values):{form}})"


if __name__ == "__main__":
    main()
