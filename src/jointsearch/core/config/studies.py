"""Settings of the studies beside the search."""

from typing import Annotated

from pydantic import AfterValidator, Field

from jointsearch.core.config.arms import ArmsSettings
from jointsearch.core.config.settings import MOST_TRAININGS, Count, Settings


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
    """Trainings of each at every budget, with different seeds. With two or more, noise (two trainings of one
    configuration differ) can be told from a change of ranking."""


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
    arms: ArmsSettings | None = Field(None, exclude_if=lambda value: value is None)
    retraining: RetrainingSettings | None = Field(None, exclude_if=lambda value: value is None)
