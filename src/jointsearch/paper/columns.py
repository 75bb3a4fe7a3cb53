"""The cells of a table: numbers, means with their spread, intervals, as plain text."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from jointsearch.core.units import amount

Row = Mapping[str, Any]
NOTHING = "–"
"""The text of a missing value."""


@dataclass(frozen=True)
class Column:
    """A column: its title, and the text of its cell in a row; whether that is a number of results."""

    title: str
    text: Callable[[Row], str]
    align: Literal["left", "right"] = "right"
    is_number: bool = True


def number(value: float, digits: int, factor: float = 1) -> str:
    """Write a number with its digits after the point; what is missing as a dash."""
    if pd.isna(value):
        return NOTHING
    if value in (float("inf"), float("-inf")):
        return "∞" if value > 0 else "−∞"
    return signs(f"{factor * value:,.{digits}f}")


def signs(text: str) -> str:
    """Write a minus as such, also in `1e-5`; no zero has one."""
    text = text.replace("-", "−")
    return text.removeprefix("−") if not text.strip("−0.,") else text


def word(title: str, name: str) -> Column:
    """Show a text, with a capital."""

    def text(row: Row) -> str:
        value = row[name]
        return NOTHING if pd.isna(value) else str(value)[:1].upper() + str(value)[1:].replace("_", " ")

    return Column(title, text, "left", is_number=False)


def named(title: str, name: str, names: Mapping[str, str]) -> Column:
    """Show a text by another one."""
    return Column(title, lambda row: names.get(row[name], str(row[name])), "left", is_number=False)


def count(title: str, *names: str) -> Column:
    """Show counts, several as `3 of 5`."""

    def text(row: Row) -> str:
        if all(pd.isna(row[name]) for name in names):
            return NOTHING
        return " of ".join(number(row[name], 0) for name in names)

    return Column(title, text)


def at_most(title: str, name: str, more: str) -> Column:
    """Show a count, or that it is more than that."""

    def text(row: Row) -> str:
        if pd.isna(row[name]):
            return NOTHING
        return ("> " if row[more] else "") + number(row[name], 0)

    return Column(title, text)


def plain(title: str, name: str, digits: int, factor: float = 1) -> Column:
    """Show a number."""
    return Column(title, lambda row: number(row[name], digits, factor))


def spread(title: str, name: str, deviation: str, digits: int = 2, factor: float = 100) -> Column:
    """Show a mean with its standard deviation; alone if there is none."""

    def text(row: Row) -> str:
        mean = number(row[name], digits, factor)
        return mean if pd.isna(row[deviation]) else f"{mean} ± {number(row[deviation], digits, factor)}"

    return Column(title, text)


def interval(title: str, low: str, high: str, digits: int = 2, factor: float = 100) -> Column:
    """Show an interval."""

    def text(row: Row) -> str:
        if pd.isna(row[low]) or pd.isna(row[high]):
            return NOTHING
        return f"[{number(row[low], digits, factor)}, {number(row[high], digits, factor)}]"

    return Column(title, text)


def with_interval(title: str, name: str, low: str, high: str, digits: int = 2, factor: float = 100) -> Column:
    """Show a number with its interval."""
    bounds = interval(title, low, high, digits, factor)

    def text(row: Row) -> str:
        value, of = number(row[name], digits, factor), bounds.text(row)
        return value if of == NOTHING else f"{value} {of}"

    return Column(title, text)


def share(title: str, name: str, of: str) -> Column:
    """Show a count, and its share of another one in percent."""

    def text(row: Row) -> str:
        if not row[of]:
            return NOTHING
        return f"{number(row[name], 0)} ({number(row[name] / row[of], 0, 100)} %)"

    return Column(title, text)


def spent(title: str, name: str, planned: str, unit: str = "budget_unit") -> Column:
    """Show how much training was spent of what was planned."""

    def text(row: Row) -> str:
        made = amount(row[name], row[unit])
        return made if pd.isna(row[planned]) else f"{made} of {amount(row[planned], row[unit])}"

    return Column(title, text)


def estimate(title: str, name: str, low: str, high: str) -> Column:
    """Show a number with its interval and unit, each row with `digits` and `unit` of its own."""

    def text(row: Row) -> str:
        if pd.isna(row[name]):
            return NOTHING
        shown = with_interval(title, name, low, high, row["digits"], 1).text(row)
        return shown if pd.isna(row["unit"]) else f"{shown} {row['unit']}"

    return Column(title, text, "left")


def cited(title: str, name: str, source: str) -> Column:
    """Show what was published, and where."""

    def text(row: Row) -> str:
        return NOTHING if pd.isna(row[name]) else f"{row[name]}; {row[source]}"

    return Column(title, text, "left", is_number=False)


def budget(title: str, name: str = "budget", unit: str = "budget_unit") -> Column:
    """Show a budget with its unit."""
    return Column(title, lambda row: amount(row[name], row[unit]), is_number=False)


def probability(title: str, name: str) -> Column:
    """Show a p-value to two significant digits; one below a thousandth as that."""

    def text(row: Row) -> str:
        value = row[name]
        if pd.isna(value):
            return NOTHING
        return "< 0.001" if value < 0.001 else number(value, 3 if value < 0.0995 else 2)

    return Column(title, text)


def millions(title: str, name: str) -> Column:
    """Show a number of weights in millions, to three significant digits."""

    def text(row: Row) -> str:
        value = row[name]
        return NOTHING if pd.isna(value) else number(value / 1e6, max(1, 9 - len(f"{value:.0f}")))

    return Column(title, text)
