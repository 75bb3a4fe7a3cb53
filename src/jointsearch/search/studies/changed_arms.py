"""Arms that have begun keep their configuration: what of it has changed is named by its key."""

import json
from collections.abc import Mapping
from pathlib import Path

from jointsearch.core import layout
from jointsearch.core.config import ArmsSettings
from jointsearch.core.errors import UserError, few
from jointsearch.core.files import read_record
from jointsearch.search.experiment import Experiment
from jointsearch.search.plan import Plan, StudyPlan
from jointsearch.search.resolve import first_difference
from jointsearch.search.studies.arm import WHERE, restricted
from jointsearch.search.studies.equal_budgets import in_lowest_budgets, length_of
from jointsearch.search.studies.kind import PlannedStudy


def refuse_changed_arms(
    folder: Path, planned: Mapping[str, PlannedStudy], section: ArmsSettings | None, experiment: Experiment
) -> None:
    """Refuse another configuration of arms that have begun; their searches may get more brackets.

    Parameters
    ----------
    folder
        Of the experiment.
    planned, section, experiment
        All studies as they are configured now; the section of the arms; the settings of the search.

    Raises
    ------
    UserError
        Names the key of the configuration, and its value before and now.
    """
    path = layout.plan_file(folder)
    if section is None or not path.exists():
        return
    stored = read_record(path, Plan)
    begun = {
        one.name: read_record(file, Experiment)
        for one in stored.studies
        if one.arm is not None and (file := layout.experiment_file(folder / one.name)).exists()
    }
    changes = dict[str, str]()
    for study in stored.studies:
        name, now = study.name, planned.get(study.name)
        if name not in begun or now is None:
            continue
        change = _setting(stored, study, begun[name], now, section)
        change = change or _budget(stored, study, begun, now, section, experiment)
        if change is not None:
            changes[name] = change
    if changes:
        # Of what was not recorded, only that it differs is known: another step may have both values.
        name = min(changes, key=lambda name: " was " not in changes[name])
        raise UserError(
            f"{folder / name}: has begun with another configuration: {changes[name]}; restore it, or give this "
            "experiment another name"
        )


def _setting(stored: Plan, study: StudyPlan, begun: Experiment, now: PlannedStudy, section: ArmsSettings) -> str | None:
    """The key of a setting that differs, and both values; None if it is at most the budget."""
    start = _start(study, section)
    # What steps before have found is no setting.
    space = restricted(begun.space, now.experiment.space.fixed_values, study.keeps)
    before = begun.model_copy(update={"space": space}).model_dump(mode="json")
    found = first_difference(before, now.experiment.model_dump(mode="json"))
    if found is None:
        names = few(study.keeps)
        return f"{start} has other values of {names} than then" if study.settings != now.plan.settings else None
    where, was, is_now = found
    step = _step(stored, study)
    match where.split("."):
        case ["space", "hyperparameters", name, "value"]:
            return f"{start}.{name} was {was}, is now {is_now}"
        case ["space", "hyperparameters", name, *_]:
            was, is_now = (str(name not in one.space.fixed).lower() for one in (begun, now.experiment))
            return f"{step}: whether it searches {name} was {was}, is now {is_now}"
        case ["budget", "rung_sizes"]:
            return f"{step}.hyperband was {_has_brackets(was)}, is now {_has_brackets(is_now)}"
        case ["budget", *_]:
            return None
        case ["sampler" | "sampler_settings", *_]:
            return f"{step}.{where} was {was}, is now {is_now}"
    return f"{where} was {was}, is now {is_now}"


def _budget(
    stored: Plan,
    study: StudyPlan,
    begun: Mapping[str, Experiment],
    now: PlannedStudy,
    section: ArmsSettings,
    experiment: Experiment,
) -> str | None:
    """The key of the budget of what is no search, and so cannot grow, and both values; None if it is the same."""
    if study.is_search or (study.brackets, study.settings) == (now.brackets, now.plan.settings):
        return None
    costs = {
        one.name: in_lowest_budgets(one.brackets, begun.get(one.name, experiment), experiment)
        for one in stored.steps_of(study)
    }
    whole = sum(costs.values())
    length = length_of(whole, experiment)
    if length is None:
        # No record has the budget of a gradient-based step that has not begun.
        return f"{WHERE}.brackets, or a share, has another value than then"
    if length != section.brackets:
        return f"{WHERE}.brackets was {length}, is now {section.brackets}"
    shares = (costs[study.name] / whole, in_lowest_budgets(now.brackets, now.experiment, experiment) / whole)
    return "{}.share was {:.4g}, is now {:.4g}".format(_step(stored, study), *shares)


def _has_brackets(rung_sizes: str) -> str:
    return json.dumps(rung_sizes != '"single"')


def _step(stored: Plan, study: StudyPlan) -> str:
    """The key of a step, or of an arm that has only one."""
    number = stored.step_of(study)
    return f"{WHERE}.arms.{study.arm}" + ("" if number is None else f".steps.{number - 1}")


def _start(study: StudyPlan, section: ArmsSettings) -> str:
    arm = section.arms.get(str(study.arm))
    return f"{WHERE}.arms.{study.arm}.start" if arm is not None and arm.start is not None else f"{WHERE}.start"
