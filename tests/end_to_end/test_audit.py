"""Faults planted in a real small experiment, and what an audit says of each."""

import hashlib
import json
import os
import random
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from end_to_end.forgery import (
    LAST,
    SLOT,
    edit,
    rebuild_batches,
    rebuild_hashes,
    rebuild_manifest,
    rebuild_outcomes,
    set_errors,
)
from jointsearch.audit import audit, manifest
from jointsearch.audit.evidence import Evidence
from jointsearch.audit.findings import Verdict
from jointsearch.core import code, layout
from jointsearch.core.environment import Environment
from jointsearch.core.errors import UserError
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.files import digest, read_record, write_bytes, write_record
from jointsearch.core.history import History
from jointsearch.core.proposal import Rung
from jointsearch.search.incumbent import Incumbent
from jointsearch.workflow import time_stamps

needs_ssh_keygen = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not here")


@pytest.fixture
def drawn() -> None:
    """Asked for by a test of what is drawn."""


@pytest.fixture(autouse=True)
def undrawn_elsewhere(request):
    if "drawn" not in request.fixturenames:
        request.getfixturevalue("undrawn")


def look(folder: Path, level: str = "derive") -> set[tuple[str, str, Verdict]]:
    """What is wrong: check, file and verdict."""
    return {(one.check, one.subject, one.verdict) for one in audit.run(folder, level).findings.problems}


def messages(folder: Path, level: str = "derive") -> str:
    return "\n".join(f"{one.subject}: {one.message}" for one in audit.run(folder, level).findings.problems)


def mismatches(folder: Path, level: str = "derive") -> set[tuple[str, str]]:
    return {(check, file) for check, file, verdict in look(folder, level) if verdict is Verdict.MISMATCH}


@pytest.mark.usefixtures("drawn")
def test_what_was_made_from_a_commit_and_the_lock_is_verified(committed):
    done = audit.run(committed.results, "derive")
    assert not done.findings.problems, messages(committed.results)
    counts = {(level, check): sum(counted.values()) for (level, check), counted in done.findings.counts().items()}
    assert counts["hash", "chain"] == 3 + 6 + 20
    assert counts["derive", "proposals"] == 3
    assert counts["derive", "promotion"] == 3
    assert counts["derive", "seed"] == 20


def test_the_code_of_the_records_is_that_of_the_commit_they_name(committed, monkeypatch):
    monkeypatch.setattr(code, "ROOT", committed.folder)
    monkeypatch.setattr(code, "PACKAGE", committed.folder / "src/jointsearch")
    found = [one for one in audit.run(committed.results, "hash").findings if one.check == "commit"]
    assert [one.verdict for one in found] == [Verdict.VERIFIED]
    monkeypatch.setattr(code, "PACKAGE", committed.folder / "src/jointsearch/training")
    assert ("commit", found[0].subject) in mismatches(committed.results, "hash")


def test_the_manifest_is_one_that_sha256sum_reads_and_the_root_is_its_digest(committed):
    done = subprocess.run(["sha256sum", "--check", "--quiet", manifest.NAME], cwd=committed.results)
    assert done.returncode == 0
    said = committed.call("audit", "root", "results/small").stdout
    told = subprocess.run(["sha256sum", manifest.NAME], cwd=committed.results, capture_output=True, text=True).stdout
    assert said.split()[0] == told.split()[0]


def test_the_workflow_audits_and_makes_nothing(committed, tmp_path):
    """That it passes what is right is seen where the workflow is deployed in folders of other names."""
    workspace = committed.copy(tmp_path / "clone")
    (workspace.results / "observations.csv").write_text("")
    before = {path: path.read_bytes() for path in workspace.results.rglob("*") if path.is_file()}
    printed = workspace.snakemake("audit", succeeds=False)
    assert "mismatch: observations.csv" in printed
    assert {path: path.read_bytes() for path in workspace.results.rglob("*") if path.is_file()} == before


def test_code_that_was_not_committed_is_told(finished):
    """Its folder is no working copy of git."""
    done = finished.call("audit", "results/small")
    assert done.returncode == 4
    assert "the code was not from a commit" in done.stdout
    assert done.stdout.endswith("verdict: verified, with uncommitted code or an unpinned environment\n")


def test_any_byte_that_is_flipped_anywhere_is_found(results):
    rng = random.Random(0)
    aside = {".lock", time_stamps.KNOWN}
    files = sorted(path for path in results.rglob("*") if path.is_file() and path.name not in aside)
    assert len(files) > 50
    for path in [*files, *rng.choices(files, weights=[path.stat().st_size for path in files], k=30)]:
        content, times = path.read_bytes(), path.stat()
        place, bit = rng.randrange(len(content)), 1 << rng.randrange(8)
        path.write_bytes(content[:place] + bytes([content[place] ^ bit]) + content[place + 1 :])
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        assert exit_code(results) in (1, 3), f"{path}: byte {place}, bit {bit}"
        path.write_bytes(content)
    assert exit_code(results) == 0


def exit_code(folder: Path) -> int:
    try:
        return audit.run(folder, "hash").findings.verdict.exit_code
    except UserError:
        return 1


@pytest.mark.parametrize(
    "name",
    [SLOT, "observations.csv", "figures/budget_correlation.csv", "numbers.json", "figures/budget_correlation.png"],
)
def test_a_changed_file_is_a_mismatch(results, name):
    path = results / name
    path.write_bytes(path.read_bytes().replace(b"0", b"1", 1))
    assert ("manifest", name) in mismatches(results, "hash")


def test_a_changed_curve_is_a_mismatch_also_without_a_manifest(results):
    (results / manifest.NAME).unlink()
    curve = read_record(results / SLOT, Evaluation).model_dump()["curve"]
    edit(results / SLOT, Evaluation, curve=[curve[0] | {"train_loss": 0.5}, *curve[1:]])
    assert ("batch", SLOT) in mismatches(results, "hash")
    assert ("manifest", manifest.NAME, Verdict.CANNOT_BE_CHECKED) in look(results, "hash")


def test_two_records_that_were_swapped_are_found_also_with_every_hash_rebuilt(results):
    one, other = results / SLOT, results / SLOT.replace("slot-00", "slot-01")
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)
    rebuild_batches(results)
    rebuild_manifest(results)
    assert mismatches(results, "hash") >= {("record", SLOT), ("record", SLOT.replace("slot-00", "slot-01"))}


def test_a_missing_record_is_missing_evidence(results, committed):
    (results / SLOT).unlink()
    found = look(results)
    assert ("manifest", SLOT, Verdict.CANNOT_BE_CHECKED) in found
    assert ("proposals", "search/bracket-001/rung-0/proposals.json", Verdict.MISMATCH) not in found
    assert audit.run(results, "derive").findings.verdict is Verdict.CANNOT_BE_CHECKED
    rebuild_manifest(results)
    assert ("complete", SLOT, Verdict.CANNOT_BE_CHECKED) in look(results)
    assert committed.call("audit", str(results / SLOT)).returncode == 3


def test_a_manifest_that_is_a_folder_is_missing_evidence(results):
    (results / manifest.NAME).unlink()
    (results / manifest.NAME).mkdir()
    done = audit.run(results, "hash")
    assert done.root is None
    assert done.findings.verdict is Verdict.CANNOT_BE_CHECKED


def test_without_a_history_what_was_sampled_from_it_cannot_be_checked(results):
    (results / "search/bracket-001/history.json").unlink()
    found = look(results)
    assert ("manifest", "search/bracket-001/history.json", Verdict.CANNOT_BE_CHECKED) in found
    assert ("proposals", "search/bracket-002/rung-0/proposals.json", Verdict.CANNOT_BE_CHECKED) in found
    assert audit.run(results, "derive").findings.verdict is Verdict.CANNOT_BE_CHECKED


def test_an_extra_record_is_a_mismatch(results):
    extra = results / "search/bracket-002/rung-0/slot-03.json"
    shutil.copy(results / LAST, extra)
    edit(extra, Evaluation, slot=3)
    name = extra.relative_to(results).as_posix()
    assert ("manifest", name) in mismatches(results, "hash")
    rebuild_manifest(results)
    assert ("seed", name, Verdict.CANNOT_BE_CHECKED) in look(results)


@pytest.mark.parametrize("name", ["slot-2.json", "slot-002.json", "slot-\u0662.json", "notes.txt"])
def test_a_file_beside_the_places_of_records_is_a_mismatch_though_the_manifest_was_rebuilt(results, name):
    """Or else a forged record could hide behind the real one."""
    other = (results / LAST).with_name(name)
    shutil.copy(results / LAST, other)
    set_errors(results / LAST, loss=0.0)
    rebuild_batches(results)
    rebuild_manifest(results)
    assert ("record", other.relative_to(results).as_posix()) in mismatches(results, "hash")


@pytest.mark.parametrize("name", ["search/bracket-abc/history.json", "search/bracket-000/rung-9/proposals.json"])
def test_a_folder_that_a_search_does_not_have_is_a_mismatch(results, name):
    (results / name).parent.mkdir(parents=True)
    shutil.copy(results / "search/bracket-000/rung-0/proposals.json", results / name)
    rebuild_manifest(results)
    assert ("record", name) in mismatches(results)


def test_trainings_beyond_the_length_are_told(results):
    config = results / "config.yaml"
    config.write_text(config.read_text().replace("length: 3", "length: 2"))
    rebuild_manifest(results)
    assert ("complete", LAST) in mismatches(results, "hash")


def test_a_loss_that_was_edited_with_every_hash_rebuilt_is_caught_by_what_follows_from_it(results):
    worst = max(
        results.glob("search/bracket-000/rung-0/slot-*.json"), key=lambda path: read_record(path, Evaluation).loss
    )
    set_errors(worst, loss=0.0)
    rebuild_hashes(results)
    assert not mismatches(results, "hash")
    found = mismatches(results)
    assert ("promotion", "search/bracket-000/rung-1/proposals.json") in found
    assert ("history", "search/bracket-001/history.json") in found
    assert ("outcome", "observations.csv") in found


def round_otherwise(path: Path, factor: float = 1 + 1e-12) -> None:
    """Change the numbers of a file as another processor might."""
    number = re.compile(r"(?<![\w.])-?\d+\.\d{6,}(?![\w.])")
    path.write_text(number.sub(lambda match: repr(float(match[0]) * factor), path.read_text()))


@pytest.mark.usefixtures("drawn")
def test_numbers_that_another_processor_rounds_otherwise_are_verified_and_what_is_drawn_of_them_not_checked(results):
    data, drawn = results / "figures/incumbent_over_time.csv", results / "figures/incumbent_over_time.pdf"
    for path in (data, results / "tables/early_stopping.csv", results / "numbers.json"):
        if path.exists():
            round_otherwise(path)
    drawn.write_bytes(drawn.read_bytes() + b"%")
    rebuild_manifest(results)
    findings = audit.run(results, "derive").findings
    assert Verdict.MISMATCH not in {one.verdict for one in findings}
    told = {one.subject: one for one in findings if one.check == "outcome"}
    assert told["numbers.json"].verdict is told["figures/incumbent_over_time.csv"].verdict is Verdict.VERIFIED
    assert "the same to 1e-06 (" in told["numbers.json"].message
    assert told["figures/incumbent_over_time.pdf"].verdict is Verdict.NOT_CHECKED
    assert told["figures/incumbent_over_time.png"].verdict is Verdict.VERIFIED


@pytest.mark.parametrize(
    "edit_numbers",
    [
        lambda path: round_otherwise(path, 1 + 1e-5),
        lambda path: path.write_text(path.read_text() + path.read_text().splitlines()[-1] + "\n"),
        lambda path: path.write_text("\n".join(path.read_text().splitlines()[:-1]) + "\n"),
    ],
    ids=["a number", "a row more", "a row less"],
)
def test_data_that_were_edited_are_a_mismatch(results, edit_numbers):
    edit_numbers(results / "figures/incumbent_over_time.csv")
    rebuild_manifest(results)
    assert mismatches(results) == {("outcome", "figures/incumbent_over_time.csv")}


def test_results_that_nobody_touched_are_verified_where_linear_algebra_rounds_otherwise(committed, monkeypatch):
    """OpenBLAS then computes as it does on processors of that kind; any x86 has what they have."""
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Prescott")
    done = committed.script("audit", "results/small")
    assert done.returncode == 0, done.stdout


@needs_ssh_keygen
@pytest.mark.usefixtures("drawn")
def test_what_a_forger_who_rebuilds_everything_gets_away_with_and_what_catches_him(committed, tmp_path):
    """The loss of an evaluation that nothing of the search follows from, all hashes, tables and figures rebuilt."""
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "author", "-f", key], check=True)
    signers = tmp_path / "signers"
    signers.write_text(f"author@example.org {key.with_suffix('.pub').read_text()}")
    results = Path(shutil.copytree(committed.results, tmp_path / "results/small"))
    command = ["ssh-keygen", "-q", "-Y", "sign", "-f", key, "-n", manifest.NAMESPACE, results / manifest.NAME]
    subprocess.run(command, check=True, capture_output=True)
    assert audit.run(results, "hash", signers).findings.verdict is Verdict.VERIFIED
    before = audit.run(results, "hash").root

    set_errors(results / LAST, loss=0.0)
    rebuild_hashes(results)
    rebuild_outcomes(results)
    rebuild_manifest(results)
    (results / manifest.SIGNATURE).rename(tmp_path / "signature")
    assert not mismatches(results)
    assert audit.run(results, "hash").root != before

    (tmp_path / "signature").rename(results / manifest.SIGNATURE)
    assert mismatches(results, "hash") == {("signature", manifest.SIGNATURE)}
    where = [str(results / LAST), "--data-root", str(tmp_path), "--cache", str(tmp_path), "--device", "cpu"]
    done = committed.call("audit", "verify", *where, "--level", "retrain", "--json")
    assert done.returncode == 1, done.stderr
    found = [one for one in json.loads(done.stdout)[0]["findings"] if one["check"] == "training"]
    assert [(one["subject"], one["verdict"]) for one in found if one["subject"] == LAST] == [(LAST, "mismatch")]
    assert found[0]["message"] == "trained again, its loss, curve are different"


@needs_ssh_keygen
def test_a_signature_of_somebody_else_does_not_count(committed, tmp_path):
    results = Path(shutil.copytree(committed.results, tmp_path / "small"))
    for name in ("mine", "his"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / name], check=True)
    signers = tmp_path / "signers"
    signers.write_text(f"author@example.org {(tmp_path / 'mine.pub').read_text()}")
    assert ("signature", manifest.SIGNATURE, Verdict.CANNOT_BE_CHECKED) in {
        (one.check, one.subject, one.verdict) for one in audit.run(results, "hash", signers).findings
    }
    command = ["ssh-keygen", "-q", "-Y", "sign", "-f", tmp_path / "his", "-n", manifest.NAMESPACE]
    subprocess.run([*command, results / manifest.NAME], check=True, capture_output=True)
    done = audit.run(results, "hash", signers).findings
    assert done.verdict is Verdict.MISMATCH
    unknown = [one for one in audit.run(results, "hash").findings if one.check == "signature"]
    assert [one.verdict for one in unknown] == [Verdict.NOT_CHECKED]


def test_a_configuration_that_is_not_the_samplers_is_found(results):
    rung = results / "search/bracket-001/rung-0/proposals.json"
    proposals = [one.model_dump() for one in read_record(rung, Rung).proposals]
    proposals[2]["values"]["learning_rate"] = 0.123
    edit(rung, Rung, proposals=proposals)
    edit(rung.with_name("slot-02.json"), Evaluation, proposal=proposals[2])
    rebuild_hashes(results)
    assert not mismatches(results, "hash")
    assert ("proposals", "search/bracket-001/rung-0/proposals.json") in mismatches(results)
    assert "1-0-2: not what the sampler proposes from this history" in messages(results)


def test_another_model_than_the_samplers_is_found(results):
    rung = results / "search/bracket-001/rung-0/proposals.json"
    model = read_record(rung, Rung).model
    edit(rung, Rung, model=model.model_dump() | {"evaluations": model.evaluations[::-1]})
    rebuild_hashes(results)
    assert ("proposals", "search/bracket-001/rung-0/proposals.json") in mismatches(results)
    assert "its model is not that of the sampler with this history" in messages(results)


def test_an_id_that_is_not_that_of_its_place_is_found_since_the_seed_hangs_on_it(results):
    rung = results / "search/bracket-002/rung-0/proposals.json"
    proposals = [one.model_dump() for one in read_record(rung, Rung).proposals]
    proposals[0]["id"] = "77-0-0"
    edit(rung, Rung, proposals=proposals)
    seed = Evidence.read(results).experiment.identity(read_record(rung, Rung), 0).seed
    edit(rung.with_name("slot-00.json"), Evaluation, proposal=proposals[0], seed=seed)
    rebuild_hashes(results)
    assert ("proposals", "search/bracket-002/rung-0/proposals.json") in mismatches(results)


@pytest.mark.parametrize("number", [1, 4])
def test_a_proposal_too_few_or_too_many_is_found(results, number):
    rung = results / "search/bracket-002/rung-0/proposals.json"
    proposals = [one.model_dump() for one in read_record(rung, Rung).proposals]
    edit(rung, Rung, proposals=(proposals * 2)[:number])
    rebuild_hashes(results)
    assert ("proposals", "search/bracket-002/rung-0/proposals.json") in mismatches(results)


def test_records_that_nothing_can_be_made_of_are_a_finding_and_no_traceback(results):
    history = results / "search/bracket-001/history.json"
    observations = [one.model_dump() for one in read_record(history, History).observations]
    observations[0]["values"]["learning_rate"] = "fast"
    edit(history, History, observations=observations)
    rebuild_hashes(results)
    found = mismatches(results)
    assert ("history", "search/bracket-001/history.json") in found
    assert ("proposals", "search/bracket-001/rung-0/proposals.json") in found


@pytest.mark.parametrize("changes", [{"continues": "2-0-0@0"}, {"steps": 1}])
def test_what_the_settings_and_the_budget_do_not_give_is_found(results, changes):
    edit(results / LAST, Evaluation, **changes)
    rebuild_hashes(results)
    assert LAST in {one.subject for one in audit.run(results, "derive").findings.problems}


def test_proposals_that_differ_by_rounding_are_verified_with_a_word_about_it(results):
    rung = results / "search/bracket-002/rung-0/proposals.json"
    proposals = [one.model_dump() for one in read_record(rung, Rung).proposals]
    for slot, proposal in enumerate(proposals):
        proposal["values"]["learning_rate"] *= 1 + 1e-9
        edit(rung.with_name(f"slot-{slot:02d}.json"), Evaluation, proposal=proposal)
    edit(rung, Rung, proposals=proposals)
    rebuild_hashes(results)
    rebuild_outcomes(results)
    rebuild_manifest(results)
    findings = audit.run(results, "derive").findings
    assert not findings.problems
    [told] = [one for one in findings if one.check == "proposals" and one.message]
    assert told.subject == "search/bracket-002/rung-0/proposals.json"
    assert told.verdict is Verdict.VERIFIED
    assert told.message.startswith("the same to 1e-06")


def promote_others(results: Path, chosen: Callable[[list[Evaluation]], Evaluation]) -> None:
    """Forge bracket 1: another one of its first rung is promoted, and all digests fit."""
    folder = results / "search/bracket-001"
    below = [read_record(path, Evaluation) for path in sorted(folder.glob("rung-0/slot-*.json"))]
    proposal = chosen(below).proposal.model_dump()
    edit(folder / "rung-1/proposals.json", Rung, proposals=(proposal,))
    identity = Evidence.read(results).experiment.identity(read_record(folder / "rung-1/proposals.json", Rung), 0)
    edit(folder / "rung-1/slot-00.json", Evaluation, proposal=proposal, seed=identity.seed)
    rebuild_hashes(results)
    assert not mismatches(results, "hash")


def test_a_promotion_out_of_order_is_found(results):
    promote_others(results, lambda below: max(below, key=lambda one: one.loss))
    assert ("promotion", "search/bracket-001/rung-1/proposals.json") in mismatches(results)
    assert "but the validation errors promote" in messages(results)


def test_a_promotion_by_the_test_error_is_found_and_called_so(results):
    folder = results / "search/bracket-001/rung-0"
    below = {path: read_record(path, Evaluation) for path in folder.glob("slot-*.json")}
    worst = max(below, key=lambda path: below[path].loss)
    set_errors(worst, test_error=0.0)
    promote_others(results, lambda below: min(below, key=lambda one: one.test_error))
    assert ("promotion", "search/bracket-001/rung-1/proposals.json") in mismatches(results)
    assert "chosen by the test error" in messages(results)


def test_an_incumbent_chosen_by_the_test_error_is_found(results):
    full = [one for one in Evidence.read(results).evaluations.values() if one.budget == 18]
    wrong = max(full, key=lambda one: one.loss)
    edit(results / "incumbent.json", Incumbent, evaluation=wrong.id, loss=wrong.loss, test_error=wrong.test_error)
    rebuild_manifest(results)
    assert mismatches(results) == {("outcome", "incumbent.json")}


@pytest.mark.parametrize(
    ("check", "changes"),
    [
        ("code", {"code": "0" * 64}),
        ("lock", {"lock": "0" * 64}),
        ("libraries", {"torch": "1.0"}),
        ("data", {"data": "0" * 64}),
        ("data", {"split": "0" * 64}),
    ],
)
def test_other_code_lock_libraries_or_images_of_one_record_are_found(results, check, changes):
    made = read_record(results / SLOT, Evaluation).made_with.model_dump()
    edit(results / SLOT, Evaluation, made_with=made | changes)
    rebuild_hashes(results)
    found = mismatches(results, "hash")
    assert (check, SLOT) in found
    assert {file for _, file in found} == {SLOT}


def test_a_lock_that_changed_while_what_is_installed_did_not_is_no_other_lock(results):
    record = read_record(results / SLOT, Evaluation)
    found = read_record(layout.environment_file(results, record.observed.environment), Environment)
    text = layout.lock_copy(results, found.lock).read_bytes() + b"# and a comment\n"
    changed = found.model_copy(update={"lock": hashlib.sha256(text).hexdigest()})
    write_bytes(layout.lock_copy(results, changed.lock), text)
    write_record(layout.environment_file(results, digest(changed)), changed)
    made = record.made_with.model_dump() | {"lock": changed.lock}
    observed = record.observed.model_dump() | {"environment": digest(changed)}
    edit(results / SLOT, Evaluation, made_with=made, observed=observed)
    rebuild_hashes(results)
    assert not {(check, file) for check, file in mismatches(results, "hash") if check in ("lock", "environment")}


def test_a_seed_that_is_not_that_of_its_place_is_found(results):
    edit(results / LAST, Evaluation, seed=1)
    rebuild_hashes(results)
    assert ("seed", LAST) in mismatches(results)


def test_settings_that_the_configuration_does_not_give_are_found(results):
    file = results / "config.yaml"
    file.write_text(file.read_text().replace("horizontal_flip: false", "horizontal_flip: true"))
    rebuild_manifest(results)
    assert mismatches(results) == {("configuration", "config.yaml")}


@pytest.mark.parametrize("name", ["numbers.json", "figures/full_budget_evaluations.csv", "observations.csv"])
def test_outcomes_that_do_not_follow_are_found_though_the_manifest_was_rebuilt(results, name):
    path = results / name
    content = path.read_bytes()
    *_, last = re.finditer(rb"\b\d+\.\d+", content)
    path.write_bytes(content[: last.start()] + b"9" + content[last.start() :])
    rebuild_manifest(results)
    assert ("outcome", name) in mismatches(results)


@pytest.mark.usefixtures("drawn")
def test_an_image_that_is_not_drawn_from_its_data_is_found_to_the_byte_also_beside_data_that_were_edited(results):
    one, other = (results / f"figures/{name}.png" for name in ("budget_correlation", "full_budget_evaluations"))
    shutil.copy(one, other)
    longer, edited = results / "figures/learning_curves.png", results / "figures/incumbent_over_time.csv"
    longer.write_bytes(longer.read_bytes() + b"0")
    round_otherwise(edited, 1 + 1e-5)
    rebuild_manifest(results)
    expected = {("outcome", path.relative_to(results).as_posix()) for path in (other, longer, edited)}
    assert mismatches(results) == expected


def test_an_environment_that_is_missing_or_not_what_its_name_says_is_found(results):
    [path] = (results / "environments").glob("*.json")
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"cpu": "another"}))
    assert ("environment", f"environments/{path.name}") in mismatches(results, "hash")
    path.unlink()
    assert ("environment", SLOT, Verdict.CANNOT_BE_CHECKED) in look(results, "hash")


def test_the_manifest_is_not_made_again_over_a_changed_record(committed, tmp_path):
    workspace = committed.copy(tmp_path / "clone")
    set_errors(workspace.results / LAST, loss=0.0)
    target = "results/small/manifest.sha256"
    assert f"error: results/small/{LAST}: changed since it was made" in workspace.call("manifest", target).stderr
    rebuild_hashes(workspace.results)
    shutil.copy(committed.results / manifest.NAME, workspace.results)
    printed = workspace.snakemake("--force", target, "--allowed-rules", "manifest", succeeds=False)
    assert "not what results/small/manifest.sha256 says; restore it, or delete manifest.sha256" in printed
    assert (workspace.results / manifest.NAME).read_bytes() == (committed.results / manifest.NAME).read_bytes()
