"""How the workflow is deployed in Snakemake: run from its clone, or as a module of another workflow.

Nothing here imports Snakemake: its objects are passed in, and the Snakefile reports a UserError.
"""

import functools
import logging
import os
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from jointsearch.core import config
from jointsearch.core.config import Config
from jointsearch.core.errors import UserError
from jointsearch.workflow.session import Session

CONFIG = "config/config.yaml"
"""The configuration that the workflow reads by default."""
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
def quote_for_shells(arguments: Any, snakefile: str) -> None:
    """Quote the commands of jobs on other machines for the shells that read them.

    Snakemake quotes arguments for Python (`repr`), which differs if a path has quotes, dollars or backslashes; its own
    Python it does not quote at all. Nothing is changed if no path needs it.

    Parameters
    ----------
    arguments
        Snakemake's module that makes them.
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


def settings(workflow: Any, root: Path, passed: Mapping[str, Any]) -> Config:
    """Read the configuration of a run, as strictly as the library reads its files.

    Parameters
    ----------
    workflow
        Snakemake's object. Files named on its command line replace all others, as a whole.
    root
        The clone.
    passed
        What Snakemake has read into `config`; in a module, what `config:` passes to it.

    Raises
    ------
    UserError
        As `config.read`; and if it is not clear which configuration is meant.
    """
    named = [Path(file) for file in workflow.overwrite_configfiles]
    read = [Path(file) for file in workflow.configfiles[len(named) :]]
    overrides = config.overrides(workflow.config_settings.config_args)
    if not workflow.modifier.skip_configfile:
        main, ours = Path(workflow.main_snakefile), [root / name for name in ("Snakefile", "workflow/Snakefile")]
        others = [str(file) for file in read if not named and str(file) != CONFIG]
        is_module = workflow.modifier.globals is not workflow.modifier_stack[0].globals
        if others or not (is_module or main.resolve() in [one.resolve() for one in ours]):
            raise UserError(
                f"{', '.join(others) or main}: of a Snakefile that includes this workflow, which cannot see it; write "
                "`module joint:` with `snakefile:` and `config: config`, and `use rule * from joint` (docs/running.md)"
            )
        return config.read(*(named or [Path(CONFIG)]), overrides=overrides)
    exact = _merged([*read, *named], overrides, config.load)
    loose = _merged([*read, *named], workflow.config_settings.config, _loosely)
    if named and passed == loose:
        return config.read(*named, overrides=overrides)
    # Part of a file may be meant for this workflow alone: `config: config["joint"]`.
    section = next((name for name, value in loose.items() if value == passed), None)
    if section is not None:
        exact, loose = exact[section], loose[section]
        for file in (*read, *named):
            config.find_beside(file.parent, exact)
    where = ", ".join([*map(str, [*read, *named])]) or "the configuration that `config:` passes to the module"
    return config.parse(as_written(passed, loose, exact), where)


def as_written(passed: Mapping[str, Any], loose: Mapping[str, Any], exact: Mapping[str, Any]) -> dict[str, Any]:
    """Take values that come from files exactly as they are written there.

    Parameters
    ----------
    passed
        The mapping, which may have been changed since it was read.
    loose
        What Snakemake reads in the same files: YAML 1.1, in which 1e-3 is a word.
    exact
        What this project reads there.
    """
    values: dict[str, Any] = {}
    for key, value in passed.items():
        if isinstance(value, Mapping):
            values[key] = as_written(value, _section(loose, key), _section(exact, key))
        else:
            values[key] = exact[key] if key in exact and key in loose and loose[key] == value else value
    return values


def _section(mapping: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = mapping.get(key)
    return found if isinstance(found, Mapping) else {}


def _merged(files: Sequence[Path], overrides: Mapping[str, Any], load: Any) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for file in files:
        config.merge(merged, load(file))
    config.merge(merged, overrides)
    return merged


def _loosely(file: Path) -> Any:
    return yaml.safe_load(file.read_text(encoding="utf-8"))


class Listener:
    """A filter of Snakemake's messages, through which a run learns that it begins and ends; a module has no `onstart:`.

    Two listeners of the same results folder are equal, so that a logger adds only the first: a module is read again
    each time its rules are used.

    Parameters
    ----------
    session
        Starts before the first job, and ends when Snakemake does.
    workflow
        Snakemake's object.
    progress
        Silences Snakemake's own progress: the progress line is clearer than "Finished jobid: 1234".
    refusal
        The exception that Snakemake reports in one line if the run cannot start.
    """

    READING = ("plan", "audit")
    """Rules that only read and print: they need no lock and show no progress."""

    def __init__(self, session: Session, workflow: Any, progress: Any, refusal: type[Exception]):
        self._session, self._workflow, self._progress, self._refusal = session, workflow, progress, refusal
        self._reading = {workflow.modifier.modify_rulename(name) for name in self.READING}
        self._listens = False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Listener) and other._session.folder == self._session.folder

    def __hash__(self) -> int:
        return hash(self._session.folder)

    def filter(self, record: logging.LogRecord) -> bool:
        """Handle a message; whether it is to be shown."""
        if self._listens:
            if self._workflow.output_settings.quiet is not None:
                self._workflow.output_settings.quiet.add(self._progress)
            # The last message of Snakemake, which is still in its working directory.
            if record.getMessage().startswith("Elapsed time: "):
                self._session.finish()
            return self._session.listen(record)
        if str(getattr(record, "event", None)) == "run_info" and not self._workflow.dryrun:
            self._listens = True
            if record.__dict__["stats"].keys() - {"total"} - self._reading:
                self._start()
        return True

    def _start(self) -> None:
        try:
            check_submission(self._workflow.executor_plugin.name)
            self._session.start()
        except UserError as error:
            raise self._refusal(str(error)) from None
