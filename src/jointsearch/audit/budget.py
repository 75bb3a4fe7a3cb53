"""Whether the steps of a training are those of its budget."""

from jointsearch.audit.evidence import Evidence
from jointsearch.core.data_set import DataSet
from jointsearch.core.errors import UserError
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.fields import COMPUTATION_UNITS
from jointsearch.core.units import amount
from jointsearch.results import trained_network
from jointsearch.search.experiment import Experiment
from jointsearch.search.plan import Place
from jointsearch.training.schedule import whole_steps


def problem(evidence: Evidence, place: Place) -> str | None:
    """Say what is wrong with the steps of an evaluation; None if nothing is, or the budget does not say."""
    one, settings = evidence.evaluations[place], evidence.settings_of(place[0])
    cost = _step_cost(one, settings, evidence.data)
    if cost is not None and cost != one.step_cost:
        return f"its step_cost is not {cost:.6g}, what a step of its network takes of the budget"
    if one.status != "success" or one.steps is None or one.epochs is None:
        return None
    if _is_spent(one, one.steps, one.epochs, _steps_before(evidence, place)):
        return None
    return f"{one.steps} steps, {one.epochs:g} epochs are not a budget of {amount(one.budget, one.budget_unit)}"


def _is_spent(one: Evaluation, steps: int, epochs: float, before: int) -> bool:
    if one.budget_unit == "seconds":
        return True
    if one.step_cost is not None:
        return steps == max(whole_steps(one.budget / one.step_cost), before + 1)
    per_unit = steps / epochs if one.budget_unit == "epochs" and epochs else 1
    return abs(steps - max(1, one.budget * per_unit)) <= 0.5 + 1e-6


def _steps_before(evidence: Evidence, place: Place) -> int:
    """Steps of the evaluation that one continues."""
    return next((one.steps or 0 for one in evidence.at(evidence.continued(place))), 0)


def _step_cost(one: Evaluation, settings: Experiment, data: DataSet | None) -> float | None:
    """What a step takes of a budget of computation; None if only its training can say."""
    if one.budget_unit not in COMPUTATION_UNITS or not settings.is_multibranch or data is None:
        return None
    # It imports torch, which no other budget needs here.
    from jointsearch.networks.cost import in_unit

    try:
        cost = trained_network.step_cost(one, settings, data)
    except UserError:
        return None
    return in_unit(cost, one.budget_unit, settings.budget.nominal)
