"""What `snakemake plan` says of arms: how many proposals can come from a model, and which steps cannot learn."""

from collections.abc import Mapping

from jointsearch.samplers import registry
from jointsearch.workflow.cost import column_width, evaluations_needed, first_bracket, name_evaluations, row
from jointsearch.workflow.study_jobs import StudyJobs


def report(all_jobs: Mapping[str, StudyJobs]) -> str:
    """Say of each step of each arm how many proposals can come from a model; nothing if there are no arms."""
    arms: dict[str, list[str]] = {}
    notes: list[str] = []
    for one in all_jobs.values():
        plan, experiment = one.planned.plan, one.experiment
        if plan.arm is None or plan.repeat != 0 or not plan.is_search:
            continue
        step = one.graph.plan.step_of(plan)
        name = plan.arm if step is None else f"{plan.arm}, step {step}"
        sizes = [item.sizes[0] for item in one.brackets]
        needed, found = evaluations_needed(experiment), first_bracket(one)
        if not registry.learns(experiment.sampler):
            says = "none"
        elif needed is None:
            says = "not known"
        elif found is None:
            says = "none"
            notes.append(
                f"note              {name} learns nothing: none of its brackets sees "
                f"{name_evaluations(experiment, needed)} that {experiment.sampler} needs; give it more brackets, or "
                "other sampler_settings"
            )
        else:
            says = f"{sum(sizes[found[0] :])} at most, from bracket {found[0]} on"
        arms[name] = [str(sum(sizes)), says]
    if not arms:
        return ""
    width, column = max(12, *map(len, arms)), column_width(*(cell for cells in arms.values() for cell in cells))
    lines = [
        row("each repeat", ["proposals", "by a model"], width, column),
        *(row(name, cells, width, column) for name, cells in arms.items()),
        *notes,
    ]
    return "\n".join(lines)
