"""When the first model comes, by dimension: writes `docs/first_model.{pdf,svg,png}`.

    python bench/first_model.py

Of `bohb`, whose model needs its evaluations at one budget, and of `mfgp`, whose model takes those of all budgets; in
the study's budgets, if nothing fails.
"""

from pathlib import Path

from jointsearch.core.config import BudgetSettings
from jointsearch.plotting import style
from jointsearch.samplers import registry
from jointsearch.search.hyperband import bracket, budgets, cost
from jointsearch.workflow.cost import first_model

DOCS = Path(__file__).parents[1] / "docs"
DIMENSIONS = range(1, 65)
LONGEST = 400
"""Brackets after which it is too late."""
LAGS = {"lags 0": ((0, 0, 0, 0), "-"), "lags 1, 2, 3, 4": ((1, 2, 3, 4), "--")}
SAMPLERS = {"bohb": style.BLUE, "mfgp": style.VERMILLION}


def spent_before(sampler: str, dimension: int, lags: tuple[int, ...], settings: BudgetSettings) -> float:
    """Full budgets spent on all brackets before the first one that a model proposes."""
    needed = registry.observations_needed(sampler, {}, dimension)
    assert needed is not None
    found = first_model(LONGEST, lags, needed, settings, registry.pools_budgets(sampler))
    assert found is not None
    every = budgets(settings)
    return sum(cost(bracket(index, settings), every) for index in range(found[0])) / settings.maximum


@style.look()
def main() -> None:
    settings = BudgetSettings()
    figure = style.new_figure(style.SINGLE_COLUMN, 2.6)
    axes = figure.subplots()
    for sampler, colour in SAMPLERS.items():
        for name, (lags, dashes) in LAGS.items():
            spent = [spent_before(sampler, dimension, lags, settings) for dimension in DIMENSIONS]
            axes.step(DIMENSIONS, spent, dashes, where="mid", color=colour, label=f"{sampler}, {name}")
    axes.set(xlabel="hyperparameters", ylabel="full trainings before a model")
    axes.legend()
    style.save(figure, DOCS / "first_model")


if __name__ == "__main__":
    main()
