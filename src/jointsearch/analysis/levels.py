"""Levels of hyperparameters, for what compares parts of a space.

They are its values if there are no more than five, or if they have no order; else thirds of its scale.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from jointsearch.core.fields import Values
from jointsearch.space.hyperparameters import Categorical, Hyperparameter, Integer, Ordinal
from jointsearch.space.space import Space

MOST_VALUES = 5
"""Ordered values of a hyperparameter up to which each is a level."""
THIRDS = 3

Levels = NDArray[np.int64]


def value_count(one: Hyperparameter) -> int | None:
    """How many values are the levels of a hyperparameter; None if its scale is cut into thirds."""
    match one:
        case Categorical(choices=choices):
            return len(choices)
        case Ordinal(sequence=sequence) if len(sequence) <= MOST_VALUES:
            return len(sequence)
        case Integer() if one.upper - one.lower < MOST_VALUES:
            return one.upper - one.lower + 1
        case _:
            return None


def level_counts(space: Space) -> list[int]:
    """How many levels each hyperparameter has that is searched."""
    return [value_count(space.file.hyperparameters[name]) or THIRDS for name in space.names]


def levels(space: Space, configurations: Sequence[Values]) -> Levels:
    """Levels of configurations, shape (n, d), from 0; -1 where a hyperparameter is inactive."""
    found = np.full((len(configurations), space.dimension), -1, dtype=np.int64)
    for column, (name, places) in enumerate(zip(space.names, space.encode_all(configurations).T, strict=True)):
        known = ~np.isnan(places)
        one = space.file.hyperparameters[name]
        number = value_count(one)
        if number is None:
            found[known, column] = np.minimum(np.floor(THIRDS * places[known]), THIRDS - 1).astype(np.int64)
        elif isinstance(one, Integer):
            rows = np.flatnonzero(known).tolist()
            found[rows, column] = [int(configurations[row][name]) - one.lower for row in rows]
        else:
            # Places of choices are their indices, those of a sequence lie in [0, 1].
            scale = number - 1 if isinstance(one, Ordinal) else 1
            found[known, column] = np.round(places[known] * scale).astype(np.int64)
    return found
