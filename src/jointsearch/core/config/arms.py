"""Settings of the arms: searches with equal budgets that are compared with each other."""

import math
import re
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from jointsearch.core import layout
from jointsearch.core.config.settings import MOST_TRAININGS, Count, Settings
from jointsearch.core.errors import shown
from jointsearch.core.fields import Values

SHARES_DIFFER = 1e-3
"""Shares are written with few digits: those of an arm add up to 1 up to this."""

_TAKEN = ("arms", "best", "retrained")
"""Numbers in `numbers.json` begin with the name of what they are of: these are taken."""


def _name_or_values(start: Any) -> Any:
    """Refuse, in one line, what is neither the name of an architecture nor values; none given is nothing given."""
    if isinstance(start, Mapping):
        for name, value in start.items():
            if not isinstance(value, bool | int | float | str):
                raise ValueError(f"{name}: expected a value of this hyperparameter (got {shown(value)})")
        return start or None
    if start is not None and not isinstance(start, str):
        raise ValueError("expected the name of a manual architecture, or values by hyperparameter")
    return start


def _listed(parts: Any) -> Any:
    """Take one part for a list of one."""
    return (parts,) if isinstance(parts, str) else parts


def _names_of_folders(arms: Mapping[str, Any]) -> Mapping[str, Any]:
    """Refuse names that cannot begin those of a study, of its folder and of its numbers."""
    known: dict[str, str] = {}
    for name in arms:
        if not re.fullmatch("[A-Za-z0-9]+(_[A-Za-z0-9]+)*", name) or len(name) > 60:
            raise ValueError(
                f"{shown(name)} is no name of an arm; write letters and digits, with single _ inside, "
                "60 characters at most"
            )
        if name in layout.STUDIES or name.partition("_")[0] in _TAKEN:
            raise ValueError(f"{name} is, or begins with, what other results are called; give this arm another name")
        if known.setdefault(name.lower(), name) != name:
            raise ValueError(f"{known[name.lower()]} and {name} differ in case only; give one another name")
    return arms


Start = Annotated[str | Values | None, BeforeValidator(_name_or_values)]


class StepSettings(Settings):
    """One step of an arm: what it searches, by which sampler, with how much of the budget."""

    search: Annotated[Annotated[tuple[str, ...], Field(min_length=1)] | None, BeforeValidator(_listed)] = None
    """The part of the space, or list of parts, that is searched; without it, all. The others keep what earlier steps
    found, or have the values of `start`."""
    sampler: str = "bohb"
    """As `search.sampler`; or `gradients`, which learns the architecture in one training
    (docs/studies.md)."""
    sampler_settings: dict[str, Any] | None = None
    """As `search.sampler_settings`. Without them, those of the search if it has the same sampler, else the
    defaults."""
    hyperband: bool = True
    """Whether it has the brackets of Hyperband. Without them everything is trained at the full budget: one training
    after another, so that the sampler sees all earlier results. Trainings of a sampler that does not learn (`random`)
    run all at once."""
    share: Annotated[float, Field(gt=0, le=1)] | None = None
    """Share of the budget of the arm. Steps without one share equally what the others leave."""


class ArmSettings(StepSettings):
    """An arm: the keys of its only step, or several `steps`."""

    start: Start = None
    """As `studies.arms.start`, for this arm."""
    steps: tuple[StepSettings, ...] = ()
    """Steps, one after another, each with the keys above but for `start`. Together they search each part of the space
    once."""

    @model_validator(mode="after")
    def _one_step_or_several(self) -> Self:
        own = [name for name, field in StepSettings.model_fields.items() if getattr(self, name) != field.default]
        if self.steps and own:
            raise ValueError(f"{own[0]} is for an arm of one step; give it in each of the steps")
        shares = [one.share for one in self.each_step]
        given = [one for one in shares if one is not None]
        left = 1 - math.fsum(given)
        if (abs(left) > SHARES_DIFFER) if len(given) == len(shares) else (left < SHARES_DIFFER):
            rest = "leave something for the other steps" if len(given) < len(shares) else "make it 1"
            raise ValueError(f"its shares add up to {math.fsum(given):g}; {rest}")
        return self

    @property
    def each_step(self) -> tuple[StepSettings, ...]:
        """All its steps; itself if it is the only one."""
        return self.steps or (self,)

    @property
    def shares(self) -> tuple[float, ...]:
        """Share of the budget of each step."""
        given = [one.share for one in self.each_step]
        left = 1 - math.fsum(one for one in given if one is not None)
        return tuple(left / given.count(None) if one is None else one for one in given)


class ArmsSettings(Settings):
    """Searches with equal budgets that are compared with each other, repeated with different seeds.

    An arm searches the whole space at once, or its parts in steps: any sampler, with Hyperband or without. They show
    whether a search in steps loses something, and how samplers compare.
    """

    arms: Annotated[dict[str, ArmSettings | None], AfterValidator(_names_of_folders)] = Field({})
    """The arms, each by a name of your choice (docs/studies.md). Names with nothing after them are short for the arms
    of the paper: `joint_bohb`, `joint_random` and `joint_hyperband` search the whole space; `<part>_first`, for any
    [part of the space](#parts-of-the-space), searches that part in a first step and the others in a second, both by
    BOHB. Without any, all of these."""
    reference: str | None = None
    """The arm with which the others are compared. Without it, `joint_bohb` if it is among them, else the first."""
    brackets: Annotated[int, Field(ge=1, le=MOST_TRAININGS)] = 8
    """Budget of each arm, as a number of brackets. Each step of each arm has to take a whole number of brackets, or of
    trainings at the full budget."""
    repeats: Count = 5
    """Searches of each arm, with different seeds. Arms of one repeat share random configurations and seeds."""
    start: Start = None
    """The values of what a step does not search and no step before has found: the name of a manual architecture
    (`resnet_20`, or `resnet_20/4` as `studies.manual.scale` divides it), or values by hyperparameter (`{momentum: 0.9,
    batch_size: 64}`), which replace the `default` of the space. Without it, `resnet_20` if the multi-branch network is
    trained and it lies in the space, else the defaults."""
