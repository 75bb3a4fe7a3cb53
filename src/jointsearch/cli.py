"""What every script shares: mistakes of the user end in one line and exit code 1."""

import argparse
import errno
import os
import sys
from collections.abc import Callable
from typing import TypeVar

from jointsearch.errors import UserError

N = TypeVar("N", int, float)


def positive(kind: type[N]) -> Callable[[str], N]:
    """Build an argument type: a number above zero."""

    def read(text: str) -> N:
        value = kind(text)
        if value <= 0:
            raise argparse.ArgumentTypeError(f"must be above 0 (got {text})")
        return value

    return read


def run(main: Callable[[], None]) -> None:
    """Run a script's main function; a UserError or a full disk becomes one line on standard error."""
    try:
        main()
        sys.stdout.flush()
    except UserError as error:
        sys.exit(f"error: {error}")
    except BrokenPipeError:
        # The reader (`| head`) has left: not an error, and nothing can be flushed any more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES):
            raise
        sys.exit(f"error: {error.filename}: {error.strerror}; make room or give access, then start again")
