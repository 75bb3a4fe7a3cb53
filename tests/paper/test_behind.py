import io
from collections.abc import Callable

import pandas as pd
import pytest
from arm_runs import arms
from factories import evaluation
from synthetic import results, search

from jointsearch.analysis import numbers as of_search
from jointsearch.analysis.csv_file import csv_bytes
from jointsearch.analysis.number import Number, name_of
from jointsearch.analysis.table import load
from jointsearch.core import layout
from jointsearch.core.config import BudgetSettings
from jointsearch.core.evaluation import Evaluation
from jointsearch.paper import behind
from jointsearch.paper.tables import show
from jointsearch.plotting import budget_correlation, correlation_study
from jointsearch.results.results import Results
from jointsearch.search.hyperband import Bracket
from jointsearch.search.plan import StudyPlan

EPOCHS = BudgetSettings(unit="epochs", minimum=1, maximum=9)


def rows(name: str, made: Results, **others: Number) -> list[tuple[str, set[str]]]:
    """Each row of a table, as its file holds it, and the trainings behind it."""
    table = pd.read_csv(io.BytesIO(csv_bytes(load(name).data(made))))
    give = load(name).numbers
    numbers = {} if give is None else give(made, table)
    shown = show(name, table, "x.csv", results=made, numbers=numbers | others)
    assert all(len(set(one)) == len(one) for one in shown.behind)
    return list(zip(shown.names, map(set, shown.behind), strict=True))


def those(made: Results, chosen: Callable[[Evaluation], bool]) -> set[str]:
    """Names of the trainings of all studies for which something holds."""
    return {name_of(one) for study in made.studies.values() for one in study.evaluations if chosen(one)}


def correlation(seeds: int = 1, configurations: int = 12) -> Results:
    """A search, and a correlation study of which each configuration is trained with so many seeds."""
    size = seeds * configurations
    made = [
        evaluation(f"0-0-{slot}", 0.1 + slot / 100 + rung / 1000, study="correlation", rung=rung, slot=slot, budget=at)
        for rung, at in enumerate((1, 3, 9))
        for slot in range(size)
    ]
    whole = Bracket(0, (size,) * 3, (0, 1, 2))
    planned = StudyPlan(name="correlation", kind="random", settings="0" * 64, brackets=(whole,), seeds=seeds)
    return results(EPOCHS, beside=[planned], search=search(24, EPOCHS), correlation=made)


def of_hand() -> Results:
    """Two manual architectures with three seeds, and retrainings of one of them and of the configuration found."""
    studies = {}
    for study, names in (
        (layout.MANUAL, ("resnet_20", "wide_resnet_10_2")),
        (layout.RETRAINING, ("incumbent", "resnet_20")),
    ):
        studies[study] = [
            evaluation(
                f"2-0-{slot}",
                0.1 + slot / 1000,
                study=study,
                slot=slot,
                budget=9,
                origin={"sampler": study, "kind": "given", "name": names[slot // 3]},
            )
            for slot in range(6)
        ]
    planned = [
        StudyPlan(name=name, kind=name, settings="0" * 64, brackets=(Bracket(2, (6,), (2,)),), seeds=3)
        for name in studies
    ]
    return results(EPOCHS, beside=planned, search=search(8, EPOCHS), **studies)


def test_behind_a_study_are_all_its_trainings_and_behind_an_arm_those_of_all_its_searches() -> None:
    made = arms(EPOCHS, 2, 4)
    found = dict(rows("studies", made))
    assert found.pop("study: Joint BOHB") == those(made, lambda one: one.study in ("joint_bohb-0", "joint_bohb-1"))
    steps = those(made, lambda one: one.study.startswith("architecture_first-"))
    assert found.pop("study: Architecture first") == steps != set()
    # It is planned, and has not begun.
    assert found.pop("study: Search") == set() and len(found) == 3 and all(found.values())


def test_behind_an_arm_are_its_incumbents_and_those_of_the_reference_that_it_is_compared_with() -> None:
    made = arms(EPOCHS, 3, 6)
    known = load("arms_table").numbers(made, load("arms_table").data(made))
    best = {
        arm: set(known[f"{arm}_validation_error"].sources)
        for arm in ("joint_bohb", "joint_random", "hyperparameters_first")
    }
    assert {len(one) for one in best.values()} == {3}
    found = dict(rows("arms_table", made))
    assert found["arm: Joint BOHB"] == best["joint_bohb"]
    assert found["arm: Joint random search"] == best["joint_bohb"] | best["joint_random"]
    assert found["arm: Hyperparameters first"] == best["joint_bohb"] | best["hyperparameters_first"]
    assert all(one.startswith(("joint_bohb-", "hyperparameters_first-")) for one in found["arm: Hyperparameters first"])


@pytest.mark.parametrize("seeds", [1, 2])
def test_behind_a_lower_budget_are_its_trainings_and_those_at_the_full_one(seeds) -> None:
    made = correlation(seeds)
    shown = [budget_correlation.numbers(made, budget_correlation.data(made))]
    shown.append(correlation_study.numbers(made, correlation_study.data(made)))
    (low, of_low), (middle, of_middle) = rows("early_stopping", made, **shown[0], **shown[1])
    assert (low, middle) == ("stopped at: 1 epoch", "stopped at: 3 epochs")
    for lower, found in ((1, of_low), (3, of_middle)):
        expected = those(made, lambda one, lower=lower: one.study == "correlation" and one.budget in (lower, 9))
        assert {one for one in found if one.startswith("correlation/")} == expected
        assert len(expected) == 2 * 12 * seeds
    # Of the search those that were promoted, and succeeded at both budgets.
    good = [one for one in made.evaluations("search") if one.loss is not None]
    both = {one.proposal.id for one in good if one.budget == 3} & {one.proposal.id for one in good if one.budget == 9}
    promoted = {name_of(one) for one in good if one.proposal.id in both and one.budget in (3, 9)}
    assert {one for one in of_middle if one.startswith("search/")} == promoted != set()


def test_behind_an_importance_are_the_successes_at_its_budget() -> None:
    made = correlation()
    assert those(made, lambda one: one.budget == 3 and one.loss is None)
    for budget in (1, 3):
        of = list(behind.of_importance({"budget": float(budget)}, made, {}))
        assert set(of) == those(made, lambda one, budget=budget: one.budget == budget and one.loss is not None)
        assert {one.split("/")[0] for one in of} == {"search", "correlation"}


def test_behind_an_architecture_are_its_seeds_and_behind_the_one_found_the_training_that_found_it() -> None:
    made = of_hand()
    best = min(
        (one for one in made.evaluations("search") if one.budget == 9 and one.loss is not None),
        key=lambda one: one.loss,
    )
    by_hand, again = (
        [tuple(behind.of_name(study)({"name": name}, made, {})) for name in names]
        for study, names in (
            (layout.MANUAL, ["resnet_20", "wide_resnet_10_2", "incumbent"]),
            (layout.RETRAINING, ["incumbent", "resnet_20"]),
        )
    )
    first, last = (0, 1, 2), (3, 4, 5)
    assert by_hand == [*(tuple(f"manual/2-0-{seed}@0" for seed in of) for of in (first, last)), (name_of(best),)]
    assert again == [tuple(f"retraining/2-0-{seed}@0" for seed in of) for of in (first, last)]


def test_behind_a_claim_are_the_trainings_of_its_number_and_else_those_of_its_studies() -> None:
    made = correlation(seeds=2)
    numbers = of_search.of_search(made) | correlation_study.numbers(made, correlation_study.data(made))
    names, found = zip(*rows("claims", made, **numbers), strict=True)
    by_name = dict(
        zip((name.removeprefix("claim: ").partition(", evidence")[0] for name in names), found, strict=False)
    )
    ends = those(made, lambda one: one.study == "correlation" and one.budget in (1, 9))
    firsts = {one for one in ends if int(one.partition("@")[0].rpartition("-")[2]) % 2 == 0}
    weak = [of for name, of in zip(names, found, strict=True) if name.startswith("claim: Short and long")]
    assert weak == [firsts, ends]
    assert by_name["Few trainings at the full budget suffice"] == those(
        made, lambda one: one.study == "search" and one.budget == 9
    )
    # It has no number by itself: a table shows it, of all trainings of both studies.
    assert by_name["Architecture and hyperparameters interact"] == those(made, lambda one: True)
    # A number that is not known.
    alone = dict(rows("claims", made))
    weak = next(of for name, of in alone.items() if name.startswith("claim: Short and long"))
    assert weak == those(made, lambda one: one.study == "correlation")


def test_behind_a_claim_on_an_arm_without_its_number_are_its_trainings_and_those_of_the_reference() -> None:
    made = arms(EPOCHS, 2, 4)
    table = load("claims").data(made)
    (claim,) = table[table["arm"] == "joint_random"].to_dict("records")
    expected = those(made, lambda one: one.study.startswith(("joint_random-", "joint_bohb-")))
    assert set(behind.of_claim(claim | {"finding": "open"}, made, {})) == expected != set()


def test_behind_a_claim_that_is_not_studied_are_none_of_the_trainings_that_could() -> None:
    made = arms(EPOCHS, 2, 4)
    (claim,) = load("claims").data(made).query("claim == 'separate'").to_dict("records")[:1]
    assert list(behind.of_claim(claim | {"finding": "not studied"}, made, {})) == []


def test_behind_a_claim_whose_number_is_of_no_training_are_those_of_its_studies() -> None:
    made = results(EPOCHS, search=search(8, EPOCHS))
    none = Number(meaning="trainings at the full budget", value=0, unit="", digits=0, sources=())
    (claim,) = load("claims").data(made).query("claim == 'few'").to_dict("records")
    assert set(behind.of_claim(claim, made, {"full_budget_evaluations": none})) == those(made, lambda one: True)


def test_behind_a_claim_that_was_not_studied_is_nothing() -> None:
    made = results(EPOCHS, search=search(8, EPOCHS))
    table = load("claims").data(made)
    found = dict(zip(table["claim"], (of for _, of in rows("claims", made)), strict=True))
    nothing = {name for name, of in found.items() if not of}
    assert nothing == set(table.loc[table["word"] == "not studied", "claim"])
    assert nothing == {"separate", "weak", "neighbours", "manual", "competitive"}
