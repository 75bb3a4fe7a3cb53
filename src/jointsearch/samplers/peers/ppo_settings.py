"""What can be set of the controller that is trained by PPO."""

from typing import Annotated, ClassVar

from pydantic import Field

from jointsearch.samplers.settings import Number, SamplerSettings

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class PpoSettings(SamplerSettings):
    """Defaults are those of Zoph et al. (2018), appendix A.1, but for the learning rate.

    Theirs is 0.00035, for the thousand mini-batches of 20,000 networks; a search here has a few dozen. They do not name
    `clip` and `epochs`, which are those of Schulman et al. (2017): 0.2, and 3 as for Atari games.
    """

    factory: ClassVar[str] = "jointsearch.samplers.peers.ppo:Ppo"
    pools_budgets: ClassVar[bool] = True

    bins: Annotated[int, Field(ge=2)] = 10
    """Intervals that a float or an integer is divided into, equal on its scale."""
    hidden_units: Number = 100
    """Units of the LSTM, and length of the embedding of a choice."""
    batch_size: Number = 20
    """Evaluations in a mini-batch. With fewer in all, proposals are random."""
    epochs: Number = 3
    """Steps with each mini-batch."""
    learning_rate: Positive = 0.003
    """Of Adam."""
    clip: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """How far the probability of a choice may move in a mini-batch, as a fraction, before it gains nothing more."""
    entropy_weight: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1e-5
    """Weight of the entropy bonus."""
    baseline_decay: Annotated[float, Field(ge=0, lt=1)] = 0.95
    """Weight of the past in the moving average of rewards that is the baseline, at each evaluation."""

    def observations_needed(self, dimension: int) -> int:
        """As many as make a mini-batch."""
        return self.batch_size
