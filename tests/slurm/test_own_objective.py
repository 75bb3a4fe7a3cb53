"""An objective of one's own on a cluster."""

import subprocess
import time

import yaml
from conftest import attempts, sbatch, wait
from end_to_end.conftest import ROOT
from end_to_end.test_own_objective import NO_TORCH, bring_boosting

from jointsearch.audit import audit
from jointsearch.audit.findings import Verdict
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.files import read_record, write_record

PROFILE = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text())["set-resources"]["train"]
RESOURCES = {**PROFILE, "mem_mb": 500, "slurm_partition": "{'001': 'frail'}.get(wildcards.bracket, 'gpu')"}
A_WHILE = 5
"""Seconds: Slurm ends a step within three once the process that it started has ended."""


def on_the_cluster(resources: dict[str, str]) -> list[str]:
    return ["search", "--set-resources", *(f"train:{name}={what}" for name, what in resources.items())]


def test_it_resumes_from_its_scratch_folder_and_holds_no_gpu(workspace, frail_nodes):
    """One is preempted; one is asked to end ahead of its time limit, and then ended. Each waits until it is asked."""
    workspace.halve(2)
    (workspace.folder / "sitecustomize.py").write_text(NO_TORCH)
    undisturbed = workspace.undisturbed()
    workspace.pause.touch()
    run = workspace.start(*on_the_cluster(RESOURCES))
    folders = [workspace.results / f"search/bracket-00{bracket}/rung-0/scratch-00" for bracket in "01"]
    wait(lambda: all((folder / "files/state").exists() for folder in folders))
    limited, preempted = map(workspace.job_of, ("000", "001"))
    node = workspace.squeue("%N")[preempted]
    sbatch("--partition=urgent", f"--nodelist={node}", "--exclusive", "--wrap=sleep 1")
    # As Slurm does itself because of --signal, but for the half minute until it looks.
    subprocess.run(["scancel", "--signal=TERM", limited], check=True)
    wait(lambda: '"job"' in (folders[0] / "attempts.json").read_text())
    time.sleep(A_WHILE)
    assert workspace.jobs()[limited] == "RUNNING"
    subprocess.run(["scancel", limited], check=True)
    assert run.wait() == 0, workspace.printed()
    evaluations = workspace.evaluations()
    assert workspace.derivable() == undisturbed
    assert [[report.step for report in one.reports] for one in evaluations] == [[1, 2, 3, 4, 5, 6]] * 2
    (_, first), (_, second) = attempts(evaluations[0])
    assert first == limited != second
    assert [job for _, job in attempts(evaluations[1])] == [preempted] * 2
    assert {attempt.gpu for one in evaluations for attempt in (*one.observed.earlier, one.observed)} == {None}
    assert not list(workspace.results.rglob("scratch-*"))


def test_the_example_is_preempted_and_its_records_are_audited(workspace, frail_nodes):
    """Gradient boosting, which knows nothing of interruptions, with more trees than its own configuration asks for."""
    bring_boosting(workspace.folder)
    config = yaml.safe_load((workspace.folder / "config.yaml").read_text())
    config |= {"experiment": "small", "budget": {"unit": "trees", "minimum": 100, "maximum": 900}}
    config["search"] |= {"length": 1, "lags": None}
    del config["studies"]
    (workspace.folder / "config.yaml").write_text(yaml.safe_dump(config))
    undisturbed = workspace.undisturbed()
    run = workspace.start(*on_the_cluster(RESOURCES | {"slurm_partition": "frail"}))
    wait(workspace.slots, every=0.05)
    # In the middle of the second of nine trainings; Slurm itself lets the process go on when it asks it to end.
    subprocess.run(["pkill", "-STOP", "--full", f"{workspace.folder}/scripts/train.py"], check=True)
    kept = {slot: slot.read_bytes() for slot in workspace.slots()}
    assert len(kept) < 9
    (preempted,) = workspace.jobs()
    node = workspace.squeue("%N")[preempted]
    sbatch("--partition=urgent", f"--nodelist={node}", "--exclusive", "--wrap=sleep 1")
    assert run.wait() == 0, workspace.printed()
    evaluations = workspace.evaluations()
    assert workspace.derivable() == undisturbed
    # Slurm put the job back into its queue; what had a record was not trained again.
    assert [[job for _, job in attempts(one)] for one in evaluations if one.rung == 0] == [[preempted]] * 9
    shown = subprocess.run(["scontrol", "show", "job", preempted], capture_output=True, text=True, check=True).stdout
    assert "Restarts=1" in shown
    assert kept == {slot: slot.read_bytes() for slot in kept}
    found = audit.run(workspace.results, "derive").findings
    verified = {"record", "batch", "chain", "code", "seed", "budget", "history", "proposals", "promotion"}
    assert {one.check for one in found if one.verdict is Verdict.VERIFIED} >= verified
    assert Verdict.MISMATCH not in {one.verdict for one in found}
    slot = "search/bracket-000/rung-0/slot-01.json"
    retrained = workspace.script("audit", f"results/small/{slot}", "--level", "retrain")
    assert f"{slot}: the same, bit for bit" in retrained.stdout, retrained.stdout + retrained.stderr
    best = evaluations[-1]
    why = workspace.call("audit", "why", "--experiment", "results/small", f"{best.proposal.id}@{best.rung}").stdout
    assert "at 900 trees" in why and why.count("promoted from evaluation") == 2
    record = read_record(workspace.results / slot, Evaluation)
    write_record(workspace.results / slot, record.model_copy(update={"loss": 0.001}))
    problems = audit.run(workspace.results, "hash").findings.problems
    assert ("batch", slot, Verdict.MISMATCH) in {(one.check, one.subject, one.verdict) for one in problems}
