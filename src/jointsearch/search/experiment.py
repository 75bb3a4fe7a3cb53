"""The experiment: all settings that change a result, frozen beside the results."""

from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from jointsearch.core.config.budget import BudgetSettings
from jointsearch.core.config.data import DataSettings
from jointsearch.core.config.training import TrainingSettings
from jointsearch.core.evaluation import Identity
from jointsearch.core.fields import Digest, Index, Record, Values
from jointsearch.core.files import digest
from jointsearch.core.proposal import Rung, proposal_key
from jointsearch.core.seeds import derive_seed
from jointsearch.core.units import ERROR, LOSS, Measure
from jointsearch.networks.choices import GRADIENTS, SharedHyperparameters
from jointsearch.networks.hyperparameters import TrainingHyperparameters, parameters_of
from jointsearch.search import hyperband
from jointsearch.space.file import SpaceFile


class Experiment(Record):
    """`results/<experiment>/experiment.json`: what makes two searches the same search.

    Left out on purpose is what changes no result: the length of the search (it can grow), packing of jobs,
    device, folder of the data, notes. `warm_start` is the digest of the evaluations that the search began with; if
    there were none it is left out. With an `objective` of one's own, images and our training are left out. `repeat` is
    that of the arms which the study is of, else left out: arms of one repeat have common random numbers, see
    `search.common_numbers`.
    """

    name: str
    seed: int
    space: SpaceFile
    data: DataSettings = Field(default_factory=DataSettings)
    budget: BudgetSettings
    training: TrainingSettings = Field(default_factory=TrainingSettings)
    objective: str | None = Field(None, exclude_if=lambda value: value is None)
    sampler: str
    sampler_settings: dict[str, Any]
    lags: tuple[int, ...]
    warm_start: Digest | None = Field(None, exclude_if=lambda value: value is None)
    repeat: Index | None = Field(None, exclude_if=lambda value: value is None)

    @property
    def id(self) -> Digest:
        """Digest that every record of this experiment carries.

        Settings at their default do not count, so that a new version with one more setting, whose default changes
        nothing, can continue an old experiment.
        """
        sections: dict[str, Any] = {} if self.objective is not None else {"data": {}, "training": {}}
        return digest(sections | self.model_dump(mode="json", exclude_defaults=True))

    def identity(self, rung: Rung, slot: int) -> Identity:
        """The identity of the evaluation that belongs in a slot of a rung."""
        return next(self.identities(rung, [slot]))

    def identities(self, rung: Rung, slots: Iterable[int]) -> Iterator[Identity]:
        """The identities of the evaluations that belong in slots of a rung; the digest of all this is computed once."""
        level = hyperband.bracket(rung.bracket, self.budget).levels[rung.rung]
        experiment, budget = self.id, hyperband.budgets(self.budget)[level]
        for slot in slots:
            proposal = rung.proposals[slot]
            yield Identity(
                experiment=experiment,
                study=rung.study,
                bracket=rung.bracket,
                rung=rung.rung,
                slot=slot,
                proposal=proposal,
                budget=budget,
                budget_unit=self.budget.unit,
                seed=self.seed_of(rung.study, "train", *self._training(proposal.id, rung.rung, level)),
            )

    def parameters(self, values: Values) -> TrainingHyperparameters:
        """What is trained with the active values of a proposal; in a gradient-based search all choices at once.

        Raises
        ------
        UserError
            If there is nothing with such values.
        """
        if self.sampler == GRADIENTS:
            return SharedHyperparameters.of(self.space, values, self.sampler_settings)
        return parameters_of(values, self.training.network)

    def seed_of(self, study: str, purpose: str, *position: int | str) -> int:
        """Derive a seed from a study and a position in it, see `derive_seed`; arms of one repeat share theirs."""
        return derive_seed(self.seed, study if self.repeat is None else f"arms-{self.repeat}", purpose, *position)

    def number(self, proposal: str) -> int:
        """Number of a configuration in its search, in the order of brackets and slots, from 0; by its proposal's id."""
        bracket, _, slot = proposal_key(proposal)
        return hyperband.configurations_before(bracket, self.budget) + slot

    def _training(self, proposal: str, rung: int, level: int) -> tuple[int | str, int]:
        """What tells a training from others: among arms, which have other brackets, its number and its budget."""
        return (proposal, rung) if self.repeat is None else (self.number(proposal), level)

    @model_serializer(mode="wrap")
    def _without_our_training(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what does not matter where an objective of one's own trains."""
        written: dict[str, Any] = dump(self)
        for name in ("data", "training") if self.objective is not None else ():
            written.pop(name, None)
        return written

    @property
    def measure(self) -> Measure:
        """What its losses are."""
        return ERROR if self.objective is None else LOSS

    @property
    def own(self) -> dict[str, str]:
        """Dotted names of one's own that decide what comes of a training, by the key of the configuration."""
        named = {
            "objective": self.objective,
            "training.network": self.training.network,
            "data.name": self.data.own,
        }
        return {key: name for key, name in named.items() if name is not None}

    @property
    def is_multibranch(self) -> bool:
        """Whether the network is the multi-branch ResNet, and its training ours."""
        return self.objective is None and self.training.network is None

    @property
    def split_seed(self) -> int:
        """Seed of the split into training and validation images, one for all studies."""
        return derive_seed(self.seed, "data", "split")
