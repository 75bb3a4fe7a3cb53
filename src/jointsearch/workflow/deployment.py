"""Where the workflow can run: paths and executors that would not work, and how commands are quoted for executors.

Nothing here imports Snakemake: its objects are passed in, and the Snakefile reports a UserError.
"""

import functools
import os
import re
import shlex
import sys
from pathlib import Path
from typing import Any

from jointsearch.core.errors import UserError

QUOTED = r"(['\"]).*\1"
"""A value that is quoted for a shell already."""


def check_paths(workflow: Any, root: Path) -> None:
    """Refuse paths, and ways of using the workflow, that cannot work.

    Parameters
    ----------
    workflow
        Snakemake's object.
    root
        The clone.

    Raises
    ------
    UserError
        If a path cannot stand in a list of paths, if modules of two clones are used together, or if a module changes
        the paths of all files.
    """
    for path in (root.resolve(), Path.cwd(), Path(sys.executable)):
        for character in (os.pathsep, "\n"):
            if character in str(path):
                raise UserError(f"{str(path)!r}: a path with {character!r} cannot work; rename the folder")
    # With symbolic links as they are, as Snakemake sees it.
    if set("{}") & set(clone := os.path.abspath(root)):  # noqa: PTH100
        raise UserError(f"{clone}: Snakemake takes braces in the path of a clone for wildcards; rename the folder")
    if not Path(__file__).samefile(root / "src" / "jointsearch" / "workflow" / "deployment.py"):
        raise UserError(f"{root}: the library of another clone is loaded ({__file__}); use one clone in a workflow")
    if workflow.modifier.modify_path("results") != "results":
        raise UserError(
            "prefix: and replace_prefix: of a module cannot work here, as records name each other by paths; give the "
            "search a folder of its own by --directory or `workdir:` instead"
        )


UNFIT = {"slurm": "%\\", "cluster-generic": '"$`\\'}
"""Characters in the path of a working directory from which executors, by name, cannot submit jobs: Slurm expands them
in the path of a log, and the generic plugin puts the path of a job script into double quotes."""


def check_submission(executor: str) -> None:
    """Refuse a working directory that an executor cannot submit jobs from.

    Raises
    ------
    UserError
        If its path has a character that the executor, or the system behind it, changes.
    """
    if found := set(UNFIT.get(executor, "")) & set(str(Path.cwd())):
        raise UserError(
            f"{Path.cwd()}: the executor {executor} cannot submit jobs from a path with {' or '.join(sorted(found))}; "
            "rename the folder"
        )


@functools.cache
def quote_for_shells(arguments: Any, slurm: Any, snakefile: str) -> None:
    """Quote the commands of jobs on other machines for the shells that read them.

    Snakemake quotes arguments for Python (`repr`), which differs if a path has quotes, dollars or backslashes; its own
    Python it does not quote at all. Slurm's plugin puts the command into the double quotes of `sbatch --wrap`, where
    dollars and backticks still mean something. Nothing is changed if no path needs it.

    Parameters
    ----------
    arguments
        Snakemake's module that makes them.
    slurm
        The executor plugin for Slurm; None where it is not loaded.
    snakefile
        The Snakefile that jobs read.
    """
    if all(shlex.quote(path) == path for path in (sys.executable, str(Path.cwd()), snakefile)):
        return
    formatted = arguments.format_cli_value

    def for_shells(value: Any, quote: bool = False, base64_encode: bool = False) -> str:
        if not quote or base64_encode or not isinstance(value, str) or re.fullmatch(QUOTED, value, re.DOTALL):
            return formatted(value, quote, base64_encode)
        return shlex.quote(value)

    arguments.format_cli_value = for_shells
    sys.executable = shlex.quote(sys.executable)
    if slurm is not None:
        formatted_job = slurm.Executor.format_job_exec
        # The plugin itself escapes double quotes, and nothing else.
        slurm.Executor.format_job_exec = lambda *one: re.sub(r"[\\$`]", r"\\\g<0>", formatted_job(*one))
