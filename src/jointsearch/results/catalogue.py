"""The figures and tables by name, and what each is made of. Light, as the workflow reads it whenever it starts."""

from collections.abc import Iterable

from jointsearch.core import layout

ARM = "arm"
"""Any search of an arm."""

_ALL = (layout.SEARCH, layout.CORRELATION, layout.MANUAL, layout.RETRAINING, ARM)

FIGURES: dict[str, tuple[str, ...]] = {
    "full_budget_evaluations": (layout.SEARCH,),
    "incumbent_over_time": (layout.SEARCH,),
    "budget_correlation": (layout.SEARCH,),
    "correlation_study": (layout.CORRELATION, layout.SEARCH),
    "arms": (ARM,),
    "importance": (layout.SEARCH, layout.CORRELATION),
    "manual_architectures": (layout.MANUAL, layout.SEARCH, layout.RETRAINING),
    "learning_curves": (layout.SEARCH,),
    "bracket_schedule": _ALL,
    "time_spent": _ALL,
}
"""The studies that each figure is made of. It is made where the first of them is planned."""

TABLES: dict[str, tuple[str, ...]] = {
    "early_stopping": (layout.CORRELATION, layout.SEARCH),
    "arms_table": (ARM,),
    "importance_groups": (layout.SEARCH, layout.CORRELATION),
    "manual": (layout.MANUAL, layout.SEARCH),
    "retraining": (layout.RETRAINING,),
}
"""The same of tables."""

CATEGORIES: dict[str, str] = {
    "full_budget_evaluations": "Search",
    "incumbent_over_time": "Search",
    "learning_curves": "Search",
    "budget_correlation": "Budgets",
    "correlation_study": "Budgets",
    "early_stopping": "Budgets",
    "arms": "Joint or apart",
    "arms_table": "Joint or apart",
    "importance": "Importance",
    "importance_groups": "Importance",
    "manual_architectures": "Manual and found",
    "manual": "Manual and found",
    "retraining": "Manual and found",
    "bracket_schedule": "Cost",
    "time_spent": "Cost",
}
"""Where each stands in the HTML report."""


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
