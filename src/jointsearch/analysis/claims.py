"""The claims of the study, and what an experiment says of each: effect, interval, test, and a word by one rule.

docs/studies.md states the rule and the test of each claim, written before the study began, and what changed since.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd

from jointsearch.analysis import exploration, model_proposals
from jointsearch.analysis.arm_design import by_steps_alone, title
from jointsearch.analysis.arm_tests import arm_tests
from jointsearch.analysis.comparison import compare_arms
from jointsearch.analysis.contrast import mean_interval
from jointsearch.analysis.correlation import correlations
from jointsearch.analysis.early_stopping import contrast, count_begun, first_observations, generator
from jointsearch.analysis.retest import retest
from jointsearch.analysis.seed_statistics import INCUMBENT, by_name, count_trainings, test_errors, welch
from jointsearch.analysis.seed_statistics import title as named
from jointsearch.analysis.verdict import NOT_STUDIED, NOT_TESTED, OPEN, ClaimEvidence, worded
from jointsearch.core import layout
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.units import amount
from jointsearch.results.results import Results
from jointsearch.search.hyperband import budgets
from jointsearch.search.plan import StudyPlan
from jointsearch.space.space import Space

WEAK = 0.4
"""A rank correlation below this is a weak one."""
EXPLORED = 0.8
"""A search explores if it reaches more than this share of the regions that random configurations reach."""
PUBLISHED_EVALUATIONS = "256 of 3 h", "Zela et al. 2018"
PUBLISHED_ERROR = (
    "3.18 % (CIFAR-10, 3 h on a GPU of 2018)",
    "the authors' repository, github.com/arberzela/EfficientNAS",
)
_AT_FULL_BUDGET = "full_budget_evaluations"
"""Name of the number of trainings at the full budget."""


def claims(results: Results) -> list[ClaimEvidence]:
    """Say what an experiment says of each claim, in order; what it did not study has a row too.

    Claims about networks of the study are left out where something else is trained.
    """
    own = results.experiment.objective is not None or results.experiment.training.network is not None
    compared, by_steps = list(_compared(results)), by_steps_alone(results)
    found = list(worded(_interactions(results)))
    found += worded(_separate([one for one in compared if one.arm in by_steps]))
    for make in (_weak, _neighbours, _model, _explores, _few):
        found += worded(make(results))
    if not own:
        found += [*worded(_manual(results)), *worded(_competitive(results))]
    # The others stand by themselves.
    return [*found, *worded(one for one in compared if one.arm not in by_steps)]


def _state(results: Results, chosen: Callable[[StudyPlan], bool]) -> tuple[bool, bool]:
    """Whether any training of such studies is done, and whether all are."""
    studies = [study for study in results.plan.studies if chosen(study)]
    counts = [(len(results.evaluations(study.name)), study.trainings) for study in studies]
    return any(done for done, _ in counts), bool(counts) and all(done >= planned for done, planned in counts)


def _of(name: str) -> Callable[[StudyPlan], bool]:
    return lambda study: study.name == name


def _of_arms(study: StudyPlan) -> bool:
    return study.arm is not None


def _interactions(results: Results) -> Iterator[ClaimEvidence]:
    space = results.experiment.space
    parts = [part for part, names in space.parts.items() if not space.fixed.issuperset(names)]
    begun, _ = _state(results, _of(layout.SEARCH))
    on = f"{layout.SEARCH}, {layout.CORRELATION}"
    for one, other in combinations(parts, 2):
        both = " and ".join(part.replace("_", " ") for part in (one, other))
        title = f"{both[:1].upper()}{both[1:]} interact"
        finding = NOT_TESTED if begun else NOT_STUDIED
        claim = ClaimEvidence(f"interact__{one}__{other}", title, studies=on, number="importance_n", finding=finding)
        # A share cannot be negative, and tends to be overestimated: by itself it shows no interaction.
        yield replace(claim, effect="share of the variance of a surrogate, see importance_groups") if begun else claim


def _separate(compared: Sequence[ClaimEvidence]) -> Iterator[ClaimEvidence]:
    """Give the claim the evidence on the arms that differ by their steps alone."""
    says = "Tuning parts of the space separately is suboptimal"
    claim = ClaimEvidence("separate", says, finding=NOT_STUDIED)
    yield from [replace(one, claim=claim.claim, title=claim.title) for one in compared] or [claim]


def _compared(results: Results) -> Iterator[ClaimEvidence]:
    begun, complete = _state(results, _of_arms)
    if not begun:
        return
    comparison, measure = compare_arms(results), results.experiment.measure
    design = comparison.design
    reference = title(design.reference)
    for test in arm_tests(comparison, "validation", results.experiment.seed):
        n = f"{test.of.n} pairs" if design.paired else f"{test.of.n_reference} and {test.of.n} repeats"
        claim = ClaimEvidence(
            f"better_than__{test.arm}",
            f"{reference[:1].upper()}{reference[1:]} is better than {title(test.arm)}",
            f"{measure.name} of {title(test.arm)} minus that of {reference}",
            unit="points" if measure.is_error else "",
            digits=measure.digits,
            test=f"{design.test}, Holm over {len(design.others)}",
            n=n,
            arm=test.arm,
            studies=f"{test.arm}, {design.reference}",
            number=f"{test.arm}_validation_difference",
        )
        ends = (measure.factor * value for value in (test.of.difference, test.low, test.high))
        yield claim.measured(*ends).judged("above", 0.0, complete)


def _weak(results: Results) -> Iterator[ClaimEvidence]:
    claim = ClaimEvidence("weak", "Short and long budgets correlate only weakly", studies=layout.CORRELATION)
    begun, complete = _state(results, _of(layout.CORRELATION))
    settings = results.experiment.budget
    ladder = budgets(settings)
    if not begun or len(ladder) < 2:
        yield replace(claim, finding=NOT_TESTED if begun else NOT_STUDIED)
        return
    pair = (ladder[0], ladder[-1])
    both = " and ".join(amount(budget, settings.unit) for budget in pair)
    of_pair = "_".join(f"{budget:g}" for budget in pair)
    resampled, ends = "bootstrap of configurations", ("interval_low", "interval_high")
    one = _of_pair(correlations(first_observations(results), generator(results)), pair)
    found = replace(
        claim,
        effect=f"rank correlation of {both}",
        test=f"{resampled}; below {WEAK}",
        n=_configurations(one, results),
        number=f"study_spearman_{of_pair}",
    )
    yield found.measured(*(one.get(name, math.nan) for name in ("spearman", *ends))).judged("below", WEAK, complete)
    if again := _of_pair(retest(results), pair):
        found = replace(
            claim,
            effect="the same, corrected for noise",
            test=resampled,
            n=_configurations(again, results),
            number=f"study_corrected_{of_pair}",
        )
        yield found.measured(*(again[name] for name in ("corrected", "corrected_low", "corrected_high")))


def _of_pair(rows: pd.DataFrame, pair: tuple[float, float]) -> dict[str, float]:
    """The row of two budgets; empty if there is none."""
    found = rows[(rows["lower_budget"] == pair[0]) & (rows["higher_budget"] == pair[1])]
    return {str(name): value for one in found.to_dict("records") for name, value in one.items()}


def _configurations(found: Mapping[str, float], results: Results) -> str:
    """How many configurations a correlation is over, and of how many that were begun: others failed, or are missing."""
    used, every = found.get("n", 0), count_begun(results)
    return f"{used} configurations" if used == every else f"{used} of {every} configurations"


def _neighbours(results: Results) -> Iterator[ClaimEvidence]:
    claim = ClaimEvidence(
        "neighbours", "Neighbouring budgets correlate more than distant ones", studies=layout.CORRELATION
    )
    begun, complete = _state(results, _of(layout.CORRELATION))
    ladder = budgets(results.experiment.budget)
    if not begun or len(ladder) < 3:
        yield replace(claim, finding=NOT_TESTED if begun else NOT_STUDIED)
        return
    found = contrast(first_observations(results), ladder, generator(results, "contrast"))
    what = replace(
        claim,
        effect="mean rank correlation of neighbours minus that of the lowest and the full budget",
        test="bootstrap of configurations",
        n=_configurations(found, results),
        number="study_spearman_difference",
    )
    ends = (found[name] for name in ("difference", "interval_low", "interval_high"))
    yield what.measured(*ends).judged("above", 0.0, complete)


def _model(results: Results) -> Iterator[ClaimEvidence]:
    claim = ClaimEvidence("model", "Proposals of the model are better than random ones", studies=layout.SEARCH)
    begun, complete = _state(results, _of(layout.SEARCH))
    if not begun:
        yield replace(claim, finding=NOT_STUDIED)
        return
    random, model = model_proposals.first_trainings(results.evaluations(layout.SEARCH))
    what = replace(
        claim,
        effect=f"probability of a lower {results.experiment.measure.name} in the first training",
        unit="%",
        digits=0,
        test="bootstrap of both kinds at each budget; above 50 %",
        n=f"{len(model):,} of the model, {len(random):,} random",
        number="model_superiority",
    )
    ends = (100 * value for value in model_proposals.compare(results) or (math.nan,) * 3)
    yield what.measured(*ends).judged("above", 50.0, complete)


def _explores(results: Results) -> Iterator[ClaimEvidence]:
    claim = ClaimEvidence("explores", "The search explores the space", studies=layout.SEARCH)
    begun, complete = _state(results, _of(layout.SEARCH))
    size = exploration.CONFIGURATIONS
    if not begun:
        yield replace(claim, finding=NOT_STUDIED)
        return
    if Space(results.experiment.space).dimension < 2:
        yield replace(claim, effect="fewer than two hyperparameters are searched: no regions", finding=NOT_TESTED)
        return
    if (found := exploration.explore(results)) is None:
        few = f"fewer than {size} configurations trained successfully at the full budget"
        n = f"{len(exploration.successes(results)):,} configurations"
        yield replace(claim, effect=few, n=n, number=_AT_FULL_BUDGET, finding=NOT_TESTED if complete else OPEN)
        return
    what = replace(
        claim,
        effect=f"regions that {size} configurations reach at the full budget, relative to {size} random ones",
        test=f"jackknife over brackets; above {EXPLORED}",
        n=f"{len(found.evaluations):,} configurations, {len({one.bracket for one in found.evaluations}):,} brackets",
        number="exploration",
    )
    yield what.measured(found.ratio, found.low, found.high).judged("above", EXPLORED, complete)


def _few(results: Results) -> Iterator[ClaimEvidence]:
    evaluations, full_budget = results.evaluations(layout.SEARCH), budgets(results.experiment.budget)[-1]
    full = sum(one.budget == full_budget for one in evaluations)
    yield ClaimEvidence(
        "few",
        "Few trainings at the full budget suffice",
        "trainings of the search at the full budget" if evaluations else "",
        float(full) if evaluations else math.nan,
        digits=0,
        n=f"{len(evaluations):,} trainings" if evaluations else "",
        studies=layout.SEARCH,
        number=_AT_FULL_BUDGET,
        published=PUBLISHED_EVALUATIONS[0],
        source=PUBLISHED_EVALUATIONS[1],
        finding=NOT_TESTED if evaluations else NOT_STUDIED,
    )


def _manual(results: Results) -> Iterator[ClaimEvidence]:
    claim = ClaimEvidence(
        "manual", "The configuration found is better than manual architectures", studies=layout.MANUAL
    )
    _, complete = _state(results, _of(layout.RETRAINING))
    trained = by_name(results.evaluations(layout.RETRAINING))
    others = [name for name in trained if name != INCUMBENT]
    if INCUMBENT not in trained or len(others) != 1:
        # One training of the search, the luckiest of many, is no test against the mean of several.
        unfinished = results.plan.study(layout.RETRAINING) is not None and not complete
        studied, _ = _state(results, _of(layout.MANUAL))
        yield replace(claim, finding=NOT_STUDIED if not studied else OPEN if unfinished else NOT_TESTED)
        return
    sides = [trained[name] for name in (INCUMBENT, others[0])]
    first, second = map(test_errors, sides)
    difference, low, high, _ = welch(first, second)
    what = replace(
        claim,
        effect=f"test error of the configuration found minus that of {named(others[0])}, both retrained",
        unit="points",
        test="Welch's t-test",
        n=_trainings(*sides),
        studies=layout.RETRAINING,
        number="retrained_difference",
    )
    # The successful ones of a side are a selection.
    failed = any(one.status != "success" for side in sides for one in side)
    yield what.measured(100 * difference, 100 * low, 100 * high).judged("below", 0.0, complete and not failed)


def _trainings(*sides: Sequence[Evaluation]) -> str:
    """How many trainings, and how many of them failed."""
    _, number, failed = zip(*map(count_trainings, sides), strict=True)
    every, lost = (" and ".join(map(str, one)) for one in (number, failed))
    return f"{every} trainings" + (f", of which {lost} failed" if any(failed) else "")


def _competitive(results: Results) -> Iterator[ClaimEvidence]:
    claim = ClaimEvidence(
        "competitive", "Competitive after 3 h", published=PUBLISHED_ERROR[0], source=PUBLISHED_ERROR[1]
    )
    trained = by_name(results.evaluations(layout.RETRAINING)).get(INCUMBENT, [])
    errors = test_errors(trained)
    if not errors:
        yield replace(claim, finding=NOT_STUDIED)
        return
    what = replace(
        claim,
        effect="test error of the configuration found, retrained",
        unit="%",
        n=_trainings(trained),
        studies=layout.RETRAINING,
        number="retrained_incumbent_test_error",
        # One number for another task, without a spread, is no test.
        finding=NOT_TESTED,
    )
    yield what.measured(*(100 * value for value in mean_interval(np.array(errors), is_share=True)))
