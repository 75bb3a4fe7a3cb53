"""The observations table of a run of another tool, as far as its folder says."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pandas as pd

from jointsearch.analysis.observations import frame
from jointsearch.core.fields import BudgetUnit
from jointsearch.search.hpbandster import HpBandSterTraining


def table(trainings: Sequence[HpBandSterTraining], unit: BudgetUnit) -> pd.DataFrame:
    """Lay the trainings of an HpBandSter run out as a table, see `observations.table`.

    Its folder does not hold `test_error`, `validation_loss`, `train_loss`, `parameters` and `model_budget`, which are
    empty; `steps` and `epochs`, 0 unless they are the budget; the time that evaluating took, which counts as training;
    and why a training failed: it counts as diverged. `slot` is the position in the order of the results. `loss` is what
    the run minimised, as it stands; bracket -1 holds what it knew from an earlier run.

    Parameters
    ----------
    trainings
        As `hpbandster.read` gives them.
    unit
        What their budgets count.

    Raises
    ------
    UserError
        If a hyperparameter bears the name of another column.
    """
    ordered = sorted(trainings, key=lambda one: (_bracket(one), one.rung))
    slots: Counter[tuple[int, int]] = Counter()
    rows = []
    for one in ordered:
        rung = _bracket(one), one.rung
        rows.append(_row(one, unit, slots[rung]))
        slots[rung] += 1
    names = list(dict.fromkeys(name for one in ordered for name in one.values))
    return frame(rows, [one.values for one in ordered], names)


def _bracket(one: HpBandSterTraining) -> int:
    return int(one.proposal.rsplit("-", 2)[0])


def _row(one: HpBandSterTraining, unit: BudgetUnit, slot: int) -> dict[str, Any]:
    return {
        "evaluation": f"{one.proposal}@{one.rung}",
        "proposal": one.proposal,
        "bracket": _bracket(one),
        "rung": one.rung,
        "slot": slot,
        "budget": one.budget,
        "budget_unit": unit,
        "status": "diverged" if one.loss is None else "success",
        "loss": one.loss,
        "test_error": None,
        "validation_loss": None,
        "train_loss": None,
        "parameters": None,
        "epochs": one.budget if unit == "epochs" else 0,
        "steps": round(one.budget) if unit == "steps" else 0,
        "started": one.started,
        "finished": one.finished,
        "training_seconds": one.finished - one.started,
        "evaluation_seconds": 0,
        "origin": "model" if one.model else "random",
        "model_budget": None,
    }
