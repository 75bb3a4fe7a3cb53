"""Whole searches of real spaces, made without training."""

from pathlib import Path

import numpy as np
from synthetic import search

from jointsearch.core.config import BudgetSettings
from jointsearch.core.evaluation import Evaluation
from jointsearch.space.file import SpaceFile
from jointsearch.space.space import Space

DEMO = BudgetSettings(unit="epochs", minimum=1, maximum=27)

SPACES = {
    "continuous": SpaceFile.parse(
        {
            "hyperparameters": {
                **{f"x{index}": {"type": "float", "lower": 1e-3, "upper": 1, "log": True} for index in range(4)},
                **{f"n{index}": {"type": "integer", "lower": 1, "upper": 16} for index in range(4)},
            }
        }
    ),
    "mixed": SpaceFile.parse(
        {
            "hyperparameters": {
                "x": {"type": "float", "lower": -1, "upper": 3},
                "n": {"type": "integer", "lower": 2, "upper": 64, "log": True},
                "many": {"type": "categorical", "choices": ["a", "b", "c", "d", "e"]},
                "rate": {"type": "categorical", "choices": [0.5, 1.0, 2.0]},
                "nested": {"type": "float", "lower": 0, "upper": 1},
                "unequal": {"type": "float", "lower": 0, "upper": 1},
            },
            "conditions": [
                {"child": "nested", "parent": "many", "in": ["a", "b", "c"]},
                {"child": "unequal", "parent": "n", "not_equals": 4},
            ],
        }
    ),
    "conditional": SpaceFile.read(Path(__file__).parents[1] / "config/spaces/conditional.yaml"),
}


def search_in(space: Space, brackets: int, failing: float = 0.05, seed: int = 0) -> list[Evaluation]:
    """Search a space at random, with the losses of `synthetic.search`."""
    made = search(brackets, DEMO, seed, failing=failing)
    ids = list(dict.fromkeys(one.proposal.id for one in made))
    rng = np.random.default_rng(seed)
    values = dict(zip(ids, space.sample(len(ids), rng), strict=True))
    starts = rng.random(len(made)) * 1e6
    return [_changed(one, values[one.proposal.id], start) for one, start in zip(made, starts.tolist(), strict=True)]


def _changed(one: Evaluation, values: dict, start: float) -> Evaluation:
    observed = one.observed.model_copy(update={"started": start, "finished": start + 10.25})
    return one.model_copy(update={"proposal": one.proposal.model_copy(update={"values": values}), "observed": observed})
