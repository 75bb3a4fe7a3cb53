"""Values as records hold them, whatever types a library has."""

import numpy as np
from sampler_properties import SPACES

from jointsearch.samplers.peers.plain_values import to_plain_values


def test_values_of_other_libraries_become_plain_and_stay_in_range():
    space = SPACES["conditional"]
    (values,) = space.sample(1, np.random.default_rng(1))
    foreign = {name: np.float64(value) if isinstance(value, float) else value for name, value in values.items()}
    foreign["learning_rate"] = np.float64(0.5 + 1e-9)
    found = to_plain_values(space, foreign)
    space.check(found)
    assert type(found["learning_rate"]) is float
    assert (
        to_plain_values(space, {**values, "initial_filters": 12, "residual_branches_3": 2, "batch_size": 128}) is None
    )
