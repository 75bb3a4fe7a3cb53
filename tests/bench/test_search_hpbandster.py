"""HpBandSter as an optimiser: needs the environment of `make test-hpbandster`."""

import numpy as np
import pytest

from jointsearch.records import Observation
from jointsearch.space import Space
from jointsearch.space_file import SpaceFile
from search import hpbandster_client, simulate, tasks
from search.hpbandster_server import with_ordinals, without_ordinals
from search.optimisers import parse, why_not


def test_without_its_environment_it_is_left_out(monkeypatch):
    monkeypatch.setenv("HPBANDSTER_PYTHON", "/nowhere/python")
    assert "make test-hpbandster" in why_not(parse("hpbandster"))


def test_ordinals_go_there_and_back_as_places():
    space = {"hyperparameters": {"size": {"type": "ordinal", "sequence": [16, 32, 64]}}, "conditions": []}
    assert without_ordinals(space)["hyperparameters"]["size"] == {"type": "integer", "lower": 0, "upper": 2}
    assert with_ordinals({"size": np.int64(2), "x": np.float64(0.5)}, {"size": [16, 32, 64]}) == {"size": 64, "x": 0.5}


@pytest.mark.skipif(not hpbandster_client.interpreter().exists(), reason="no environment with HpBandSter")
def test_proposals_are_of_the_space_and_come_again_from_the_same_seed():
    task = tasks.make("cond17-other")
    rng = np.random.default_rng(0)
    history = [
        Observation(evaluation=f"0-0-{slot}@0", budget=1, values=values, loss=task.evaluate(values, 1, slot))
        for slot, values in enumerate(task.space.sample(60, rng))
    ]
    sampler = hpbandster_client.sampler(random_fraction=0)
    first = sampler(task.space, history, 4, np.random.default_rng(1))
    again = sampler(task.space, history, 4, np.random.default_rng(1))
    assert first == again
    assert {one.origin.kind for one in first.configurations} == {"model"}
    for one in first.configurations:
        task.space.check(one.values)
    assert sampler.elsewhere_seconds > 0


@pytest.mark.skipif(not hpbandster_client.interpreter().exists(), reason="no environment with HpBandSter")
def test_a_search_counts_the_time_of_the_other_process():
    assert simulate.search(tasks.make("branin"), parse("hpbandster"), 0, 4).cpu_seconds > 0.05


def test_spaces_survive_the_way_there():
    space = tasks.make("cond17").space
    sent = space.file.model_dump(mode="json", by_alias=True, exclude_none=True)
    assert Space(SpaceFile.parse(sent)).names == space.names
