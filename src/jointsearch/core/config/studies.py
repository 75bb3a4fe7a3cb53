"""Settings of the studies beside the search."""

from typing import Annotated, Literal, Self, get_args

from pydantic import AfterValidator, Field, field_validator, model_validator

from jointsearch.core.config.settings import MOST_TRAININGS, Count, Settings

ArmName = Literal["joint_bohb", "joint_random", "joint_hyperband", "architecture_first", "hyperparameters_first"]


def _once(names: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse a list that has a name twice."""
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"{twice} appears twice; remove one")
    return names


class CorrelationSettings(Settings):
    """Random configurations, each trained at every budget, to measure how well short trainings predict long ones."""

    configurations: Annotated[int, Field(ge=3, le=MOST_TRAININGS)] = 100
    """Number of configurations."""


class ManualSettings(Settings):
    """Manually constructed architectures inside the space, trained at the full budget."""

    architectures: Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(_once)] = (
        "resnet_56",
        "wide_resnet_28_10",
        "resnext_20_4x64d",
        "shake_shake_26_2x32d",
        "shakedrop_resnet_56",
    )
    """Their names, of `networks.manual.ARCHITECTURES`."""
    seeds: Count = 3
    """Trainings of each."""


class ArmSettings(Settings):
    """Joint search against searches of one part after the other, at equal total budgets (the arms)."""

    names: Annotated[tuple[ArmName, ...], Field(min_length=1), AfterValidator(_once)] = get_args(ArmName)
    """Which arms; `joint_bohb`, with which the others are compared, is one of them."""
    brackets: Annotated[int, Field(ge=2, le=MOST_TRAININGS)] = 8
    """Length of each search; a two-step arm has half of it for each step."""
    repeats: Count = 5
    """Searches of each arm, with different seeds."""
    start: str = "resnet_20"
    """The manual architecture that gives the first of two steps the values it does not search."""

    @field_validator("names")
    @classmethod
    def _have_the_reference(cls, names: tuple[ArmName, ...]) -> tuple[ArmName, ...]:
        if "joint_bohb" not in names:
            raise ValueError("joint_bohb is missing, with which the others are compared; add it")
        return names

    @model_validator(mode="after")
    def _brackets_have_halves(self) -> Self:
        if self.brackets % 2:
            raise ValueError(
                f"brackets ({self.brackets}) must be even: a two-step search has half of them for each step"
            )
        return self


class RetrainingSettings(Settings):
    """The best found configuration, and the best manual one, on training and validation images."""

    seeds: Count = 5
    """Trainings of each."""


class StudySettings(Settings):
    """The studies beside the search; one that is not named is not run. They can be added to a finished search."""

    # A name with nothing below it means the defaults: a study that is not named must not be written as a name.
    correlation: CorrelationSettings | None = Field(None, exclude_if=lambda value: value is None)
    manual: ManualSettings | None = Field(None, exclude_if=lambda value: value is None)
    arms: ArmSettings | None = Field(None, exclude_if=lambda value: value is None)
    retraining: RetrainingSettings | None = Field(None, exclude_if=lambda value: value is None)
