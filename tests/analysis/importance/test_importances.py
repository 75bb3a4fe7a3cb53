import math
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from factories import evaluation
from synthetic import results

from jointsearch.analysis.importance import importances
from jointsearch.analysis.tables import importance_groups
from jointsearch.core import layout
from jointsearch.core.config import BudgetSettings
from jointsearch.core.evaluation import Evaluation
from jointsearch.results.results import Results, StudyResults
from jointsearch.space.file import SpaceFile
from jointsearch.space.space import Space

SPACE = SpaceFile.parse(
    {
        "hyperparameters": {
            "widen_factor_1": {"type": "float", "lower": 0.5, "upper": 8, "log": True, "part": "shape"},
            "residual_blocks_1": {"type": "integer", "lower": 1, "upper": 16, "log": True, "part": "shape"},
            "learning_rate": {"type": "float", "lower": 1e-3, "upper": 1, "log": True, "part": "sgd_1"},
            "batch_size": {"type": "categorical", "choices": [32, 64, 128], "part": "sgd_1"},
            "momentum": {"type": "float", "lower": 0, "upper": 0.99, "part": "sgd_1"},
            "cutout_length": {"type": "constant", "value": 3, "part": "images"},
        },
        "conditions": [{"child": "momentum", "parent": "batch_size", "not_equals": 32}],
    }
)


KINDS = ["main", "pair", "part", "parts", "higher_order"]


def trained(count: int, fail: int = 0, seed: int = 0, flat: bool = False) -> list[Evaluation]:
    """Log error: 2 (width - 1/2) (rate - 1/2) + rate / 2, on the unit cube."""
    space, made = Space(SPACE), []
    for slot, values in enumerate(space.sample(count, np.random.default_rng(seed))):
        at = dict(zip(space.names, space.encode(values), strict=True))
        log = 2 * (at["widen_factor_1"] - 0.5) * (at["learning_rate"] - 0.5) + at["learning_rate"] / 2
        loss = None if slot < fail else 0.3 if flat else 0.3 * math.exp(log)
        made.append(evaluation(f"0-0-{slot}", loss, values=values, slot=slot))
    return made


def computed(evaluations: list[Evaluation]) -> pd.DataFrame:
    return importances.importances(evaluations, Space(SPACE), [1, 3], "epochs", np.random.default_rng(0))


@pytest.fixture(scope="module")
def found() -> pd.DataFrame:
    return computed(trained(90, fail=10))


def test_every_surrogate_and_budget_has_every_effect_once(found) -> None:
    assert not found.duplicated(["surrogate", "budget", "kind", "first", "second"]).any()
    counts = found.groupby(["surrogate", "budget"])["kind"].value_counts().unstack()
    assert (counts[KINDS] == [5, 10, 2, 3, 1]).all(axis=None) and len(counts) == 4
    assert "cutout_length" not in set(found["first"])


def test_failures_are_counted_and_left_out(found) -> None:
    assert set(map(tuple, found.loc[found["budget"] == 1, ["n", "failed"]].to_numpy())) == {(80, 10)}


def test_interaction_of_two_parts_is_what_it_is_in_closed_form(found) -> None:
    # Variance of 2 (u - 1/2) (v - 1/2) is 4/144, that of v/2 is 1/48.
    gp = found[(found["surrogate"] == "gp") & (found["budget"] == 1)].set_index(["kind", "first", "second"])
    assert gp["r2"].iloc[0] > 0.95
    share = gp["importance"]
    assert share["parts", "sgd_1", "shape"] == pytest.approx(4 / 7, abs=0.05)
    assert share["part", "sgd_1", ""] == pytest.approx(3 / 7, abs=0.05)
    assert max(share["part", "shape", ""], share["parts", "shape", "shape"], share["parts", "sgd_1", "sgd_1"]) < 0.03


def test_sums_over_parts_add_up_to_all(found) -> None:
    sums = found[found["kind"].isin(KINDS[2:]) & (found["budget"] == 1)]
    assert sums.groupby("surrogate")["importance"].sum().to_numpy() == pytest.approx(1, abs=1e-5)


def test_a_main_effect_names_the_part_of_its_hyperparameter(found) -> None:
    mains = found[found["kind"] == "main"].drop_duplicates("first").set_index("first")["part"]
    assert mains.to_dict() == {
        "widen_factor_1": "shape",
        "residual_blocks_1": "shape",
        "learning_rate": "sgd_1",
        "batch_size": "sgd_1",
        "momentum": "sgd_1",
    }
    assert set(found.loc[found["kind"] != "main", "part"]) == {""}


def test_a_space_without_parts_has_the_same_effects_and_no_sums(found) -> None:
    whole = {name: one.model_copy(update={"part": None}) for name, one in SPACE.hyperparameters.items()}
    rng, space = np.random.default_rng(0), Space(SPACE.model_copy(update={"hyperparameters": whole}))
    rows = importances.importances(trained(90, fail=10), space, [1, 3], "epochs", rng)
    assert set(rows["kind"]) == {"main", "pair"} and set(rows["part"]) == {""}
    single = found[found["kind"].isin(KINDS[:2])].reset_index(drop=True)
    pd.testing.assert_frame_equal(rows.drop(columns="part"), single.drop(columns="part"))


@pytest.mark.parametrize(
    "records", [[], trained(30, fail=30), trained(25, fail=6), trained(40, flat=True), trained(1) * 50]
)
def test_too_little_gives_no_numbers(records) -> None:
    rows = computed(records)
    assert rows[["importance", "spread", "r2"]].isna().all(axis=None)
    assert rows.loc[rows["budget"] == 1, "n"].eq(sum(one.loss is not None for one in records)).all()


def test_noise_has_no_held_out_r2() -> None:
    rng = np.random.default_rng(1)
    rows = computed(
        [evaluation(one.proposal.id, float(rng.random()), values=one.proposal.values) for one in trained(60)]
    )
    assert (rows.loc[rows["budget"] == 1, "r2"] < 0.1).all()


def test_an_error_of_0_has_a_place() -> None:
    records = trained(40)
    values = records[0].proposal.values
    rows = computed([evaluation("0-0-0", 0.0, values=values), *records[1:]])
    assert rows.loc[rows["budget"] == 1, "importance"].notna().all()


def test_the_same_evaluations_give_the_same_table(found) -> None:
    pd.testing.assert_frame_equal(computed(trained(90, fail=10)), found)


def gathered() -> Results:
    made = results(BudgetSettings(unit="epochs", minimum=1, maximum=3), search=())
    experiment = made.experiment.model_copy(update={"space": SPACE})
    other = experiment.model_copy(update={"space": made.experiment.space})
    full = [one.model_copy(update={"budget": 3.0}) for one in trained(60, fail=4)]
    studies = {
        layout.SEARCH: StudyResults(experiment, tuple(full[:40])),
        layout.CORRELATION: StudyResults(experiment, tuple(full[40:])),
        layout.MANUAL: StudyResults(experiment, (evaluation("9-0-0"),)),
        "architecture_first-0-1": StudyResults(other, (evaluation("9-0-0"),)),
    }
    return replace(made, experiment=experiment, studies=studies)


def test_evaluations_sampled_in_the_whole_space_count_and_no_others() -> None:
    assert len(importances.evaluations(gathered())) == 60


def test_figure_and_table_of_the_same_results_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    computed = []
    monkeypatch.setattr(importances, "importances", lambda *given: computed.append(given) or len(computed))
    made, other = gathered(), gathered()
    assert importances.of(made) == importances.of(made) == 1
    assert importances.of(other) == 2


def test_table_holds_the_sums_and_numbers_those_that_mean_something() -> None:
    made = gathered()
    table = importance_groups.data(made)
    assert len(table) == 2 * 2 * 6
    numbers = importance_groups.numbers(made, table)
    at_full = table[(table["surrogate"] == "gp") & (table["budget"] == 3)]
    row = at_full[(at_full["first"] == "sgd_1") & (at_full["second"] == "shape")]
    assert set(numbers) == {
        f"importance_{surrogate}{suffix}{group}"
        for surrogate in ("forest", "gp")
        for suffix in ("", "_spread")
        for group in ("__shape", "__sgd_1", "__shape__shape", "__sgd_1__shape", "__sgd_1__sgd_1", "_higher_order")
    }
    number = numbers["importance_gp__sgd_1__shape"]
    assert "interactions of sgd_1 with shape in the variance" in number.meaning
    assert number.value == pytest.approx(100 * row["share"].iloc[0])
    assert len(number.sources) == 56
    nothing = table.assign(r2=-0.1)
    assert importance_groups.numbers(made, nothing) == {}


def test_r2_is_of_draws_from_the_prior_alone() -> None:
    made = trained(80)
    chosen = [one.model_copy(update={"rung": 1, "loss": one.loss * 2, "budget": 1}) for one in made if one.loss]
    rows = computed([*made, *chosen])
    first = rows[rows["budget"] == made[0].budget]
    assert set(first["drawn"]) == {sum(one.loss is not None for one in made)} and (first["n"] > first["drawn"]).all()
    # Of what a search has chosen alone, nothing is known of the population of the shares.
    assert computed(chosen)[["importance", "r2"]].isna().all(axis=None)


def test_a_penalty_beyond_which_there_is_no_variance_gives_no_numbers() -> None:
    made = [one.model_copy(update={"loss": math.log(one.loss)}) for one in trained(40)]
    assert computed(made).loc[lambda rows: rows["budget"] == 1, "importance"].notna().all()
    made[3] = made[3].model_copy(update={"loss": sys.float_info.max})
    assert computed(made)[["importance", "spread", "r2"]].isna().all(axis=None)
