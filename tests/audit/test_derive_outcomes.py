"""What an audit says of tables and figures that it cannot make again."""

import pytest

from jointsearch.audit.derive_outcomes import check_outcomes
from jointsearch.audit.evidence import Evidence
from jointsearch.audit.findings import Findings, Verdict


@pytest.mark.parametrize(
    ("content", "why"), [(b"no: [", "broken; restore it"), (None, "not made yet; run the workflow to its end")]
)
def test_without_a_configuration_it_says_so(folder, content, why):
    path = folder / "config.yaml"
    path.unlink() if content is None else path.write_bytes(content)
    findings = Findings()
    check_outcomes(Evidence.read(folder), findings)
    [one] = findings.problems
    assert one.verdict is Verdict.CANNOT_BE_CHECKED
    assert f"config.yaml, which says what they are computed from, is {why}" in one.message
