"""Settings of BOHB, and of random search, which is BOHB without its model."""

from itertools import count
from typing import Annotated, ClassVar

from pydantic import Field

from jointsearch.samplers.base import Sampler
from jointsearch.samplers.settings import Number, SamplerSettings, Share


class BohbSettings(SamplerSettings):
    """Names and defaults are those of BOHB's authors, in HpBandSter 0.7.4 (BOHB paper, section 4)."""

    factory: ClassVar[str] = "jointsearch.samplers.bohb:Bohb"

    top_n_percent: Annotated[int, Field(ge=1, le=99)] = 15
    """Share of a budget's evaluations, in percent, that makes the good density."""
    min_points_in_model: Number | None = None
    """Minimum number of evaluations for the good density. The default, and the lowest value that has an effect, is the
    dimension of the space + 1. Both densities need more points than dimensions, so in 17 dimensions a model needs 36
    evaluations."""
    num_samples: Number = 64
    """Points drawn from the good density for each proposal, which is the best of them."""
    random_fraction: Share = 1 / 3
    """Probability that a proposal ignores the model; keeps Hyperband's guarantees (section 4.1)."""
    bandwidth_factor: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 3
    """Candidates are drawn with the good density's bandwidths times this."""
    min_bandwidth: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1e-3
    """Lowest bandwidth, on the unit cube."""

    def split(self, evaluations: int, dimension: int) -> tuple[int, int] | None:
        """Sizes of the good and the bad part of a budget's evaluations; None if they are too few for a model.

        With n evaluations in d dimensions, m = `min_points_in_model` but at least d + 1, and p = `top_n_percent`, the
        best max(m, floor(p n / 100)) evaluations are good and the next max(m, floor((100 - p) n / 100)) bad,
        as far as there are that many; there must be m in all, and each part must be more than d.
        """
        minimum = max(self.min_points_in_model or 0, dimension + 1)
        good = max(minimum, self.top_n_percent * evaluations // 100)
        bad = min(evaluations - good, max(minimum, (100 - self.top_n_percent) * evaluations // 100))
        return (good, bad) if bad > dimension else None

    def observations_needed(self, dimension: int) -> int:
        """Fewest evaluations at one budget from which a model can be fitted."""
        return next(n for n in count(1) if self.split(n, dimension))


class RandomSettings(SamplerSettings):
    """Random search and Hyperband have nothing to set."""

    factory: ClassVar[str] = BohbSettings.factory
    learns: ClassVar[bool] = False

    def sampler(self, name: str) -> Sampler:
        """BOHB with only random proposals."""
        return BohbSettings(random_fraction=1).sampler(name)
