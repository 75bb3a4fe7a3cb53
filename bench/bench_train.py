"""How fast the engine trains, beside the textbook's loop, in one run and on one thread.

Each round trains every network a while with either, one after the other, so that a machine that slows down slows both.
On a CPU the times are those of the processor; what is printed are medians over the rounds, and their range.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

import textbook
from jointsearch.core.config import BudgetSettings, DataSettings, TrainingSettings
from jointsearch.core.data_set import DataSet
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.fields import Precision
from jointsearch.core.files import read_record, write_record
from jointsearch.core.layout import slot_file
from jointsearch.core.machine import cpu_model
from jointsearch.core.proposal import Origin, Proposal, Rung
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
PROFILED_STEPS = 8
PEAKS = {
    "NVIDIA A100-SXM4-40GB": {"bfloat16": 312.0, "float32": 19.5},
    "NVIDIA A100-SXM4-80GB": {"bfloat16": 312.0, "float32": 19.5},
    "NVIDIA H100 80GB HBM3": {"bfloat16": 989.0, "float32": 67.0},
    "NVIDIA H200": {"bfloat16": 989.0, "float32": 67.0},
}
"""10^12 operations a second by NVIDIA's data sheets of these GPUs: without sparsity, and float32 without TF32, which a
training does not use."""


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
    parser.add_argument("--peak", type=float, metavar="TFLOPS", help="of the device; known of some GPUs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what is measured of the networks here too")
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
        if arguments.compile:
            for name, engine in engines.items():
                engine.compile(name)
        times = compare(pairs, arguments.rounds, arguments.seconds, device)
        peak = matrix_product_rate(device, precision)
        known = arguments.peak or PEAKS.get(machine, {}).get(precision)
        report(times, peak, known)
        found = {
            name: Speed.of(pair, times[name], device, step_work(name), known, engines[name].compiled_in)
            for name, pair in pairs.items()
            if name in networks
        }
    if device.type == "cuda":
        for name, speed in found.items():
            print(f"  {name}: {speed.launches} kernel launches a step, the textbook's loop {speed.textbook_launches}")
    else:
        whole_processes(networks, arguments.budget, arguments.rounds)
    if arguments.json:
        text = {"precision": precision, "networks": {name: asdict(speed) for name, speed in found.items()}}
        arguments.json.write_text(json.dumps(text))


class Pair:
    """The textbook's way and the engine's, each an endless iterator of steps."""

    def __init__(self, textbook: Iterator[Any], engine: Iterator[Any]):
        self.textbook, self.engine = textbook, engine


class Engine:
    """A training without end."""

    def __init__(self, parameters: Hyperparameters, settings: TrainingSettings, data: ImageData, device: torch.device):
        task = Task(parameters, 1, "epochs", (1.0,), 0, settings, DataSettings(crop_padding=PADDING))
        self.compiled_in: float | None = None
        precision = accelerate.choose_precision(settings, device)
        stopwatch = stopwatch_for(device)
        self.training = Training(task, data, device, precision, Progress(), stopwatch)
        # A budget that never ends, so that the clock costs what it costs.
        self.steps = self.training.run(SecondClock(1e9, stopwatch))

    def compile(self, name: str) -> None:
        """Compile the network, and say how long that took."""
        started = time.perf_counter()
        if self.training.compile(3600):
            self.compiled_in = time.perf_counter() - started
            print(f"  {name}: compiled in {self.compiled_in:.0f} s")


@dataclass(frozen=True)
class Speed:
    """How fast a network is trained.

    Attributes
    ----------
    textbook, engine
        Images a second by either loop.
    textbook_launches, launches
        Kernel launches of a step of either; None on a CPU.
    share
        Of the device's peak that the engine uses; None if the peak is not known.
    compiled_in
        Seconds that compiling took; None if the network is not compiled.
    """

    textbook: float
    engine: float
    textbook_launches: int | None
    launches: int | None
    share: float | None
    compiled_in: float | None

    @classmethod
    def of(
        cls,
        pair: Pair,
        times: Sequence[tuple[float, float]],
        device: torch.device,
        work: float,
        peak: float | None,
        compiled_in: float | None,
    ) -> "Speed":
        """Sum up the rounds; `work` is GFLOP a step, `peak` TFLOP a second."""
        slow, fast = (1e6 / statistics.median(one) for one in zip(*times, strict=True))
        one, other = (launches(steps) if device.type == "cuda" else None for steps in (pair.textbook, pair.engine))
        share = None if peak is None else work * fast / BATCH / peak / 1e3
        return cls(slow, fast, one, other, share, compiled_in)


def step_work(name: str) -> float:
    """10^9 operations of a training step."""
    return step_cost(NETWORKS[name], (3, SIDE, SIDE), CLASSES, BATCH).operations / 1e9


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


Times = dict[str, list[tuple[float, float]]]
"""Microseconds an image by the textbook's way and by the engine's, for each round."""


def compare(pairs: dict[str, Pair], rounds: int, seconds: float, device: torch.device) -> Times:
    """Let them take turns."""
    times: Times = {name: [] for name in pairs}
    for pair in pairs.values():
        next(pair.textbook), next(pair.engine)
    for _ in range(rounds):
        for name, pair in pairs.items():
            times[name].append((per_image(pair.textbook, seconds, device), per_image(pair.engine, seconds, device)))
    return times


def report(times: Times, product: float, known: float | None) -> None:
    """Print microseconds an image and their ratios; `product` is GFLOP/s, the `known` peak TFLOP/s."""
    print(f"\n{'':<8}{'textbook':>20}{'engine':>20}{'ratio':>20}{'images/s':>10}{'GFLOP/s':>9}{'of peak':>9}")
    for name, measured in times.items():
        slow, fast = zip(*measured, strict=True)
        ratios = [one / other for one, other in measured]
        rate = ""
        if name in NETWORKS:
            speed = step_work(name) / BATCH / statistics.median(fast) * 1e6
            rate = f"{speed:>9.0f}{speed / product:>9.0%}"
        images = 1e6 / statistics.median(fast)
        columns = spread(slow, ".0f"), spread(fast, ".0f"), spread(ratios, ".2f")
        print(f"{name:<8}" + "".join(f"{column:>20}" for column in columns) + f"{images:>10.0f}{rate}")
    print(f"Microseconds an image; the peak is a large matrix product's, {product:.0f} GFLOP/s.")
    if known is not None:
        print(f"The device's own is {known * 1e3:.0f} GFLOP/s, of which the product has {product / known / 1e3:.0%}.")


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


def launches(steps: Iterator[Any]) -> int:
    """Count the launches of a step on a GPU: of a kernel, or of a recorded graph of kernels."""
    activities = [torch.profiler.ProfilerActivity.CPU, torch.profiler.ProfilerActivity.CUDA]
    torch.cuda.synchronize()
    with torch.profiler.profile(activities=activities) as profiler:
        for _ in range(PROFILED_STEPS):
            next(steps)
        torch.cuda.synchronize()
    names = [event.name for event in profiler.events()]
    return round(sum("LaunchKernel" in name or "GraphLaunch" in name for name in names) / PROFILED_STEPS)


class Workbench:
    """A folder with what `scripts/train.py` needs: settings, cached images, proposals."""

    def __init__(self, folder: Path, networks: Mapping[str, Hyperparameters], budget: BudgetSettings):
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
        cpu = self.train_slots(slot, slot)
        return cpu, (read_record(slot_file(self.folder, slot), Evaluation).steps or 0) * BATCH

    def train_slots(self, first: int, last: int, side_by_side: int = 1) -> float:
        """Train some networks in a job, all anew; its CPU seconds."""
        for slot in range(first, last + 1):
            slot_file(self.folder, slot).unlink(missing_ok=True)
        files = [self.folder / name for name in ("experiment.json", "proposals.json")]
        rest = [self.folder / "batch.json", self.folder / "data.json", "--cache", self.folder]
        script = Path(__file__).parents[1] / "scripts" / "train.py"
        return run([script, *files, first, last, *rest, "--side-by-side", side_by_side])[0]

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
