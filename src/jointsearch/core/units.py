"""Formatted amounts, the one module that writes them: budgets, training time spent, time spans, losses."""

from dataclasses import dataclass

HOUR = 3600
"""Seconds."""
_TIMES = (("days", 86400, 2 * 86400), ("h", HOUR, HOUR), ("min", 60, 600))
"""Units of time: name, seconds, and the least amount that is written in it."""
_ENDINGS = (
    ("series", "series"),
    *((f"{end}es", end) for end in ("ss", "x", "ch", "sh")),
    ("ies", "y"),
    *((end, end) for end in ("ss", "us", "is")),
    ("s", ""),
)
"""How plurals end, and what of that one of them ends with; the first that fits."""
_NAMES = {"gflop": "GFLOP", "nominal_seconds": "nominal seconds"}


@dataclass(frozen=True)
class Measure:
    """What a search minimises, and how it is written.

    Attributes
    ----------
    name, test
        What the loss is called, and the same measure on data that has chosen nothing.
    is_error
        Whether it is a share of wrong answers, 0 to 1, which is written in percent.
    """

    name: str
    test: str
    is_error: bool

    @property
    def factor(self) -> float:
        """By how much losses are multiplied where they are drawn, or quoted."""
        return 100.0 if self.is_error else 1.0

    @property
    def plural(self) -> str:
        """Several of them."""
        return "validation errors" if self.is_error else "losses"

    @property
    def unit(self) -> str:
        """Unit of a loss that is quoted."""
        return "%" if self.is_error else ""

    @property
    def difference(self) -> str:
        """Unit of a difference of two losses that is quoted."""
        return "percentage points" if self.is_error else ""

    @property
    def digits(self) -> int:
        """Digits after the point of a loss that is quoted."""
        return 2 if self.is_error else 4

    def label(self, name: str) -> str:
        """Label an axis of losses that are called so."""
        return f"{name} (%)" if self.is_error else name

    def text(self, loss: float | None) -> str:
        """Write a loss: 12.34%, or 0.1234."""
        if loss is None:
            return "none"
        return f"{loss:.2%}" if self.is_error else f"{loss:.4g}"

    def named(self, loss: float | None) -> str:
        """Write a loss with its name: 12.34% validation error, loss 0.1234."""
        return f"{self.text(loss)} {self.name}" if self.is_error else f"{self.name} {self.text(loss)}"


ERROR = Measure("validation error", "test error", is_error=True)
"""Of our own trainings."""
LOSS = Measure("loss", "test loss", is_error=False)
"""Of objectives of one's own."""


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
    """Write a budget, an amount of training or a number of things: 1 epoch, 1,296 trees, 400 s, 3 h, 1,200 GFLOP."""
    size, name = scale(budget, unit)
    value = budget / size
    number = f"{round(value):,}" if value >= 1000 or value == round(value) else f"{value:.3g}"
    return f"{number} {_singular(name) if number == '1' else name}"


def _singular(name: str) -> str:
    """One of a unit, or of a plural; what looks like an abbreviation stays as it is."""
    last = name.split()[-1]
    if len(last) <= 3 or not last.islower():
        return name
    return next((name.removesuffix(end) + one for end, one in _ENDINGS if name.endswith(end)), name)


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
