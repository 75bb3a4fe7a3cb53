"""HpBandSter as an optimiser of the benchmark."""

import numpy as np
import pytest

from jointsearch.core.history import Observation
from jointsearch.space.file import SpaceFile
from jointsearch.space.hyperparameters import Integer
from search import hpbandster, tasks
from search.hpbandster import with_ordinals, without_ordinals
from search.provenance import versions


def test_ordinals_go_there_and_back_as_places():
    space = SpaceFile.parse({"hyperparameters": {"size": {"type": "ordinal", "sequence": [16, 32, 64]}}})
    assert without_ordinals(space).hyperparameters["size"] == Integer(type="integer", lower=0, upper=2)
    assert with_ordinals({"size": np.int64(2), "x": np.float64(0.5)}, {"size": [16, 32, 64]}) == {"size": 64, "x": 0.5}


@pytest.mark.skipif("hpbandster" not in versions(), reason="runs in the environment of test-peers")
def test_proposals_are_of_the_space_and_come_again_from_the_same_seed():
    task = tasks.make("cond17-other")
    rng = np.random.default_rng(0)
    history = [
        Observation(evaluation=f"0-0-{slot}@0", budget=1, values=values, loss=task.evaluate(values, 1, slot))
        for slot, values in enumerate(task.space.sample(60, rng))
    ]
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    sampler = hpbandster.sampler(random_fraction=0)
    first = sampler(task.space, history, 4, np.random.default_rng(1))
    again = sampler(task.space, history, 4, np.random.default_rng(1))
    assert first == again
    assert {one.origin.kind for one in first.configurations} == {"model"}
    for one in first.configurations:
        task.space.check(one.values)
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002
