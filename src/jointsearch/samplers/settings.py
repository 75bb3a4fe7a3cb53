"""The settings of the samplers that come with the workflow. Light to import, as looking a sampler up must be."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from jointsearch.core.config import Settings

if TYPE_CHECKING:
    from jointsearch.samplers.base import Sampler

Share = Annotated[float, Field(ge=0, le=1)]
Number = Annotated[int, Field(ge=1)]


class SamplerSettings(Settings):
    """What can be set of a sampler, and what it asks of the workflow."""

    sees_pending: ClassVar[bool] = False
    """Whether it looks at the proposals that are under way."""
    pools_budgets: ClassVar[bool] = False
    """Whether one model learns from evaluations at all budgets."""
    library: ClassVar[str | None] = None
    """The optional library that it takes, with its version as pip has it; None if it takes none."""

    def sampler(self, name: str) -> Sampler:
        """Make the sampler that these are the settings of; here its module is imported.

        Parameters
        ----------
        name
            What the origin of its proposals says.
        """
        raise NotImplementedError

    def observations_needed(self, dimension: int) -> int | None:
        """Fewest evaluations, at one budget or in all, for a model; None if there is none or it does not say."""
        return None


class RandomSettings(SamplerSettings):
    """Random search and Hyperband have nothing to set."""

    def sampler(self, name: str) -> Sampler:
        """BOHB with nothing but random picks."""
        return BohbSettings(random_fraction=1).sampler(name)


class BohbSettings(SamplerSettings):
    """BOHB. Names and defaults are its authors', in HpBandSter 0.7.4 (BOHB paper, section 4)."""

    top_n_percent: Annotated[int, Field(ge=1, le=99)] = 15
    """Share of a budget's evaluations, in percent, that makes the good density."""
    min_points_in_model: Number | None = None
    """Fewest evaluations of a density; at least, and by default, the dimension of the space + 1."""
    num_samples: Number = 64
    """Points drawn from the good density for each pick, of which the best is taken."""
    random_fraction: Share = 1 / 3
    """Probability that a pick ignores the model; keeps Hyperband's guarantees (section 4.1)."""
    bandwidth_factor: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 3
    """Candidates are drawn with the good density's bandwidths times this."""
    min_bandwidth: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1e-3
    """Lowest bandwidth, on the unit cube."""

    def sampler(self, name: str) -> Sampler:
        """BOHB's sampler."""
        from jointsearch.samplers.bohb import Bohb

        return Bohb(name, self)

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

    random_fraction: Share = 0.1
    """Probability that a pick ignores the model."""
    candidates: Number = 400
    """Configurations of the whole space, and as many around the best, among which a draw's minimum is looked for."""
    refinements: Annotated[int, Field(ge=0)] = 2
    """How often it is then looked for nearer by."""
    refined: Number = 20
    """Configurations around the lowest one of each draw in a refinement."""
    incumbents: Number = 5
    """How many are the best, largest budget first."""
    observations: Annotated[int, Field(ge=10)] = 600
    """Most evaluations that the process is conditioned on."""
    fitted: Annotated[int, Field(ge=10)] = 250
    """Most of them that its hyperparameters are fitted to."""
    believe_pending: bool = True
    """Whether the process takes what is under way to turn out as it expects; without, nothing is known of it."""

    def sampler(self, name: str) -> Sampler:
        """Thompson sampling from the process."""
        from jointsearch.samplers.mfgp import Mfgp

        return Mfgp(name, self)

    def observations_needed(self, dimension: int) -> int:
        """Fewest successful evaluations from which a model is made."""
        return dimension + 3


class EvolutionSettings(SamplerSettings):
    """Regularised evolution. Names and defaults are those of Real et al. (2019), section 3."""

    population_size: Number = 100
    """Youngest evaluations of a budget that can be parents; with fewer than this, proposals are random."""
    sample_size: Number = 25
    """Members of the population that are drawn, with replacement, for a tournament, whose best is the parent."""

    def observations_needed(self, dimension: int) -> int:
        """As many as the population has members."""
        return self.population_size

    def sampler(self, name: str) -> Sampler:
        """Regularised evolution."""
        from jointsearch.samplers.peers.evolution import Evolution

        return Evolution(name, self)


class ReinforceSettings(SamplerSettings):
    """A controller that is trained by REINFORCE."""

    bins: Annotated[int, Field(ge=2)] = 10
    """Intervals that a float or an integer is divided into, equal on its scale."""
    learning_rate: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 0.05
    """Step of the policy's logits along the gradient of each evaluation."""
    baseline_decay: Annotated[float, Field(ge=0, lt=1)] = 0.95
    """Weight of the past in the moving averages of a budget's loss and of its square, at each evaluation."""
    random_fraction: Share = 0.0
    """Probability that a proposal is drawn from the prior instead of the policy."""

    def sampler(self, name: str) -> Sampler:
        """The controller."""
        from jointsearch.samplers.peers.reinforce import Reinforce

        return Reinforce(name, self)


class TpeSettings(SamplerSettings):
    """Optuna's TPE. Names and defaults are those of its `TPESampler`."""

    sees_pending: ClassVar[bool] = True
    library: ClassVar[str | None] = "optuna==5.0.0"

    n_startup_trials: Annotated[int, Field(ge=0)] = 10
    """Finished trials below which proposals are random."""
    n_ei_candidates: Number = 24
    """Points drawn from the good density for each proposal, of which the best is taken."""
    multivariate: bool = True
    """Whether one density is over all hyperparameters; else one for each."""
    constant_liar: bool = True
    """Whether what is under way, the rest of the batch included, counts as bad."""
    hyperband: bool = False
    """Whether each kind of bracket has a model of its own, as with Optuna's `HyperbandPruner`."""

    def sampler(self, name: str) -> Sampler:
        """Optuna's TPE."""
        from jointsearch.samplers.peers.tpe import Tpe

        return Tpe(name, self)


class TpeHyperbandSettings(TpeSettings):
    """Optuna's TPE under its Hyperband."""

    hyperband: bool = True


class SmacSettings(SamplerSettings):
    """SMAC3. Names and defaults are those of its `MultiFidelityFacade` and `Scenario`."""

    sees_pending: ClassVar[bool] = True
    library: ClassVar[str | None] = "smac==2.4.1"

    n_configs_per_hyperparameter: Annotated[int, Field(ge=0)] = 10
    """Configurations for each hyperparameter in the random initial design, see `n_trials`."""
    n_trials: Number = 100
    """Trials of the whole search. The initial design takes at most a quarter of them; nothing else depends on it."""
    min_trials: Number = 1
    """Evaluations at a budget, failed ones included, that let it be modelled."""
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

    def sampler(self, name: str) -> Sampler:
        """SMAC3."""
        from jointsearch.samplers.peers.smac import Smac

        return Smac(name, self)


class DehbSettings(SamplerSettings):
    """DEHB. Names and defaults are its authors'."""

    library: ClassVar[str | None] = "dehb==0.1.1"

    mutation_factor: Annotated[float, Field(gt=0, le=2)] = 0.5
    """Weight of the difference of two members that is added to a third."""
    crossover_prob: Share = 0.5
    """Probability that a hyperparameter is taken from the mutant, not from the target."""

    def sampler(self, name: str) -> Sampler:
        """DEHB's differential evolution."""
        from jointsearch.samplers.peers.dehb import Dehb

        return Dehb(name, self)
