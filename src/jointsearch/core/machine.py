"""The machine, and the Python on it."""

import os
import platform
import re
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
"""Variables that numerical libraries read when they are loaded."""


def cpu_model() -> str:
    """Name of the processor, as Linux says it."""
    try:
        found = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), flags=re.MULTILINE)
    except OSError:
        found = None
    return found[1] if found else platform.processor() or platform.machine()


def gpu() -> str | None:
    """Model of the first GPU of NVIDIA's, as its driver says it; None if there is none, or it is hidden."""
    if os.environ.get("CUDA_VISIBLE_DEVICES", "0") in ("", "-1"):
        return None
    for about in sorted(Path("/proc/driver/nvidia/gpus").glob("*/information")):
        found = re.search(r"^Model:\s*(.*)$", about.read_text(), flags=re.MULTILINE)
        return found[1] if found else "GPU"
    return None


def gpu_driver() -> str | None:
    """Version of the driver of NVIDIA's GPUs."""
    try:
        found = re.search(r"Kernel Module\s+(?:for \S+\s+)?([\d.]+)", Path("/proc/driver/nvidia/version").read_text())
    except OSError:
        return None
    return found[1] if found else None


def limit_memory(gigabytes: float | None) -> None:
    """Let this process take at most so many 10^9 bytes, or what the system allows: past it, allocations fail."""
    if gigabytes is not None:
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        allowed = sys.maxsize if most == resource.RLIM_INFINITY else most
        resource.setrlimit(resource.RLIMIT_DATA, (int(min(gigabytes * 1e9, allowed)), most))


@contextmanager
def limited_threads(number: int) -> Iterator[None]:
    """Let numerical libraries use so many threads in a `with` block: those that are loaded, and those that will be."""
    from threadpoolctl import threadpool_limits

    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, str(number)))
    try:
        with threadpool_limits(number):
            yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def python() -> str:
    """Version of this Python, and the compiler that built it."""
    return f"{platform.python_version()}, {platform.python_compiler()}"
