"""Random configurations, each trained at every budget of its bracket."""

from collections.abc import Iterator

from jointsearch.core import layout
from jointsearch.core.config import Config
from jointsearch.core.errors import UserError
from jointsearch.core.proposal import Origin, Rung
from jointsearch.search import hyperband
from jointsearch.search.experiment import Experiment
from jointsearch.search.hyperband import Bracket
from jointsearch.search.plan import StudyPlan
from jointsearch.search.studies.kind import Evaluations, PlannedStudy, StudyKind, same_rung, settings_beside


class Correlation(StudyKind):
    """Whether short trainings predict long ones, without the selection that the search makes.

    Arms that learn nothing are of the same kind, see `Arms`: they train such configurations at the full budget alone.
    """

    name = "random"

    def plan(self, config: Config, experiment: Experiment) -> Iterator[PlannedStudy]:
        """Plan the study, in one bracket that promotes everything."""
        if (section := config.studies.correlation) is None:
            return
        if experiment.budget.rung_sizes == "single":
            raise UserError(
                "studies.correlation: budget.rung_sizes: single trains at the full budget alone, which leaves nothing "
                "to correlate; set it to bohb or hyperband, or remove this study"
            )
        first = hyperband.bracket(0, experiment.budget)
        whole = Bracket(0, (section.configurations * section.seeds,) * len(first.levels), first.levels)
        settings = settings_beside(experiment)
        plan = StudyPlan(
            name=layout.CORRELATION, kind=self.name, settings=settings.id, brackets=(whole,), seeds=section.seeds
        )
        yield PlannedStudy(plan, settings)

    def propose(self, experiment: Experiment, study: StudyPlan, bracket: int, rung: int, followed: Evaluations) -> Rung:
        """Draw configurations from the space: the same ones in every rung, each as many times as it has seeds."""
        import numpy as np

        from jointsearch.search import common_numbers
        from jointsearch.space.space import Space

        seeds, space = study.seeds or 1, Space(experiment.space)
        size = study.at(bracket).sizes[rung] // seeds
        if experiment.repeat is None:
            drawn = space.sample(size, np.random.default_rng(experiment.seed_of(study.name, "sample", bracket)))
        else:
            drawn = [common_numbers.configuration(experiment, space, number) for number in range(size)]
        origin = Origin(sampler="random", kind="random")
        listed = [(values, origin) for values in drawn for _ in range(seeds)]
        return same_rung(experiment, study.name, bracket, rung, listed)
