import io
import math

import pandas as pd
import pytest
from arm_runs import EIGHT, arms

from jointsearch.analysis.csv_file import csv_bytes
from jointsearch.analysis.importance.groups import Effects
from jointsearch.analysis.tables.arms_table import data
from jointsearch.analysis.tables.claims import data as claims
from jointsearch.core.config import BudgetSettings
from jointsearch.core.errors import UserError
from jointsearch.core.units import ERROR, LOSS
from jointsearch.paper.captions import parse
from jointsearch.paper.tables import DISPLAYS, show
from jointsearch.results.catalogue import TABLES

EPOCHS = BudgetSettings(unit="epochs", minimum=1, maximum=3)


def test_every_display_is_of_a_table_that_is_made() -> None:
    assert set(DISPLAYS) <= set(TABLES)


def test_groups_of_importance_stand_side_by_side_also_without_a_surrogate() -> None:
    # Words that other columns and sums have too.
    sums = Effects.of(["x", "y", "z"], {"x": "n", "y": "higher", "z": "higher_order"}).labels[6:]
    rows = [
        {"surrogate": surrogate, "budget": budget, "budget_unit": "epochs", "spread": 0.0}
        | dict(zip(("kind", "first", "second"), names, strict=True))
        | {"share": share, "r2": share, "n": 5, "failed": 1, "drawn": 4}
        for budget, share in ((1.0, 0.25), (3.0, math.nan))
        for surrogate in ("forest", "gp")
        for names in sums
    ]
    shown = show("importance_groups", pd.DataFrame(rows), "x.csv")
    assert [row[:3] for row in shown.rows] == [
        ("1 epoch", "Random forest", "25.0"),
        ("1 epoch", "Gaussian process", "25.0"),
        ("3 epochs", "Random forest", "–"),
        ("3 epochs", "Gaussian process", "–"),
    ]
    assert shown.rules == (2,)
    pairs = ("Higher×Higher", "Higher×Higher_", "Higher×N", "Higher_×Higher_", "Higher_×N", "N×N")
    assert shown.titles[2:-3] == ("higher", "higher order", "n", *pairs, "higher")
    assert len(shown.titles) == len(shown.align) == len(shown.rows[0])


def test_a_surrogate_that_predicts_nothing_has_no_shares() -> None:
    sums = Effects.of(["x", "y"], {"x": "a", "y": "b"}).labels[2:]
    rows = [
        {"surrogate": surrogate, "budget": 1.0, "budget_unit": "epochs", "n": 36, "failed": 0, "drawn": 19}
        | dict(zip(("kind", "first", "second"), names, strict=True))
        | {"share": 0.5, "r2": r2}
        for surrogate, r2 in (("forest", 0.13), ("gp", -0.18))
        for names in sums
    ]
    shown = show("importance_groups", pd.DataFrame(rows), "x.csv")
    assert set(shown.rows[0][2:-3]) == {"50.0"} and set(shown.rows[1][2:-3]) == {"–"}
    assert shown.rows[1][-3:] == ("−0.18", "36", "19")


def test_the_word_on_a_claim_is_a_verdict() -> None:
    assert [column.title for column in DISPLAYS["claims"].columns][-1] == "verdict"


def test_test_and_retest_is_explained_where_it_is_shown() -> None:
    note = DISPLAYS["early_stopping"].note
    assert "Test and retest" in note(pd.DataFrame(columns=["retest"])) and not note(pd.DataFrame())


def test_a_table_without_rows_or_columns() -> None:
    empty = pd.DataFrame(columns=["name"])
    assert show("retraining", empty, "x.csv").rows == ()
    names = ["budget", "budget_unit", "surrogate", "n", "failed", "drawn", "r2", "kind", "first", "second", "share"]
    assert show("importance_groups", pd.DataFrame(columns=names), "x.csv").rows == ()
    with pytest.raises(UserError, match=r"x.csv: has no 'title'"):
        show("retraining", pd.DataFrame({"name": ["a"]}), "x.csv")
    with pytest.raises(UserError, match=r"manul.*did you mean 'manual'"):
        show("manul", empty, "x.csv")


def _arms(test: float) -> pd.DataFrame:
    ends = ("mean", "sd", "difference", "difference_low", "difference_high", "p_holm", "p_exact_holm")
    row = {"arm": "trees_first", "title": "trees first", "n": 2, "compared": 3}
    row |= {"reference": "joint_tpe", "test": "Welch's t-test"}
    row |= {f"validation_{end}": 0.5 for end in ends} | {f"test_{end}": test for end in ends}
    row |= {f"{of}_verdict": "open" for of in ("validation", "test")}
    row |= {f"{of}_needed": 100 for of in ("validation", "test")}
    row |= {f"{of}_needed_more": of == "validation" for of in ("validation", "test")}
    return pd.DataFrame([row])


def test_errors_of_arms_are_in_percent_and_losses_are_not() -> None:
    shown = show("arms_table", _arms(0.25), "x.csv", ERROR)
    verdict = ("p", "p, exact", "verdict", "repeats to decide")
    means = ("validation error (%)", "test error (%)")
    assert shown.titles == ("arm", "repeats", *means, "difference (points)", *verdict)
    assert shown.rows[0][2:] == (
        "50.00 ± 50.00",
        "25.00 ± 25.00",
        "50.00 [50.00, 50.00]",
        "0.50",
        "0.50",
        "Open",
        "> 100",
    )
    shown = show("arms_table", _arms(0.25), "x.csv", LOSS)
    assert shown.titles == ("arm", "repeats", "loss", "test loss", "difference", *verdict)
    assert shown.rows[0][2:5] == ("0.5000 ± 0.5000", "0.2500 ± 0.2500", "0.5000 [0.5000, 0.5000]")


def test_arms_may_have_no_test_loss() -> None:
    shown = show("arms_table", _arms(math.nan), "x.csv", LOSS)
    assert shown.titles == ("arm", "repeats", "loss", "difference", "p", "p, exact", "verdict", "repeats to decide")
    assert shown.rows[0][3:] == ("0.5000 [0.5000, 0.5000]", "0.50", "0.50", "Open", "> 100")


def test_the_caption_of_the_arms_names_their_reference_and_their_test() -> None:
    caption = show("arms_table", _arms(0.25), "x.csv", ERROR).caption
    assert caption.endswith("The reference is joint TPE; test: Welch's *t*-test.")


def test_nothing_that_is_not_a_number_is_shown_of_arms_that_are_not_tested() -> None:
    for made in (
        arms(EPOCHS, 1, 4),
        arms(EPOCHS, 2, 4, failing=1),
        arms(EPOCHS, 2, 4, failing=0.7),
        arms(EPOCHS, 3, 4, steps_of=EIGHT, shared=False),
    ):
        table = pd.read_csv(io.BytesIO(csv_bytes(data(made))))
        cells = [cell for row in show("arms_table", table, "x.csv").rows for cell in row]
        assert not any(word in cell.lower() for cell in cells for word in ("nan", "<na>", "none", "∞"))
        verdicts = [row[-2] for row in show("arms_table", table, "x.csv").rows]
        assert verdicts[0] == "–" and "–" not in verdicts[1:]


def test_a_regret_is_in_points_of_errors_only() -> None:
    counts = ["configurations", "failed", "kept_succeeded", "survivors_succeeded", "top"]
    others = ["share_succeeded", "interval_low_succeeded", "interval_high_succeeded", "regret_succeeded"]
    others += ["regret_low_succeeded", "regret_high_succeeded"]
    others += [f"spearman{of}{end}" for of in ("", "_search") for end in ("", "_low", "_high")]
    row = {"budget": 2.0, "budget_unit": "trees"} | dict.fromkeys(counts, 1) | dict.fromkeys(others, 0.5)
    for measure, title, regret in (
        (ERROR, "regret (points)", "50.00 [50.00, 50.00]"),
        (LOSS, "regret", "0.5000 [0.5000, 0.5000]"),
    ):
        shown = show("early_stopping", pd.DataFrame([row]), "x.csv", measure)
        assert dict(zip(shown.titles, shown.rows[0], strict=True))[title] == regret
        assert shown.rows[0][5] == "50 [50, 50]"


def test_the_name_of_a_row_and_its_numbers_lead_to_its_trainings_and_nothing_that_others_published() -> None:
    made = arms(EPOCHS, 3, 6)
    shown = show("claims", pd.read_csv(io.BytesIO(csv_bytes(claims(made)))), "x.csv", results=made)
    leading = [[shown.titles[place] for place in places] for places in shown.leading]
    found = dict(zip(shown.names, leading, strict=True))
    separate = "claim: Tuning parts of the space separately is suboptimal, evidence: Validation error of"
    assert found[f"{separate} architecture first minus that of joint BOHB"] == ["claim", "found"]
    # The claim itself stands above.
    assert found[f"{separate} hyperparameters first minus that of joint BOHB"] == ["evidence", "found"]
    # Nothing was trained for this one.
    assert found["claim: Competitive after 3 h"] == []
    assert {title for titles in leading for title in titles} == {"claim", "evidence", "found"}
    assert [bool(one) for one in shown.behind] == [bool(places) for places in leading]


def test_captions_are_marked_up_as_captions_are() -> None:
    for display in DISPLAYS.values():
        assert not any("*" in text for _, text in parse(display.caption))
