"""The settings of the optimiser, as the paper lists them."""

import re
from dataclasses import dataclass

from jointsearch.paper.conditions import plain
from jointsearch.samplers import registry
from jointsearch.search import hyperband
from jointsearch.search.experiment import Experiment

_SECTION = re.compile(r" \(section [^)]*\)")


@dataclass(frozen=True)
class Setting:
    """A setting of the optimiser: its name, value, and what it does."""

    name: str
    value: str
    meaning: str


def optimiser(experiment: Experiment, brackets: int) -> list[Setting]:
    """List the settings of the search: of its brackets, and of its sampler."""
    budget = experiment.budget
    found = [
        Setting("sampler", plain(experiment.sampler), "Proposes the first rung of each bracket."),
        Setting("brackets", f"{brackets:,}", f"Started one after another, by turns with {_turns(experiment)} rungs."),
        Setting("eta", f"{budget.eta:g}", "Ratio of budgets; one in eta evaluations of a rung is promoted."),
        Setting("sizes of rungs", plain(budget.rung_sizes), "Whose formula gives the sizes of first rungs."),
        Setting("lags", plain(experiment.lags), "By budget: how many brackets before the last are not yet seen."),
    ]
    if experiment.sampler not in registry.REGISTRY:
        return found + [Setting(plain(name), plain(value), "") for name, value in experiment.sampler_settings.items()]
    made = registry.settings_of(experiment.sampler).model_validate(experiment.sampler_settings)
    for name, field in type(made).model_fields.items():
        value = getattr(made, name)
        written = "default" if value is None else f"{value:.3g}" if isinstance(value, float) else plain(value)
        first = (field.description or "").replace("\n", " ").replace("`", "").partition(". ")[0].removesuffix(".")
        found.append(Setting(plain(name), written, f"{_SECTION.sub('', first)}."))
    return found


def _turns(experiment: Experiment) -> str:
    levels = len(hyperband.budgets(experiment.budget))
    return " or ".join(str(levels - first) for first in range(levels))
