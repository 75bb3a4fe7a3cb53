"""The settings of the samplers that come with the workflow."""

from itertools import count
from typing import Annotated, ClassVar

from pydantic import Field

from jointsearch.config import Settings


class SamplerSettings(Settings):
    """What can be set of a sampler, and what it asks of the workflow."""

    sees_pending: ClassVar[bool] = False
    """Whether it looks at the proposals that are under way."""
    pools_budgets: ClassVar[bool] = False
    """Whether one model learns from evaluations at all budgets."""

    def observations_needed(self, dimension: int) -> int | None:
        """Fewest evaluations, at one budget or in all, from which a model is made; None if it makes none."""
        return None


class RandomSettings(SamplerSettings):
    """Random search and Hyperband have nothing to set."""


class BohbSettings(SamplerSettings):
    """BOHB. Names and defaults are its authors', in HpBandSter 0.7.4 (BOHB paper, section 4)."""

    top_n_percent: Annotated[int, Field(ge=1, le=99)] = 15
    """Share of a budget's evaluations, in percent, that makes the good density."""
    min_points_in_model: Annotated[int, Field(ge=1)] | None = None
    """Fewest evaluations of a density; at least, and by default, the dimension of the space + 1."""
    num_samples: Annotated[int, Field(ge=1)] = 64
    """Points drawn from the good density for each pick, of which the best is taken."""
    random_fraction: Annotated[float, Field(ge=0, le=1)] = 1 / 3
    """Probability that a pick ignores the model; keeps Hyperband's guarantees (section 4.1)."""
    bandwidth_factor: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 3
    """Candidates are drawn with the good density's bandwidths times this."""
    min_bandwidth: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1e-3
    """Lowest bandwidth, on the unit cube."""

    def split(self, evaluations: int, dimension: int) -> tuple[int, int] | None:
        """Sizes of the good and the bad part of a budget's evaluations; None if they are too few for a model.

        With n evaluations in d dimensions, m = `min_points_in_model` but at least d + 1, and p = `top_n_percent`, the
        best max(m, floor(p n / 100)) evaluations are good and the next max(m, floor((100 - p) n / 100)) bad,
        as far as there are so many; there must be m in all, and each part must be more than d.
        """
        minimum = max(self.min_points_in_model or 0, dimension + 1)
        good = max(minimum, self.top_n_percent * evaluations // 100)
        bad = min(evaluations - good, max(minimum, (100 - self.top_n_percent) * evaluations // 100))
        return (good, bad) if bad > dimension else None

    def observations_needed(self, dimension: int) -> int:
        """Fewest evaluations at one budget from which a model can be fitted."""
        return next(n for n in count(1) if self.split(n, dimension))


class MfgpSettings(SamplerSettings):
    """The Gaussian process over configuration and fidelity."""

    sees_pending: ClassVar[bool] = True
    pools_budgets: ClassVar[bool] = True

    random_fraction: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Probability that a pick ignores the model."""
    candidates: Annotated[int, Field(ge=1)] = 400
    """Configurations of the whole space, and as many around the best, among which a draw's minimum is looked for."""
    incumbents: Annotated[int, Field(ge=1)] = 5
    """How many are the best, largest budget first."""
    observations: Annotated[int, Field(ge=10)] = 600
    """Most evaluations that the process is conditioned on."""
    fitted: Annotated[int, Field(ge=10)] = 250
    """Most of them that its hyperparameters are fitted to."""

    def observations_needed(self, dimension: int) -> int:
        """Fewest successful evaluations from which a model is made."""
        return dimension + 3
