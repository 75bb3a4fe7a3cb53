"""Kinds of studies: what one plans, and how the proposals of its rungs are made."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from jointsearch.core.config import Config
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.fields import Digest, Values
from jointsearch.core.proposal import Origin, Proposal, Rung
from jointsearch.search import hyperband
from jointsearch.search.experiment import Experiment
from jointsearch.search.hyperband import Bracket
from jointsearch.search.plan import StudyPlan

Evaluations = Mapping[str, Sequence[Evaluation]]
"""Those of the studies that a study follows, by name, each by (bracket, rung, slot)."""


@dataclass(frozen=True)
class PlannedStudy:
    """A study as it is planned: its plan, and the settings whose digest the plan holds.

    In the settings of a later step of an arm, the values that those before it have to find are those with which the arm
    began.
    """

    plan: StudyPlan
    experiment: Experiment

    @property
    def name(self) -> str:
        """Of the study and of its folder."""
        return self.plan.name

    @property
    def brackets(self) -> tuple[Bracket, ...]:
        """What it trains."""
        return self.plan.brackets

    @property
    def cost(self) -> float:
        """Training that it takes, in the unit of the budgets: of its own, as a gradient-based step has only one."""
        own = self.experiment
        return math.fsum(
            hyperband.cost(item, hyperband.budgets(own.budget), own.training.continuation) for item in self.brackets
        )

    def bracket(self, index: int) -> Bracket:
        """A bracket by its position in a search; of any other study, the only one."""
        return hyperband.bracket(index, self.experiment.budget) if self.plan.is_search else self.brackets[0]


class StudyKind(ABC):
    """A kind of study: a section of the configuration, and the studies that it configures."""

    name: ClassVar[str | None] = None
    """Its name in plans, if it proposes for its studies; None if others do."""

    @abstractmethod
    def plan(self, config: Config, experiment: Experiment) -> Iterator[PlannedStudy]:
        """Plan the studies of a configuration, if any, in an order in which they can be run.

        Parameters
        ----------
        config
            Which studies, and how large.
        experiment
            Settings of the search.

        Raises
        ------
        UserError
            If they cannot be run.
        """

    def propose(self, experiment: Experiment, study: StudyPlan, bracket: int, rung: int, followed: Evaluations) -> Rung:
        """Propose what a rung trains, in a study that neither samples nor promotes.

        Parameters
        ----------
        experiment, study
            Settings and plan of the study.
        bracket, rung
            Which rung.
        followed
            Evaluations of the studies that it follows.

        Raises
        ------
        UserError
            If the space does not hold what is proposed.
        """
        raise NotImplementedError(f"{study.name}: a search samples and promotes")


def same_rung(
    experiment: Experiment,
    study: str,
    bracket: int,
    rung: int,
    configurations: Sequence[tuple[Values, Origin]],
    parents: tuple[Digest, ...] = (),
) -> Rung:
    """List configurations, each with its origin, as the proposals of a rung that are the same in every rung."""
    return Rung(
        experiment=experiment.id,
        study=study,
        bracket=bracket,
        rung=rung,
        proposals=tuple(
            Proposal(id=f"{bracket}-0-{slot}", values=values, origin=origin)
            for slot, (values, origin) in enumerate(configurations)
        ),
        parents=parents,
    )


def at_full_budget(size: int, experiment: Experiment) -> Bracket:
    """The bracket that begins, and ends, at the full budget.

    Its index is that of a bracket of the search that does so, since the level of a training is computed from the index,
    not read from the plan. So manual architectures lie in `bracket-003` if there are four budgets.
    """
    top = len(hyperband.budgets(experiment.budget)) - 1
    return Bracket(top, (size,), (top,))


def first_brackets(number: int, experiment: Experiment) -> tuple[Bracket, ...]:
    """The first brackets of a search."""
    return tuple(hyperband.bracket(index, experiment.budget) for index in range(number))


def settings_beside(experiment: Experiment) -> Experiment:
    """Settings of a study beside the search, which begins with nothing that another search found."""
    return experiment.model_copy(update={"warm_start": None})
