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
    """Random configurations, each trained at every budget.

    They show whether short trainings predict long ones, without the selection that a search makes by promoting.
    """

    configurations: Annotated[int, Field(ge=3, le=MOST_TRAININGS)] = 100
    """How many."""


class ManualSettings(Settings):
    """Architectures from the literature as points of the space, trained at the full budget.

    They show whether the search found something better.
    """

    architectures: Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(_once)] = (
        "resnet_56",
        "wide_resnet_28_10",
        "resnext_20_4x64d",
        "shake_shake_26_2x32d",
        "shakedrop_resnet_56",
    )
    """Which; `src/jointsearch/networks/manual.py` lists them. The default is the five of the paper."""
    seeds: Count = 3
    """Trainings of each, with different seeds."""


class ArmSettings(Settings):
    """Joint searches (BOHB, random search, Hyperband) and searches in two steps, with equal budgets.

    The two steps search the architecture first, or the hyperparameters first. They show whether that loses something.
    """

    names: Annotated[tuple[ArmName, ...], Field(min_length=1), AfterValidator(_once)] = get_args(ArmName)
    """Which of them. `joint_bohb`, with which the others are compared, has to be one."""
    brackets: Annotated[int, Field(ge=2, le=MOST_TRAININGS)] = 8
    """Length of each search, an even number. A two-step arm uses half of it for each step, so with such an arm it has
    to be a multiple of two rounds of brackets."""
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
    """Final trainings of the best configuration found, and of the best manual architecture.

    They are trained on training and validation images. This gives the test error to report, its spread, and that of the
    snapshot ensemble.
    """

    seeds: Count = 5
    """Trainings of each, with different seeds."""


class StudySettings(Settings):
    """The config/README.md#studies beside the search.

    One that is not named is not run; with nothing below its name, it has its defaults.
    """

    # A name with nothing below it means the defaults: a study that is not named must not be written as a name.
    correlation: CorrelationSettings | None = Field(None, exclude_if=lambda value: value is None)
    manual: ManualSettings | None = Field(None, exclude_if=lambda value: value is None)
    arms: ArmSettings | None = Field(None, exclude_if=lambda value: value is None)
    retraining: RetrainingSettings | None = Field(None, exclude_if=lambda value: value is None)
