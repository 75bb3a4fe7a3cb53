"""The incumbent: the best configuration that a search has found."""

from collections import Counter
from collections.abc import Iterable, Sequence

from jointsearch.core.records import BudgetUnit, Evaluation, Finite, Index, Origin, Record, Values, rank


class Incumbent(Record):
    """`incumbent.json`: the best configuration found, or why there is none.

    Attributes
    ----------
    evaluation, proposal, budget, budget_unit, origin, values, loss, test_error, parameters
        Of the best successful evaluation; null if there is none. The architecture that a gradient-based search has
        learned is among the values. `loss` is the validation error, or the loss, by which
        it was chosen, `test_error` was not used.
    evaluations, failed
        How many evaluations there were, and how many of them failed.
    message
        Why there is no incumbent; null if there is one.
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
    return Incumbent(
        evaluation=best.id,
        proposal=best.proposal.id,
        budget=best.budget,
        budget_unit=best.budget_unit,
        origin=best.proposal.origin,
        values=best.proposal.values | ({} if best.architecture is None else best.architecture.values),
        loss=best.loss,
        test_error=best.test_error,
        parameters=best.parameters,
        evaluations=len(everything),
        failed=failed,
    )


def _why_none(evaluations: Sequence[Evaluation]) -> str:
    if not evaluations:
        return "no evaluation is finished"
    counts = Counter(item.status for item in evaluations)
    return "no evaluation succeeded: " + ", ".join(f"{number} {status}" for status, number in counts.most_common())
