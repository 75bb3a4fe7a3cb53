"""Arms of one repeat begin with the same random configurations, whatever their sampler."""

import pytest
from own_searches import OWN

from jointsearch.core.config import parse
from jointsearch.samplers import registry
from jointsearch.search import common_numbers, proposals
from jointsearch.search.resolve import resolve
from jointsearch.search.studies import kinds
from jointsearch.space.space import Space


@pytest.mark.parametrize("name", [name for name in registry.REGISTRY if registry.installed(name)])
@pytest.mark.parametrize("repeat", [0, 1])
def test_a_sampler_that_has_seen_nothing_leaves_its_configurations_to_the_repeat(name, repeat):
    config = parse({"experiment": "own", **OWN, "studies": {"arms": {"arms": {"a": {"sampler": name}}, "repeats": 2}}})
    settings = kinds.plan(config, resolve(config))[f"a-{repeat}"].experiment
    rung = proposals.first_rung(settings, proposals.history(settings, f"a-{repeat}", 0, None, []), [], [])
    space = Space(settings.space)
    assert [one.values for one in rung.proposals] == [
        common_numbers.configuration(settings, space, n) for n in range(9)
    ]
    assert {one.origin.kind for one in rung.proposals} == {"random"}
