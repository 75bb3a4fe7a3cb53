import numpy as np
import pandas as pd
import pytest
from factories import evaluation
from matplotlib.axes import Axes
from synthetic import results
from timelines import named

from jointsearch.analysis.csv_file import csv_bytes, parse
from jointsearch.core.config import BudgetSettings
from jointsearch.plotting.manual_architectures import data, draw, numbers
from jointsearch.results.results import Results

SETTINGS = BudgetSettings(unit="epochs", minimum=1, maximum=27)
BY_HAND = [
    *(named("manual", "wide_resnet_10_2", slot, loss) for slot, loss in enumerate([0.3, 0.36, None])),
    *(named("manual", "resnet_20", slot, loss, test_error=0.3) for slot, loss in enumerate([0.2, 0.24], start=3)),
    *(named("manual", "resnet_56", slot, None, status="too_large") for slot in (5, 6)),
]
FOUND = [evaluation("0-0-0", 0.15, rung=3, budget=27, test_error=0.31)]
RETRAINED = [
    *(named("retraining", "incumbent", slot, 0.0, test_error=0.1 + 0.01 * slot) for slot in range(3)),
    *(named("retraining", "resnet_20", slot, 0.0, test_error=0.2) for slot in range(3, 6)),
]


def back(known: Results) -> pd.DataFrame:
    return parse(csv_bytes(data(known)))


def labels(axes: Axes) -> list[str]:
    return [label.get_text() for label in axes.get_yticklabels()]


@pytest.fixture(scope="module")
def known() -> Results:
    return results(SETTINGS, search=FOUND, manual=BY_HAND, retraining=RETRAINED)


def test_rows_go_from_the_found_one_to_the_worst_each_with_its_retraining_below(known) -> None:
    validation, test = draw(back(known)).axes
    assert [label.split("\n")[0] for label in labels(validation)] == [
        "found by the search",
        "found by the search, retrained",
        "ResNet-20",
        "ResNet-20, retrained",
        "WRN-10-2",
        "ResNet-56",
    ]
    assert "n = 3, 1 failed" in labels(validation)[4]
    assert [text.get_text() for text in validation.texts] == ["trained on the validation images"] * 2 + ["all failed"]
    assert [text.get_text() for text in test.texts] == ["all failed"]


def test_means_and_intervals_are_those_of_the_successful_trainings(known) -> None:
    table = back(known).drop_duplicates(["study", "name"]).set_index(["study", "name"])
    wide = table.loc[("manual", "wide_resnet_10_2")]
    # Two values are too few for an interval.
    assert wide["validation_mean"] == pytest.approx(0.33) and np.isnan(wide["validation_low"])
    assert np.isnan(table.loc[("search", "incumbent"), "validation_low"])
    # On images that it was trained on, the error says nothing.
    assert table.loc["retraining", ["validation_error", "validation_mean"]].isna().all(axis=None)


def test_legend_speaks_of_intervals_only_where_there_are_some(known) -> None:
    legends = (draw(back(one)).legends[0] for one in (known, results(SETTINGS, manual=BY_HAND[:1])))
    of_many, of_one = ([text.get_text() for text in legend.get_texts()] for legend in legends)
    assert of_many[:3] == ["found by the search", "manual: mean", "retrained: mean, 95 % interval"]
    assert of_one == ["manual"]


def test_numbers_count_the_architectures_that_are_beaten(known) -> None:
    found = numbers(known, back(known))
    # Of 33 % and 30 % test error, and none.
    assert (found["manual_compared"].value, found["manual_beaten"].value) == (2, 1)


def test_an_incumbent_of_a_lower_budget_says_so() -> None:
    known = results(SETTINGS, search=[evaluation("0-0-0", 0.15, budget=9)], manual=BY_HAND)
    assert labels(draw(back(known)).axes[0])[0].endswith("at 9 epochs")


@pytest.mark.parametrize(
    "studies",
    [
        {},
        {"search": FOUND},
        {"manual": BY_HAND[-1:]},
        {"manual": BY_HAND[:1]},
        {"search": [evaluation("0-0-0", None)], "retraining": RETRAINED},
        {"search": FOUND, "manual": [named("manual", "resnet_20", 0, 0.0), named("manual", "resnet_56", 1, 0.9)]},
    ],
)
def test_partial_and_failed_studies_are_drawn(studies) -> None:
    known = results(SETTINGS, **studies)
    figure = draw(back(known))
    figure.draw_without_rendering()
    numbers(known, back(known))
    if not studies:
        assert [text.get_text() for text in figure.axes[0].texts] == [
            "No manual architecture is trained, and nothing is found yet."
        ]
