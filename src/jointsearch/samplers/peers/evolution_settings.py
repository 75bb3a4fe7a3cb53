"""What can be set of regularised evolution."""

from typing import ClassVar

from jointsearch.samplers.settings import Number, SamplerSettings


class EvolutionSettings(SamplerSettings):
    """Names and defaults are those of Real et al. (2019), section 3.

    They trained 20,000 networks; use smaller values for a shorter search.
    """

    factory: ClassVar[str] = "jointsearch.samplers.peers.evolution:Evolution"

    population_size: Number = 100
    """The most recent evaluations of a budget, which can be parents. With fewer, proposals are random."""
    sample_size: Number = 25
    """Members of the population that are drawn, with replacement, for a tournament, whose best is the parent."""

    def observations_needed(self, dimension: int) -> int:
        """As many as the population has members."""
        return self.population_size
