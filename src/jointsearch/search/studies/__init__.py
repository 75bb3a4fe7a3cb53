"""The studies of an experiment: what each trains, by which settings, and how its proposals are made.

`kind` says what a kind of study is; each is a module of its own, listed in `kinds`.
"""

from jointsearch.search.studies.arms import random_size, restricted
from jointsearch.search.studies.kind import Evaluations, PlannedStudy, StudyKind
from jointsearch.search.studies.kinds import KINDS, plan, proposer, record
from jointsearch.search.studies.retraining import finalists, retraining_settings

__all__ = [
    "KINDS",
    "Evaluations",
    "PlannedStudy",
    "StudyKind",
    "finalists",
    "plan",
    "proposer",
    "random_size",
    "record",
    "restricted",
    "retraining_settings",
]
