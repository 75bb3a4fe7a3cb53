"""Settings of the studies beside the search."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from jointsearch.core.config.settings import MOST_TRAININGS, Count, Settings
from jointsearch.core.errors import shown
from jointsearch.core.records import Values


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
    seeds: Count = Field(1, exclude_if=lambda value: value == 1)
    """Trainings of each at every budget, with different seeds. Two or more distinguish noise, of which two trainings of
    one configuration differ, from another ranking."""


class NetworkStudySettings(Settings):
    """Base of the studies of our own networks, which an objective of one's own does not train."""


class ManualSettings(NetworkStudySettings):
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
    scale: Annotated[int, Field(ge=1, le=99)] = Field(1, exclude_if=lambda value: value == 1)
    """Divides their lengths, blocks and filters, in an experiment with smaller images and networks: `4` makes
    `resnet_56` into `resnet_56/4`, of 2 blocks in place of 9 and 4 filters in place of 16. Rounded, and 1 at least.
    Widening factors, branches and training hyperparameters stay as published."""
    seeds: Count = 3
    """Trainings of each, with different seeds."""


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


class ArmSettings(Settings):
    """Joint searches (BOHB, random search, Hyperband) and searches in two steps, with equal budgets.

    A two-step search has one part of the space first, then the others. They show whether that loses something.
    """

    names: Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(_once)] | None = None
    """Which of them: `joint_bohb`, with which the others are compared; `joint_random`, `joint_hyperband`; and in two
    steps `<part>_first` for any [part of the space](#parts-of-the-space), such as `architecture_first`. Without them,
    all."""
    brackets: Annotated[int, Field(ge=2, le=MOST_TRAININGS)] = 8
    """Length of each search, an even number. A two-step arm uses half of it for each step, so with such an arm it has
    to be a multiple of two rounds of brackets."""
    repeats: Count = 5
    """Searches of each arm, with different seeds."""
    start: Annotated[str | Values | None, BeforeValidator(_name_or_values)] = None
    """The values that the first of two steps does not search: the name of a manual architecture (`resnet_20`, or with
    its lengths divided, as by `studies.manual.scale`, `resnet_20/4`), or values by hyperparameter (`{momentum: 0.9,
    batch_size: 64}`), which replace the `default` of the space. Without it,
    `resnet_20` if the multi-branch network is trained and it lies in the space, else the defaults."""

    @field_validator("names")
    @classmethod
    def _have_the_reference(cls, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if names is not None and "joint_bohb" not in names:
            raise ValueError("joint_bohb is missing, with which the others are compared; add it")
        return names

    @model_validator(mode="after")
    def _brackets_have_halves(self) -> Self:
        if self.brackets % 2:
            raise ValueError(
                f"brackets ({self.brackets}) must be even: a two-step search has half of them for each step"
            )
        return self


class RetrainingSettings(NetworkStudySettings):
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
