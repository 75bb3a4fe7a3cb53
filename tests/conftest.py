"""What all tests share: the same examples in each run, on a busy machine too."""

import gc
import os
from importlib.util import find_spec
from pathlib import Path
from shutil import disk_usage

# Two threads that share a busy processor wait for each other, and a step takes a second.
os.environ["OMP_NUM_THREADS"] = "1"

# Each record waits for the disk, which is busy for minutes with an environment that was just built. So folders of tests
# are in memory, where there is enough of it and programs may run from there.
MEMORY = Path("/dev/shm")
if os.access(MEMORY, os.W_OK) and not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC and disk_usage(MEMORY).free > 8e9:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))

# The environments of other people's libraries have no Hypothesis, and tests there need none.
if find_spec("hypothesis") is not None:
    from hypothesis import settings

    # No deadlines, and no random choice of examples.
    settings.load_profile("ci")


def pytest_collection_finish() -> None:
    """Leave what was imported out of garbage collections: each took a quarter of a second, and Holm's has one."""
    gc.freeze()
