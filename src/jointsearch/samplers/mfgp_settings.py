"""Settings of the Gaussian process over configuration and fidelity."""

from typing import Annotated, ClassVar

from pydantic import Field

from jointsearch.samplers.settings import Number, SamplerSettings, Share


class MfgpSettings(SamplerSettings):
    """The Gaussian process over configuration and fidelity.

    None of these made much of a difference in the benchmark, so there is hardly a reason to change one.
    """

    factory: ClassVar[str] = "jointsearch.samplers.mfgp:Mfgp"
    sees_pending: ClassVar[bool] = True
    pools_budgets: ClassVar[bool] = True

    random_fraction: Share = 0.1
    """Probability that a proposal ignores the model."""
    candidates: Number = 400
    """Configurations of the whole space, and as many around the best, among which the minimum of a draw is sought."""
    refinements: Annotated[int, Field(ge=0)] = 2
    """How often this search is then refined around the lowest ones so far."""
    refined: Number = 20
    """Configurations around the lowest one of each draw in a refinement."""
    incumbents: Number = 5
    """How many configurations count as the best, largest budget first."""
    observations: Annotated[int, Field(ge=10)] = 600
    """The most evaluations that the process is conditioned on."""
    fitted: Annotated[int, Field(ge=10)] = 250
    """The most of these that its hyperparameters are fitted to."""
    believe_pending: bool = True
    """Whether the process assumes that pending proposals turn out as it expects; else it ignores them."""

    def observations_needed(self, dimension: int) -> int:
        """Fewest successful evaluations from which a model is made."""
        return dimension + 3
