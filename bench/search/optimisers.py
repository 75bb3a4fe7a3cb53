"""Which optimisers are compared, and what can be run here."""

import json
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from jointsearch.core import yaml_file
from jointsearch.core.errors import UserError
from jointsearch.samplers import registry
from jointsearch.space.file import SpaceFile
from jointsearch.space.space import Space

Schedule = Literal["hyperband", "full"]

HPBANDSTER = "search.hpbandster:sampler"
"""Dotted name of the sampler that asks HpBandSter itself."""

DEFAULT = (
    "random-full", "hyperband", "bohb", "hpbandster", "smac", "tpe", "tpe_hyperband", "dehb",
    "evolution:population_size=20,sample_size=5", "ppo", "mfgp", "gp-full", "smac-full", "tpe-full",
)  # fmt: skip
"""Evolution's own population of 100 is for thousands of evaluations at one budget. `-full` is without Hyperband, one by
one, as those are meant to be used that only use the full budget; `gp` learns from nothing else."""

OURS = ("mfgp", "bohb")
"""What the others are tested against: the first of these that is there."""


@dataclass(frozen=True)
class Optimiser:
    """A sampler with settings, and the budgets that it works with.

    Attributes
    ----------
    label
        Name in tables, figures and folders: the sampler's, then the settings that differ from its defaults.
    sampler, settings
        As for `jointsearch.samplers.make`.
    schedule
        `hyperband`, or `full`: each evaluation at the full budget.
    """

    label: str
    sampler: str
    settings: dict[str, Any] = field(default_factory=dict, hash=False)
    schedule: Schedule = "hyperband"

    def make(self) -> registry.Sampler:
        """Make the sampler."""
        return registry.make(self.sampler, self.settings)


def parse(text: str) -> Optimiser:
    """Read an optimiser: a sampler's name, `-full` for the full budget only, then settings.

    Examples: `bohb`, `random-full`, `bohb:random_fraction=0,num_samples=128`, `package.module.function`.

    Raises
    ------
    UserError
        If a setting is no `key=value`.
    """
    # A dotted name of one's own may have a colon before the function: settings have an equals sign.
    name, colon, given = text.rpartition(":")
    if not colon or "=" not in given:
        name, given = text, ""
    settings = {}
    for item in given.split(",") if given else []:
        key, equals, value = item.partition("=")
        if not equals:
            raise UserError(f"--optimisers: {text}: {item!r} is no setting; write key=value")
        settings[key.strip()] = yaml_file.parse(value, f"--optimisers: {text}: {key}")
    sampler = name.removesuffix("-full")
    schedule: Schedule = "full" if name != sampler else "hyperband"
    label = name.replace(":", ".").replace("/", "-")
    if settings:
        label += "," + ",".join(f"{key}={json.dumps(value)}" for key, value in sorted(settings.items()))
    label = label.replace('"', "").replace("/", "-").replace(" ", "")
    return Optimiser(label, HPBANDSTER if sampler == "hpbandster" else sampler, settings, schedule)


def why_not(optimiser: Optimiser) -> str | None:
    """Say why an optimiser cannot run here, by letting it propose once; None if it can."""
    space = Space(SpaceFile.parse({"hyperparameters": {"x": {"type": "float", "lower": 0, "upper": 1}}}))
    try:
        optimiser.make()(space, (), 1, np.random.default_rng(0))
    except (UserError, ImportError) as error:
        return " ".join(str(error).split())
    return None
