"""The incumbent: the best configuration that a search has found."""

from collections import Counter
from collections.abc import Iterable, Sequence

from jointsearch.core.evaluation import Evaluation, rank
from jointsearch.core.fields import BudgetUnit, Finite, Index, Record, Values
from jointsearch.core.proposal import Origin

NOT_TRAINED_ALONE = "its training has the errors and weights of the weight-sharing network, not of these values"
"""Why the errors of a learned architecture are not known."""


class Incumbent(Record):
    """`incumbent.json`: the best configuration found, or why there is none.

    Attributes
    ----------
    evaluation, proposal, budget, budget_unit, origin, values, loss, test_error, parameters
        Of the best successful evaluation; null if there is none. `loss` is the validation error, or the loss, by which
        it was chosen, `test_error` was not used. The architecture that a gradient-based search has learned is among the
        values; `loss`, `test_error` and `parameters` are null then.
    evaluations, failed
        How many evaluations there were, and how many of them failed.
    message
        Why there is no incumbent, or why its errors are not known; else null.
    """

    evaluation: str | None = None
    proposal: str | None = None
    budget: float | None = None
    budget_unit: BudgetUnit | None = None
    origin: Origin | None = None
    values: Values | None = None
    loss: Finite | None = None
    test_error: Finite | None = None
    parameters: Index | None = None
    evaluations: Index
    failed: Index
    message: str | None = None


def incumbent(evaluations: Iterable[Evaluation]) -> Incumbent:
    """Choose the best successful evaluation at the largest budget that has one; ties by proposal id.

    Errors at different budgets are not compared: a short training says little about a long one. A search
    in which everything failed is a result too, so its incumbent is empty and says so in `message`.
    """
    everything = list(evaluations)
    successful = [item for item in everything if item.status == "success"]
    failed = len(everything) - len(successful)
    if not successful:
        return Incumbent(evaluations=len(everything), failed=failed, message=_why_none(everything))
    largest = max(item.budget for item in successful)
    best = rank([item for item in successful if item.budget == largest])[0]
    learned = best.architecture
    # The errors of a weight-sharing network are not those of the architecture that it has learned.
    alone = learned is None
    return Incumbent(
        evaluation=best.id,
        proposal=best.proposal.id,
        budget=best.budget,
        budget_unit=best.budget_unit,
        origin=best.proposal.origin,
        values=best.proposal.values | ({} if learned is None else learned.values),
        loss=best.loss if alone else None,
        test_error=best.test_error if alone else None,
        parameters=best.parameters if alone else None,
        evaluations=len(everything),
        failed=failed,
        message=None if alone else NOT_TRAINED_ALONE,
    )


def _why_none(evaluations: Sequence[Evaluation]) -> str:
    if not evaluations:
        return "no evaluation is finished"
    counts = Counter(item.status for item in evaluations)
    return "no evaluation succeeded: " + ", ".join(f"{number} {status}" for status, number in counts.most_common())
