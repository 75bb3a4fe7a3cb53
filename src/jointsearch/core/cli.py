"""What every script shares: mistakes of the user end in one line and exit code 1."""

import argparse
import codecs
import contextlib
import errno
import io
import locale
import math
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from jointsearch.core.errors import UserError

N = TypeVar("N", int, float)

_ADVICE = {
    errno.ENOSPC: "make room",
    errno.EDQUOT: "make room",
    errno.EROFS: "choose a place that can be written",
    errno.EACCES: "give access",
}


def positive(kind: type[N]) -> Callable[[str], N]:
    """Build an argument type: a number above zero."""

    def read(text: str) -> N:
        try:
            value = kind(text)
        except ValueError:
            value = kind(0)
        if not 0 < value < math.inf:
            what = "a whole number" if kind is int else "a number"
            raise argparse.ArgumentTypeError(f"must be {what} above 0 (got {text})")
        return value

    return read


def use_utf8() -> None:
    """Read and write UTF-8 in any locale: texts, names of files, and what is printed, here and in child processes.

    If the locale has another encoding, this starts the program again in Python's UTF-8 mode: call it before anything
    is done. Characters that a `PYTHONIOENCODING` cannot express are printed escaped.
    """
    if not sys.flags.utf8_mode and codecs.lookup(locale.getencoding()).name != "utf-8" and _is_ours():
        os.environ["PYTHONUTF8"] = "1"
        sys.stdout.flush()
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _is_ours() -> bool:
    """Whether the program is one of the scripts or `snakemake`, not one that uses them, such as a notebook."""
    program = Path(sys.argv[0]).absolute()
    return program.parent.name in ("scripts", "snakemake") or program.name == "snakemake"


@contextlib.contextmanager
def no_access_refused() -> Iterator[None]:
    """Turn a full disk, or a file without access, into a UserError; what else the system reports is a bug."""
    try:
        yield
    except OSError as error:
        # One with a note was raised by code of one's own, and the note says where.
        if error.errno not in _ADVICE or hasattr(error, "__notes__"):
            raise
        where = f"{error.filename}: " if error.filename is not None else ""
        raise UserError(f"{where}{error.strerror}; {_ADVICE[error.errno]}, then start again") from None


def run(main: Callable[[], None]) -> None:
    """Run a script's main function; a UserError or a full disk becomes one line on standard error.

    Ctrl-C ends it quietly, with the exit code of a program that SIGINT has ended.
    """
    use_utf8()
    try:
        with no_access_refused():
            main()
            sys.stdout.flush()
    except UserError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    except BrokenPipeError:
        # The reader (`| head`) has left: not an error, and nothing can be flushed any more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
