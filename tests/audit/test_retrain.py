"""What an audit says of a training that was done again; the trainings themselves are in tests/end_to_end."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from jointsearch.audit import retrain
from jointsearch.audit.evidence import Evidence
from jointsearch.audit.findings import Findings, Verdict
from jointsearch.training import npz_file

OPTIONS = retrain.RetrainOptions("cpu", Path(), Path(), tolerance=0.01)


@pytest.mark.parametrize("field", ["loss", "test_error"])
@pytest.mark.parametrize(("difference", "verdict"), [(0.009, "verified"), (0.011, "mismatch"), (-0.011, "mismatch")])
def test_errors_on_another_processor_are_held_to_the_tolerance(folder, monkeypatch, field, difference, verdict):
    evidence = Evidence.read(folder)
    place, record = next((place, one) for place, one in evidence.evaluations.items() if one.loss is not None)
    again = record.model_copy(update={field: getattr(record, field) + difference})
    monkeypatch.setattr(retrain, "_train", lambda *_: (again, None))
    findings = Findings()
    retrain.check_trainings(evidence, [place], OPTIONS, findings)
    [found] = findings
    assert found.message.startswith("trained with another processor, so not bit for bit: validation error ")
    assert found.verdict.words == verdict


@pytest.fixture
def retrained(folder, monkeypatch):
    """Audit one training, with a function in place of what trains it again; the finding."""
    evidence = Evidence.read(folder)
    place, record = next((place, one) for place, one in evidence.evaluations.items() if one.loss is not None)

    def audit(train):
        monkeypatch.setattr(retrain, "_train", lambda *_: train(evidence, record))
        findings = Findings()
        retrain.check_trainings(evidence, [place], OPTIONS, findings)
        [found] = findings
        return found

    return audit


def test_where_images_are_missing_it_names_its_option(retrained, tmp_path):
    found = retrained(lambda *_: npz_file.read(tmp_path / "images.npz"))
    assert found.verdict is Verdict.CANNOT_BE_CHECKED
    assert found.message == f"{tmp_path}/images.npz: no such file; let --data-root be its folder"


def raises(*_):
    raise ZeroDivisionError("by\nzero")


def leaves(*_):
    sys.exit(3)


@pytest.mark.parametrize(("train", "said"), [(raises, "ZeroDivisionError: by zero"), (leaves, "SystemExit: 3")])
def test_what_code_of_ones_own_raises_is_reported_and_ends_no_audit(retrained, monkeypatch, train, said):
    own = SimpleNamespace(own={"training.network": "mine:build"})
    monkeypatch.setattr(Evidence, "settings_of", lambda *_: own)
    found = retrained(train)
    assert found.message == f"code of one's own raises {said}"
    assert found.verdict.words == "cannot be checked"


def test_a_bug_of_ours_stays_one(retrained):
    with pytest.raises(ZeroDivisionError):
        retrained(raises)


@pytest.mark.parametrize("own", [{}, {"mine.py": "a" * 64}])
def test_another_version_of_a_package_counts_where_code_of_ones_own_may_use_it(retrained, own):
    def train(evidence, record):
        same = {"cpu": "one", "gpu": None, "torch": None, "flags": {}, "own": own}
        then, here = (SimpleNamespace(**same, packages={"theirs": version}) for version in "12")
        evidence.environments[record.observed.environment] = then
        return record, here

    other = "trained with another version of a package, so not bit for bit"
    assert retrained(train).message.startswith(other if own else "the same, bit for bit")
