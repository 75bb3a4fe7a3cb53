"""The joint search itself."""

from collections.abc import Iterator

from jointsearch.core import layout
from jointsearch.core.config import Config
from jointsearch.search import hyperband
from jointsearch.search.experiment import Experiment
from jointsearch.search.plan import StudyPlan
from jointsearch.search.studies.kind import PlannedStudy, StudyKind, first_brackets


class Search(StudyKind):
    """Proposals are sampled and promoted, see `proposals.first_rung` and `next_rung`."""

    name = "search"

    def plan(self, config: Config, experiment: Experiment) -> Iterator[PlannedStudy]:
        """Plan the search, of the configured length."""
        number = hyperband.bracket_count(config.search.length, config.search.length_unit, config.budget)
        brackets = first_brackets(number, experiment)
        plan = StudyPlan(name=layout.SEARCH, kind=self.name, settings=experiment.id, brackets=brackets)
        yield PlannedStudy(plan, experiment)
