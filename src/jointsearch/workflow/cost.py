"""What `snakemake plan` prints: what a search trains and costs, how long it takes, when its model can start."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence

from jointsearch.core import layout
from jointsearch.core.config import BudgetSettings
from jointsearch.core.units import amount, duration
from jointsearch.samplers import registry
from jointsearch.search import warm_start
from jointsearch.search.experiment import Experiment
from jointsearch.search.hyperband import budgets, cost, durations, newly_seen, trainings
from jointsearch.workflow import lag_advice
from jointsearch.workflow.simulation import Schedule, simulate
from jointsearch.workflow.study_jobs import StudyJobs


def first_model(
    brackets: int,
    lag: Sequence[int],
    needed: int,
    settings: BudgetSettings,
    pooled: bool = False,
    known: Sequence[float] = (),
) -> tuple[int, int] | None:
    """Find the first bracket that sees at least `needed` evaluations, all successful: at one budget or, pooled, in all.

    `known` are the budgets of the successful evaluations that the search begins with.

    Returns
    -------
    (bracket, budget level) or None
        The largest such level, since that is the one that BOHB models; pooled, the largest that is seen.
    """
    seen = [known.count(budget) for budget in budgets(settings)]
    for index in range(brackets):
        for item, rung in newly_seen(index, lag, settings):
            seen[item.levels[rung]] += item.sizes[rung]
        counts = [sum(seen) if number and pooled else number for number in seen]
        enough = [level for level, number in enumerate(counts) if number >= needed]
        if enough:
            return index, enough[-1]
    return None


def report(all_jobs: Mapping[str, StudyJobs], workers: int) -> str:
    """Describe the plan of a configuration: its search in detail, and what the studies beside it train."""
    study_jobs = all_jobs[layout.SEARCH]
    config, lag, brackets = study_jobs.config, study_jobs.experiment.lags, study_jobs.brackets
    all_budgets = budgets(config.budget)
    unit = config.budget.unit
    counts = trainings(brackets, len(all_budgets))
    continuation = config.training.continuation
    total = sum(cost(item, all_budgets, continuation) for item in brackets)
    training = [0.0] * len(all_budgets)
    for item in brackets:
        for level, size, one in zip(item.levels, item.sizes, durations(item, all_budgets, continuation), strict=True):
            training[level] += size * one
    labels, spent = ([amount(one, unit) for one in several] for several in (all_budgets, training))
    column = column_width(*labels, *spent)
    lines = [
        f"{config.experiment}: {amount(len(brackets), 'brackets')}, {amount(sum(counts), 'trainings')}, "
        f"{counts[-1]} of them at the full budget of {amount(all_budgets[-1], unit)}",
        "",
        f"one round of brackets (evaluations at each budget; eta {config.budget.eta}, {config.budget.rung_sizes}):",
        row("", labels, column=column),
    ]
    for item in brackets[: len(all_budgets)]:
        sizes = dict(zip(item.levels, item.sizes, strict=True))
        cells = [str(sizes.get(level, "")) for level in range(len(all_budgets))]
        lines.append(row(f"bracket {item.index}", cells, column=column))
    jobs = config.jobs
    simulated = simulate(
        len(brackets), lag, workers, config.budget, jobs.evaluations_per_job, continuation, jobs.side_by_side
    )
    on_workers = f"on {amount(workers, 'workers')}"
    lines += [
        "",
        row("trainings", [str(number) for number in counts], column=column),
        row("training", spent, column=column),
        row("lag", [str(value) for value in lag], column=column),
        "",
        f"total training    {amount(total, unit)} = {total / all_budgets[-1]:.0f} times the full budget",
        f"{on_workers:<17} {amount(simulated.makespan, unit)}, workers busy "
        f"{simulated.utilisation:.0%} of it (training alone: start-up, evaluation and queues come on top)",
        *_in_time(study_jobs, total, simulated),
        f"first model       {_first_model(study_jobs, simulated)}",
        f"lags              {lag_advice.advice(study_jobs, workers)}",
    ]
    if continuation:
        saved = sum(cost(item, all_budgets) for item in brackets) - total
        lines.append(
            f"continuation      saves {amount(saved, unit)}, {saved / (saved + total):.0%} of training from scratch"
        )
    if all_budgets[0] != config.budget.minimum:
        lowest, configured = amount(all_budgets[0], unit), amount(config.budget.minimum, unit)
        lines.append(
            f"note              the lowest budget is {lowest}, not {configured}: "
            "each budget is a fraction of the full one"
        )
    return "\n".join([*lines, *_studies(all_jobs, total)])


def _studies(all_jobs: Mapping[str, StudyJobs], search: float) -> list[str]:
    """What the studies beside the search train, all repeats of arms together, then each arm, and the total of all."""
    if len(all_jobs) == 1:
        return []
    numbers: dict[str, int] = defaultdict(int)
    costs: dict[str, float] = defaultdict(float)
    for name, one in all_jobs.items():
        if name != layout.SEARCH:
            arm = one.planned.plan.arm
            for group in (name,) if arm is None else ("arms", f"  {arm}"):
                numbers[group] += one.planned.plan.trainings
                costs[group] += one.planned.cost
    unit, width = all_jobs[layout.SEARCH].config.budget.unit, max(12, *map(len, numbers))
    beside = math.fsum(one.planned.cost for name, one in all_jobs.items() if name != layout.SEARCH)
    cells = {group: [str(number), amount(costs[group], unit)] for group, number in numbers.items()}
    column = column_width(*(cell for of_group in cells.values() for cell in of_group))
    return [
        "",
        row("studies", ["trainings", "training"], width, column),
        *(row(group, of_group, width, column) for group, of_group in cells.items()),
        "",
        f"all studies       {amount(search + beside, unit)} of training",
    ]


def evaluations_needed(experiment: Experiment) -> int | None:
    """The evaluations that the model of a search needs; None if it has none, or does not say."""
    return registry.observations_needed(experiment.sampler, experiment.sampler_settings, experiment.space.dimension)


def first_bracket(study_jobs: StudyJobs, known: Sequence[float] = ()) -> tuple[int, int] | None:
    """The first bracket of a study with a model, see `first_model`; None also if the sampler does not say."""
    experiment, needed = study_jobs.experiment, evaluations_needed(study_jobs.experiment)
    if needed is None:
        return None
    pooled = registry.pools_budgets(experiment.sampler)
    return first_model(len(study_jobs.brackets), experiment.lags, needed, experiment.budget, pooled, known)


def name_evaluations(experiment: Experiment, needed: int) -> str:
    """Name the evaluations that a model needs."""
    return f"the {needed} evaluations{'' if registry.pools_budgets(experiment.sampler) else ' at one budget'}"


def _in_time(study_jobs: StudyJobs, total: float, simulated: Schedule) -> list[str]:
    """Convert a search whose budgets are not in seconds."""
    unit, rate = study_jobs.config.budget.unit, study_jobs.seconds_per_unit
    if unit == "seconds":
        return []
    if unit != "nominal_seconds" and study_jobs.config.jobs.seconds_per_unit is None:
        # The default is for time limits, which have to be long enough for anything.
        most = f"the seconds that {amount(1, unit)} takes at most"
        return [f"in time           not known; set jobs.seconds_per_unit to {most}"]
    return [
        f"in time           {duration(rate * total)} of training, in {duration(rate * simulated.makespan)}, "
        f"if {amount(1, unit)} takes {rate:g} s (jobs.seconds_per_unit)"
    ]


def row(name: str, cells: Sequence[str], width: int = 12, column: int = 13) -> str:
    """A row of a table: its name, and its cells to the right of their columns."""
    return f"  {name:<{width}}" + "".join(f"{cell:>{column}}" for cell in cells)


def column_width(*cells: str) -> int:
    """Width of the columns of a table: that of its widest cell and two spaces, 13 at least."""
    return 2 + max(11, *map(len, cells))


def _first_model(study_jobs: StudyJobs, simulated: Schedule) -> str:
    experiment = study_jobs.experiment
    needed = evaluations_needed(experiment)
    if needed is None:
        return "none: this sampler states no number of evaluations that its model needs"
    begun = warm_start.known(study_jobs.config, experiment.space) or ()
    found = first_bracket(study_jobs, [one.budget for one in begun if one.loss is not None])
    if found is None:
        return f"none: no bracket sees {name_evaluations(experiment, needed)} that the model needs"
    index, level = found
    unit = experiment.budget.unit
    return (
        f"bracket {index}, from {needed} or more evaluations at "
        f"{'up to ' if registry.pools_budgets(experiment.sampler) else ''}"
        f"{amount(budgets(experiment.budget)[level], unit)}, "
        f"after {amount(simulated.starts[index], unit)}"
    )
