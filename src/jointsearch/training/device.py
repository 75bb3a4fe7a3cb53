"""Where to train."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import torch

from jointsearch.core import lock, machine
from jointsearch.core.errors import UserError

DeviceName = Literal["auto", "cpu", "cuda"]


@contextmanager
def claim(
    name: DeviceName,
    memory_gb: float | None = None,
    sharers: int = 1,
    check: Callable[[], None] = lambda: None,
) -> Iterator[torch.device]:
    """Have a device for one training process; `auto` takes a GPU if there is one.

    Of the GPUs that are visible it is the first that no other training of this user holds, waiting until one is free:
    a budget in seconds means nothing on a shared one.

    Parameters
    ----------
    name
        Which.
    memory_gb
        On the CPU, the memory that this process may take, in 10^9 bytes: past it torch fails to allocate, which
        a training records, instead of the system killing the process.
    sharers
        How many processes that say the same may share a GPU.
    check
        Called while it waits for a GPU; may raise.

    Raises
    ------
    UserError
        If a GPU is requested and there is none.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise UserError("device: cuda is requested, but torch sees no GPU; use cpu or auto, or check the driver")
    if name == "cpu" or not torch.cuda.is_available():
        machine.limit_memory(memory_gb)
        yield torch.device("cpu")
        return
    ids = [torch.cuda.get_device_properties(index).uuid for index in range(torch.cuda.device_count())]
    folder = Path(tempfile.gettempdir())
    index, held = lock.wait_for_one(
        [folder / f"jointsearch-{os.getuid()}-gpu-{one}.lock" for one in ids], sharers, check=check
    )
    with held, torch.cuda.device(index):
        yield torch.device("cuda", index)
