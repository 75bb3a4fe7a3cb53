"""What an audit says."""

import pytest

from jointsearch.audit.findings import Findings, Verdict, as_json, as_text

NONE, GOOD, LOOSE, MISSING, BAD = Verdict


def findings(*verdicts: Verdict) -> Findings:
    found = Findings()
    for number, verdict in enumerate(verdicts):
        found.add("hash", "batch", f"file-{number}", verdict, "" if verdict is GOOD else verdict.words)
    return found


@pytest.mark.parametrize(
    ("verdicts", "worst", "code"),
    [
        ([], NONE, 0),
        ([NONE, NONE], NONE, 0),
        ([GOOD, NONE], GOOD, 0),
        ([GOOD, LOOSE, NONE], LOOSE, 4),
        ([MISSING, LOOSE, GOOD], MISSING, 3),
        ([GOOD, BAD, MISSING, LOOSE], BAD, 1),
    ],
)
def test_the_verdict_is_the_worst_of_what_was_checked(verdicts, worst, code):
    assert findings(*verdicts).verdict is worst
    assert findings(*verdicts).verdict.exit_code == code


def test_the_text_counts_and_tells_what_is_alike_once_worst_first():
    lines = as_text(findings(GOOD, MISSING, BAD, BAD, BAD)).splitlines()
    assert lines == [
        "hash     batch          1 verified, 1 cannot be checked, 3 mismatch",
        "mismatch: file-2 and 2 more: mismatch (hash, batch)",
        "cannot be checked: file-1: cannot be checked (hash, batch)",
    ]


def test_a_long_text_is_cut_and_json_is_not():
    found = Findings()
    for number in range(30):
        found.add("derive", "seed", f"file-{number}", BAD, f"message {number}")
    assert as_text(found).splitlines()[-1] == "... and 10 more; --json or --html have all"
    assert len(as_json(found)) == 30


def test_findings_about_some_files():
    found = findings(GOOD, BAD, MISSING).about({"file-0", "file-2"})
    assert [one.subject for one in found] == ["file-0", "file-2"]
    assert found.verdict is MISSING
