"""From a configuration to the experiment that it describes, and back."""

import json
from pathlib import Path
from typing import Any

from jointsearch.core import dotted, layout, yaml_file
from jointsearch.core.columns import refuse_names_of
from jointsearch.core.config import Config, JobSettings, SearchSettings, StudySettings, WarmStartSettings
from jointsearch.core.errors import UserError
from jointsearch.core.files import read_record
from jointsearch.networks.choices import GRADIENTS
from jointsearch.networks.space_check import check_trainable
from jointsearch.samplers import registry
from jointsearch.search import hyperband, warm_start
from jointsearch.search.experiment import Experiment
from jointsearch.space.file import SpaceFile


def resolve(config: Config) -> Experiment:
    """Resolve a configuration, its space file included, into an experiment.

    Raises
    ------
    UserError
        If anything in it can't work: space, budgets, lags, sampler, warm start, modules of one's own.
    """
    space = SpaceFile.read(Path(config.space))
    refuse_names_of(space.hyperparameters, config.space)
    if config.objective is None:
        check_trainable(space, own_network=config.training.network is not None)
    if config.search.sampler == GRADIENTS:
        raise UserError(
            f"search.sampler: {GRADIENTS}: gradient-based search is a step of an arm (studies.arms); name a sampler"
        )
    known = warm_start.known(config, space)
    experiment = Experiment(
        name=config.experiment,
        seed=config.seed,
        space=space,
        data=config.data,
        budget=config.budget,
        training=config.training,
        objective=config.objective,
        sampler=config.search.sampler,
        sampler_settings=registry.check(config.search.sampler, config.search.sampler_settings),
        lags=hyperband.lags(config.search.lags, config.budget),
        warm_start=None if known is None else warm_start.digest_of(known),
    )
    for key, name in experiment.own.items():
        dotted.check(name, key)
    return experiment


def to_config(
    experiment: Experiment,
    brackets: int,
    studies: StudySettings | None = None,
    seconds_per_unit: float | None = None,
) -> Config:
    """Make the configuration that reproduces the results of an experiment, for their folder.

    Parameters
    ----------
    experiment
        Which.
    brackets
        Length of the search.
    studies
        Those beside the search, if any.
    seconds_per_unit
        As in the settings of the jobs; written only where it is required, with an objective of one's own.
    """
    begun = None
    if experiment.warm_start is not None:
        begun = WarmStartSettings(folder=layout.warm_start_file(Path(layout.SEARCH)).as_posix())
    search = SearchSettings(
        sampler=experiment.sampler,
        sampler_settings=experiment.sampler_settings,
        length=brackets,
        length_unit="brackets",
        lags=experiment.lags,
        warm_start=begun,
    )
    return Config(
        experiment=experiment.name,
        seed=experiment.seed,
        space="space.yaml",
        budget=experiment.budget,
        data=experiment.data,
        training=experiment.training,
        objective=experiment.objective,
        search=search,
        studies=studies or StudySettings(),
        jobs=JobSettings(seconds_per_unit=None if experiment.objective is None else seconds_per_unit),
    )


def configuration(
    experiment: Experiment, brackets: int, studies: StudySettings, seconds_per_unit: float | None = None
) -> dict[str, bytes]:
    """Write the configuration that reproduces an experiment: `config.yaml` and `space.yaml`, by name."""
    config = to_config(experiment, brackets, studies, seconds_per_unit)
    return {"config.yaml": yaml_file.dump(config), "space.yaml": yaml_file.dump(experiment.space)}


def refuse_another(path: Path, current: Experiment) -> None:
    """Refuse to mix results: the experiment frozen at `path`, if any, must be the current one.

    Raises
    ------
    UserError
        Names the first setting that differs, both values, and the ways out.
    """
    if not path.exists():
        return
    stored = read_record(path, Experiment)
    difference = first_difference(stored.model_dump(mode="json"), current.model_dump(mode="json"))
    if difference:
        where, before, now = difference
        raise UserError(
            f"{path.parent}: holds results of another experiment: {where} was {before}, is now {now}; "
            "give this one another name (`experiment:`), or move the old results away"
        )


def first_difference(before: Any, now: Any, where: str = "") -> tuple[str, str, str] | None:
    """The key of the first value that differs between settings, and both values as JSON; None if none does."""
    if before == now:
        return None
    if isinstance(before, dict) and isinstance(now, dict):
        for key in [*before, *(key for key in now if key not in before)]:
            path = f"{where}.{key}" if where else key
            found = first_difference(before.get(key), now.get(key), path)
            if found:
                return found
    return where, json.dumps(before), json.dumps(now)
