"""Arms for tests to analyse, made without training."""

from collections.abc import Mapping
from dataclasses import replace

from synthetic import results, search

from jointsearch.core import layout
from jointsearch.core.config import BudgetSettings
from jointsearch.core.evaluation import Evaluation
from jointsearch.results.results import Results
from jointsearch.search.hyperband import Bracket, bracket, budgets, cost
from jointsearch.search.plan import StudyPlan

STEPS: dict[str, tuple[int | None, ...]] = {
    "joint_bohb": (None,),
    "joint_random": (None,),
    "joint_hyperband": (None,),
    "architecture_first": (1, 2),
    "hyperparameters_first": (1, 2),
}
EIGHT: dict[str, tuple[int | None, ...]] = {
    **STEPS,
    "joint_tpe_full": (None,),
    "evolution_first": (1, 2),
    "gradients_first": (1, 2),
}
"""More arms, as a configuration may name them."""
ERRORS = {"joint_bohb": 0.6, "joint_hyperband": 0.8, "architecture_first": 0.9, "hyperparameters_first": 0.7}
"""How many times as large as in `synthetic.search` the errors of an arm are."""
TEST_ABOVE = 0.004
"""How far the test error lies above the validation error."""


_FULL = ("joint_random", "joint_tpe_full")
"""Arms that train at the full budget only."""


def arms(
    settings: BudgetSettings,
    repeats: int,
    brackets: int,
    failing: float = 0.05,
    steps_of: Mapping[str, tuple[int | None, ...]] = STEPS,
    shared: bool = True,
    **missing: int,
) -> Results:
    """Make arms up.

    `shared`: whether the arms of a repeat say that they have common random numbers; `missing`: how many trainings a
    study lacks at its end, by its name with `_` for `-`.
    """
    studies, planned = {}, []
    reference = "joint_bohb" if "joint_bohb" in steps_of else next(iter(steps_of))
    for number, (arm, steps) in enumerate(steps_of.items()):
        for repeat in range(repeats):
            for step in steps:
                name, seed = layout.arm(arm, repeat, step), 100 * repeat + 10 * number + (step or 0)
                if arm in _FULL:
                    made = at_full_budget(settings, brackets, seed, failing)
                else:
                    made = search(brackets // len(steps), settings, seed=seed, failing=failing)
                planned.append(planned_step(settings, arm, repeat, steps, step, brackets, arm == reference))
                made = made[: len(made) - missing.get(name.replace("-", "_"), 0)]
                if made:
                    studies[name] = [spent(one, name, ERRORS.get(arm, 1.0)) for one in made]
    made = results(settings, beside=planned, **studies)
    return common(made) if shared else made


def common(made: Results) -> Results:
    """The same, with common random numbers in all arms of a repeat."""
    repeats = {one.name: one.repeat for one in made.plan.studies if one.repeat is not None}
    studies = {
        name: replace(one, experiment=one.experiment.model_copy(update={"repeat": repeats[name]}))
        if name in repeats
        else one
        for name, one in made.studies.items()
    }
    return replace(made, studies=studies)


def planned_step(
    settings: BudgetSettings,
    arm: str,
    repeat: int,
    steps: tuple[int | None, ...],
    step: int | None,
    brackets: int,
    is_reference: bool,
) -> StudyPlan:
    """Plan a search of an arm, or one of its two steps."""
    if arm in _FULL:
        top = len(budgets(settings)) - 1
        kind, items = "random", (Bracket(top, (random_size(settings, brackets),), (top,)),)
    else:
        kind, items = "search", tuple(bracket(index, settings) for index in range(brackets // len(steps)))
    return StudyPlan(
        name=layout.arm(arm, repeat, step),
        kind=kind,
        settings="0" * 64,
        brackets=items,
        follows=(layout.arm(arm, repeat, 1),) if step == 2 else (),
        arm=arm,
        repeat=repeat,
        is_reference=is_reference,
    )


def random_size(settings: BudgetSettings, brackets: int) -> int:
    """How many trainings at the full budget cost what so many brackets do."""
    all_budgets = budgets(settings)
    return round(sum(cost(bracket(index, settings), all_budgets) for index in range(brackets)) / all_budgets[-1])


def at_full_budget(settings: BudgetSettings, brackets: int, seed: int, failing: float) -> list[Evaluation]:
    """As many trainings at the full budget as cost what so many brackets do, all in one rung."""
    all_budgets = budgets(settings)
    size = random_size(settings, brackets)
    top, alone = len(all_budgets) - 1, settings.model_copy(update={"minimum": settings.maximum})
    made = search(size, alone, seed=seed, failing=failing)
    return [
        one.model_copy(
            update={
                "bracket": top,
                "slot": slot,
                "proposal": one.proposal.model_copy(update={"id": f"{top}-0-{slot}"}),
            }
        )
        for slot, one in enumerate(made)
    ]


def spent(one: Evaluation, study: str = "search", times: float = 1.0) -> Evaluation:
    """The evaluation as one of a study, with an error so many times as large, and what its budget says spent."""
    changes: Mapping[str, object] = {"study": study, "epochs": one.budget, "steps": round(one.budget)}
    if one.loss is not None:
        loss = round(5000 * one.loss * times) / 5000
        changes = {**changes, "loss": loss, "test_error": loss + TEST_ABOVE}
    observed = one.observed.model_copy(update={"training_seconds": one.budget})
    return one.model_copy(update={**changes, "observed": observed})
