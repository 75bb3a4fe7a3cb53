import math
from dataclasses import replace

import numpy as np
import pytest
from arm_runs import arms
from factories import evaluation
from own_searches import own_results
from synthetic import results, search

from jointsearch.analysis.claims import claims
from jointsearch.analysis.verdict import (
    CONTRADICTED,
    NOT_STUDIED,
    NOT_TESTED,
    OPEN,
    SUPPORTED,
    Evidence,
    side,
    worded,
)
from jointsearch.core import layout
from jointsearch.core.config import BudgetSettings
from jointsearch.search.hyperband import Bracket
from jointsearch.search.plan import StudyPlan

EPOCHS = BudgetSettings(unit="epochs", minimum=1, maximum=9)


@pytest.mark.parametrize(
    ("low", "high", "supports", "word"),
    [
        (0.1, 0.3, "below", SUPPORTED),
        (0.5, 0.7, "below", CONTRADICTED),
        (0.3, 0.5, "below", OPEN),
        (0.5, 0.7, "above", SUPPORTED),
        (0.1, 0.3, "above", CONTRADICTED),
        (math.nan, math.nan, "above", OPEN),
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
    found = Evidence("x", "X").measured(0.15, 0.1, 0.2)
    assert found.judged("above", 0.0, complete=True).finding == SUPPORTED
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
    found = list(worded(Evidence("x", "X", finding=one) for one in findings))
    assert {one.word for one in found} == {word} and [one.finding for one in found] == findings


def test_a_search_alone_has_a_row_for_each_claim() -> None:
    found = {one.claim: one for one in claims(results(EPOCHS, search=search(8, EPOCHS)))}
    assert {name: one.word for name, one in found.items()} == {
        "interact__architecture__hyperparameters": NOT_TESTED,
        "separate": NOT_STUDIED,
        "weak": NOT_STUDIED,
        "neighbours": NOT_STUDIED,
        "model": found["model"].word,
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
    assert first.finding == SUPPORTED and first.low < first.value < first.high <= 0
    assert first.effect == "validation error of joint BOHB minus that of architecture first" and first.n == "5 pairs"
    assert first.test == "paired t-test, Holm over 4" and first.unit == "points"
    other = made.studies["architecture_first-0-1"]
    by_other = replace(other, experiment=other.experiment.model_copy(update={"sampler": "ppo"}))
    changed = replace(made, studies={**made.studies, "architecture_first-0-1": by_other})
    assert [one.arm for one in claims(changed) if one.claim == "separate"] == ["hyperparameters_first"]


def test_arms_that_are_not_complete_decide_nothing() -> None:
    found = [one for one in claims(arms(EPOCHS, 5, 12, joint_hyperband_4=1)) if one.arm]
    assert {one.word for one in found} == {OPEN} and found[0].high < 0


def _correlated(noise: float, configurations: int = 30, missing: int = 0):
    rng = np.random.default_rng(0)
    good, made = rng.random(configurations), []
    for rung, budget in enumerate((1, 3, 9)):
        losses = 0.1 + 0.5 * ((1 - noise) * good + noise * rng.random(configurations))
        made += [
            evaluation(f"0-0-{slot}", float(loss), study="correlation", rung=rung, slot=slot, budget=budget)
            for slot, loss in enumerate(losses)
        ]
    planned = StudyPlan(
        name=layout.CORRELATION,
        kind="random",
        settings="0" * 64,
        brackets=(Bracket(0, (configurations,) * 3, (0, 1, 2)),),
        seeds=1,
    )
    return results(EPOCHS, beside=[planned], correlation=made[: len(made) - missing])


def _words(made) -> dict[str, str]:
    return {one.claim: one.word for one in claims(made)}


def test_a_weak_correlation_is_one_below_the_threshold() -> None:
    assert _words(_correlated(0.0))["weak"] == CONTRADICTED
    assert _words(_correlated(1.0, 100))["weak"] == SUPPORTED
    assert _words(_correlated(0.0, missing=1))["weak"] == OPEN
    (found,) = [one for one in claims(_correlated(0.0)) if one.claim == "weak"]
    assert found.effect == "rank correlation of 1 epoch and 9 epochs" and found.n == "30 configurations"
    assert (found.supports, found.bound) == ("below", 0.4)


def test_a_correlation_of_fewer_than_ten_is_no_number() -> None:
    found = [one for one in claims(_correlated(0.0, 9)) if one.claim in ("weak", "neighbours")]
    assert all(math.isnan(one.value) and math.isnan(one.low) and one.word == OPEN for one in found)


def test_an_objective_of_ones_own_has_no_claims_about_networks() -> None:
    found = {one.claim: one for one in claims(own_results(6))}
    assert "manual" not in found and "competitive" not in found
    assert found["model"].effect == "probability of a lower loss in the first training"
