"""The typed configuration, a file for each section. Unknown keys are refused; the JSON schema is generated from it."""

from jointsearch.core.config.arms import ArmSettings, ArmsSettings, StepSettings
from jointsearch.core.config.budget import BudgetClock, BudgetSettings, LengthUnit
from jointsearch.core.config.data import DataSettings
from jointsearch.core.config.file import Config, find_beside, load, merge, overrides, parse, read
from jointsearch.core.config.jobs import JobSettings
from jointsearch.core.config.search import SearchSettings, WarmStartSettings
from jointsearch.core.config.settings import MOST_TRAININGS, Count, Settings
from jointsearch.core.config.studies import (
    CorrelationSettings,
    ManualSettings,
    RetrainingSettings,
    StudySettings,
)
from jointsearch.core.config.training import TrainingSettings

__all__ = [
    "MOST_TRAININGS",
    "ArmSettings",
    "ArmsSettings",
    "BudgetClock",
    "BudgetSettings",
    "Config",
    "CorrelationSettings",
    "Count",
    "DataSettings",
    "JobSettings",
    "LengthUnit",
    "ManualSettings",
    "RetrainingSettings",
    "SearchSettings",
    "Settings",
    "StepSettings",
    "StudySettings",
    "TrainingSettings",
    "WarmStartSettings",
    "find_beside",
    "load",
    "merge",
    "overrides",
    "parse",
    "read",
]
