"""What a process may take of the machine."""

import subprocess
import sys

import pytest

LIMITED = """
import resource
from jointsearch.core.machine import limit_memory
resource.setrlimit(resource.RLIMIT_DATA, (10**10, {most}))
limit_memory({gigabytes})
print(*resource.getrlimit(resource.RLIMIT_DATA))
"""


@pytest.mark.parametrize(
    ("gigabytes", "most", "limits"),
    [
        (8, 10**10, (8 * 10**9, 10**10)),
        (100, 10**10, (10**10, 10**10)),
        (1e11, 10**10, (10**10, 10**10)),
        (1e11, -1, (sys.maxsize, -1)),
    ],
)
def test_more_memory_than_the_system_allows_is_what_it_allows(gigabytes, most, limits):
    code = LIMITED.format(gigabytes=gigabytes, most=most)
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert tuple(map(int, ended.stdout.split())) == limits
