"""What holds for every sampler, to be tested for one after the other; as a script, what another process proposes."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from jointsearch.core.history import Observation
from jointsearch.samplers import Outlook, base, registry
from jointsearch.space.file import SpaceFile
from jointsearch.space.hyperparameters import Constant
from jointsearch.space.space import Space

FILES = Path(__file__).parents[1] / "config" / "spaces"
SPACES = {name: Space(SpaceFile.read(FILES / f"{name}.yaml")) for name in ("joint17", "conditional")}
FIXED = SPACES["joint17"].sample(1, np.random.default_rng(1))[0]
JOINT = SPACES["joint17"].file
ARCHITECTURE = Space(
    JOINT.model_copy(
        update={
            "hyperparameters": {
                name: one if one.part == "architecture" else Constant(type="constant", value=FIXED[name])
                for name, one in JOINT.hyperparameters.items()
            }
        }
    )
)
"""What the first step of an architecture-first search proposes in: everything else is constant."""
BOWL = Space(
    SpaceFile.parse({"hyperparameters": {f"x{i}": {"type": "float", "lower": 0, "upper": 1} for i in range(4)}})
)
BOTTOM = np.array([0.2, 0.8, 0.3, 0.6])
BUDGETS = (1.0, 3.0, 9.0)
OUTLOOK = Outlook(BUDGETS)
COUNT = 9
COUNTS = {"gp": 2}
"""How many are proposed where it takes about a second for each."""
SETTINGS = {
    # As they are, but fewer points, to be fast.
    "smac": {"challengers": 200, "local_search_iterations": 10, "n_trials": 40, "retrain_after": 16},
    "evolution": {"population_size": 20, "sample_size": 5},
}


def history(space: Space, brackets: int, *, seed: int = 0, failing: float = 0.1, start: int = 0) -> list[Observation]:
    """Random brackets of successive halving, nine configurations each; the loss falls with the distance to a point."""
    rng = np.random.default_rng(seed)
    made = []
    for bracket in range(brackets):
        rung = [(f"{bracket}-0-{slot}", values, rng.random()) for slot, values in enumerate(space.sample(9, rng))]
        for level, budget in enumerate(BUDGETS[start:]):
            trained = []
            for name, values, noise in rung:
                loss = float(np.nanmean((space.encode(values) - 0.3) ** 2) + 0.05 * noise) / (1 + level)
                failed = rng.random() < failing
                trained.append((loss, name, values, noise))
                made.append(
                    Observation(
                        evaluation=f"{name}@{level}", budget=budget, values=values, loss=None if failed else loss
                    )
                )
            rung = [tuple(one) for _, *one in sorted(trained, key=lambda one: one[:2])[: max(1, len(trained) // 3)]]
    return made


HISTORIES = {
    "empty": lambda space: [],
    "few": lambda space: history(space, 3)[:3],
    "many": lambda space: history(space, 8),
    "at the full budget": lambda space: history(space, 3, start=2),
    "failed": lambda space: history(space, 4, failing=1),
    "equal": lambda space: [one.model_copy(update={"loss": 0.5}) for one in history(space, 4, failing=0)],
    "duplicates": lambda space: [
        one.model_copy(update={"evaluation": f"{copy}-{one.evaluation.partition('-')[2]}"})
        for copy in range(3)
        for one in history(space, 1)
    ],
    "begun from another search": lambda space: [
        *(one.model_copy(update={"evaluation": f"hpbandster:{one.evaluation}"}) for one in history(space, 6)),
        *history(space, 2, seed=1),
    ],
}


def count_of(name):
    return COUNTS.get(name, COUNT)


def propose(name, space, observations, seed=0, count=None, outlook=OUTLOOK):
    sampler = registry.make(name, SETTINGS.get(name, {}))
    return sampler(space, observations, count or count_of(name), np.random.default_rng(seed), outlook)


def losses(suggestion):
    return [((BOWL.encode(one.values) - BOTTOM) ** 2).sum() for one in suggestion.configurations]


class SamplerProperties:
    """Each test takes the name of a sampler."""

    @pytest.mark.parametrize("known", HISTORIES)
    @pytest.mark.parametrize("space", SPACES)
    def test_proposals_are_of_the_space(self, name, space, known):
        observations = HISTORIES[known](SPACES[space])
        suggestion = propose(name, SPACES[space], observations)
        base.check(suggestion, SPACES[space], count_of(name), name)
        if suggestion.model:
            assert {*suggestion.model.evaluations} <= {one.evaluation for one in observations}
        for one in suggestion.configurations:
            assert one.origin.sampler == name
            assert all(type(value) in (bool, int, float, str) for value in one.values.values())

    @pytest.mark.parametrize("level", [0, 2])
    def test_with_what_is_under_way_and_without_an_outlook(self, name, level):
        space = SPACES["conditional"]
        pending = tuple((values, level) for values in space.sample(4, np.random.default_rng(5)))
        for outlook in (Outlook(BUDGETS, level, pending), None):
            base.check(propose(name, space, history(space, 4), outlook=outlook), space, count_of(name), name)

    def test_one_at_a_time_at_the_full_budget_in_one_part_of_a_space(self, name):
        observations = history(ARCHITECTURE, 8, start=2)
        known = [one for one in observations if one.budget == BUDGETS[-1]]
        suggestion = propose(name, ARCHITECTURE, known, count=1, outlook=Outlook(BUDGETS[-1:]))
        base.check(suggestion, ARCHITECTURE, 1, name)
        (one,) = suggestion.configurations
        constants = FIXED.keys() - {*ARCHITECTURE.names}
        assert {key: one.values[key] for key in constants} == {key: FIXED[key] for key in constants}

    @pytest.mark.parametrize("space", SPACES)
    def test_equal_arguments_give_equal_suggestions(self, name, space):
        observations = history(SPACES[space], 8)
        first, second = (propose(name, SPACES[space], observations) for _ in range(2))
        assert first == second
        assert propose(name, SPACES[space], observations, seed=1) != first

    @pytest.mark.parametrize("hash_seed", ["1", "7"])
    def test_in_another_process_too(self, name, hash_seed):
        command = [sys.executable, __file__, name]
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        assert told.stderr == ""
        assert json.loads(told.stdout) == described(name)

    def test_the_history_stays_as_it_is_and_so_do_global_states(self, name):
        observations = history(SPACES["conditional"], 8)
        before = [one.model_copy(deep=True) for one in observations]
        np.random.seed(3)  # noqa: NPY002 - the state that must not be touched
        random.seed(3)
        states = np.random.get_state()[1].tolist(), random.getstate()  # noqa: NPY002
        propose(name, SPACES["conditional"], observations)
        assert (np.random.get_state()[1].tolist(), random.getstate()) == states  # noqa: NPY002
        assert observations == before

    def test_it_says_nothing_and_leaves_no_file(self, name, tmp_path, monkeypatch, capfd):
        (tmp_path / "temporary").mkdir()
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
        propose(name, SPACES["joint17"], history(SPACES["joint17"], 4))
        assert [*tmp_path.rglob("*")] == [tmp_path / "temporary"]
        assert capfd.readouterr() == ("", "")

    def test_it_learns(self, name):
        rng = np.random.default_rng(0)
        observations = [
            Observation(
                evaluation=f"{index // 25}-0-{index % 25}@0",
                budget=9,
                values=values,
                loss=float(((BOWL.encode(values) - BOTTOM) ** 2).sum()),
            )
            for index, values in enumerate(BOWL.sample(200, rng))
        ]
        learned = propose(name, BOWL, observations, count=3 * count_of(name), outlook=Outlook((9.0,)))
        assert {one.origin.kind for one in learned.configurations} >= {"model"}
        chance = propose("random", BOWL, observations, count=1000)
        assert np.median(losses(learned)) < np.median(losses(chance))


def described(name):
    return [one.values for space in SPACES.values() for one in propose(name, space, history(space, 8)).configurations]


if __name__ == "__main__":
    print(json.dumps(described(sys.argv[1])))
