"""How two evaluations differ."""

from jointsearch.audit import difference
from jointsearch.audit.evidence import Evidence
from jointsearch.core.evaluation import Evaluation


def test_every_field_of_an_evaluation_is_compared_but_for_its_position():
    compared = {field for fields in difference.ASPECTS.values() for field in fields}
    assert set(Evaluation.model_fields) - compared == {"study", "bracket", "rung", "slot", "parents"}


def test_evaluations_that_leave_out_what_is_not_theirs_are_compared_by_aspect(folder):
    evidence = Evidence.read(folder)
    one, other = (f"{evidence.evaluations[place].id}" for place in sorted(evidence.evaluations)[:2])
    found = difference.of_evaluations((evidence, one), (evidence, other))
    assert any(line.startswith("loss: ") for line in found["outcome"])
    assert difference.of_evaluations((evidence, one), (evidence, one)) == {}
