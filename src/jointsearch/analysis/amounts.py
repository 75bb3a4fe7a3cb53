"""Amounts that `core.units` does not write: energies, operations, and budgets without the unit that they share."""

from collections.abc import Sequence

from jointsearch.core.units import amount, scale

_JOULES_OF_KWH = 3.6e6
_OPERATIONS = (("EFLOP", 1e18), ("PFLOP", 1e15), ("TFLOP", 1e12), ("GFLOP", 1e9), ("MFLOP", 1e6))


def digits(value: float) -> str:
    """Write a number with three digits; of a larger one, all before the point."""
    return f"{round(value):,}" if value >= 999.5 else f"{value:.3g}"


def energy(joules: float) -> str:
    """Write an energy: 12.3 kWh, 450 Wh."""
    hours = joules / _JOULES_OF_KWH
    return f"{digits(hours)} kWh" if hours >= 1 else f"{digits(1000 * hours)} Wh"


def operations(number: float) -> str:
    """Write a number of floating-point operations: 1.23 PFLOP."""
    name, size = next(((name, size) for name, size in _OPERATIONS if number >= size), _OPERATIONS[-1])
    return f"{digits(number / size)} {name}"


def brief_budgets(budgets: Sequence[float], unit: str) -> tuple[list[str], str]:
    """Write budgets that stand side by side briefly.

    Parameters
    ----------
    budgets, unit
        Which ones, in which unit.

    Returns
    -------
    (list of str, str)
        Each in the unit of the largest, without its name, and that name; seconds with a unit each, as 400 s and 3 h are
        not compared in hours, and nothing.
    """
    if unit == "seconds":
        return [amount(budget, unit) for budget in budgets], ""
    size, name = scale(max(budgets), unit)
    return [digits(budget / size) for budget in budgets], name
