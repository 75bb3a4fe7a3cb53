"""An objective of one's own, the example of gradient boosting: through the workflow, without torch, and audited."""

import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from end_to_end.conftest import ROOT, Workspace, make_workspace
from jointsearch.audit import audit
from jointsearch.audit.evidence import Evidence
from jointsearch.audit.findings import Findings, Verdict
from jointsearch.audit.retrain import RetrainOptions, check_trainings
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.files import read_record, write_record
from jointsearch.results.results import Results

SLOT = "search/bracket-000/rung-1/slot-01.json"
NO_TORCH = """
import sys
class NoTorch:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ImportError("torch is imported")
sys.meta_path.insert(0, NoTorch())
"""
"""Python imports `sitecustomize` when it starts."""


def boosting(folder: Path) -> Workspace:
    """The workspace of the example, in which no process can import torch."""
    workspace = make_workspace(folder)
    bring_boosting(folder)
    return workspace


def bring_boosting(folder: Path) -> None:
    """Have a workspace train by the example."""
    shutil.copytree(ROOT / "examples", folder / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "examples/boosting/config.yaml", folder)
    shutil.copy(ROOT / "examples/boosting/space.yaml", folder)
    (folder / "sitecustomize.py").write_text(NO_TORCH)


@pytest.fixture(scope="session")
def run(shared) -> Workspace:
    """The whole example, its records by the workflow. Read only: copy it."""

    def make(folder: Path) -> Workspace:
        workspace = boosting(folder)
        (folder / "printed").write_text(workspace.snakemake("--cores", "2", "search", "studies"))
        workspace.drive("finish")
        return workspace

    return shared("boosting", make)


@pytest.fixture
def copied(run, tmp_path, monkeypatch) -> Iterator[Path]:
    """Its results, to be tampered with, in a folder from which the example is imported."""
    workspace = run.copy(tmp_path / "clone")
    monkeypatch.chdir(workspace.folder)
    elsewhere = [path for path in sys.path if Path(path).resolve() != ROOT]
    monkeypatch.setattr(sys, "path", [str(workspace.folder), *elsewhere])
    forget_the_example()
    yield workspace.folder / "results/boosting"
    forget_the_example()


def forget_the_example() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "examples"]:
        del sys.modules[name]
    importlib.invalidate_caches()


def problems(folder: Path, level: str = "hash") -> set[tuple[str, str, Verdict]]:
    return {(one.check, one.subject, one.verdict) for one in audit.run(folder, level).findings.problems}


def test_the_whole_example_runs_without_torch_and_says_loss(run):
    results = run.folder / "results/boosting"
    printed = (run.folder / "printed").read_text()
    assert "best 0." in printed and "%" not in printed.partition("best ")[2].partition(" at")[0]
    assert {"paper.pdf", "manifest.sha256", "interactive.html"} <= {path.name for path in results.iterdir()}
    assert not (results / "data.json").exists()
    assert "Nothing to be done" in run.snakemake("-n")


def test_the_driver_makes_the_same(run, tmp_path):
    driven = boosting(tmp_path)
    driven.drive()
    theirs, ours = (Results.read(one.folder / "results/boosting") for one in (run, driven))
    for study in ("search", "correlation"):
        ones, others = theirs.evaluations(study), ours.evaluations(study)
        assert [one.derivable() for one in ones] == [one.derivable() for one in others]


def test_an_audit_derives_it_again(copied, undrawn):
    assert {verdict for *_, verdict in problems(copied, "derive")} <= {Verdict.UNPINNED}


def test_a_loss_that_is_changed_is_noticed(copied, undrawn):
    record = read_record(copied / SLOT, Evaluation)
    write_record(copied / SLOT, record.model_copy(update={"loss": 0.001}))
    found = problems(copied)
    assert ("batch", SLOT, Verdict.MISMATCH) in found and ("manifest", SLOT, Verdict.MISMATCH) in found


def retrained(folder: Path) -> list[tuple[Verdict, str]]:
    evidence, findings = Evidence.read(folder), Findings()
    options = RetrainOptions("cpu", Path("data"), Path(".cache"), 0.01)
    check_trainings(evidence, [("search", 0, 1, 1)], options, findings)
    return [(one.verdict, one.message) for one in findings]


def test_it_is_called_again_to_the_same_bits(copied):
    assert retrained(copied) == [(Verdict.VERIFIED, "the same, bit for bit")]


def test_a_changed_module_gives_no_equal_bits(copied):
    module = Path("examples/boosting/boosting.py")
    module.write_text(module.read_text().replace('"loss": loss', '"loss": loss + 1'))
    [(verdict, message)] = retrained(copied)
    assert verdict is Verdict.MISMATCH and message.startswith("trained with another code")


def test_a_module_that_is_gone_cannot_be_checked(copied):
    shutil.rmtree("examples")
    [(verdict, message)] = retrained(copied)
    assert verdict is Verdict.CANNOT_BE_CHECKED and "no module" in message


def test_the_lineage_of_the_best_names_code_and_loss(run):
    done = run.call("audit", "why", "--experiment", "results/boosting", "paper:best_loss")
    assert "best_loss" in done.stdout and ": loss 0." in done.stdout, done.stderr
    assert "torch" not in done.stdout and "images" not in done.stdout


def test_a_change_of_the_module_during_a_search_is_noticed(copied, undrawn):
    name = "search/bracket-003/rung-0/slot-00.json"
    record = read_record(copied / name, Evaluation)
    other = record.made_with.model_copy(update={"code": "0" * 64})
    write_record(copied / name, record.model_copy(update={"made_with": other}))
    assert ("code", name, Verdict.MISMATCH) in problems(copied)


def test_a_setting_of_the_script_that_cannot_be_gets_one_line(tmp_path):
    shutil.copytree(ROOT / "examples/script", tmp_path / "mine")
    script = tmp_path / "mine/search.py"
    script.write_text(script.read_text().replace('"minimum": 100', '"minimun": 100'))
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run([sys.executable, str(script)], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == "error: config: budget.minimun: unknown key; did you mean 'minimum'?\n"


def test_a_script_searches_without_the_workflow_and_continues_with_a_longer_search(tmp_path):
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{tmp_path}"}
    (tmp_path / "sitecustomize.py").write_text(NO_TORCH)
    shutil.copytree(ROOT / "examples/script", tmp_path / "mine")
    script = tmp_path / "mine/search.py"
    for length in (6, 7):
        script.write_text(script.read_text().replace('"length": 6', f'"length": {length}'))
        done = subprocess.run(
            [sys.executable, str(script)], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert "loss -" in done.stdout
    assert Verdict.MISMATCH not in {verdict for *_, verdict in problems(tmp_path / "results/valley")}
    [around] = (tmp_path / "results/valley/environments").glob("*.json")
    assert '"own":{"__main__:evaluate":' in around.read_text()
