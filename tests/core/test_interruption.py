"""What a process makes of being asked to end."""

import signal
import subprocess
import sys

import pytest

ASKED = [signal.SIGTERM, signal.SIGHUP, signal.SIGINT]

LISTEN = """
import os, signal, sys, time
from jointsearch.core.interruption import InterruptedTrainingError, Interruption
number, ignored = signal.Signals(int(sys.argv[1])), sys.argv[2] == "ignored"
signal.signal(number, signal.SIG_IGN if ignored else signal.SIG_DFL)
interruption = Interruption()
interruption.listen()
interruption.check()
os.kill(os.getpid(), number)
try:
    interruption.check(": kept")
except InterruptedTrainingError as error:
    print(error)
    sys.exit(interruption.end())
print("went on")
"""

# As Snakemake does on SIGTERM: takes a lock, which the main thread holds when the signals arrive.
HANG_UP = """
import os, signal, sys, threading, time
from jointsearch.core.interruption import take_hangup_for_sigterm
lock, ended = threading.Lock(), threading.Event()

def end(*arguments):
    with lock:
        print("ends")
        ended.set()

number, ignored = signal.Signals(int(sys.argv[1])), sys.argv[2] == "ignored"
signal.signal(signal.SIGTERM, end)
signal.signal(signal.SIGHUP, signal.SIG_IGN if ignored else signal.SIG_DFL)
take_hangup_for_sigterm()
with lock:
    for _ in range(3):
        os.kill(os.getpid(), number)
    time.sleep(0.1)
print("went on" if not ended.wait(1 if ignored else None) else "")
"""


def run(code: str, number: int, ignored: bool) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, str(int(number)), "ignored" if ignored else "default"]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.parametrize("number", ASKED)
def test_signals_are_noted_and_do_not_end_the_process(number):
    done = run(LISTEN, number, ignored=False)
    assert (done.stdout, done.returncode) == (f"interrupted by {number.name}: kept\n", 128 + number), done.stderr


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT])
def test_what_a_process_was_started_to_ignore_stays_ignored(number):
    """As `nohup` starts it, or a script in its background."""
    done = run(LISTEN, number, ignored=True)
    assert (done.stdout, done.returncode) == ("went on\n", 0), done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_run_ends_once_as_on_sigterm_though_its_main_thread_holds_the_lock(number):
    done = run(HANG_UP, number, ignored=False)
    assert (done.stdout.split(), done.returncode) == (["ends"], 0), done.stderr


def test_a_run_under_nohup_goes_on():
    done = run(HANG_UP, signal.SIGHUP, ignored=True)
    assert (done.stdout, done.returncode) == ("went on\n", 0), done.stderr
