"""The choices of an architecture that a weight-sharing network holds all at once. Light to import."""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from jointsearch.core.errors import UserError, suggest
from jointsearch.core.fields import Value, Values
from jointsearch.networks.hyperparameters import ARCHITECTURE_PARAMETERS, Hyperparameters, widened
from jointsearch.space.file import SpaceFile
from jointsearch.space.hyperparameters import DECIMALS, Categorical, Constant, Float, Integer, Ordinal

GRADIENTS = "gradients"
"""Name of the gradient-based search, where other steps of an arm name their sampler."""
Choices = dict[str, tuple[int | float, ...]]
"""The values of each architectural hyperparameter that is learned, in ascending order."""


class GradientSettings(BaseModel):
    """What can be set of the gradient-based search.

    Those of the optimiser of the architecture (Adam) have the defaults of Liu et al. (2019), appendix A.1, but for the
    learning rate: theirs is 3e-4, for 50 epochs of CIFAR-10.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    choices: Annotated[int, Field(ge=2, le=16)] = 5
    """The most values of a range that are choices: they are spaced evenly on its scale, both ends included."""
    learning_rate: Annotated[float, Field(gt=0, le=10)] = 0.01
    """Of the architecture. Measured on digits images: with 3e-4, some hundred steps leave all choices alike."""
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 1e-3
    """Of the architecture: it pulls the choices towards equal weights."""

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "GradientSettings":
        """Check settings.

        Raises
        ------
        UserError
            If one is unknown or makes no sense.
        """
        try:
            return cls.model_validate(dict(given))
        except ValidationError as error:
            problem = error.errors()[0]
            key = ".".join(map(str, problem["loc"]))
            advice = f"{problem['msg']} (got {problem['input']!r})"
            if problem["type"] == "extra_forbidden":
                advice = f"unknown setting of {GRADIENTS}; {suggest(key, cls.model_fields)}"
            raise UserError(f"sampler_settings: {key}: {advice}") from None


class SharedHyperparameters(Hyperparameters):
    """A weight-sharing network and its training.

    The fields of the hyperparameters that are learned hold their largest choice: they are those of the largest network,
    in which all others are contained.

    Attributes
    ----------
    choices
        Of those that are learned; all others have the value of their field.
    gradients
        How the architecture is learned.
    """

    choices: Choices
    gradients: GradientSettings = GradientSettings()

    @classmethod
    def of(cls, space: SpaceFile, values: Mapping[str, Value], settings: Mapping[str, Any]) -> "SharedHyperparameters":
        """Take what a space searches as choices, and the values of all else.

        Raises
        ------
        UserError
            If the space searches what is not of the architecture, or has conditions; if a value is missing or makes no
            sense; if a setting does.
        """
        gradients = GradientSettings.of(settings)
        learned = [name for name in sorted(space.hyperparameters) if name not in space.fixed]
        for name in learned:
            if name not in ARCHITECTURE_PARAMETERS:
                raise UserError(
                    f"{name}: gradient-based search learns the architecture alone; search it in another step"
                )
        if space.conditions or space.forbidden:
            raise UserError("gradient-based search holds all choices at once, without conditions and forbidden clauses")
        choices = {name: choices_of(space.hyperparameters[name], gradients.choices) for name in learned}
        plain = Hyperparameters.from_values({**values, **{name: max(of) for name, of in choices.items()}})
        return cls(**plain.model_dump(), choices=choices, gradients=gradients)

    def values_of(self, name: str) -> tuple[int | float, ...]:
        """The choices of an architectural hyperparameter: its only value, if it is not learned."""
        found: tuple[int | float, ...] = self.choices.get(name) or (getattr(self, name),)
        return found

    @property
    def first_widths(self) -> list[tuple[int, int]]:
        """Filters of the stem and of the first main block, of each pair of initial filters and first factor."""
        pairs = product(self.values_of("initial_filters"), self.values_of("widen_factor_1"))
        return [(int(filters), widened(int(filters), factor)) for filters, factor in pairs]

    @property
    def has_both_skips(self) -> bool:
        """Whether the first main block changes the width of the stem in some configurations, but not in all."""
        return len({wide == filters for filters, wide in self.first_widths}) > 1

    def without_largest(self, name: str) -> "SharedHyperparameters":
        """Leave out the largest choice of a hyperparameter that has several."""
        left = self.choices[name][:-1]
        return self.model_copy(update={"choices": {**self.choices, name: left}, name: left[-1]})

    def batch_of(self, images: int) -> int:
        """Images in a batch: weights and architecture are learned on a half of the images each."""
        return min(self.batch_size, images // 2)


def choices_of(one: Float | Integer | Categorical | Ordinal | Constant, most: int) -> tuple[int | float, ...]:
    """The choices that stand for a hyperparameter, in ascending order.

    Those of a list are all choices, and so are whole numbers, if there are no more than `most`. From any other range
    `most` values are taken, evenly spaced on its scale from end to end; whole ones are rounded.
    """
    match one:
        case Constant():
            listed: tuple[Any, ...] = (one.value,)
        case Categorical():
            listed = one.choices
        case Ordinal():
            listed = one.sequence
        case Integer() if one.upper - one.lower < most:
            listed = tuple(range(one.lower, one.upper + 1))
        case _:
            listed = tuple(one.typed(_within(one, place / (most - 1))) for place in range(most))
    return tuple(sorted(set(listed)))


def _within(one: Float | Integer, place: float) -> float:
    """The value at a place in [0, 1] of a range, on its scale."""
    if one.log:
        value = one.lower * math.exp(place * math.log(one.upper / one.lower))
    else:
        value = one.lower + place * (one.upper - one.lower)
    return round(value) if isinstance(one, Integer) else min(one.upper, max(one.lower, round(value, DECIMALS)))


def narrowed(
    parameters: SharedHyperparameters,
    fits: Callable[[SharedHyperparameters], bool],
    cost: Callable[[SharedHyperparameters], float],
) -> SharedHyperparameters:
    """Narrow the choices until the largest network fits.

    As long as it does not, the largest choice of one hyperparameter is left out: of the one where this saves most of
    `cost`, of equal ones the first by the alphabet. One choice of each is left, whether that fits or not.
    """
    while not fits(parameters):
        smaller = [parameters.without_largest(name) for name, of in sorted(parameters.choices.items()) if len(of) > 1]
        if not smaller:
            break
        parameters = min(smaller, key=cost)
    return parameters


def largest_weights(choices: Mapping[str, Sequence[Value]], weights: Mapping[str, Sequence[float]]) -> Values:
    """The choice of each hyperparameter that has the largest weight, of equal ones the first."""
    return {name: of[max(range(len(of)), key=lambda place: weights[name][place])] for name, of in choices.items()}


def entropy(weights: Sequence[float]) -> float:
    """Entropy of weights that add up to 1, in nats."""
    # Rounding may take a sum of nothing below 0.
    return max(0.0, -math.fsum(one * math.log(one) for one in weights if one > 0))
