"""Faults planted in a real small experiment, and what an audit says of each."""

import contextlib
import json
import os
import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from jointsearch import layout
from jointsearch.errors import UserError
from jointsearch.export import crate
from jointsearch.incumbent import Incumbent
from jointsearch.outcomes import outcomes
from jointsearch.plotting.registry import FIGURES
from jointsearch.provenance import audit, manifest
from jointsearch.provenance.evidence import Evidence
from jointsearch.provenance.findings import Verdict
from jointsearch.records import (
    Batch,
    Evaluation,
    History,
    Record,
    Rung,
    digest,
    file_digest,
    read_record,
    write_record,
)
from workflow.conftest import Workspace, make_workspace

SLOT = "search/bracket-000/rung-0/slot-00.json"
LAST = "search/bracket-002/rung-0/slot-02.json"
"""Of the last bracket, at the full budget: nothing of the search follows from it."""


needs_ssh_keygen = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not here")


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A search that was run from a commit. Read only."""
    workspace = make_workspace(tmp_path_factory.mktemp("committed") / "clone")
    (workspace.folder / ".gitignore").write_text("__pycache__\n/results\n/logs\n/.snakemake\n/.cache\n")
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "all"]):
        author = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
        subprocess.run(["git", *author, *command], cwd=workspace.folder, check=True)
    workspace.snakemake("--cores", "2")
    return workspace


@pytest.fixture
def results(committed, tmp_path) -> Path:
    """Its results, to be tampered with."""
    return Path(shutil.copytree(committed.results, tmp_path / "small"))


def look(folder: Path, level: str = "derive") -> set[tuple[str, str, Verdict]]:
    """What is wrong: check, file and verdict."""
    return {(one.check, one.subject, one.verdict) for one in audit.run(folder, level).findings.problems}


def messages(folder: Path, level: str = "derive") -> str:
    return "\n".join(f"{one.subject}: {one.message}" for one in audit.run(folder, level).findings.problems)


def mismatches(folder: Path, level: str = "derive") -> set[tuple[str, str]]:
    return {(check, file) for check, file, verdict in look(folder, level) if verdict is Verdict.MISMATCH}


def edit(path: Path, kind: type[Record], **changes: object) -> None:
    """Change a record, and keep the time stamp of its file."""
    times = path.stat()
    write_record(path, kind.model_validate(read_record(path, kind).model_dump() | changes))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def set_errors(path: Path, **errors: float) -> None:
    """Forge `loss` or `test_error` of an evaluation, in its curve too."""
    curve = read_record(path, Evaluation).model_dump()["curve"]
    last = {"validation_error" if name == "loss" else name: error for name, error in errors.items()}
    edit(path, Evaluation, **errors, curve=[*curve[:-1], curve[-1] | last])


def rebuild_hashes(folder: Path) -> None:
    """Forge: make every digest fit the records that lie there now, as far as they are not derived from others."""
    study = folder / layout.SEARCH
    previous = None
    for history in sorted(study.glob("bracket-*/history.json")):
        evidence, bracket = Evidence.read(folder), layout.bracket_of(history.parent)[1]
        seen = evidence.derivable_digests(evidence.newly_seen(layout.SEARCH, bracket))
        edit(history, History, previous=previous, parents=seen)
        previous = digest(read_record(history, History))
        edit(history.parent / "rung-0/proposals.json", Rung, parents=(previous,))
        for rung in sorted(history.parent.glob("rung-*")):
            number = int(rung.name.removeprefix("rung-"))
            if number:
                below = Evidence.read(folder)
                parents = below.derivable_digests(below.of_rung(layout.SEARCH, bracket, number - 1))
                edit(rung / "proposals.json", Rung, parents=parents)
            of = digest(read_record(rung / "proposals.json", Rung))
            for slot in sorted(rung.glob("slot-*.json")):
                edit(slot, Evaluation, parents=(of, *read_record(slot, Evaluation).parents[1:]))
    rebuild_batches(folder)
    rebuild_manifest(folder)


def rebuild_batches(folder: Path) -> None:
    """Forge: name the records that lie there now."""
    for batch in folder.glob("search/bracket-*/rung-*/batch-*.json"):
        first, last = map(int, batch.stem.split("-")[1:])
        files = [layout.slot_file(batch.parent, slot) for slot in range(first, last + 1)]
        edit(batch, Batch, records=tuple(file_digest(file) for file in files))


def rebuild_manifest(folder: Path) -> None:
    """Forge: describe and name what lies there now."""
    with contextlib.suppress(UserError):
        (folder / crate.METADATA).write_bytes(crate.build(folder, 3))
    (folder / manifest.NAME).write_text(manifest.make(folder))


def rebuild_outcomes(folder: Path) -> None:
    """Forge: make the tables, figures and numbers that follow from the records that lie there now."""
    evidence = Evidence.read(folder)
    evaluations = evidence.at((layout.SEARCH, *place) for place in evidence.plan())
    for name, content in outcomes(evidence.experiment, evaluations).items():
        (folder / name).write_bytes(content)


def test_what_was_made_from_a_commit_and_the_lock_is_verified(committed):
    done = audit.run(committed.results, "derive")
    assert not done.findings.problems, messages(committed.results)
    counts = {(level, check): sum(counted.values()) for (level, check), counted in done.findings.counts().items()}
    assert counts["hash", "chain"] == 3 + 6 + 20
    assert counts["derive", "proposals"] == 3
    assert counts["derive", "promotion"] == 3
    assert counts["derive", "seed"] == 20
    assert committed.script("audit", "results/small").returncode == 0


def test_the_manifest_is_one_that_sha256sum_reads_and_the_root_is_its_digest(committed):
    done = subprocess.run(["sha256sum", "--check", "--quiet", manifest.NAME], cwd=committed.results)
    assert done.returncode == 0
    said = committed.script("audit", "root", "results/small").stdout
    told = subprocess.run(["sha256sum", manifest.NAME], cwd=committed.results, capture_output=True, text=True).stdout
    assert said.split()[0] == told.split()[0]


def test_the_workflow_audits_and_makes_nothing(committed, tmp_path):
    workspace = committed.copy(tmp_path / "clone")
    assert "verdict: verified" in workspace.snakemake("audit")
    (workspace.results / "observations.csv").write_text("")
    before = {path: path.read_bytes() for path in workspace.results.rglob("*") if path.is_file()}
    printed = workspace.snakemake("audit", succeeds=False)
    assert "mismatch: observations.csv" in printed
    assert {path: path.read_bytes() for path in workspace.results.rglob("*") if path.is_file()} == before


def test_code_that_was_not_committed_is_told(finished):
    """Its folder is no working copy of git."""
    done = finished.script("audit", "results/small")
    assert done.returncode == 4
    assert "the code was of no commit" in done.stdout
    assert done.stdout.endswith("verdict: verified, with uncommitted code or an unpinned environment\n")


def test_any_byte_that_is_flipped_anywhere_is_found(results):
    rng = random.Random(0)
    files = sorted(path for path in results.rglob("*") if path.is_file() and path.name != ".lock")
    assert len(files) > 50
    for path in [*files, *rng.choices(files, weights=[path.stat().st_size for path in files], k=60)]:
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
    assert committed.script("audit", str(results / SLOT)).returncode == 3


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
    rebuild_outcomes(results)
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


@needs_ssh_keygen
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
    assert mismatches(results) == {("signature", manifest.SIGNATURE)}
    where = [str(results / LAST), "--data-root", str(tmp_path), "--cache", str(tmp_path), "--device", "cpu"]
    done = committed.script("audit", "verify", *where, "--level", "retrain", "--json")
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
    assert "its model is not what the sampler says of this history" in messages(results)


def test_an_id_that_is_not_that_of_its_place_is_found_since_the_seed_hangs_on_it(results):
    rung = results / "search/bracket-002/rung-0/proposals.json"
    proposals = [one.model_dump() for one in read_record(rung, Rung).proposals]
    proposals[0]["id"] = "77-0-0"
    edit(rung, Rung, proposals=proposals)
    seed = Evidence.read(results).experiment.identity(read_record(rung, Rung), 0)["seed"]
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
    edit(folder / "rung-1/slot-00.json", Evaluation, proposal=proposal, seed=identity["seed"])
    rebuild_hashes(results)
    assert not mismatches(results, "hash")


def test_a_promotion_out_of_order_is_found(results):
    promote_others(results, lambda below: max(below, key=lambda one: one.loss))
    assert ("promotion", "search/bracket-001/rung-1/proposals.json") in mismatches(results)
    assert "and the validation errors promote" in messages(results)


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
    place = content.rindex(b"1")
    path.write_bytes(content[:place] + b"2" + content[place + 1 :])
    rebuild_manifest(results)
    assert ("outcome", name) in mismatches(results)


def test_an_image_that_is_not_drawn_from_its_data_is_found(results):
    one, other = (results / f"figures/{name}.png" for name in FIGURES)
    shutil.copy(one, other)
    rebuild_manifest(results)
    assert mismatches(results) == {("outcome", "figures/full_budget_evaluations.png")}


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
    printed = workspace.snakemake("--force", target, succeeds=False)
    assert f"error: results/small/{LAST}: changed since it was made" in printed
    rebuild_hashes(workspace.results)
    shutil.copy(committed.results / manifest.NAME, workspace.results)
    printed = workspace.snakemake("--force", target, succeeds=False)
    assert "not what results/small/manifest.sha256 says; restore it, or delete manifest.sha256" in printed
    assert (workspace.results / manifest.NAME).read_bytes() == (committed.results / manifest.NAME).read_bytes()


def test_retraining_gives_the_same_bits(committed):
    done = committed.script("audit", "results/small", "--level", "retrain", "--sample", "2", "--device", "cpu")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("the same, bit for bit, after") == 2
    assert "18 of 20 trainings" in done.stdout


def retrained(workspace: Workspace, *files: Path) -> list[dict[str, str]]:
    names = [str(file.relative_to(workspace.folder)) for file in files]
    done = workspace.script("audit", *names, "--level", "retrain", "--device", "cpu", "--json")
    assert not done.stderr
    found = json.loads(done.stdout)[0]["findings"]
    return [one for one in found if one["level"] == "retrain" and one["verdict"] != "not checked"]


def test_a_budget_in_seconds_is_replayed_by_its_clock_readings(workspace):
    seconds = {"unit": "seconds", "minimum": 0.1, "maximum": 0.3}
    workspace.configure(budget=seconds, search={"length": 1, "lags": [0, 0]})
    workspace.snakemake("--cores", "2", "search")
    before = {path: path.read_bytes() for path in workspace.results.rglob("*") if path.is_file()}
    slots = workspace.slots()[::2]
    found = retrained(workspace, *slots)
    assert len(found) == len(slots)
    assert {one["verdict"] for one in found} == {"verified"}
    assert all("the same, bit for bit" in one["message"] for one in found)
    assert {path: path.read_bytes() for path in workspace.results.rglob("*") if path.is_file()} == before
    edit(slots[0], Evaluation, parameters=1)
    [found] = retrained(workspace, slots[0])
    assert (found["verdict"], found["message"]) == ("mismatch", "trained again, its parameters is different")


@pytest.mark.parametrize("budget", [{}, {"unit": "seconds", "minimum": 0.1, "maximum": 0.9}])
def test_a_training_that_went_on_from_a_lower_budget_is_trained_from_there(workspace, budget):
    workspace.configure(budget=budget, training={"continuation": True}, search={"length": 1, "lags": [0, 0, 0]})
    workspace.snakemake("--cores", "2", "search")
    [last] = (path for path in workspace.slots() if path.parent.name == "rung-2")
    assert read_record(last, Evaluation).continues is not None
    [found] = retrained(workspace, last)
    assert found["verdict"] == "verified"
    assert "the same, bit for bit" in found["message"]


def test_retraining_elsewhere_allows_what_is_stated(results, committed):
    [path] = (results / "environments").glob("*.json")
    environment = json.loads(path.read_text()) | {"cpu": "another"}
    evaluation = read_record(results / LAST, Evaluation)
    edit(results / LAST, Evaluation, observed=evaluation.observed.model_dump() | {"environment": digest(environment)})
    (path.with_name(f"{digest(environment)}.json")).write_text(json.dumps(environment))
    set_errors(results / LAST, loss=evaluation.loss - 0.03)
    rebuild_hashes(results)
    command = ["audit", str(results / LAST), "--level", "retrain", "--device", "cpu", "--json", "--data-root", "."]
    for tolerance, verdict in (("0.05", "verified"), ("0.01", "mismatch")):
        done = committed.script(*command, "--tolerance", tolerance)
        [found] = [
            one
            for one in json.loads(done.stdout)[0]["findings"]
            if one["subject"] == LAST and one["level"] == "retrain"
        ]
        assert found["verdict"] == verdict, found
        assert found["message"].startswith("trained with another processor, so not bit for bit: validation error ")


def test_show_draws_where_an_evaluation_comes_from(committed):
    promoted = next(
        one for one in Evidence.read(committed.results).evaluations.values() if one.id.startswith("1-") and one.rung
    )
    done = committed.script("audit", "show", promoted.id)
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"evaluation {promoted.id}: ")
    assert f"[{Verdict.VERIFIED.words}]" in lines[0]
    for words in (
        "├── configuration 1-0-",
        "the model saw",
        "├── promoted from evaluation 1-0-",
        "├── seed ",
        "├── code ",
        "lock",
        "images",
        "of training",
    ):
        assert any(words in line for line in lines), words
    tree = json.loads(committed.script("audit", "show", "--json", promoted.id).stdout)[0]
    assert tree["file"].endswith("slot-00.json")
    assert committed.script("audit", "show", f"results/small/{tree['file']}").stdout == done.stdout


def test_why_goes_from_a_number_to_its_records(committed):
    best = read_record(committed.results / "incumbent.json", Incumbent)
    done = committed.script("audit", "why", "paper:best_test_error")
    assert done.stdout.startswith(f"best_test_error = {100 * best.test_error:.2f} %: ")
    assert f"└── evaluation {best.evaluation}: " in done.stdout
    done = committed.script("audit", "why", "paper:best_test_eror")
    assert done.returncode == 2
    assert done.stderr == "error: paper:best_test_eror: no such number; did you mean 'best_test_error'?\n"


def test_diff_says_what_differs(committed, finished):
    done = committed.script("audit", "diff", "0-0-0@0", "0-0-1@0")
    assert "configuration:\n" in done.stdout
    assert "code and environment:" not in done.stdout
    done = committed.script("audit", "diff", "results/small", str(finished.results))
    assert "code and environment:\n  commit: " in done.stdout
    assert "settings:" not in done.stdout
    assert "outcome:" not in done.stdout
    assert committed.script("audit", "diff", "results/small", "results/small").stdout == "no difference\n"


def test_the_page_shows_verdicts_and_trees(committed, tmp_path):
    page = tmp_path / "audit.html"
    assert committed.script("audit", "results/small", "--html", str(page)).returncode == 0
    text = page.read_text()
    assert "http" not in text
    assert "<script" not in text
    assert text.count("<details>") == 20
    assert (audit.run(committed.results, "hash").root or "") in text


def test_what_is_asked_about_one_thing_rests_on_all_that_it_was_made_of(results, committed):
    """Also on what a drawing leaves out, and on the manifest."""
    target = read_record(results / "search/bracket-002/rung-0/slot-00.json", Evaluation).id
    assert committed.script("audit", target, "--experiment", str(results)).returncode == 0
    history = results / "search/bracket-000/history.json"
    content = history.read_text()
    history.write_text(content + " ")
    assert committed.script("audit", target, "--experiment", str(results)).returncode == 1
    assert committed.script("audit", str(results / "search/bracket-001/rung-1/proposals.json")).returncode == 1
    history.write_text(content)
    (results / manifest.NAME).rename(results / "aside.sha256")
    assert committed.script("audit", target, "--experiment", str(results)).returncode == 3


def test_retraining_what_a_number_rests_on(committed):
    best = read_record(committed.results / "incumbent.json", Incumbent)
    command = ["--level", "retrain", "--device", "cpu", "--json", "paper:best_test_error"]
    [told] = json.loads(committed.script("audit", *command).stdout)
    [found] = [one for one in told["findings"] if one["check"] == "training"]
    place = next(
        place for place, one in Evidence.read(committed.results).evaluations.items() if one.id == best.evaluation
    )
    assert found["subject"] == Evidence.read(committed.results).file(*place)
    assert "the same, bit for bit" in found["message"]


def test_json_is_one_document_and_whole(committed, finished):
    both = committed.script("audit", "--level", "hash", "--json", "results/small", str(finished.results))
    assert [one["exit_code"] for one in json.loads(both.stdout)] == [0, 4]
    assert both.returncode == 4
    [tree] = json.loads(committed.script("audit", "why", "paper:evaluations", "--json").stdout)
    assert len(tree["made_of"]) == 20
    assert committed.script("audit", "why", "paper:evaluations").stdout.count("evaluation 0-0-") < 20
    roots = json.loads(committed.script("audit", "--json", "root").stdout)
    assert roots == {"results/small": audit.run(committed.results, "hash").root}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere/at/all"], "nowhere/at/all: lies in no results of an experiment"),
        (["show", "nothing"], "nothing: no file, evaluation or number of results/small"),
        (["diff", "0-0-0@0"], "diff: takes two evaluations, or two results folders"),
        (["diff", "0-0-0@0", "results/small"], "diff: takes two evaluations, or two results folders"),
        (["diff", "0-0-0@0", "config.yaml"], "config.yaml: lies in no results"),
    ],
)
def test_wrong_usage_is_told_in_one_line(committed, arguments, told):
    done = committed.script("audit", *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {told}")
    assert done.stderr.count("\n") == 1


def test_an_experiment_that_is_not_complete_is_evidence_that_is_missing(workspace):
    workspace.snakemake("--cores", "2", "results/small/search/bracket-000/rung-1/proposals.json")
    done = workspace.script("audit", "results/small")
    assert done.returncode == 3, done.stdout
    assert "manifest.sha256: missing; run the workflow to its end to make it" in done.stdout
