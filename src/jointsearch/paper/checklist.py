"""A checklist of reproducibility, such as conferences ask for, answered from the records."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from jointsearch.analysis.number import Number
from jointsearch.analysis.tables.studies import reasons
from jointsearch.core.data_set import DataSet
from jointsearch.core.environment import Environment
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.units import duration
from jointsearch.paper.citation import Citation
from jointsearch.results.results import Results
from jointsearch.search.plan import StudyPlan
from jointsearch.search.studies.retraining import Retraining

YES, NO, PARTLY, NOT_APPLICABLE = "yes", "no", "in part", "n/a"
SHORT = 8
"""Digits of a digest, or of a commit, that a text quotes."""


@dataclass(frozen=True)
class Item:
    """A question of the checklist, its answer, and what in the records it follows from."""

    question: str
    answer: str
    evidence: str


def checklist(
    results: Results,
    images: DataSet | None,
    environments: Mapping[str, Environment],
    numbers: Mapping[str, Number],
    citation: Citation,
) -> list[Item]:
    """Answer the checklist for an experiment, as far as it has come."""
    made = [one for study in results.studies.values() for one in study.evaluations]
    return [
        *_trainings(results, made),
        *_data(results, images, made),
        *_repeats(results, numbers),
        *_code(made, environments),
        *_cost(results, made),
        Item(
            "Is there an address at which code and records are published?",
            YES if citation.address else NO,
            citation.address or "CITATION.cff names none; both are in one repository",
        ),
        Item("Is the licence of the code stated?", YES if citation.licence else NO, citation.licence),
        Item("Is the licence of the data stated?", NO, "records do not have it; see where the data come from"),
        Item("Are there instructions to run it again?", YES, "README.md; the settings are in config.yaml"),
    ]


def _trainings(results: Results, made: list[Evaluation]) -> Iterator[Item]:
    planned = sum(study.trainings for study in results.plan.studies)
    done = f"{len(made):,} of {planned:,}"
    yield Item("Are all planned trainings done?", YES if len(made) == planned else PARTLY if made else NO, done)
    counted = YES if made else NOT_APPLICABLE
    yield Item("Are failed trainings counted, with the reason?", counted, reasons(made) or "none failed")


def _data(results: Results, images: DataSet | None, made: list[Evaluation]) -> Iterator[Item]:
    kept, identified = "Is test data kept from every choice?", "Are data and split identified?"
    if results.experiment.objective is not None:
        # Nobody knows what an objective of one's own looks at.
        yield from (Item(question, NOT_APPLICABLE, "known to the objective alone") for question in (kept, identified))
        return
    measure = results.experiment.measure
    if any(one.test_error is not None for one in made):
        yield Item(kept, YES, f"choices are by {measure.name}; the {measure.test} is recorded beside it")
    else:
        yield Item(kept, NOT_APPLICABLE, f"no {measure.test} is recorded")
    if images is None:
        yield Item(identified, NO, "no images were checked yet")
    else:
        digests = f"SHA-256 of images {images.digest[:SHORT]}, of the split {images.split[:SHORT]}"
        yield Item(identified, YES, digests)
        again = f"{images.duplicates:,} images are in more than one part" if images.duplicates else "no image is in two"
        yield Item("Are the parts of the data disjoint?", NO if images.duplicates else YES, again)


def _repeats(results: Results, numbers: Mapping[str, Number]) -> Iterator[Item]:
    yield Item("Is the seed stated?", YES, f"{results.experiment.seed}; all others are derived from it")
    least = [_least_repeats(results, study) for study in results.plan.studies if study.kind == Retraining.name]
    seeds = f"at least {min(least)} trainings of each final configuration succeeded" if any(least) else "not yet"
    yield Item("Are final results repeated with other seeds?", YES if min(least, default=0) > 1 else NO, seeds)
    arms = [study for study in results.plan.studies if study.arm is not None]
    planned = {study.repeat for study in arms}
    complete = planned - {study.repeat for study in arms if len(results.evaluations(study.name)) < study.trainings}
    searches = f"{len(complete)} of {len(planned)} repeats are complete in every arm" if arms else "the search ran once"
    yield Item("Are searches repeated?", YES if len(complete) > 1 else NO, searches)
    ends = ("_low", "_high")
    measured = [name for name, one in numbers.items() if one.digits and not name.endswith(ends)]
    bounded = sum(all(name + end in numbers for end in ends) for name in measured)
    answer = NOT_APPLICABLE if not measured else NO if not bounded else YES if 2 * bounded >= len(measured) else PARTLY
    found = f"{bounded:,} of {len(measured):,} numbers other than counts have a 95 % interval"
    yield Item("Do estimates have intervals?", answer, found)


def _least_repeats(results: Results, study: StudyPlan) -> int:
    """Successful trainings of the final configuration that has fewest; none if one of them was not trained yet."""
    made = Counter(one.proposal.origin.name for one in results.evaluations(study.name) if one.status == "success")
    return min(made.values()) if len(made) * (study.seeds or 1) >= study.trainings > 0 else 0


def _code(made: list[Evaluation], environments: Mapping[str, Environment]) -> Iterator[Item]:
    if not made:
        return
    codes = Counter(one.made_with.code for one in made)
    names = ", ".join(f"{code[:SHORT]} ({number:,})" for code, number in codes.most_common(3))
    yield Item("Did one version of the code train everything?", YES if len(codes) == 1 else NO, f"SHA-256 {names}")
    used = [found for digest in {one.observed.environment for one in made} if (found := environments.get(digest))]
    commits = sorted({found.commit[:SHORT] for found in used if found.commit})
    changed = sum(found.diff is not None for found in used)
    committed = bool(used) and bool(commits) and not changed and all(found.commit for found in used)
    where = f"commits {', '.join(commits)}" if commits else "no commit is known"
    with_changes = f"; {changed:,} of {len(used):,} environments with changes beside it" if changed else ""
    yield Item("Was that code committed?", YES if committed else NO, where + with_changes)
    loose = sorted({name for found in used for name in found.unpinned})
    locked = bool(used) and not loose and all(found.lock is not None for found in used)
    versions = f"other versions of {', '.join(loose[:3])}" if loose else "all packages as in the lock file"
    yield Item("Were all packages of locked versions?", YES if locked else NO, versions if used else "unknown")


def _cost(results: Results, made: list[Evaluation]) -> Iterator[Item]:
    by_clock = results.experiment.budget.unit == "seconds"
    counts = "budgets are seconds of a clock" if by_clock else "budgets are computed or counted, not timed"
    yield Item("Are budgets independent of the speed of machines?", NO if by_clock else YES, counts)
    measured = sum(one.observed.energy_joules is not None for one in made)
    answer = YES if made and measured == len(made) else PARTLY if measured else NO
    some = f"for {measured:,} of {len(made):,} trainings" if measured else "of no training"
    yield Item("Is the energy measured?", answer, some)
    seen = [one.observed for one in made]
    seconds = sum(one.training_seconds + one.evaluation_seconds + one.startup_seconds for one in seen)
    total = f"{duration(seconds)} with evaluation and start-up"
    yield Item("Is the total compute stated?", YES if made else NO, total)
