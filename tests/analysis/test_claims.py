import math
from dataclasses import replace

import numpy as np
import pytest
from arm_runs import arms
from factories import evaluation
from own_searches import own_results
from synthetic import results, search

from jointsearch.analysis.arm_design import by_steps_alone
from jointsearch.analysis.claims import claims
from jointsearch.analysis.verdict import (
    CONTRADICTED,
    NOT_STUDIED,
    NOT_TESTED,
    OPEN,
    SUPPORTED,
    ClaimEvidence,
    side,
    worded,
)
from jointsearch.core import layout
from jointsearch.core.config import BudgetSettings
from jointsearch.search.hyperband import Bracket
from jointsearch.search.plan import StudyPlan
from jointsearch.search.studies.arm import restricted
from jointsearch.space.space import Space

EPOCHS = BudgetSettings(unit="epochs", minimum=1, maximum=9)


@pytest.mark.parametrize(
    ("low", "high", "supports", "word"),
    [
        (0.1, 0.3, "below", SUPPORTED),
        (0.5, 0.7, "below", CONTRADICTED),
        (0.3, 0.5, "below", OPEN),
        (0.5, 0.7, "above", SUPPORTED),
        (0.1, 0.3, "above", CONTRADICTED),
        # Where Holm's test decides and Bonferroni's interval does not, an end is put at the bound.
        (0.1, 0.4, "below", SUPPORTED),
        (0.1, 0.4, "above", CONTRADICTED),
        # Without any width it is on neither side.
        (0.4, 0.4, "below", OPEN),
    ],
)
def test_the_word_follows_from_where_the_interval_lies(low, high, supports, word) -> None:
    assert side(low, high, 0.4, supports) == word


def test_nothing_is_decided_before_the_study_is_complete() -> None:
    found = ClaimEvidence("x", "X").measured(0.15, 0.1, 0.2)
    assert found.judged("above", 0.0, complete=True).finding == SUPPORTED
    assert found.judged("above", 0.0, complete=False).finding == OPEN


def test_a_complete_study_without_an_interval_cannot_say() -> None:
    for low, high in ((math.nan, math.nan), (0.1, math.nan)):
        found = ClaimEvidence("x", "X").measured(0.15, low, high)
        assert found.judged("above", 0.0, complete=True).finding == NOT_TESTED
        assert found.judged("above", 0.0, complete=False).finding == OPEN


@pytest.mark.parametrize(
    ("findings", "word"),
    [
        ([SUPPORTED, SUPPORTED], SUPPORTED),
        ([SUPPORTED, OPEN], OPEN),
        ([SUPPORTED, CONTRADICTED], CONTRADICTED),
        ([OPEN, CONTRADICTED], CONTRADICTED),
        # What only stands beside decides nothing.
        ([SUPPORTED, ""], SUPPORTED),
    ],
)
def test_a_claim_is_supported_by_all_evidence_and_contradicted_by_one(findings, word) -> None:
    found = list(worded(ClaimEvidence("x", "X", finding=one) for one in findings))
    assert {one.word for one in found} == {word} and [one.finding for one in found] == findings


def test_a_search_alone_has_a_row_for_each_claim() -> None:
    found = {one.claim: one for one in claims(results(EPOCHS, search=search(8, EPOCHS)))}
    assert {name: one.word for name, one in found.items()} == {
        "interact__architecture__hyperparameters": NOT_TESTED,
        "separate": NOT_STUDIED,
        "weak": NOT_STUDIED,
        "neighbours": NOT_STUDIED,
        # Too few are of the model.
        "model": NOT_TESTED,
        "explores": NOT_TESTED,
        "few": NOT_TESTED,
        "manual": NOT_STUDIED,
        "competitive": NOT_STUDIED,
    }
    # Theirs are beside ours, with the source, also where nothing of ours is.
    assert found["competitive"].published.startswith("3.18 %") and "EfficientNAS" in found["competitive"].source
    assert math.isnan(found["competitive"].value)


def test_arms_that_differ_by_their_steps_alone_are_of_the_claim_and_others_stand_by_themselves() -> None:
    made = arms(EPOCHS, 5, 12)
    known = [one for one in claims(made) if one.arm]
    assert [(one.claim, one.arm) for one in known] == [
        ("separate", "architecture_first"),
        ("separate", "hyperparameters_first"),
        ("better_than__joint_random", "joint_random"),
        ("better_than__joint_hyperband", "joint_hyperband"),
    ]
    first = known[0]
    # The errors of this arm are half as large again: the reference has the lower one.
    assert first.finding == SUPPORTED and 0 <= first.low < first.value < first.high
    assert first.effect == "validation error of architecture first minus that of joint BOHB" and first.n == "5 pairs"
    assert first.test == "paired t-test, Holm over 4" and first.unit == "points"
    other = made.studies["architecture_first-0-1"]
    by_other = replace(other, experiment=other.experiment.model_copy(update={"sampler": "ppo"}))
    changed = replace(made, studies={**made.studies, "architecture_first-0-1": by_other})
    assert [one.arm for one in claims(changed) if one.claim == "separate"] == ["hyperparameters_first"]


@pytest.mark.parametrize(
    "change",
    [
        {"sampler_settings": {"random_fraction": 0.5}},
        {"budget": EPOCHS.model_copy(update={"rung_sizes": "single"})},
    ],
)
def test_an_arm_with_other_settings_or_without_brackets_in_a_step_differs_by_more_than_its_steps(change) -> None:
    made = arms(EPOCHS, 2, 2)
    studies = {
        name: replace(one, experiment=one.experiment.model_copy(update=change))
        if name.startswith("architecture_first") and name.endswith("2")
        else one
        for name, one in made.studies.items()
    }
    assert by_steps_alone(made) == ("architecture_first", "hyperparameters_first")
    assert by_steps_alone(replace(made, studies=studies)) == ("hyperparameters_first",)


@pytest.mark.parametrize(
    ("missing", "known"),
    [(("joint_bohb", ""), ()), (("architecture_first", "-2"), ("hyperparameters_first",))],
)
def test_no_arm_is_of_the_claim_before_its_settings_and_those_of_the_reference_are_known(missing, known) -> None:
    made = arms(EPOCHS, 2, 2)
    begun = {
        name: one
        for name, one in made.studies.items()
        if not (name.startswith(missing[0]) and name.endswith(missing[1]))
    }
    assert by_steps_alone(replace(made, studies=begun)) == known


def test_arms_that_are_not_complete_decide_nothing() -> None:
    found = [one for one in claims(arms(EPOCHS, 5, 12, joint_hyperband_4=1)) if one.arm]
    assert {one.word for one in found} == {OPEN} and found[0].low > 0


def _correlated(noise: float, configurations: int = 30, missing: int = 0, failed: int = 0):
    """A correlation study; the first of its configurations fail at each budget but the lowest."""
    rng = np.random.default_rng(0)
    good, made = rng.random(configurations), []
    for rung, budget in enumerate((1, 3, 9)):
        losses = 0.1 + 0.5 * ((1 - noise) * good + noise * rng.random(configurations))
        lost = failed if rung else 0
        made += [
            evaluation(f"0-0-{slot}", loss, study="correlation", rung=rung, slot=slot, budget=budget)
            for slot, loss in enumerate([None] * lost + losses[lost:].tolist())
        ]
    return _of_correlation(made[: len(made) - missing], configurations)


def _of_correlation(made, configurations: int):
    return results(EPOCHS, beside=[_planned(layout.CORRELATION, "random", (configurations,) * 3, 1)], correlation=made)


def _planned(name: str, kind: str, sizes: tuple[int, ...], seeds: int | None) -> StudyPlan:
    """A study of one bracket, which ends at the full budget."""
    item = Bracket(0, sizes, tuple(range(3 - len(sizes), 3)))
    return StudyPlan(name=name, kind=kind, settings="0" * 64, brackets=(item,), seeds=seeds)


def _words(made) -> dict[str, str]:
    return {one.claim: one.word for one in claims(made)}


def test_a_weak_correlation_is_one_below_the_threshold() -> None:
    assert _words(_correlated(0.0))["weak"] == CONTRADICTED
    assert _words(_correlated(1.0, 100))["weak"] == SUPPORTED
    assert _words(_correlated(0.0, missing=1))["weak"] == OPEN
    (found,) = [one for one in claims(_correlated(0.0)) if one.claim == "weak"]
    assert found.effect == "rank correlation of 1 epoch and 9 epochs" and found.n == "30 configurations"
    assert (found.supports, found.bound) == ("below", 0.4)


def test_how_many_configurations_failed_stands_beside_a_correlation() -> None:
    """A correlation is of those that succeed, which are a selection."""
    counts = {one.claim: one.n for one in claims(_correlated(0.0, failed=2)) if one.claim in {"weak", "neighbours"}}
    assert counts == dict.fromkeys(["weak", "neighbours"], "28 of 30 configurations")


def _at_budgets(draw):
    """A correlation study of 60 configurations, whose losses at three budgets are drawn."""
    losses = draw(np.random.default_rng(0).random((3, 60)))
    made = [
        evaluation(f"0-0-{slot}", float(loss), study="correlation", rung=rung, slot=slot, budget=3**rung)
        for rung, row in enumerate(losses)
        for slot, loss in enumerate(row)
    ]
    return _of_correlation(made, 60)


def test_neighbours_correlate_more_where_each_budget_adds_to_the_one_before() -> None:
    assert _words(_at_budgets(lambda noise: np.cumsum(noise, axis=0) / 3))["neighbours"] == SUPPORTED
    as_the_lowest = _at_budgets(lambda noise: [noise[0], noise[1], 0.9 * noise[0] + 0.1 * noise[2]])
    assert _words(as_the_lowest)["neighbours"] == CONTRADICTED


def test_too_few_budgets_cannot_test_a_correlation() -> None:
    two = BudgetSettings(unit="epochs", minimum=1, maximum=3)
    made = _correlated(0.0)
    found = _words(replace(made, experiment=made.experiment.model_copy(update={"budget": two})))
    assert found["neighbours"] == NOT_TESTED and found["weak"] == CONTRADICTED
    one = two.model_copy(update={"minimum": 3})
    found = _words(replace(made, experiment=made.experiment.model_copy(update={"budget": one})))
    assert found["neighbours"] == NOT_TESTED and found["weak"] == NOT_TESTED


def test_a_correlation_of_fewer_than_ten_is_no_number() -> None:
    found = [one for one in claims(_correlated(0.0, 9)) if one.claim in ("weak", "neighbours")]
    assert all(math.isnan(one.value) and math.isnan(one.low) and one.word == NOT_TESTED for one in found)


def test_an_objective_of_ones_own_has_no_claims_about_networks() -> None:
    found = {one.claim: one for one in claims(own_results(6))}
    assert "manual" not in found and "competitive" not in found
    assert found["model"].effect == "probability of a lower loss in the first training"


def _searched(of_model: float | None, number: int = 100):
    """A search, complete, of as many random proposals with losses about 0.5, and as many by a model about another."""
    rng, made = np.random.default_rng(0), []
    for kind, middle in (("random", 0.5), ("model", of_model)):
        for _ in range(number if middle is not None else 0):
            origin = {"sampler": "bohb", "kind": kind} | ({"model_budget": 1} if kind == "model" else {})
            loss = float(middle + 0.05 * rng.standard_normal())
            made.append(evaluation(f"0-0-{len(made)}", loss, slot=len(made), origin=origin))
    return results(BudgetSettings(unit="epochs", minimum=1, maximum=3), search=made)


@pytest.mark.parametrize(("of_model", "word"), [(0.4, SUPPORTED), (0.6, CONTRADICTED), (0.5, OPEN), (None, NOT_TESTED)])
def test_a_model_that_proposes_lower_losses_is_better_than_random(of_model, word) -> None:
    assert _words(_searched(of_model))["model"] == word


def _explored(draw, brackets: int = 32):
    budget = BudgetSettings(unit="epochs", minimum=1, maximum=3)
    searched, rng = Space(results(budget).experiment.space), np.random.default_rng(0)
    made = [
        evaluation(f"{bracket}-0-{slot}", values=values, budget=3)
        for bracket in range(brackets)
        for slot, values in enumerate(draw(searched, rng))
    ]
    return {one.claim: one for one in claims(results(budget, search=made))}["explores"]


def test_a_search_explores_if_it_reaches_as_many_regions_as_random_configurations() -> None:
    corner = Space(results(EPOCHS).experiment.space).sample(1, np.random.default_rng(1))
    assert _explored(lambda space, rng: space.sample(4, rng)).word == SUPPORTED
    assert _explored(lambda space, rng: corner * 4).word == CONTRADICTED
    few = _explored(lambda space, rng: space.sample(4, rng), brackets=20)
    assert (few.word, few.effect) == (
        NOT_TESTED,
        "fewer than 100 configurations trained successfully at the full budget",
    )
    # Without one of the brackets there would be fewer, so there is no interval.
    assert _explored(lambda space, rng: space.sample(4, rng), brackets=25).word == NOT_TESTED


def test_one_hyperparameter_has_no_regions() -> None:
    made = results(EPOCHS, search=search(8, EPOCHS))
    of = made.experiment.space
    values = Space(of).sample(1, np.random.default_rng(0))[0]
    alone = made.experiment.model_copy(update={"space": restricted(of, values, set(values) - {"learning_rate"})})
    found = {one.claim: one for one in claims(replace(made, experiment=alone))}["explores"]
    assert (found.word, found.effect) == (NOT_TESTED, "fewer than two hyperparameters are searched: no regions")


def _retrained(found: float, manual: float | None, failed: int = 0, missing: int = 0):
    """Ten retrainings of the configuration found, of which some failed, and of a manual one."""
    rng, made = np.random.default_rng(0), []
    for name, error in (("incumbent", found), ("resnet_20", manual)):
        for seed in range(10 if error is not None else 0):
            loss = None if name == "incumbent" and seed < failed else float(error + 0.01 * rng.standard_normal())
            origin = {"sampler": "retraining", "kind": "given", "name": name}
            made.append(evaluation(f"0-0-{len(made)}", loss, study="retraining", slot=len(made), origin=origin))
    by_hand = evaluation("0-0-0", study="manual", origin={"sampler": "manual", "kind": "given", "name": "resnet_20"})
    planned = [
        _planned(layout.RETRAINING, "retraining", (len(made),), 10),
        _planned(layout.MANUAL, "manual", (1,), 1),
    ]
    made = results(EPOCHS, beside=planned, retraining=made[: len(made) - missing], manual=[by_hand])
    return {one.claim: one for one in claims(made)}


def test_the_configuration_found_is_better_if_its_test_error_is_lower() -> None:
    found = _retrained(0.1, 0.2)["manual"]
    assert found.word == SUPPORTED and found.low < found.value < found.high < -5 and found.unit == "points"
    assert found.effect.startswith("test error of the configuration found minus that of")
    assert found.n == "10 and 10 trainings"
    assert _retrained(0.2, 0.1)["manual"].word == CONTRADICTED
    assert _retrained(0.2, 0.2)["manual"].word == OPEN
    assert _retrained(0.1, 0.2, missing=1)["manual"].word == OPEN


def test_a_failed_retraining_leaves_the_claim_open() -> None:
    found = _retrained(0.1, 0.2, failed=4)["manual"]
    assert found.word == OPEN and found.high < -5
    assert found.n == "10 and 10 trainings, of which 4 and 0 failed"


def test_manual_architectures_that_are_not_retrained_test_nothing() -> None:
    assert _retrained(0.1, None)["manual"].word == NOT_TESTED
    assert _retrained(0.1, None, missing=1)["manual"].word == OPEN


def test_the_error_beside_the_published_one_is_that_of_the_configuration_found() -> None:
    found = _retrained(0.1, 0.2, failed=1)["competitive"]
    assert 9 < found.low < found.value < found.high < 11 and (found.unit, found.word) == ("%", NOT_TESTED)
    assert found.n == "10 trainings, of which 1 failed"
