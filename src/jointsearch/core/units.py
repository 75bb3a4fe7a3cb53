"""Amounts for people: budgets and durations."""


def amount(budget: float, unit: str) -> str:
    """Write an amount of training for people; seconds as 400 s, 3 h or 60 days."""
    if unit != "seconds":
        return f"{budget:g} {unit.removesuffix('s') if budget == 1 else unit}"
    for name, length, least in (("days", 86400, 2 * 86400), ("h", 3600, 3600), ("min", 60, 600)):
        if budget >= least:
            return f"{budget / length:.3g} {name}"
    return f"{budget:g} s"


def duration(seconds: float | None) -> str:
    """Write a time span for people: 40 s, 12 min, 5.5 h, 3.2 days."""
    if seconds is None:
        return "unknown"
    for unit, length in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} s"
