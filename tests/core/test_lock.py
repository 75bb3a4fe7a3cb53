import os
import signal
import subprocess
import sys
import threading

import pytest

from jointsearch.core import lock
from jointsearch.core.errors import UserError

HOLD = """
import sys
from pathlib import Path
from jointsearch.core import lock
held = lock.take(Path(sys.argv[1]))
"""


def test_a_second_run_is_refused_and_kill_9_leaves_no_stale_lock(tmp_path):
    command = [sys.executable, "-c", HOLD + "print('held', flush=True); sys.stdin.read()", str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(UserError, match=f"another run works here .process {holder.pid} on "):
            lock.take(tmp_path)
        os.kill(holder.pid, signal.SIGKILL)
    lock.take(tmp_path).close()


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        lock.take(tmp_path / "file")


def test_the_first_free_lock_of_several_is_taken_as_soon_as_there_is_one(tmp_path):
    paths = [tmp_path / "gpu-0", tmp_path / "gpu-1"]
    first, one = lock.wait_for_one(paths)
    second, other = lock.wait_for_one(paths)
    assert (first, second) == (0, 1)
    threading.Timer(0.05, other.close).start()
    third, again = lock.wait_for_one(paths, every=0.01)
    assert third == 1
    one.close()
    again.close()


SHARE = """
import sys
from pathlib import Path
from jointsearch.core import lock
held = lock.wait_for_one([Path(path) for path in sys.argv[1:]], sharers=2, every=0.01)
print(held[0], flush=True)
sys.stdin.read()
"""


def test_two_may_share_a_lock_but_not_with_one_who_wants_it_alone(tmp_path):
    """The sharers are processes: a place in a file belongs to a process."""
    paths = [tmp_path / "gpu-0", tmp_path / "gpu-1"]
    command = [sys.executable, "-c", SHARE, *map(str, paths)]
    sharers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert sorted(sharer.stdout.readline() for sharer in sharers) == ["0\n", "0\n", "1\n"]
    for sharer in sharers:
        sharer.communicate()
    index, alone = lock.wait_for_one(paths)
    assert index == 0
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "1\n"
        other.stdin.close()
    alone.close()
