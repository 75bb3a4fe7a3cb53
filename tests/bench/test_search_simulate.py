"""Simulated searches see what those of the workflow see."""

import numpy as np
import pytest
from factories import evaluation

from jointsearch.core import layout
from jointsearch.core.config import parse as parse_config
from jointsearch.core.evaluation import rank
from jointsearch.core.proposal import Origin
from jointsearch.samplers import Sampled, Suggestion
from jointsearch.search import hyperband
from jointsearch.workflow.study_jobs import StudyJobs
from search import simulate, tasks
from search.optimisers import Optimiser, parse, why_not
from search.simulate import Light

BUDGET = {"unit": "epochs", "minimum": 1, "maximum": 27}
SEEN: list = []
"""What the sampler of this module was shown."""


def watching():
    """Make a sampler that looks at everything, and remembers it."""

    def propose(space, history, count, rng, outlook=None):
        SEEN.append((list(history), outlook))
        origin = Origin(sampler="watching", kind="random")
        return Suggestion(tuple(Sampled(values, origin) for values in space.sample(count, rng)))

    return propose


@pytest.fixture
def seen():
    SEEN.clear()
    return SEEN


@pytest.mark.parametrize("lags", [None, [1, 2, 3, 4], [0, 0, 0, 0], [2, 2, 5, 5]])
def test_a_bracket_sees_what_the_workflow_shows_it(seen, lags):
    brackets = 13
    search = {"sampler": "test_search_simulate.watching", "length": brackets, "length_unit": "brackets"}
    config = parse_config(
        {"experiment": "small", "budget": BUDGET, "search": search | ({"lags": lags} if lags else {})}
    )
    study_jobs = StudyJobs.from_config(config)
    simulate.search(tasks.make("branin"), Optimiser("w", "test_search_simulate.watching"), 0, brackets, lags)
    assert len(seen) == brackets
    visible: list[tuple[int, int]] = []
    for index, (history, outlook) in enumerate(seen):
        for path in study_jobs.inputs("history", index)["seen"]:
            place = layout.place_of(path.parent / "slot-00.json")[:2]
            if place not in visible:
                visible.append(place)
        expected = [
            (bracket, rung, size)
            for bracket, rung in visible
            for size in [hyperband.bracket(bracket, config.budget).sizes[rung]]
        ]
        shown = [(int(one.evaluation.split("-")[0]), int(one.evaluation.split("@")[1])) for one in history]
        assert shown == [(bracket, rung) for bracket, rung, size in expected for _ in range(size)]
        pending = study_jobs.inputs("proposals", index)["pending"]
        waiting = [int(path.parent.parent.name.split("-")[1]) for path in pending]
        starts = [hyperband.bracket(bracket, config.budget) for bracket in waiting]
        assert [level for _, level in outlook.pending] == [one.levels[0] for one in starts for _ in range(one.sizes[0])]
        assert outlook.budgets == (1, 3, 9, 27)
        assert outlook.level == hyperband.bracket(index, config.budget).levels[0]


def test_the_order_within_a_rung_is_that_of_the_slots(seen):
    simulate.search(tasks.make("branin"), Optimiser("w", "test_search_simulate.watching"), 0, 3, [0])
    first = [one for one in seen[1][0] if one.budget == 1]
    assert [one.evaluation for one in first] == [f"0-0-{slot}@0" for slot in range(27)]
    # Slots of the next rung are in the order of the losses.
    losses = {one.evaluation: one.loss for one in first}
    second = [one.evaluation.removesuffix("@1") for one in seen[1][0] if one.budget == 3]
    assert second == sorted((name.removesuffix("@0") for name in losses), key=lambda name: losses[name + "@0"])[:9]


def test_ranks_as_the_workflow_promotes():
    losses = [0.5, None, 0.25, 0.5, None, 0.125, 0.25]
    records = [evaluation(f"{10 - slot % 2}-0-{slot}", loss, slot=slot) for slot, loss in enumerate(losses)]
    light = [Light(one.proposal.id, 0, 1, {}, one.loss) for one in records]
    assert [one.proposal for one in simulate.ranked(light)] == [one.proposal.id for one in rank(records)]


def test_spends_what_hyperband_costs():
    task = tasks.make("hartmann3")
    all_budgets = hyperband.budgets(task.budget)
    outcome = simulate.search(task, parse("hyperband"), 0, 8)
    assert outcome.spent == sum(
        hyperband.cost(hyperband.bracket(index, task.budget), all_budgets) for index in range(8)
    )
    assert outcome.evaluations == 130
    full = simulate.search(task, parse("random-full"), 0, 8)
    assert full.spent == outcome.spent
    assert full.evaluations == full.proposals == outcome.spent / 27


def test_a_search_is_the_same_again_but_for_the_time_it_takes():
    task, optimiser = tasks.make("cond17-other"), parse("bohb")
    first, second = (vars(simulate.search(task, optimiser, 3, 12)) for _ in range(2))
    assert {**first, "cpu_seconds": 0} == {**second, "cpu_seconds": 0}
    assert first["modelled"] > 0
    assert first["failures"] > 0


def test_the_incumbent_is_the_lowest_loss_seen_at_the_largest_budget():
    task = tasks.make("branin")
    far, near, other = ({"x0": x, "x1": 0.5} for x in (0.0, 0.5, 0.9))
    order = [
        Light("0-0-0", 0, 1, near, None),
        Light("0-0-1", 0, 1, far, 5.0),
        Light("0-0-2", 0, 1, near, 3.0),
        Light("0-0-3", 0, 1, other, 4.0),
        Light("0-0-1", 1, 3, far, 9.0),
        Light("0-0-2", 0, 1, near, 0.0),
    ]
    path = simulate.trajectory(task, order, np.cumsum([one.budget for one in order]).tolist())
    regrets = [task.regret(task.true_loss(values)) for values in (far, near, far)]
    assert path == tuple(zip((2, 3, 7), regrets, strict=True))
    assert simulate.trajectory(task, order[:1], [1]) == ()


def test_lags_reach_for_any_number_of_budgets():
    settings = tasks.make("count-16").budget
    assert simulate.lags(None, settings) == (1, 2, 3, 4, 5)
    assert simulate.lags([0], settings) == (0, 0, 0, 0, 0)
    assert simulate.lags([1, 2, 3, 4, 5, 6], settings) == (1, 2, 3, 4, 5)


def test_names_of_optimisers():
    plain, full, tuned = parse("bohb"), parse("random-full"), parse("bohb:num_samples=8,random_fraction=0.5")
    assert (plain.label, plain.sampler, plain.schedule) == ("bohb", "bohb", "hyperband")
    assert (full.label, full.sampler, full.schedule) == ("random-full", "random", "full")
    assert tuned.settings == {"num_samples": 8, "random_fraction": 0.5}
    assert tuned.label == "bohb,num_samples=8,random_fraction=0.5"
    assert parse("package.module:function").sampler == "package.module:function"


def test_what_cannot_run_is_told():
    assert why_not(parse("bohb")) is None
    assert "did you mean" in why_not(parse("bhob"))
    assert "unknown setting" in why_not(parse("bohb:nonsense=1"))
