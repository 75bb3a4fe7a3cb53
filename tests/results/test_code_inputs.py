"""What code each figure, table and page follows: what it imports, and nothing else."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from jointsearch.core.code import ROOT
from jointsearch.results import code_inputs
from jointsearch.results.catalogue import FIGURES, TABLES

ALONE = "src/jointsearch/analysis/footprint.py"
"""Imported by one figure alone."""


def followers(file):
    return {name for name in FIGURES if file in code_inputs.figure(name)}


def test_a_module_that_one_figure_imports_redraws_that_one_alone():
    assert followers(ALONE) == {"full_budget_evaluations"}
    assert not [name for name in TABLES if ALONE in code_inputs.table(name)]


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_follows_its_module_the_shared_style_and_its_script_but_no_other_figure(name):
    code = code_inputs.figure(name)
    assert {f"src/jointsearch/plotting/{name}.py", "src/jointsearch/plotting/style.py", "scripts/figure.py"} <= set(
        code
    )
    assert not {f"src/jointsearch/plotting/{other}.py" for other in FIGURES if other != name} & set(code)


@pytest.mark.parametrize("name", TABLES)
def test_a_table_follows_its_module_and_nothing_that_draws(name):
    code = code_inputs.table(name)
    assert {f"src/jointsearch/analysis/tables/{name}.py", "scripts/table.py"} <= set(code)
    assert not [file for file in code if "/plotting/" in file]


def test_the_numbers_follow_each_figure_and_table_that_is_made():
    code = code_inputs.numbers(["arms"], ["manual"])
    assert "src/jointsearch/plotting/arms.py" in code and "src/jointsearch/analysis/tables/manual.py" in code
    assert "src/jointsearch/plotting/importance.py" not in code


def test_the_paper_follows_its_text_and_captions_and_no_figure_module():
    code = set(code_inputs.paper(["arms"]))
    assert {"paper/main.typ", "workflow/report/arms.rst", "src/jointsearch/paper/tables.py", "scripts/paper.py"} <= code
    assert {"paper/html.typ", "src/jointsearch/paper/page/panel.js"} <= code
    assert not {f"src/jointsearch/plotting/{name}.py" for name in FIGURES} & code


def test_what_shows_figures_and_tables_is_their_code_and_that_of_the_paper_without_its_text():
    code = code_inputs.shown()
    asked = {"src/jointsearch/paper/tables.py", "src/jointsearch/plotting/arms.py", "scripts/paper.py"}
    assert asked | {"src/jointsearch/analysis/tables/manual.py", "scripts/figure.py", "scripts/table.py"} <= set(code)
    assert all(file.endswith(".py") for file in code)


def test_the_page_follows_its_scripts():
    assert "src/jointsearch/plotting/page/axes.js" in code_inputs.page()


def test_all_that_is_followed_is_there():
    code = [*code_inputs.numbers(), *code_inputs.page(), *code_inputs.paper(), *code_inputs.latex()]
    assert not [file for file in code if not (ROOT / file).is_file()]


def test_the_container_has_all_that_the_workflow_makes_something_from():
    recipe = (ROOT / "envs/Containerfile").read_text()
    copied = [Path(name) for line in re.findall(r"^COPY (.*) \S+$", recipe, re.MULTILINE) for name in line.split()]
    needed = {*code_inputs.numbers(), *code_inputs.page(), *code_inputs.paper(), *code_inputs.latex()}
    assert not [name for name in needed if not any(Path(name).is_relative_to(one) for one in copied)]


def test_what_is_imported_is_what_python_loads():
    """A script and a figure load nothing that is not known to make it, but for what the package itself imports."""
    script = "import sys, jointsearch; named = set(sys.modules); sys.path.insert(0, 'scripts'); import figure; "
    script += "figure.load('arms'); loaded = {name for name in sys.modules if name.startswith('jointsearch')} - named; "
    script += "print(*(sys.modules[name].__file__ for name in loaded), sep='\\n')"
    printed = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    loaded = {os.path.relpath(file, ROOT) for file in printed.split() if not file.endswith("__init__.py")}
    assert loaded <= set(code_inputs.figure("arms"))


NEW = '''"""Figure: one more."""

from jointsearch.plotting import style
from jointsearch.plotting.figure import Figure


def data(results): ...


def draw(data):
    return style.only_saying("One more.")


FIGURE = Figure(studies=("search",), category="Search", data=data, draw=draw)
'''


def test_a_figure_is_one_module_and_one_caption_and_the_workflow_plans_it(tmp_path):
    for part in ("Snakefile", "workflow", "scripts", "src", "config", "paper", "envs", "CITATION.cff"):
        origin = ROOT / part
        (shutil.copytree if origin.is_dir() else shutil.copy)(origin, tmp_path / part)
    (tmp_path / "src/jointsearch/plotting/one_more.py").write_text(NEW)
    (tmp_path / "workflow/report/one-more.rst").write_text("One more.\n")
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "src")}
    command = [sys.executable, "-m", "snakemake", "-n", "--configfile", "config/demo.yaml"]
    planned = subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True).stdout
    assert "rule figure_one_more:" in planned
    assert "results/demo/figures/one_more.pdf" in planned
    numbers = planned[planned.index("rule numbers:") :]
    assert "src/jointsearch/plotting/one_more.py" in numbers.partition("output:")[0]
