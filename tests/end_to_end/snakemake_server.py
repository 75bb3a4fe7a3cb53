"""Runs Snakemake in processes forked from one that has imported it: importing it takes longer than most dry runs.

Each request is a line of JSON on the standard input: the command, the folder and the environment that it runs in, and
the file for what it prints. The answer is the exit code.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from snakemake.cli import main


def forked() -> dict[str, Any]:
    """Answer requests; returns only in a process that is to run one, which it returns."""
    for line in sys.stdin:
        if (process := os.fork()) == 0:
            return json.loads(line)
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)
    sys.exit()


def become(command: list[str], folder: str, environment: dict[str, str], printed: str) -> None:
    """Be as if this process had been started by the command; the locale stays that of the server."""
    files = os.open(os.devnull, os.O_RDONLY), os.open(printed, os.O_WRONLY)
    for own, file in zip((0, 1, 2), (*files, files[1]), strict=True):
        os.dup2(file, own)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    folder_of_commands = Path(command[0]).parent
    sys.argv, sys.path[0], sys.executable = command, str(folder_of_commands), str(folder_of_commands / "python")
    sys.orig_argv = [sys.executable, *command]


if __name__ == "__main__":
    become(**forked())
    main()
