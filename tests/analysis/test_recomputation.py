"""The numbers of the demo's paper against a recomputation that shares no code with this project."""

import ast
import json
from pathlib import Path

import pytest
import recomputation

from jointsearch.analysis import table as tables
from jointsearch.analysis.csv_file import csv_bytes, parse
from jointsearch.audit import archive
from jointsearch.core import config, layout
from jointsearch.core.code import ROOT
from jointsearch.core.files import write_record
from jointsearch.plotting import figure as figures
from jointsearch.plotting.numbers import numbers
from jointsearch.results.results import Results
from jointsearch.search.resolve import resolve
from jointsearch.search.studies import kinds

FIGURES = ("incumbent_over_time", "learning_curves", "budget_correlation", "correlation_study")
TABLES = ("early_stopping", "retraining")
BEST, GOOD = "search/bracket-010/rung-1/slot-01.json", "search/bracket-000/rung-3/slot-00.json"


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("results") / "demo"
    folder.mkdir()
    archive.unpack(ROOT / "results" / "demo" / archive.RECORDS, folder)
    settings = config.read(ROOT / "config" / "demo.yaml")
    settings = settings.model_copy(update={"space": str(ROOT / settings.space)})
    experiment = resolve(settings)
    write_record(layout.plan_file(folder), kinds.record(kinds.plan(settings, experiment), experiment))
    return folder


@pytest.fixture(scope="module")
def quoted(demo) -> dict[str, float]:
    """What a text may quote: of figures and tables through their files, as in a run."""
    results = Results.read(demo)
    data = {f"figures/{name}": parse(csv_bytes(figures.load(name).data(results))) for name in FIGURES}
    data |= {f"tables/{name}": parse(csv_bytes(tables.load(name).data(results))) for name in TABLES}
    return {name: number.value for name, number in numbers(results, data).numbers.items()}


def test_recomputing_imports_nothing_of_this_project() -> None:
    found = list(ast.walk(ast.parse(Path(recomputation.__file__).read_text())))
    modules = {one.module for one in found if isinstance(one, ast.ImportFrom)}
    modules |= {name.name for one in found if isinstance(one, ast.Import) for name in one.names}
    assert modules == {"json", "collections", "itertools", "pathlib", "typing", "numpy", "scipy"}


def test_the_numbers_of_the_paper_are_those_of_the_raw_records(demo, quoted) -> None:
    again = recomputation.recompute(demo)
    assert len(again) > 50 and set(again) <= set(quoted)
    assert again == pytest.approx({name: quoted[name] for name in again}, rel=1e-9, abs=1e-9)


def test_records_that_were_changed_give_other_numbers(demo, quoted) -> None:
    changes = {
        BEST: lambda one: {"loss": one["loss"] / 2, "test_error": one["test_error"] * 2},
        GOOD: lambda _: {"loss": 1},
    }
    originals = {name: (demo / name).read_bytes() for name in changes}
    try:
        for name, change in changes.items():
            record = json.loads(originals[name])
            (demo / name).write_text(json.dumps(record | change(record)))
        again = recomputation.recompute(demo)
    finally:
        for name, original in originals.items():
            (demo / name).write_bytes(original)
    other = {name for name in again if again[name] != pytest.approx(quoted[name], rel=1e-9, abs=1e-9)}
    assert {"best_validation_error", "best_test_error", "best_error_27", "spearman_9_27"} <= other
    assert not other & {"evaluations", "best_parameters", "search_spent", "study_spearman_1_3", "model_superiority"}
