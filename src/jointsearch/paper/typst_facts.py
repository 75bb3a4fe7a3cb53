"""The facts as the Typst source reads them."""

from collections import Counter
from typing import Any

from jointsearch.analysis.numbers import number_of_best
from jointsearch.core import layout
from jointsearch.core.data_set import HELD_OUT
from jointsearch.core.units import amount, unit_name
from jointsearch.paper import captions, conditions
from jointsearch.paper.checklist import SHORT
from jointsearch.paper.facts import Facts, number_text
from jointsearch.paper.made import NO_COMMIT, Made
from jointsearch.paper.table import Shown
from jointsearch.results import data_summary
from jointsearch.search import hyperband
from jointsearch.search.experiment import Experiment


def as_json(facts: Facts) -> dict[str, Any]:
    """The facts as the Typst source reads them."""
    one = facts.experiment
    ladder, address = hyperband.budgets(one.budget), facts.citation.address
    return {
        "experiment": {
            "name": one.name,
            "objective": one.objective or "",
            "network": "" if one.objective else one.training.network or "",
            "loss": one.measure.name,
            "test": one.measure.test,
            "best": number_of_best(one.measure.name),
            "best_test": number_of_best(one.measure.test),
            "images": "" if one.objective else conditions.plain(one.data.name),
            "counts": "" if facts.images is None else data_summary.line(facts.images).replace(" x ", " × "),
            "sampler": one.sampler,
            "brackets": facts.brackets,
            "budgets": [amount(budget, one.budget.unit) for budget in ladder],
            "ladder": [f"{budget:g}" for budget in ladder],
            "unit": unit_name(one.budget.unit),
            "clock": one.budget.clock,
            "eta": one.budget.eta,
            "hyperband": one.budget.rung_sizes != "single",
            "hyperparameters": len(one.space.hyperparameters),
            # Those that have something to search.
            "parts": [part for part, names in one.space.parts.items() if not one.space.fixed.issuperset(names)],
            "searches": sum(arm.repeats for arm in facts.arms),
            "start": facts.start,
            "validation": _held_out(facts),
            "augmentation": [] if one.objective else augmentation(one),
            "first-budget": _first_budget(facts),
            "kind": facts.kind,
            "seed": one.seed,
            "continuation": one.objective is None and one.training.continuation,
            "is-cifar": one.data.name.startswith("cifar"),
        },
        "arms": [vars(arm) for arm in facts.arms],
        "methods": facts.methods,
        "comparison": {
            "reference": facts.design.reference,
            "test": facts.design.test,
            "why": facts.design.why,
            "paired": facts.design.paired,
        },
        "claims": list(facts.claims),
        "numbers": {
            name: {"value": number.value, **dict(zip(("text", "unit"), number_text(number), strict=True))}
            for name, number in sorted(facts.numbers.items())
        },
        "studies": {name: vars(found) for name, found in facts.studies.items()},
        "known_studies": list(conditions.STUDY_TITLES),
        "machines": [vars(machine) for machine in facts.machines],
        "differences": [vars(difference) for difference in facts.differences],
        "compute": {name: vars(of_study) for name, of_study in facts.compute.items()},
        "optimiser": [vars(setting) for setting in facts.optimiser],
        "checklist": [vars(item) for item in facts.checklist],
        "citation": vars(facts.citation),
        "records": vars(facts.records),
        "commit": facts.commit,
        "tree": f"{address}/tree/{facts.commit.split()[0]}" if address and facts.commit != NO_COMMIT else None,
        "training-commits": sorted({one.commit[:SHORT] for one in facts.environments.values() if one.commit}),
        "parameters": [vars(parameter) for parameter in facts.parameters],
        "figures": {name: {**vars(made), "caption": captions.of_figure(name)} for name, made in facts.figures.items()},
        "tables": {name: _table(*table) for name, table in facts.tables.items()},
    }


def _table(made: Made, shown: Shown) -> dict[str, Any]:
    """A table, and where it comes from, without the trainings behind its rows: thousands of names."""
    return dict(
        **vars(made),
        titles=shown.titles,
        align=shown.align,
        rows=shown.rows,
        rules=shown.rules,
        leading=shown.leading,
        caption=captions.parse(shown.caption),
    )


def augmentation(experiment: Experiment) -> list[str]:
    """How training images are augmented: by settings of the data, and by hyperparameters that are not always 0."""
    data, space = experiment.data, experiment.space.hyperparameters
    searched = {"cutout": space.get("cutout_length"), "mixup": space.get("mixup_alpha")}
    found = {"crop": data.crop_padding > 0, "flip": data.horizontal_flip}
    found |= {name: one is not None and getattr(one, "value", 1) != 0 for name, one in searched.items()}
    return [name for name, there in found.items() if there]


def _first_budget(facts: Facts) -> str:
    """The budget of most first trainings of the search; empty if there is none."""
    first = Counter(one.budget for one in facts.evaluations if one.study == layout.SEARCH and one.rung == 0)
    budget, number = max(first.items(), key=lambda item: item[1], default=(0.0, 0))
    return amount(budget, facts.experiment.budget.unit) if 2 * number > first.total() else ""


def _held_out(facts: Facts) -> str:
    """The share of the training images that is held out for validation; empty if the data has a validation part."""
    published = facts.images is not None and facts.images.validation_from != HELD_OUT
    return "" if published else f"{100 * facts.experiment.data.validation_fraction:.3g} %"
