"""The settings of the optimiser, as the paper lists them."""

import re
from dataclasses import dataclass

from jointsearch.paper.columns import NOTHING
from jointsearch.paper.conditions import plain
from jointsearch.samplers import registry
from jointsearch.search import hyperband
from jointsearch.search.experiment import Experiment
from jointsearch.space.space import Space

_SECTION = re.compile(r" \(section [^)]*\)")


@dataclass(frozen=True)
class Setting:
    """A setting of the optimiser: its name, value, and what it does."""

    name: str
    value: str
    meaning: str


def optimiser(experiment: Experiment, brackets: int, lanes: int | None) -> list[Setting]:
    """List the settings of the search: of its brackets, and of its sampler.

    Parameters
    ----------
    experiment
        Its settings.
    brackets
        The planned length of its search.
    lanes
        How many trainings of it ran at a time; None if none has ended yet.
    """
    found = [
        Setting("sampler", plain(experiment.sampler), "Proposes the first rung of each bracket."),
        *_brackets(experiment, brackets),
        Setting(
            "workers", NOTHING if lanes is None else f"{lanes:,}", "Most trainings at a time; proposals ignore it."
        ),
        Setting("lags", plain(experiment.lags), "By budget: how many brackets before the last are not yet seen."),
    ]
    if experiment.sampler not in registry.REGISTRY:
        return found + [Setting(plain(name), plain(value), "") for name, value in experiment.sampler_settings.items()]
    made = registry.settings_of(experiment.sampler).model_validate(experiment.sampler_settings)
    for name, field in type(made).model_fields.items():
        value = getattr(made, name)
        if name == "min_points_in_model":
            value = max(value or 0, Space(experiment.space).dimension + 1)
        written = "default" if value is None else f"{value:.3g}" if isinstance(value, float) else plain(value)
        first = (field.description or "").replace("\n", " ").replace("`", "").partition(". ")[0].removesuffix(".")
        found.append(Setting(plain(name), written, f"{_SECTION.sub('', first)}."))
    return found


def _brackets(experiment: Experiment, brackets: int) -> list[Setting]:
    eta, sizes = f"{experiment.budget.eta:g}", plain(experiment.budget.rung_sizes)
    if experiment.budget.rung_sizes == "single":
        return [
            Setting("brackets", f"{brackets:,}", "Each is one training at the full budget."),
            Setting("eta", eta, "Ratio of budgets; nothing is promoted."),
            Setting("sizes of rungs", sizes, "No Hyperband: each bracket has one rung, of one training."),
        ]
    return [
        Setting("brackets", f"{brackets:,}", f"Started one after another, with {_turns(experiment)} in turn."),
        Setting("eta", eta, "Ratio of budgets; one in eta evaluations of a rung is promoted."),
        Setting("sizes of rungs", sizes, "Whose formula gives the sizes of first rungs."),
    ]


def _turns(experiment: Experiment) -> str:
    levels = len(hyperband.budgets(experiment.budget))
    rungs = [str(levels - first) for first in range(levels)]
    listed = " and ".join(filter(None, (", ".join(rungs[:-1]), rungs[-1])))
    return f"{listed} {'rung' if rungs == ['1'] else 'rungs'}"
