"""What can be set of the controller that is trained by REINFORCE."""

from typing import Annotated, ClassVar

from pydantic import Field

from jointsearch.samplers.settings import SamplerSettings, Share


class ReinforceSettings(SamplerSettings):
    """The controller that is trained by REINFORCE."""

    factory: ClassVar[str] = "jointsearch.samplers.peers.reinforce:Reinforce"

    bins: Annotated[int, Field(ge=2)] = 10
    """Intervals that a float or an integer is divided into, equal on its scale."""
    learning_rate: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 0.05
    """Step of the policy's logits along the gradient of each evaluation."""
    baseline_decay: Annotated[float, Field(ge=0, lt=1)] = 0.95
    """Weight of the past in the moving averages of a budget's loss and of its square, at each evaluation."""
    random_fraction: Share = 0.0
    """Probability that a proposal is drawn from the prior instead of the policy."""
