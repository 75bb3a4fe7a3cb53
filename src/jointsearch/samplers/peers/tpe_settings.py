"""What can be set of Optuna's TPE."""

from typing import Annotated, ClassVar

from pydantic import Field

from jointsearch.samplers.settings import Number, SamplerSettings


class TpeSettings(SamplerSettings):
    """Names and defaults are those of Optuna's `TPESampler`."""

    factory: ClassVar[str] = "jointsearch.samplers.peers.tpe:Tpe"
    sees_pending: ClassVar[bool] = True
    library: ClassVar[str | None] = "optuna==5.0.0"

    n_startup_trials: Annotated[int, Field(ge=0)] = 10
    """Proposals are random until this many trials have finished."""
    n_ei_candidates: Number = 24
    """Points drawn from the good density for each proposal, of which the best is taken."""
    multivariate: bool = True
    """Whether one density is over all hyperparameters; else one for each."""
    constant_liar: bool = True
    """Whether pending proposals, the rest of the batch included, count as bad."""
    hyperband: bool = False
    """Whether each kind of bracket has a model of its own, as with Optuna's `HyperbandPruner`."""


class TpeHyperbandSettings(TpeSettings):
    """Optuna's TPE under its Hyperband."""

    hyperband: bool = True
