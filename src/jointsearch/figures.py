"""The figures and tables by name, and what each is made of. Light, as the workflow reads it whenever it starts."""

from collections.abc import Iterable

from jointsearch import layout

ARM = "arm"
"""Any search of an arm."""

FIGURES: dict[str, tuple[str, ...]] = {
    "full_budget_evaluations": (layout.SEARCH,),
    "budget_correlation": (layout.SEARCH,),
}
"""The studies that each figure is made of. It is made where the first of them is planned."""

TABLES: dict[str, tuple[str, ...]] = {}
"""The same of tables."""


def made_of(names: Iterable[str], catalogue: dict[str, tuple[str, ...]]) -> dict[str, list[str]]:
    """Say which figures (or tables) are made of planned studies, and of which.

    Parameters
    ----------
    names
        Of the studies that are planned.
    catalogue
        `FIGURES` or `TABLES`.
    """
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(name if name in layout.STUDIES else ARM, []).append(name)
    return {
        name: [study for group in uses for study in groups.get(group, [])]
        for name, uses in catalogue.items()
        if uses[0] in groups
    }
