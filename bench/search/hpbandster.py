"""HpBandSter's own BOHB as a sampler, in the environment of `make test-peers`."""

import logging
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from jointsearch.core.fields import Values
from jointsearch.core.history import Observation
from jointsearch.core.proposal import Origin
from jointsearch.samplers.base import Outlook, Sampled, Suggestion
from jointsearch.samplers.history import by_budget
from jointsearch.space.file import SpaceFile
from jointsearch.space.hyperparameters import Ordinal
from jointsearch.space.space import Space


def sampler(**settings: Any) -> "HpBandSter":
    """Make the sampler.

    Raises
    ------
    ImportError
        If HpBandSter is not installed.
    """
    # Here, because only this optimiser needs it.
    from hpbandster.optimizers.config_generators.bohb import BOHB

    # It logs each model that it fits.
    logging.getLogger("hpbandster").setLevel(logging.CRITICAL)
    return HpBandSter(BOHB, settings)


class HpBandSter:
    """A fresh config generator for each batch, fed with the history; see `jointsearch.samplers.base.Sampler`."""

    def __init__(self, generator: Any, settings: dict[str, Any]) -> None:
        self.generator, self.settings = generator, settings

    def __call__(
        self,
        space: Space,
        history: Sequence[Observation],
        count: int,
        rng: np.random.Generator,
        outlook: Outlook | None = None,
    ) -> Suggestion:
        """Propose configurations; numpy's global state, from which HpBandSter draws, is put back after."""
        before = np.random.get_state()  # noqa: NPY002
        try:
            return self._propose(space, history, count, int(rng.integers(2**32)))
        finally:
            np.random.set_state(before)  # noqa: NPY002

    def _propose(self, space: Space, history: Sequence[Observation], count: int, seed: int) -> Suggestion:
        sequences = {name: one.sequence for name, one in space.file.hyperparameters.items() if isinstance(one, Ordinal)}
        places = Space(without_ordinals(space.file)) if sequences else Space(space.file)
        np.random.seed(seed)  # noqa: NPY002
        places.configuration_space.seed(seed)
        generator = self.generator(
            configspace=places.configuration_space, logger=logging.getLogger("hpbandster"), **self.settings
        )
        for budget, at in reversed(by_budget(history).items()):
            for number, one in enumerate(at, start=1):
                values = {
                    name: sequences[name].index(value) if name in sequences else value
                    for name, value in one.values.items()
                }
                result = None if one.loss is None else {"loss": one.loss}
                job = SimpleNamespace(result=result, kwargs={"budget": budget, "config": values}, exception=None)
                generator.new_result(job, update_model=number == len(at))
        drawn = [generator.get_config(None) for _ in range(count)]
        return Suggestion(
            tuple(
                Sampled(
                    with_ordinals(dict(values), sequences),
                    Origin(sampler="hpbandster", kind="model" if info["model_based_pick"] else "random"),
                )
                for values, info in drawn
            )
        )


def without_ordinals(space: SpaceFile) -> SpaceFile:
    """Make ordinals, which HpBandSter refuses, integers, as it advises."""
    given = space.model_dump(mode="json", by_alias=True, exclude_none=True)
    given["hyperparameters"] = {
        name: {"type": "integer", "lower": 0, "upper": len(one["sequence"]) - 1} if one["type"] == "ordinal" else one
        for name, one in given["hyperparameters"].items()
    }
    return SpaceFile.parse(given)


def with_ordinals(values: dict[str, Any], sequences: dict[str, Any]) -> Values:
    """Turn places back into the values of ordinals, and numpy's numbers into Python's."""
    plain = {name: value.item() if isinstance(value, np.generic) else value for name, value in values.items()}
    return {name: sequences[name][int(value)] if name in sequences else value for name, value in plain.items()}
