"""How a search got better: its incumbent against what was spent until then."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from jointsearch.analysis.number import name_of
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.proposal import proposal_key

COLUMNS = {
    "evaluation": "str",
    "proposal": "str",
    "bracket": "int64",
    "rung": "int64",
    "slot": "int64",
    "budget": "float64",
    "budget_unit": "str",
    "origin": "str",
    "status": "str",
    "loss": "float64",
    "test_error": "float64",
    "spent": "float64",
    "training_seconds": "float64",
    "total_seconds": "float64",
    "incumbent": "str",
    "incumbent_budget": "float64",
    "incumbent_loss": "float64",
    "incumbent_test_error": "float64",
    "full_budget_loss": "float64",
    "full_budget_test_error": "float64",
}
_FIELDS = ("bracket", "rung", "slot", "budget", "budget_unit", "status", "loss", "test_error")


def trajectory(*parts: Sequence[Evaluation], full_budget: float) -> pd.DataFrame:
    """Follow the incumbent through a search.

    The order is the plan's: bracket, rung, slot, as if one worker trained everything. The proposals follow from the
    lags alone, never from timing, so this order belongs to the search; the order in which trainings happened to
    finish belongs to one run of it, depends on the number of workers, and would let the cheap rungs of later brackets
    overtake the expensive ones of earlier ones. The training time spent is then the sum over all trainings so far, the
    failed ones with what they took.

    Parameters
    ----------
    parts
        Evaluations of a study, in any order. Of a search of several steps, those of one step after the other: the
        incumbent of a later step is the best of all so far.
    full_budget
        The largest budget.

    Returns
    -------
    pandas.DataFrame
        One row an evaluation, in order, with the state after it.

        `spent` is in the unit of the budgets. In seconds it is what the clock of the budget counted; of an objective of
        one's own it is the budget; in any other unit it follows from the records' derivable part. `training_seconds` is
        time in training steps, `total_seconds` that of start-up and evaluation as well; both were observed. All three
        are sums so far.

        `incumbent` (empty before the first success), `incumbent_budget`, `incumbent_loss` and `incumbent_test_error`
        are of the evaluation with the lowest validation error at the largest budget that has a success so far: the
        error can rise when that budget does. `full_budget_loss` and `full_budget_test_error` are of the best at the
        full budget alone. Ties go to the earlier step and the lower proposal id, as in `incumbent.incumbent`.
        `evaluation` and `incumbent` are names within the experiment, `study/id`.
    """
    rows = []
    incumbent: Evaluation | None = None
    best: tuple[float, ...] = ()
    spent, training, total = 0.0, 0.0, 0.0
    for step, part in enumerate(parts):
        known: dict[str, Evaluation] = {}
        for one in sorted(part, key=lambda one: (one.bracket, one.rung, one.slot)):
            known[one.id] = one
            observed = one.observed
            spent += _spent(one, known.get(one.continues or ""))
            training += observed.training_seconds
            total += observed.training_seconds + observed.evaluation_seconds + observed.startup_seconds
            # The errors of a weight-sharing network are those of no configuration.
            if one.loss is not None and one.architecture is None:
                key = -one.budget, one.loss, step, *proposal_key(one.proposal.id)
                if incumbent is None or key < best:
                    incumbent, best = one, key
            rows.append(_row(one, incumbent, full_budget) | _sums(spent, training, total))
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)


def _sums(spent: float, training: float, total: float) -> dict[str, float]:
    return {"spent": spent, "training_seconds": training, "total_seconds": total}


def _row(one: Evaluation, incumbent: Evaluation | None, full_budget: float) -> dict[str, object]:
    # The incumbent is of the largest budget so far, so once there is one of the full budget it is the best there.
    at_full = incumbent if incumbent is not None and incumbent.budget >= full_budget else None
    return {
        "evaluation": name_of(one),
        "proposal": one.proposal.id,
        "origin": one.proposal.origin.kind,
        **{name: getattr(one, name) for name in _FIELDS},
        "incumbent": None if incumbent is None else name_of(incumbent),
        "incumbent_budget": np.nan if incumbent is None else incumbent.budget,
        "incumbent_loss": np.nan if incumbent is None else incumbent.loss,
        "incumbent_test_error": np.nan if incumbent is None else incumbent.test_error,
        "full_budget_loss": np.nan if at_full is None else at_full.loss,
        "full_budget_test_error": np.nan if at_full is None else at_full.test_error,
    }


def _spent(one: Evaluation, continued: Evaluation | None) -> float:
    """What a training took of its budget: without what the one that it continues had taken before."""
    match one.budget_unit:
        case _ if one.steps is None or one.epochs is None:
            # An objective of one's own takes what it is given.
            return one.budget
        case "seconds":
            return one.observed.training_seconds
        case "epochs":
            return one.epochs - ((continued and continued.epochs) or 0.0)
        case _:
            return ((one.steps or 0) - ((continued and continued.steps) or 0)) * (one.step_cost or 1.0)
