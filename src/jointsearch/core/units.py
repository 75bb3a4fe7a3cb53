"""Formatted amounts, the one module that writes them: budgets, training time spent, time spans."""

HOUR = 3600
"""Seconds."""
_TIMES = (("days", 86400, 2 * 86400), ("h", HOUR, HOUR), ("min", 60, 600))
"""Units of time: name, seconds, and the least amount that is written in it."""
_NAMES = {"gflop": "GFLOP", "nominal_seconds": "nominal seconds"}


def scale(largest: float, unit: str) -> tuple[float, str]:
    """Choose the unit in which amounts are written.

    Parameters
    ----------
    largest
        The largest of them, in the unit of the budgets.
    unit
        That unit: many seconds are minutes, hours or days, and so are nominal ones.

    Returns
    -------
    (float, str)
        How much one is in the unit of the budgets, and its name.
    """
    if unit not in ("seconds", "nominal_seconds"):
        return 1.0, unit_name(unit)
    size, name = next(((float(size), name) for name, size, least in _TIMES if largest >= least), (1.0, "s"))
    return size, name if unit == "seconds" else f"nominal {name}"


def amount(budget: float, unit: str) -> str:
    """Write a budget, or an amount of training: 1 epoch, 1,296 steps, 400 s, 3 h, 1,200 GFLOP, 13.5 nominal s."""
    size, name = scale(budget, unit)
    value = budget / size
    number = f"{round(value):,}" if value >= 1000 or value == round(value) else f"{value:.3g}"
    return f"{number} {name.removesuffix('s') if number == '1' and name == unit else name}"


def unit_name(unit: str) -> str:
    """Write the unit of the budgets itself: epochs, seconds, GFLOP, nominal seconds."""
    return _NAMES.get(unit, unit)


def duration(seconds: float | None) -> str:
    """Write a time span: 40 s, 12 min, 5.5 h, 3.2 days."""
    if seconds is None:
        return "unknown"
    for name, length, _ in _TIMES:
        if seconds >= 2 * length:
            return f"{seconds / length:,.1f}".removesuffix(".0") + f" {name}"
    return f"{seconds:.0f} s"
