"""What an audit says of a training that was done again; the trainings themselves are in tests/end_to_end."""

from contextlib import nullcontext
from pathlib import Path

import pytest

from jointsearch.audit import retrain
from jointsearch.audit.evidence import Evidence
from jointsearch.audit.findings import Findings


@pytest.mark.parametrize("field", ["loss", "test_error"])
@pytest.mark.parametrize(("difference", "verdict"), [(0.009, "verified"), (0.011, "mismatch"), (-0.011, "mismatch")])
def test_errors_on_another_processor_are_held_to_the_tolerance(folder, monkeypatch, field, difference, verdict):
    evidence = Evidence.read(folder)
    place, record = next((place, one) for place, one in evidence.evaluations.items() if one.loss is not None)
    again = record.model_copy(update={field: getattr(record, field) + difference})
    monkeypatch.setattr(retrain, "_by_our_engine", lambda *_: nullcontext(lambda _: (again, None)))
    findings = Findings()
    retrain.check_trainings(evidence, [place], retrain.How("cpu", Path(), Path(), tolerance=0.01), findings)
    [found] = findings
    assert found.message.startswith("trained with another processor, so not bit for bit: validation error ")
    assert found.verdict.words == verdict
