"""Table: what each study, and each arm, was planned to train and trained, what a model proposed, and what failed."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence

import pandas as pd

from jointsearch.analysis.arm_design import title
from jointsearch.analysis.table import Table
from jointsearch.analysis.trajectory import trajectory
from jointsearch.core import layout
from jointsearch.core.evaluation import Evaluation
from jointsearch.networks.choices import GRADIENTS
from jointsearch.results.catalogue import ARM
from jointsearch.results.results import Results
from jointsearch.search.hyperband import budgets
from jointsearch.search.plan import StudyPlan
from jointsearch.search.studies.kind import PlannedStudy

TITLES = {
    layout.SEARCH: "search",
    layout.CORRELATION: "correlation study",
    ARM: "arms",
    layout.MANUAL: "manual architectures",
    layout.RETRAINING: "final retraining",
}
"""Of the studies, in the order of the text."""
_COLUMNS = {
    "study": "str",
    "title": "str",
    "searches": "int64",
    "planned": "int64",
    "done": "int64",
    "budget_planned": "float64",
    "budget_spent": "float64",
    "budget_unit": "str",
    "proposed": "int64",
    "model_based": "int64",
    "failed": "int64",
    "why": "str",
}


def data(results: Results) -> pd.DataFrame:
    """Count what was planned and what came of it.

    Returns
    -------
    pandas.DataFrame
        One row a study, and one an arm, all its searches together: `study`, `title`, `searches` (1 but of an arm);
        trainings `planned` and `done`; training planned and spent, in `budget_unit` (`budget_planned` is empty where a
        step by gradients has not begun, whose budget is known only then; spent is what trainings really took, of which
        the failed ones took less); configurations `proposed` so far, and how many of them by a model (`model_based`);
        trainings that `failed`, and `why`: how many of them by their status.
    """
    groups: dict[str, list[StudyPlan]] = {}
    for study in results.plan.studies:
        groups.setdefault(study.group, []).append(study)
    return pd.DataFrame([_row(results, *one) for one in groups.items()], columns=list(_COLUMNS)).astype(_COLUMNS)


def _row(results: Results, name: str, studies: Sequence[StudyPlan]) -> tuple[object, ...]:
    made = [one for study in studies for one in results.evaluations(study.name)]
    full = budgets(results.experiment.budget)[-1]
    paths = (trajectory(results.evaluations(study.name), full_budget=full)["spent"] for study in studies)
    first = [one for study in studies for one in _first_trainings(study, results.evaluations(study.name))]
    return (
        name,
        TITLES[name] if studies[0].arm is None else title(name),
        len({study.repeat for study in studies}),
        sum(study.trainings for study in studies),
        len(made),
        math.fsum(_cost(results, study) for study in studies),
        math.fsum(path.iloc[-1] for path in paths if len(path)),
        results.experiment.budget.unit,
        len(first),
        sum(one.proposal.origin.kind == "model" for one in first),
        sum(one.status != "success" for one in made),
        reasons(made),
    )


def reasons(made: Iterable[Evaluation]) -> str:
    """How many trainings failed by each status, in words; empty if none did."""
    failed = Counter(one.status.replace("_", " ") for one in made if one.status != "success")
    return ", ".join(f"{number:,} {status}" for status, number in failed.most_common())


def _first_trainings(study: StudyPlan, made: Sequence[Evaluation]) -> list[Evaluation]:
    """One of each configuration: a study with seeds trains each several times, a search counts each proposal."""
    first = [one for one in made if one.rung == 0]
    if study.seeds is None:
        return first
    return list({(one.proposal.origin.name, *sorted(one.proposal.values.items())): one for one in first}.values())


def _cost(results: Results, study: StudyPlan) -> float:
    begun = results.studies.get(study.name)
    if begun is None and study.kind == GRADIENTS:
        return math.nan
    return PlannedStudy(study, results.experiment if begun is None else begun.experiment).cost


TABLE = Table(studies="all", category="Studies", data=data)
