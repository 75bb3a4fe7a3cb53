"""Proposals in words: where they come from, and their values."""

from jointsearch.core.fields import Value
from jointsearch.core.proposal import Origin
from jointsearch.core.units import amount


def origin_text(origin: Origin, unit: str) -> str:
    """Say where a proposal comes from; `unit` is that of the budgets."""
    match origin.kind:
        case "random":
            return f"drawn at random by {origin.sampler}"
        case "given":
            return f"given as {origin.name}"
        case "model":
            budgets = "all budgets" if origin.model_budget is None else amount(origin.model_budget, unit)
            return f"proposed by {origin.sampler}'s model of {budgets}"


def value_text(value: Value) -> str:
    """Write the value of a hyperparameter, with four digits if it is no whole number."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
