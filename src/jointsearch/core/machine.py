"""The machine, and the Python on it."""

import platform
import re
from pathlib import Path


def cpu_model() -> str:
    """Name of the processor, as Linux says it."""
    try:
        found = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), flags=re.MULTILINE)
    except OSError:
        found = None
    return found[1] if found else platform.processor() or platform.machine()


def python() -> str:
    """Version of this Python, and the compiler that built it."""
    return f"{platform.python_version()}, {platform.python_compiler()}"
