"""Configurations as sequences of choices, each one of a few: numbers are divided into bins."""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from jointsearch.core.fields import Value
from jointsearch.space.hyperparameters import Categorical, Constant, Float, Hyperparameter, Integer, Ordinal


class Choices(Protocol):
    """The choices of one hyperparameter, numbered from 0."""

    @property
    def size(self) -> int:
        """How many there are."""
        ...

    def index(self, value: Value) -> int:
        """Find the choice that a value belongs to."""
        ...

    def draw(self, index: int, rng: np.random.Generator) -> Value:
        """Draw a value that belongs to a choice, uniform on the hyperparameter's scale."""
        ...


def choices_of(one: Hyperparameter, bins: int) -> Choices:
    """Divide a hyperparameter into choices.

    Parameters
    ----------
    one
        Any but a constant.
    bins
        Most choices of a float or an integer, equal intervals on its scale. Those of an integer that hold no whole
        number are left out, so that one of few values has a choice for each.
    """
    match one:
        case Categorical(choices=values) | Ordinal(sequence=values):
            return _Listed(tuple(values))
        case Integer(lower=lower, upper=upper, log=log):
            # Each number has the half on either side of it, as in ConfigSpace.
            cuts = (np.geomspace if log else np.linspace)(lower - 0.5, upper + 0.5, bins + 1)
            return _Whole(np.unique(np.clip(np.ceil(cuts), lower, upper + 1).astype(np.int64)))
        case Float(log=log):
            return _Real(*one.kept, log, bins)
        case Constant():
            raise AssertionError("a constant has no choices")


@dataclass(frozen=True)
class _Listed:
    values: tuple[Value, ...]

    @property
    def size(self) -> int:
        return len(self.values)

    def index(self, value: Value) -> int:
        return self.values.index(value)

    def draw(self, index: int, rng: np.random.Generator) -> Value:
        return self.values[index]


@dataclass(frozen=True)
class _Whole:
    """Whole numbers: those of choice k are `starts[k]` to `starts[k + 1] - 1`."""

    starts: NDArray[np.int64]

    @property
    def size(self) -> int:
        return len(self.starts) - 1

    def index(self, value: Value) -> int:
        return int(np.searchsorted(self.starts, int(value), side="right")) - 1

    def draw(self, index: int, rng: np.random.Generator) -> Value:
        return int(rng.integers(self.starts[index], self.starts[index + 1]))


@dataclass(frozen=True)
class _Real:
    lower: float
    upper: float
    log: bool
    size: int

    def index(self, value: Value) -> int:
        lower, upper, at = (self._scaled(one) for one in (self.lower, self.upper, float(value)))
        return min(max(int((at - lower) / (upper - lower) * self.size), 0), self.size - 1)

    def draw(self, index: int, rng: np.random.Generator) -> Value:
        lower, upper = self._scaled(self.lower), self._scaled(self.upper)
        at = lower + (index + rng.random()) / self.size * (upper - lower)
        return min(max(math.exp(at) if self.log else at, self.lower), self.upper)

    def _scaled(self, value: float) -> float:
        return math.log(value) if self.log else value
