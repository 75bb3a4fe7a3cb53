"""The parameters of a configuration, as the network and the training loop understand them."""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from jointsearch.core.errors import UserError, explain
from jointsearch.core.fields import Value

Count = Annotated[int, Field(ge=1)]
BatchSize = Annotated[int, Field(ge=2)]
"""Batch norm needs two images to compare."""
Positive = Annotated[float, Field(gt=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Model = TypeVar("Model", bound=BaseModel)

ARCHITECTURE_PARAMETERS = (
    "residual_blocks_1",
    "residual_blocks_2",
    "residual_blocks_3",
    "initial_filters",
    "widen_factor_1",
    "widen_factor_2",
    "widen_factor_3",
    "residual_branches_1",
    "residual_branches_2",
    "residual_branches_3",
)
"""The ten architectural choices."""

TRAINING_PARAMETERS = (
    "learning_rate",
    "batch_size",
    "weight_decay",
    "momentum",
    "mixup_alpha",
    "cutout_length",
    "shakedrop_death_rate",
)
"""The seven others: optimisation and regularisation."""


class TrainingHyperparameters(BaseModel):
    """What the training loop takes from a configuration, whatever the network.

    A field with a default is neutral at it: a space may leave that parameter inactive. The bounds here are
    what makes sense at all; the ranges of a search stand in its space file.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    learning_rate: Positive
    batch_size: BatchSize
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.0
    mixup_alpha: Annotated[float, Field(ge=0)] = 0.0
    cutout_length: Annotated[int, Field(ge=0)] = 0

    def batch_of(self, images: int) -> int:
        """Images in a batch: those of the configuration, or all if there are fewer."""
        return min(self.batch_size, images)


class Hyperparameters(TrainingHyperparameters):
    """One configuration: ten architectural choices and seven other hyperparameters (paper, table 1)."""

    residual_blocks_1: Count
    residual_blocks_2: Count
    residual_blocks_3: Count
    initial_filters: Count
    widen_factor_1: Positive = 1.0
    widen_factor_2: Positive = 1.0
    widen_factor_3: Positive = 1.0
    residual_branches_1: Count = 1
    residual_branches_2: Count = 1
    residual_branches_3: Count = 1
    shakedrop_death_rate: Fraction = 0.0

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> "Hyperparameters":
        """Read the active values of a configuration; inactive parameters take their neutral default.

        Raises
        ------
        UserError
            If a name is unknown, a parameter without a neutral value is missing, or a value makes no sense.
        """
        return _validated(cls, values)

    @property
    def residual_blocks(self) -> tuple[int, int, int]:
        """Residual blocks per main block."""
        return self.residual_blocks_1, self.residual_blocks_2, self.residual_blocks_3

    @property
    def residual_branches(self) -> tuple[int, int, int]:
        """Parallel branches per residual block, per main block."""
        return self.residual_branches_1, self.residual_branches_2, self.residual_branches_3

    @property
    def widths(self) -> tuple[int, int, int]:
        """Filters per main block: cumulative products of the widening factors, rounded at each step."""
        first = widened(self.initial_filters, self.widen_factor_1)
        second = widened(first, self.widen_factor_2)
        return first, second, widened(second, self.widen_factor_3)


def widened(filters: int, factor: float) -> int:
    """Filters of a main block behind one with so many filters."""
    return max(1, round(filters * factor))


class OwnHyperparameters(TrainingHyperparameters):
    """One configuration of a network of one's own.

    Attributes
    ----------
    network
        Dotted name of the function that builds it.
    values
        The active parameters that are not the training loop's.
    """

    network: str
    values: dict[str, Value]

    @classmethod
    def from_values(cls, network: str, values: Mapping[str, Value]) -> "OwnHyperparameters":
        """Divide the active values of a configuration between the training loop and the network.

        Raises
        ------
        UserError
            If the training loop lacks a parameter without a neutral value, or one makes no sense.
        """
        known = TrainingHyperparameters.model_fields
        its_own = {name: value for name, value in values.items() if name not in known}
        ours = {name: value for name, value in values.items() if name in known}
        return _validated(cls, {**ours, "network": network, "values": its_own})


def parameters_of(values: Mapping[str, Value], network: str | None) -> Hyperparameters | OwnHyperparameters:
    """Read the active values of a configuration, of our network or of the one that a dotted name builds.

    Raises
    ------
    UserError
        As `from_values` of either.
    """
    if network is None:
        return Hyperparameters.from_values(values)
    return OwnHyperparameters.from_values(network, values)


def _validated(model: type[Model], values: Mapping[str, Any]) -> Model:
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        raise UserError(f"configuration: {explain(error)}") from None
