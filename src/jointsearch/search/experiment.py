"""The experiment: all settings that change a result, frozen beside the results they made."""

import json
from pathlib import Path
from typing import Any

from pydantic import Field

from jointsearch.core import layout, yaml_file
from jointsearch.core.config import (
    BudgetSettings,
    Config,
    DataSettings,
    SearchSettings,
    StudySettings,
    TrainingSettings,
    WarmStartSettings,
)
from jointsearch.core.errors import UserError
from jointsearch.core.files import digest, read_record
from jointsearch.core.records import PROTOCOL, Digest, Record, Rung
from jointsearch.core.seeds import derive
from jointsearch.networks.trainable import check_trainable
from jointsearch.samplers import registry
from jointsearch.search import hyperband, warm_start
from jointsearch.space.file import SpaceFile


class Experiment(Record):
    """`results/<experiment>/experiment.json`: what makes two searches the same search.

    Left out on purpose is what changes no result: the length of the search (it can grow), packing of jobs,
    device, folder of the data, notes. `warm_start` is the digest of the evaluations that the search began with; one
    that began with none does not write it.
    """

    name: str
    seed: int
    space: SpaceFile
    data: DataSettings
    budget: BudgetSettings
    training: TrainingSettings
    sampler: str
    sampler_settings: dict[str, Any]
    lags: tuple[int, ...]
    warm_start: Digest | None = Field(None, exclude_if=lambda value: value is None)

    @classmethod
    def from_config(cls, config: Config) -> "Experiment":
        """Resolve a configuration, its space file included.

        Raises
        ------
        UserError
            If anything in it can't work: space, budgets, lags, sampler, warm start.
        """
        space = SpaceFile.read(Path(config.space))
        check_trainable(space)
        known = warm_start.known(config, space)
        return cls(
            name=config.experiment,
            seed=config.seed,
            space=space,
            data=config.data,
            budget=config.budget,
            training=config.training,
            sampler=config.search.sampler,
            sampler_settings=registry.check(config.search.sampler, config.search.sampler_settings),
            lags=hyperband.lags(config.search.lags, config.budget),
            warm_start=None if known is None else warm_start.source(known),
        )

    def to_config(self, brackets: int, studies: StudySettings | None = None) -> Config:
        """Give the configuration that makes these results again, to lie in their folder.

        Parameters
        ----------
        brackets
            Length of the search.
        studies
            Those beside the search, if any.
        """
        begun = None
        if self.warm_start is not None:
            begun = WarmStartSettings(folder=layout.warm_start_file(Path(layout.SEARCH)).as_posix())
        search = SearchSettings(
            sampler=self.sampler,
            sampler_settings=self.sampler_settings,
            length=brackets,
            length_unit="brackets",
            lags=self.lags,
            warm_start=begun,
        )
        return Config(
            experiment=self.name,
            seed=self.seed,
            space="space.yaml",
            budget=self.budget,
            data=self.data,
            training=self.training,
            search=search,
            studies=studies or StudySettings(),
        )

    @property
    def id(self) -> Digest:
        """Digest that every record of this experiment carries.

        Settings at their default do not count, so that a new version with one more setting, whose default changes
        nothing, can continue an old experiment.
        """
        return digest(self.model_dump(mode="json", exclude_defaults=True))

    def identity(self, rung: Rung, slot: int) -> dict[str, Any]:
        """Say which evaluation belongs in a slot of a rung: the fields of its record that are known beforehand."""
        proposal = rung.proposals[slot]
        level = hyperband.bracket(rung.bracket, self.budget).levels[rung.rung]
        return {
            "protocol": PROTOCOL,
            "experiment": self.id,
            "study": rung.study,
            "bracket": rung.bracket,
            "rung": rung.rung,
            "slot": slot,
            "proposal": proposal,
            "budget": hyperband.budgets(self.budget)[level],
            "budget_unit": self.budget.unit,
            "seed": derive(self.seed, rung.study, "train", proposal.id, rung.rung),
        }

    @property
    def split_seed(self) -> int:
        """Seed of the split into training and validation images, one for all studies."""
        return derive(self.seed, "data", "split")


def configuration(experiment: Experiment, brackets: int, studies: StudySettings) -> dict[str, bytes]:
    """Write down the configuration that makes an experiment again: `config.yaml` and `space.yaml`, by name."""
    config = experiment.to_config(brackets, studies)
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
    difference = _first_difference(stored.model_dump(mode="json"), current.model_dump(mode="json"))
    if difference:
        where, before, now = difference
        raise UserError(
            f"{path.parent}: holds results of another experiment: {where} was {before}, is now {now}; "
            "give this one another name (`experiment:`), or move the old results away"
        )


def _first_difference(before: Any, now: Any, where: str = "") -> tuple[str, str, str] | None:
    if before == now:
        return None
    if isinstance(before, dict) and isinstance(now, dict):
        for key in [*before, *(key for key in now if key not in before)]:
            path = f"{where}.{key}" if where else key
            found = _first_difference(before.get(key), now.get(key), path)
            if found:
                return found
    return where, json.dumps(before), json.dumps(now)
