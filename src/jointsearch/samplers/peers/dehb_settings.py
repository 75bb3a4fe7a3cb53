"""What can be set of DEHB."""

from typing import Annotated, ClassVar

from pydantic import Field

from jointsearch.samplers.settings import SamplerSettings, Share


class DehbSettings(SamplerSettings):
    """Names and defaults are those of DEHB's authors."""

    factory: ClassVar[str] = "jointsearch.samplers.peers.dehb:Dehb"
    library: ClassVar[str | None] = "dehb==0.1.1"

    mutation_factor: Annotated[float, Field(gt=0, le=2)] = 0.5
    """Weight of the difference of two members that is added to a third."""
    crossover_prob: Share = 0.5
    """Probability that a hyperparameter is taken from the mutant, not from the target."""
