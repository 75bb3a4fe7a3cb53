"""The observations table of a run of another tool, as far as its folder says."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pandas as pd

from jointsearch.analysis.observations import frame
from jointsearch.core.fields import BudgetUnit
from jointsearch.search.hpbandster import Run


def table(runs: Sequence[Run], unit: BudgetUnit) -> pd.DataFrame:
    """Lay the trainings of an HpBandSter run out as a table, see `observations.table`.

    Its folder does not hold `test_error`, `validation_loss`, `train_loss`, `parameters` and `model_budget`, which are
    empty; `steps` and `epochs`, 0 unless they are the budget; the time that evaluating took, which counts as training;
    and why a training failed: it counts as diverged. `slot` is the position in the order of the results. `loss` is what
    the run minimised, as it stands; bracket -1 holds what it knew from an earlier run.

    Parameters
    ----------
    runs
        As `hpbandster.read` gives them.
    unit
        What their budgets count.

    Raises
    ------
    UserError
        If a hyperparameter bears the name of another column.
    """
    ordered = sorted(runs, key=lambda run: (_bracket(run), run.rung))
    slots: Counter[tuple[int, int]] = Counter()
    rows = []
    for run in ordered:
        rung = _bracket(run), run.rung
        rows.append(_row(run, unit, slots[rung]))
        slots[rung] += 1
    names = list(dict.fromkeys(name for run in ordered for name in run.values))
    return frame(rows, [run.values for run in ordered], names)


def _bracket(run: Run) -> int:
    return int(run.proposal.rsplit("-", 2)[0])


def _row(run: Run, unit: BudgetUnit, slot: int) -> dict[str, Any]:
    return {
        "evaluation": f"{run.proposal}@{run.rung}",
        "proposal": run.proposal,
        "bracket": _bracket(run),
        "rung": run.rung,
        "slot": slot,
        "budget": run.budget,
        "budget_unit": unit,
        "status": "diverged" if run.loss is None else "success",
        "loss": run.loss,
        "test_error": None,
        "validation_loss": None,
        "train_loss": None,
        "parameters": None,
        "epochs": run.budget if unit == "epochs" else 0,
        "steps": round(run.budget) if unit == "steps" else 0,
        "started": run.started,
        "finished": run.finished,
        "training_seconds": run.finished - run.started,
        "evaluation_seconds": 0,
        "origin": "model" if run.model else "random",
        "model_budget": None,
    }
