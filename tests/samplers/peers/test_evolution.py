"""Regularised evolution: who is a parent, and what a child inherits."""

import numpy as np
import pytest
from sampler_properties import BUDGETS, SPACES, SamplerProperties, history

from jointsearch.core.history import Observation
from jointsearch.samplers.peers.evolution import Evolution, mutate, youngest
from jointsearch.samplers.peers.evolution_settings import EvolutionSettings
from jointsearch.space.file import SpaceFile
from jointsearch.space.space import Space

JOINT17, CONDITIONAL = SPACES["joint17"], SPACES["conditional"]


@pytest.mark.parametrize("name", ["evolution"])
class TestProperties(SamplerProperties):
    pass


WHOLE = {"type": "integer", "lower": 0, "upper": 1000}
PLANE = Space(SpaceFile.parse({"hyperparameters": {"n": WHOLE, "m": WHOLE}}))


def observed(values, loss, name="0-0-0@0", budget=1.0):
    return Observation(evaluation=name, budget=budget, values=values, loss=loss)


def test_a_child_differs_from_its_parent_in_one_hyperparameter():
    rng = np.random.default_rng(0)
    changed = set()
    for parent in JOINT17.sample(300, rng):
        child = mutate(JOINT17, parent, rng)
        different = [name for name in parent if parent[name] != child[name]]
        assert len(different) == 1
        changed.update(different)
    assert changed == set(JOINT17.names)


def test_a_child_of_a_conditional_space_differs_in_one_hyperparameter_and_those_that_depend_on_it():
    rng = np.random.default_rng(0)
    dependent = {"shakedrop_death_rate", "cutout_length"}
    for parent in CONDITIONAL.sample(300, rng):
        child = mutate(CONDITIONAL, parent, rng)
        CONDITIONAL.check(child)
        different = {name for name in parent.keys() & child.keys() if parent[name] != child[name]}
        assert len(different) <= 1
        assert parent.keys() ^ child.keys() <= dependent
        assert different or parent.keys() != child.keys()


def test_a_parent_without_an_allowed_neighbour_has_no_child():
    pair = {name: {"type": "categorical", "choices": [0, 1]} for name in "ab"}
    space = Space(SpaceFile.parse({"hyperparameters": pair, "forbidden": [{"a": 0, "b": 1}, {"a": 1, "b": 0}]}))
    assert mutate(space, {"a": 0, "b": 0}, np.random.default_rng(0)) is None


def test_the_oldest_die_even_the_best():
    # Bracket 10 comes after bracket 9; the history is in another order.
    names = ["10-0-0@0", "2-0-0@0", "9-0-0@0"]
    known = [
        observed({"n": 1, "m": 1}, 0.9, names[0]),
        observed({"n": 2, "m": 2}, 0.0, names[1]),
        observed({"n": 3, "m": 3}, 0.5, names[2]),
    ]
    assert [one.evaluation for one in youngest(known, 2)] == [names[2], names[0]]
    evolution = Evolution("evolution", EvolutionSettings(population_size=2, sample_size=20))
    suggestion = evolution(PLANE, known, 20, np.random.default_rng(0))
    assert all(3 in one.values.values() for one in suggestion.configurations)
    assert suggestion.model.evaluations == (names[2], names[0])


def test_the_population_is_of_the_largest_budget_that_has_enough():
    known = history(JOINT17, 9)
    sizes = {budget: sum(one.budget == budget for one in known) for budget in BUDGETS}
    assert sizes == {1: 81, 3: 27, 9: 9}
    for size, budget in [(9, 9), (10, 3), (27, 3), (28, 1)]:
        population = youngest(known, size)
        assert {one.budget for one in population} == {budget}
        assert len(population) == size
    assert youngest(known, 82) == []


def test_a_failure_wins_no_tournament():
    known = [observed({"n": 1, "m": 1}, None, "0-0-0@0"), observed({"n": 3, "m": 3}, 0.5, "0-0-1@0")]
    evolution = Evolution("evolution", EvolutionSettings(population_size=2, sample_size=30))
    suggestion = evolution(PLANE, known, 20, np.random.default_rng(0))
    assert all(3 in one.values.values() for one in suggestion.configurations)
