"""What can be set of regularised evolution."""

from typing import ClassVar

from jointsearch.samplers.settings import Number, SamplerSettings


class EvolutionSettings(SamplerSettings):
    """Regularised evolution. Names and defaults are those of Real et al. (2019), section 3."""

    factory: ClassVar[str] = "jointsearch.samplers.peers.evolution:Evolution"

    population_size: Number = 100
    """Youngest evaluations of a budget that can be parents; with fewer than this, proposals are random."""
    sample_size: Number = 25
    """Members of the population that are drawn, with replacement, for a tournament, whose best is the parent."""

    def observations_needed(self, dimension: int) -> int:
        """As many as the population has members."""
        return self.population_size
