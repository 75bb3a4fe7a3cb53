"""Which configuration a run of Snakemake has: that of files, or what another workflow passes to a module.

Nothing here imports Snakemake: its objects are passed in, and the Snakefile reports a UserError.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from jointsearch.core import config
from jointsearch.core.config import Config
from jointsearch.core.errors import UserError

CONFIG = "config/config.yaml"
"""The configuration that the workflow reads by default."""


def read(workflow: Any, root: Path, passed: Mapping[str, Any]) -> Config:
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
                f"{', '.join(others) or main}: this workflow cannot see the configuration of a Snakefile that uses it; "
                "write `module joint:` with `snakefile:` and `config: config`, then `use rule * from joint` "
                "(docs/running.md)"
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
