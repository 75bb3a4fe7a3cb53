"""The evaluations as one page to explore: parallel coordinates, scatter plots, filters; all inlined, no network.

Drawn by scripts of its own (`page/`), as the parallel coordinates of the plotting library that was tried
(plotly) tell nothing of a line under the pointer, know neither logarithmic axes nor missing values, and need WebGL and
5 MB a page.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup
from matplotlib.colors import to_hex

from jointsearch.analysis.amounts import brief_budgets
from jointsearch.core import layout
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.fields import Value
from jointsearch.core.units import Measure, amount
from jointsearch.plotting import style
from jointsearch.plotting.full_budget_evaluations import ORIGINS
from jointsearch.results.results import Results, StudyResults
from jointsearch.search import hyperband
from jointsearch.search.experiment import Experiment
from jointsearch.search.incumbent import incumbent
from jointsearch.space.hyperparameters import Categorical, Constant, Hyperparameter, Integer, Ordinal

PAGE = Path(__file__).with_name("page")
SCRIPTS = ("axes", "rows", "lines", "scatter", "pointing", "controls")

FIELDS = ("evaluation", "proposal", "origin", "name", "model_budget", "status", "message", "epochs")
"""What a row holds before its values on the axes."""


def render(results: Results) -> bytes:
    """Make the page, HTML. The same records give the same bytes."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "allow_nan": False}
    template = environment.from_string((PAGE / "page.html.j2").read_text())
    script = "\n".join((PAGE / f"{name}.js").read_text() for name in SCRIPTS)
    return template.render(data=data(results), script=Markup(script)).encode()


def data(results: Results) -> dict[str, Any]:
    """Gather all that the page shows, as JSON values.

    Returns
    -------
    dict
        `axes`, lowest to highest value each: budget, hyperparameters, weights of a network, losses (errors are
        fractions); by study in `studies` a `note` of its evaluations, the `incumbent`, the `budget` that is
        shown at first, the largest, and `rows`, one an evaluation: `fields`, then a value for each axis, null
        where there is none; the hyperparameters of each part of the space. How things are named and coloured
        beside them.
    """
    everything = [one for study in results.studies.values() for one in study.evaluations]
    alone = [one for one in everything if one.architecture is None]
    judged = [one for study in results.studies.values() if _is_judged(study) for one in study.evaluations]
    unit, measure = results.experiment.budget.unit, results.experiment.measure
    # A gradient-based step has a budget of its own.
    all_budgets = sorted({*hyperband.budgets(results.experiment.budget), *(one.budget for one in everything)})
    names = results.experiment.space.in_order
    weights = [one.parameters for one in alone]
    axes = [
        _listed("budget", all_budgets) | _names(all_budgets, unit),
        *(_axis(name, results.experiment.space.hyperparameters[name]) for name in names),
        *([_measured("network weights", weights, "log")] if _has_network(results.experiment) else []),
        _losses(measure, measure.name, [one.loss for one in judged]),
        _losses(measure, measure.test, [one.test_error for one in alone]),
    ]
    return {
        "experiment": results.experiment.name,
        "fields": list(FIELDS),
        "axes": axes,
        "searched": names,
        "parts": {style.words(part): list(those) for part, those in results.experiment.space.parts.items()},
        "origins": {name: [look["label"], look["color"]] for name, look in ORIGINS.items()}
        | {"given": ["given", style.GREEN]},
        "marks": {"failed": style.GREY, "pointed": style.VERMILLION, "range": style.BLUE},
        "colours": [to_hex(matplotlib.colormaps["cividis"](level / 31)) for level in range(32)],
        "studies": [_study(results, name, names) for name in results.plan.names if name in results.studies],
    }


def _names(all_budgets: Sequence[float], unit: str) -> dict[str, Any]:
    """Names of budgets, and briefer ones for an axis: without their unit, if all have the same."""
    brief, common = brief_budgets(all_budgets, unit)
    names = {"names": [amount(budget, unit) for budget in all_budgets], "brief": brief}
    return names | ({"unit": common} if common else {})


def _axis(name: str, one: Hyperparameter) -> dict[str, Any]:
    match one:
        case Categorical():
            return _listed(name, one.choices)
        case Ordinal():
            return _listed(name, one.sequence)
        case Constant():
            return _listed(name, [one.value])
    scale = {"name": name, "kind": "log" if one.log else "linear", "low": one.lower, "high": one.upper}
    return {**scale, "whole": isinstance(one, Integer)}


def _listed(name: str, values: Iterable[Value]) -> dict[str, Any]:
    return {"name": name, "kind": "list", "values": list(values)}


def _losses(measure: Measure, name: str, losses: Iterable[float | None]) -> dict[str, Any]:
    known = [loss for loss in losses if loss is not None]
    axis = _measured(name, known, style.error_scale(measure.factor * np.array(known))[0]) | {"loss": True}
    return axis | {"high": min(axis["high"], 1.0), "percent": True} if measure.is_error else axis


def _measured(name: str, values: Iterable[float | None], kind: str) -> dict[str, Any]:
    """Span what was measured; linear where it reaches 0."""
    known = [value for value in values if value is not None]
    if not known or min(known) <= 0:
        kind = "linear"
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    if low == high:
        low, high = (low / 2, high * 2) if low > 0 else (low, low + 1.0)
    return {"name": name, "kind": kind, "low": low, "high": high}


def _has_network(experiment: Experiment) -> bool:
    """Whether what is trained has weights that are counted."""
    return experiment.objective is None


def _is_judged(study: StudyResults) -> bool:
    """Whether its validation errors are those of its configurations on new images.

    They are not where those images were trained on, or all architectures at once.
    """
    return study.experiment.data.train_on == "training" and not _has_learned(study)


def _has_learned(study: StudyResults) -> bool:
    """Whether it has trained a weight-sharing network, and learned an architecture."""
    return any(one.architecture is not None for one in study.evaluations)


def _study(results: Results, name: str, parameters: list[str]) -> dict[str, Any]:
    study = results.studies[name]
    ordered = sorted(study.evaluations, key=lambda one: (one.bracket, one.rung, one.slot))
    judged, measure = _is_judged(study), results.experiment.measure
    planned = f" of {results.plan.search.trainings:,}" if name == layout.SEARCH else ""
    note = _count(ordered, planned)
    if ordered:
        note += f" {_best(ordered, measure) if judged else _why_not_judged(study)}"
    return {
        "name": name,
        "note": note,
        "judged": measure.name if judged else measure.test,
        "incumbent": incumbent(ordered).evaluation if judged else None,
        "budget": max((one.budget for one in ordered), default=None),
        "rows": [_row(one, parameters, judged, _has_network(study.experiment)) for one in ordered],
    }


def _count(evaluations: list[Evaluation], planned: str) -> str:
    """Say how much there is, and what failed."""
    if not evaluations:
        return f"No evaluation is finished (0{planned})."
    failed = Counter(one.status for one in evaluations if one.loss is None)
    kinds = ", ".join(f"{number:,} {status.replace('_', ' ')}" for status, number in sorted(failed.items()))
    failures = f"{failed.total():,} failed ({kinds})" if failed else "none failed"
    finished = "evaluations are" if planned or len(evaluations) > 1 else "evaluation is"
    return f"{len(evaluations):,}{planned} {finished} finished, {failures}."


def _why_not_judged(study: StudyResults) -> str:
    if _has_learned(study):
        return "The errors of the weight-sharing network are those of no configuration."
    return "Validation images were trained on: only test errors count."


def _best(evaluations: list[Evaluation], measure: Measure) -> str:
    best = incumbent(evaluations)
    if best.loss is None or best.budget is None or best.budget_unit is None:
        return "All failed: there is no best."
    at = amount(best.budget, best.budget_unit)
    return f"Lowest {measure.name} at {at}: {measure.text(best.loss)} ({best.evaluation})."


def _row(one: Evaluation, parameters: list[str], judged: bool, has_network: bool) -> list[Any]:
    origin = one.proposal.origin
    fields = [one.id, one.proposal.id, origin.kind, origin.name, origin.model_budget, one.status, one.message]
    learned = one.architecture
    known = one.proposal.values | (learned.values if learned else {})
    values = [known.get(name) for name in parameters]
    loss, epochs = one.loss if judged else None, None if one.epochs is None else round(one.epochs, 3)
    weights = [None if learned else one.parameters] if has_network else []
    return [*fields, epochs, one.budget, *values, *weights, loss, None if learned else one.test_error]
