"""The scripts that write and read the folder of an HpBandSter run."""

import json
import runpy
import sys
from pathlib import Path

import pytest
from results_folder import settings, write_search

from jointsearch.core.errors import UserError
from jointsearch.search import hpbandster

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture
def script(tmp_path, monkeypatch):
    """Call a script here, in a folder with the results `demo` of a search."""
    write_search(tmp_path / "demo", settings(3), 1)
    monkeypatch.chdir(tmp_path)

    def call(name, *arguments):
        monkeypatch.setattr(sys, "argv", [name, *arguments])
        runpy.run_path(str(SCRIPTS / f"{name}.py"))["main"]()

    return call


def test_an_export_is_of_a_folder_or_of_the_settings_in_it(script, monkeypatch):
    exported = []
    monkeypatch.setattr(hpbandster, "write", lambda folder, space, evaluations: exported.append(evaluations))
    for name in ("demo", "demo/experiment.json"):
        script("export_hpbandster", name, "one")
    assert exported[0] == exported[1] and len(exported[0]) == 3 + 1


@pytest.mark.parametrize("other", [".", "demo/search/experiment.json"])
def test_an_export_of_anything_else_says_what_to_name(script, other):
    with pytest.raises(UserError, match=r"\(plan.json is missing\); name its results folder$"):
        script("export_hpbandster", other, "one")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--budget-unit", "epochs", "--budget-correlation", "./out.pdf"], "^out.csv: --budget-correlation writes"),
        (["--budget-unit", ""], r"^--budget-unit: expected letters, digits, .* \(got ''\)$"),
    ],
)
def test_an_import_that_cannot_work_is_refused_before_anything_is_written(script, options, says):
    Path("configs.json").write_text(json.dumps([[0, 0, 0], {"x": 0.5}, {}]))
    times = {"submitted": 1, "started": 1, "finished": 2}
    Path("results.json").write_text(json.dumps([[0, 0, 0], 1, times, {"loss": 0.5}, None]))
    with pytest.raises(UserError, match=says):
        script("import_hpbandster", ".", "out.csv", *options)
    assert not Path("out.csv").exists()
