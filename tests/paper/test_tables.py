import math

import pandas as pd
import pytest

from jointsearch.analysis.importance.groups import Effects
from jointsearch.core.errors import UserError
from jointsearch.core.units import ERROR, LOSS
from jointsearch.paper.captions import parse
from jointsearch.paper.tables import TABLES, show
from jointsearch.results.catalogue import TABLES as MADE


def test_every_display_is_of_a_table_that_is_made() -> None:
    assert set(TABLES) <= set(MADE)


def test_groups_of_importance_stand_side_by_side_also_without_a_surrogate() -> None:
    # Words that other columns and sums have too.
    sums = Effects.of(["x", "y", "z"], {"x": "n", "y": "higher", "z": "higher_order"}).labels[6:]
    rows = [
        {"surrogate": surrogate, "budget": budget, "budget_unit": "epochs", "spread": 0.0}
        | dict(zip(("kind", "first", "second"), names, strict=True))
        | {"share": share, "r2": share, "n": 5, "failed": 1}
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
    assert shown.titles[2:-2] == ("higher", "higher order", "n", *pairs, "higher")
    assert len(shown.titles) == len(shown.align) == len(shown.rows[0])


def test_a_table_without_rows_or_columns() -> None:
    empty = pd.DataFrame(columns=["name"])
    assert show("retraining", empty, "x.csv").rows == ()
    names = ["budget", "budget_unit", "surrogate", "n", "failed", "r2", "kind", "first", "second", "share"]
    assert show("importance_groups", pd.DataFrame(columns=names), "x.csv").rows == ()
    with pytest.raises(UserError, match=r"x.csv: has no 'title'"):
        show("retraining", pd.DataFrame({"name": ["a"]}), "x.csv")
    with pytest.raises(UserError, match=r"manul.*did you mean 'manual'"):
        show("manul", empty, "x.csv")


def _arms(test: float) -> pd.DataFrame:
    ends = ("mean", "sd", "difference", "difference_low", "difference_high", "p_holm")
    row = {"arm": "trees_first", "title": "trees first", "n": 2, "compared": 3}
    row |= {f"validation_{end}": 0.5 for end in ends} | {f"test_{end}": test for end in ends}
    return pd.DataFrame([row])


def test_errors_of_arms_are_in_percent_and_losses_are_not() -> None:
    shown = show("arms_table", _arms(0.25), "x.csv", ERROR)
    ours = ("validation error (%)", "difference (points)", "p", "test error (%)", "difference (points)", "p")
    assert shown.titles == ("arm", "repeats", *ours)
    assert shown.rows[0][2:6] == ("50.00 ± 50.00", "50.00 [50.00, 50.00]", "0.50", "25.00 ± 25.00")
    shown = show("arms_table", _arms(0.25), "x.csv", LOSS)
    assert shown.titles == ("arm", "repeats", "loss", "difference", "p", "test loss", "difference", "p")
    assert shown.rows[0][2:6] == ("0.5000 ± 0.5000", "0.5000 [0.5000, 0.5000]", "0.50", "0.2500 ± 0.2500")


def test_arms_without_a_test_loss_have_no_columns_of_it() -> None:
    shown = show("arms_table", _arms(math.nan), "x.csv", LOSS)
    assert shown.titles == ("arm", "repeats", "loss", "difference", "p")


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


def test_captions_are_marked_up_as_captions_are() -> None:
    for display in TABLES.values():
        assert not any("*" in text for _, text in parse(display.caption))
