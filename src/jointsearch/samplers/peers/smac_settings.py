"""What can be set of SMAC3."""

from typing import Annotated, ClassVar

from pydantic import Field

from jointsearch.samplers.settings import Number, SamplerSettings, Share


class SmacSettings(SamplerSettings):
    """Names and defaults are those of SMAC3's `MultiFidelityFacade` and `Scenario`."""

    factory: ClassVar[str] = "jointsearch.samplers.peers.smac:Smac"
    sees_pending: ClassVar[bool] = True
    library: ClassVar[str | None] = "smac==2.4.1"

    n_configs_per_hyperparameter: Annotated[int, Field(ge=0)] = 10
    """Configurations for each hyperparameter in the random initial design, see `n_trials`."""
    n_trials: Number = 100
    """Trials of the whole search. The initial design takes at most a quarter of them; nothing else depends on it."""
    min_trials: Number = 1
    """Minimum number of evaluations at a budget, failed ones included, before it is modelled."""
    retrain_after: Number = 8
    """Proposals from one maximisation of the acquisition function."""
    probability: Share = 0.2
    """Probability that a random configuration is interleaved."""
    n_trees: Number = 10
    """Trees of the random forest."""
    challengers: Number = 10_000
    """Random points among which the acquisition function is maximised, before the local searches."""
    local_search_iterations: Number = 10
    """Local searches from the best of these, and as many from configurations that were evaluated."""
