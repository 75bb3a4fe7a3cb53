"""DEHB behind our interface, beside what the authors' optimiser makes of the same results."""

import numpy as np
import pytest
from sampler_properties import BUDGETS, SPACES, SamplerProperties

from jointsearch.core.history import Observation
from jointsearch.samplers import Outlook
from jointsearch.samplers.peers.dehb_settings import DehbSettings

dehb = pytest.importorskip("dehb")

from jointsearch.samplers.peers.dehb import Dehb, _Cube, _Subpopulation, subpopulation_sizes  # noqa: E402 - takes DEHB

JOINT17, CONDITIONAL = SPACES["joint17"], SPACES["conditional"]


@pytest.mark.parametrize("name", ["dehb"])
class TestProperties(SamplerProperties):
    pass


def authors(budgets, folder, **settings):
    # A little below the lowest, for it rounds the number of budgets down.
    return dehb.DEHB(
        dimensions=JOINT17.dimension,
        min_fidelity=budgets[0] * (1 - 1e-9),
        max_fidelity=budgets[-1],
        eta=round(budgets[1] / budgets[0]),
        n_workers=1,
        seed=3,
        save_freq="end",
        output_path=folder,
        **settings,
    )


@pytest.mark.parametrize("budgets", [(1, 3), (1, 3, 9), (1, 3, 9, 27), (2, 4, 8, 16, 32), (1, 4, 16)])
def test_same_sizes_of_subpopulations(budgets, tmp_path):
    theirs = authors(budgets, tmp_path)._max_pop_size
    assert subpopulation_sizes(budgets) == [size for _, size in sorted(theirs.items())]


def test_one_budget_has_the_bracket_as_its_subpopulation():
    assert subpopulation_sizes((9,)) == [1]
    suggestion = Dehb("dehb", DehbSettings())(JOINT17, (), 7, np.random.default_rng(0), Outlook((9,)))
    assert len(suggestion.configurations) == 7


def test_same_defaults(tmp_path):
    theirs, ours = authors(BUDGETS, tmp_path), DehbSettings()
    assert (ours.mutation_factor, ours.crossover_prob) == (theirs.mutation_factor, theirs.crossover_prob)
    assert theirs.strategy == "rand1_bin"
    assert theirs.fix_type == "random"


def test_same_results_give_the_same_subpopulation(tmp_path):
    theirs = authors(BUDGETS, tmp_path)
    cube, rng, known = _Cube(JOINT17), np.random.default_rng(0), []
    # Two rounds: by then, every member was evaluated.
    for number in range(78):
        job = theirs.ask()
        level = int(np.argmin(np.abs(np.array(BUDGETS) - job["fidelity"])))
        loss = float(rng.random())
        theirs.tell(job, {"fitness": loss, "cost": 1})
        values = cube.decode(job["config"])
        name = f"{number}-0-0@{level}"
        known.append(Observation(evaluation=name, budget=BUDGETS[level], values=values, loss=loss))
    for level, (budget, size) in enumerate(zip(BUDGETS, subpopulation_sizes(BUDGETS), strict=True)):
        (population,) = (each for fidelity, each in theirs.de.items() if np.isclose(fidelity, BUDGETS[level]))
        seen = [one for one in known if one.budget == budget]
        ours = _Subpopulation.replayed(population, cube, size, seen)
        assert ours.turns % size == population.parent_counter
        np.testing.assert_array_equal(ours.losses, population.fitness)
        # Integers are at the middle of their part.
        for member, other in zip(ours.members, population.population, strict=True):
            assert cube.decode(member) == pytest.approx(cube.decode(other))


def test_without_crossover_a_child_is_the_target_but_for_one_hyperparameter():
    rng = np.random.default_rng(0)
    known = [
        Observation(evaluation=f"0-0-{slot}@0", budget=1, values=values, loss=slot / 9)
        for slot, values in enumerate(JOINT17.sample(9, rng))
    ]
    sampler = Dehb("dehb", DehbSettings(crossover_prob=0))
    suggestion = sampler(JOINT17, known, 9, rng, Outlook(BUDGETS))
    for one, target in zip(suggestion.configurations, known, strict=True):
        assert sum(one.values[name] != pytest.approx(value) for name, value in target.values.items()) <= 1
    assert suggestion.model.budget == 1
    assert suggestion.model.evaluations == tuple(one.evaluation for one in known)


def test_points_of_a_conditional_space_come_back():
    cube = _Cube(CONDITIONAL)
    configurations = CONDITIONAL.sample(200, np.random.default_rng(0))
    points = cube.encode(configurations)
    assert points.min() >= 0
    assert points.max() <= 1
    for one, point in zip(configurations, points, strict=True):
        assert cube.decode(point) == pytest.approx(one)


def test_a_failure_takes_no_place():
    values = JOINT17.sample(1, np.random.default_rng(0))[0]
    known = [Observation(evaluation="0-0-0@0", budget=1, values=values, loss=None)]
    suggestion = Dehb("dehb", DehbSettings())(JOINT17, known, 3, np.random.default_rng(0), Outlook(BUDGETS))
    assert {one.origin.kind for one in suggestion.configurations} == {"random"}
    assert suggestion.model is None
