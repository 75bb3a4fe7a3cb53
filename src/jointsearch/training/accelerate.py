"""Optimisations of the training loop, one function each. Numbers: docs/engine.md."""

import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import torch
from torch import Tensor, nn

from jointsearch.core.config.training import TrainingSettings
from jointsearch.core.fields import BudgetUnit, Precision

COMPILING_PAYS_FROM = 900.0
"""Seconds of budget from which `compile: auto` compiles."""
COMPILING_MAY_TAKE = 0.2
"""Share of a budget in seconds that compiling may take before it is abandoned."""
COMPILING_LIMIT = 600.0
"""Seconds after which it is abandoned if the budget is in epochs or steps."""


def choose_precision(setting: TrainingSettings, device: torch.device) -> Precision:
    """Choose the type of the activations: with `auto`, bfloat16 where the device multiplies it in hardware.

    Measured on one thread of a CPU with AVX-512 BF16: the training step takes 0.55 (shake) to 0.81 (small network)
    of float32's time.
    """
    if setting.precision != "auto":
        return setting.precision
    if device.type == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float32"
    # No public name for these two yet. Without either, oneDNN emulates bfloat16, which is slower than float32.
    has_units = torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()
    return "bfloat16" if has_units else "float32"


@contextmanager
def autocast(precision: Precision, device: torch.device) -> Iterator[None]:
    """Compute convolutions and products in the precision; batch norm keeps its statistics in float32."""
    with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16"):
        yield


def memory_format(precision: Precision, device: torch.device) -> torch.memory_format:
    """Choose the order of images and weights in memory: channels last on a CPU, and in bfloat16 on a GPU.

    Measured on one thread of a CPU: the training step takes 0.73 (wide) to 0.84 (small network) of the other order's
    time in float32, 0.93 to 0.95 in bfloat16. On a GPU, cuDNN's kernels for bfloat16 want channels last; not measured.
    """
    last = device.type == "cpu" or precision == "bfloat16"
    return torch.channels_last if last else torch.contiguous_format


def should_compile(setting: TrainingSettings, budget: float, unit: BudgetUnit, device: torch.device) -> bool:
    """Whether to compile a network for a budget: with `auto`, on a GPU, if it is in seconds and long enough to pay.

    Measured on one thread of a CPU, bfloat16, channels last: the compiled step takes 0.97 of the time (medium network),
    for 19 to 58 s of compiling; so not there.
    """
    if setting.compile != "auto":
        return setting.compile == "on"
    return device.type == "cuda" and unit == "seconds" and budget >= COMPILING_PAYS_FROM


def compile_limit(budget: float, unit: BudgetUnit) -> float:
    """Seconds that compiling may take."""
    return COMPILING_MAY_TAKE * budget if unit == "seconds" else COMPILING_LIMIT


def compiled(network: nn.Module, device: torch.device) -> Callable[[Tensor, Tensor], Tensor]:
    """Compile a network, at its first call; on a GPU into CUDA graphs, so that a step launches few kernels."""
    mode = "reduce-overhead" if device.type == "cuda" else None
    return torch.compile(network, fullgraph=True, dynamic=False, mode=mode)


@contextmanager
def deterministic(any_operation: bool = False) -> Iterator[None]:
    """Use algorithms that add in the same order each time, and with all bits of float32.

    Parameters
    ----------
    any_operation
        Whether this is for all operations of torch, as a network of one's own may use any: torch then warns of one that
        has no such algorithm. Else it is for cuDNN's, the only ones of our network that have others.
    """
    with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
        if any_operation:
            with _all_deterministic():
                yield
        else:
            yield


@contextmanager
def _all_deterministic() -> Iterator[None]:
    before = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    # Torch would also fill new memory with numbers, so that reading it gives the same bits; that costs time.
    settings: Any = torch.utils.deterministic
    filled = settings.fill_uninitialized_memory
    with warnings.catch_warnings():
        # Torch fears several streams. Here is one.
        warnings.filterwarnings("ignore", message=".*CuBLAS")
        torch.use_deterministic_algorithms(True, warn_only=True)
        settings.fill_uninitialized_memory = False
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(before[0], warn_only=before[1])
            settings.fill_uninitialized_memory = filled


class TookTooLongError(Exception):
    """Raised by `time_limit`."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Interrupt what runs in a `with` block after some seconds; only in the main thread."""
    over = False

    def interrupt(number: int, frame: FrameType | None) -> None:
        if not over:
            raise TookTooLongError

    before = signal.signal(signal.SIGALRM, interrupt)
    # Again each second, should the first interruption be swallowed on its way.
    signal.setitimer(signal.ITIMER_REAL, seconds, 1)
    try:
        yield
    finally:
        over = True
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def try_compiled(rehearse: Callable[[], None], limit: float) -> bool:
    """Compile by rehearsing a training step; whether it worked. A failure costs a warning, not the training."""
    started = time.monotonic()
    try:
        with time_limit(limit):
            rehearse()
    except Exception as error:  # compilers fail in many ways, and the training works without
        reason = str(error).strip().partition("\n")[0][:200] or type(error).__name__
        if time.monotonic() - started >= limit:
            reason = f"compiling takes longer than {limit:g} s"
        print(f"warning: the network is trained without compiling it: {reason}", file=sys.stderr)
        return False
    return True
