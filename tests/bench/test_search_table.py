"""Surrogates of a table: chosen on held-out configurations, kept, and disturbed by the size of the noise."""

import json

import numpy as np
import pandas as pd
import pytest

from jointsearch.core.config import BudgetSettings
from jointsearch.space.file import SpaceFile
from jointsearch.space.space import Space
from search import surrogate, table

SPACE = SpaceFile.parse(
    {
        "hyperparameters": {
            "x": {"type": "float", "lower": 0, "upper": 1},
            "y": {"type": "float", "lower": 1e-3, "upper": 1, "log": True},
            "n": {"type": "integer", "lower": 1, "upper": 9},
        }
    }
)
NOISE = 0.1
"""Standard deviation of the trainings, in logits."""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A table of 160 invented trainings of which the truth is known."""
    folder = tmp_path_factory.mktemp("table")
    space, settings = Space(SPACE), BudgetSettings(unit="epochs", minimum=1, maximum=9)
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(space.sample(160, rng))
    units = space.encode_all(rows.to_dict("records"))
    for level, budget in enumerate((1, 3, 9)):
        logits = 2 * np.sin(3 * units[:, 0]) + units[:, 1] - level * (0.5 + units[:, 2]) - 1
        rows[f"validation_error_{budget}"] = 1 / (1 + np.exp(-logits - NOISE * rng.standard_normal(160)))
    rows.to_csv(folder / "table.csv", index=False)
    experiment = {"space": SPACE.model_dump(mode="json", by_alias=True), "budget": settings.model_dump()}
    (folder / "table.json").write_text(json.dumps({"experiment": experiment}))
    table.fit.cache_clear()
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(table, "TABLE", folder / "table.csv")
        changed.setattr(table, "CACHE", folder / "kept")
        changed.setattr(table, "DEVELOPMENT", 40)
        changed.setattr(table, "DRAWS", 500)
        changed.setattr(table, "ROUNDS", 5)
        changed.setattr(surrogate, "TREES", 30)
        yield folder
    table.fit.cache_clear()


def test_tasks_of_a_table(trained, monkeypatch):
    task = table.task("table-gp", "report", "gp")
    assert task.best_known
    configurations = task.space.sample(500, np.random.default_rng(1))
    assert task.truth(configurations).min() >= task.optimum - 1e-6
    assert np.min(task.observe(configurations, 1, range(500))) >= 0
    assert task.evaluate(configurations[0], 9, 5) == task.evaluate(configurations[0], 9, 5)
    # What is kept is read, not fitted again.
    table.fit.cache_clear()
    monkeypatch.setattr(table, "fit_best", lambda _: pytest.fail("fitted again"))
    assert table.task("table-gp", "report", "gp").optimum == task.optimum
    assert [path.name.split("-")[0] for path in (trained / "kept").iterdir()] == ["report"]


def test_development_and_report_share_no_configuration(trained):
    (_, _, one), (_, _, other) = table.read("development"), table.read("report")
    assert (len(one.units), len(other.units)) == (40, 120)
    assert not {tuple(row) for row in one.units} & {tuple(row) for row in other.units}


def test_the_best_of_each_family_is_chosen_by_held_out_rank_correlation(trained):
    fitted = table.fit("report")
    full = fitted.quality[fitted.quality["budget"] == 9].set_index("model")
    for family, one in fitted.surrogates.items():
        assert one.name == full[full["family"] == family]["spearman"].idxmax()
    assert full.loc["Gaussian process", "spearman"] > 0.95
    assert full.loc["Gaussian process", "r2"] > full.loc["nearest configuration", "r2"]


def test_noise_has_the_size_of_the_trainings_noise(trained):
    one = table.fit("report").surrogates["gp"]
    drawn = one.noise(np.full(4000, np.median(one.predicted[2])), 2, range(4000))
    assert drawn.mean() == pytest.approx(0, abs=0.02)
    assert drawn.std() == pytest.approx(NOISE, rel=0.5)


def test_a_configuration_fails_where_the_nearest_one_did(trained):
    _, _, rows = table.read("report")
    rows.errors[7, 2] = np.nan
    model = table.fit("report").surrogates["trees"]
    logits = table.predict(model, rows, rows.units, 2)
    assert np.flatnonzero(np.isnan(logits)).tolist() == [7]
    assert not np.isnan(table.predict(model, rows, rows.units, 1)).any()
