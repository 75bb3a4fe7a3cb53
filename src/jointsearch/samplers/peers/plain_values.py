"""What other libraries propose, in the values that records hold."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from jointsearch.core.fields import Values
from jointsearch.space.space import Space


def to_plain_values(space: Space, values: Mapping[str, Any]) -> Values | None:
    """Write what another library proposes in plain Python values; None if it is forbidden.

    What lies outside its range by rounding comes to the range's end.
    """
    vector = space.encode(dict(values))
    continuous = np.array(space.levels) == 0
    return space.decode(np.where(continuous, np.clip(vector, 0, 1), vector))
