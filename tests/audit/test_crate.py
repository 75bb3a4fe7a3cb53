"""The crate describes every file and says what each was made from."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from results_folder import FIGURES, ROOT, TABLES, plan_of, put, settings, write_search
from rocrate.rocrate import ROCrate

from jointsearch.audit import crate
from jointsearch.core.errors import UserError
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.files import read_record, record_bytes
from jointsearch.core.observed import Attempt

METADATA = "ro-crate-metadata.json"


def described(folder: Path) -> dict[str, dict[str, Any]]:
    """The entities of the crate, by identifier."""
    return {one["@id"]: one for one in json.loads(crate.build(folder))["@graph"]}


def identifiers(value: Any) -> list[str]:
    return [one["@id"] for one in (value if isinstance(value, list) else [value])]


def slots(folder: Path) -> list[Path]:
    return sorted(folder.glob("search/*/*/slot-*.json"))


def test_describes_every_file_with_its_digest(folder):
    entities = described(folder)
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert set(identifiers(entities["./"]["hasPart"])) == {path.relative_to(folder).as_posix() for path in files}
    for path in files:
        entity = entities[path.relative_to(folder).as_posix()]
        assert entity["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        assert entity["contentSize"] == str(path.stat().st_size)


def test_every_training_is_an_action_that_the_engine_ran(folder):
    entities = described(folder)
    organised = identifiers(entities["#run"]["object"])
    assert len(slots(folder)) == 20
    for path in slots(folder):
        name, record = path.relative_to(folder).as_posix(), read_record(path, Evaluation)
        action = entities[f"#train/{name}"]
        assert action["@type"] == "CreateAction"
        assert action["instrument"] == {"@id": "workflow.smk#train"}
        assert action["actionStatus"] == "http://schema.org/CompletedActionStatus"
        objects = identifiers(action["object"])
        assert {"experiment.json", "data.json", str(Path(name).with_name("proposals.json"))} <= set(objects)
        values = {entities[one]["name"]: entities[one]["value"] for one in objects if one.startswith("#")}
        assert values == {"budget": record.budget, "seed": record.seed}
        assert name in identifiers(action["result"])
        control = entities[f"#run/train/{name}"]
        assert control["object"] == {"@id": action["@id"]}
        assert control["instrument"] == {"@id": "workflow.smk#step/train"}
        assert control["@id"] in organised


def test_a_job_made_each_file_but_those_that_a_run_begins_with(tmp_path):
    warm = settings(9).model_copy(update={"warm_start": "a" * 64})
    write_search(tmp_path, warm, 2)
    put(tmp_path / "search/warm_start.json", b"{}\n")
    entities = described(tmp_path)
    jobs = [one for name, one in entities.items() if one["@type"] == "CreateAction" and name != "#search"]
    made = {file for job in jobs for file in identifiers(job["result"])}
    files = set(identifiers(entities["./"]["hasPart"]))
    environments = {name for name in files if name.startswith("environments/")}
    assert files - made == environments | {"experiment.json", "plan.json", "workflow.smk"}
    [first] = [job for job in jobs if "search/bracket-000/history.json" in identifiers(job["result"])]
    assert "search/warm_start.json" in identifiers(first["object"])


def test_every_tool_is_a_rule_of_the_workflow(folder):
    text = crate.workflow_text(ROOT / "Snakefile").decode()
    rules = {*re.findall(r"^ *rule (\w+):", text, re.MULTILINE)}
    rules |= {*(f"figure_{name}" for name in FIGURES), *(f"table_{name}" for name in TABLES)}
    tools = {name.removeprefix("workflow.smk#") for name in identifiers(described(folder)["workflow.smk"]["hasPart"])}
    assert {"train", "observations", "figure_importance", "table_studies"} <= tools <= rules


def test_a_training_has_its_times_and_its_outcome(folder):
    entities, texts = described(folder), {}
    for path in slots(folder):
        record = read_record(path, Evaluation)
        texts[record.status] = entities[f"#train/{path.relative_to(folder).as_posix()}"]["description"]
    assert texts["diverged"].endswith("epochs: diverged")
    assert texts["success"].endswith("% validation error")
    first = entities["#train/search/bracket-000/rung-0/slot-00.json"]
    assert (first["startTime"], first["endTime"]) == ("1970-01-01T00:01:40.000+00:00", "1970-01-01T00:01:50.500+00:00")
    assert entities["./"]["datePublished"] == entities["#search"]["endTime"] == "1970-01-01T00:02:09.500+00:00"


def test_training_time_is_told_for_each_kind_of_device(folder):
    entities = described(folder)
    assert entities["#train/search/bracket-000/rung-0/slot-01.json/cuda"]["value"] == 8
    assert identifiers(entities["#search"]["resourceUsage"]) == ["#search/cpu", "#search/cuda"]
    gpu = sum(int(path.stem[-2:]) % 2 for path in slots(folder))
    assert entities["#search/cuda"] | {"value": 8.0 * gpu, "name": "GPU training time"} == entities["#search/cuda"]
    assert entities["#search/cpu"]["value"] == 8.0 * (20 - gpu)


@pytest.mark.skipif("energy_joules" not in Attempt.model_fields, reason="no record holds energy yet")
def test_energy_is_told_where_a_record_has_it(folder):
    assert "#search/energy" not in described(folder)
    path = slot_without_batch(folder, rung=0)
    record = json.loads(path.read_bytes())
    record["observed"]["energy_joules"] = 2.5
    path.write_text(json.dumps(record))
    entities = described(folder)
    assert entities["#search/energy"]["value"] == 2.5
    assert entities["#search/energy"]["unitCode"] == {"@id": "https://qudt.org/vocab/unit/J"}


def slot_without_batch(folder: Path, rung: int) -> Path:
    """The first record of a rung, which no batch file vouches for any more."""
    path = folder / f"search/bracket-000/rung-{rung}/slot-00.json"
    for batch in path.parent.glob("batch-00-*.json"):
        batch.unlink()
    return path


def test_a_training_starts_with_its_first_attempt_and_what_it_continues(tmp_path):
    folder = tmp_path / "continued"
    write_search(folder, settings(9, continuation=True), 3)
    path = slot_without_batch(folder, rung=1)
    record = json.loads(path.read_bytes())
    attempt = {name: record["observed"][name] for name in Attempt.model_fields if name in record["observed"]}
    record["observed"]["earlier"] = [attempt | {"started": 50.0, "finished": 60.0}]
    below = record["proposal"]["id"]
    record["continues"] = f"{below}@0"
    path.write_text(json.dumps(record))
    entities = described(folder)
    action = entities["#train/search/bracket-000/rung-1/slot-00.json"]
    slot = int(below.split("-")[2])
    assert f"search/bracket-000/rung-0/slot-{slot:02d}.json" in identifiers(action["object"])
    assert action["startTime"] == entities["#search"]["startTime"] == "1970-01-01T00:00:50.000+00:00"


def test_lineage_leads_from_the_figures_to_the_settings(folder):
    entities = described(folder)
    made_from: dict[str, set[str]] = {}
    for action in entities.values():
        if action["@type"] == "CreateAction" and action["@id"] != "#search":
            for result in identifiers(action["result"]):
                made_from.setdefault(result, set()).update(identifiers(action["object"]))
    reached, found = set(), [f"figures/{FIGURES[0]}.pdf"]
    while found:
        reached.update(found)
        found = [one for name in found for one in made_from.get(name, ()) if one not in reached]
    expected = {path.relative_to(folder).as_posix() for path in folder.glob("search/*/*/[ps]*.json")}
    expected |= {"experiment.json", "data.json"}
    assert expected <= reached
    # The lag of the lowest budget is 1: bracket 2 sees that of bracket 0, and nothing else.
    seen = [name for name in made_from["search/bracket-002/history.json"] if "slot" in name]
    assert sorted(seen) == [f"search/bracket-000/rung-0/slot-{slot:02d}.json" for slot in range(9)]


def test_same_bytes_wherever_and_whenever_it_is_made(folder, tmp_path):
    copy = tmp_path / "elsewhere" / "other"
    shutil.copytree(folder, copy)
    built = crate.build(folder)
    assert built == crate.build(folder) == crate.build(copy)
    assert str(tmp_path).encode() not in built
    assert b'"node"' not in built


def test_later_files_do_not_change_it(folder):
    built = crate.build(folder)
    state = "search/bracket-000/rung-0/end-0-0-0.pt"
    for name in (METADATA, "manifest.sha256", ".lock", "figures/.x.pdf.1.tmp", state):
        (folder / name).write_text("later")
    assert crate.build(folder) == built
    (folder / "numbers.json").write_text("{}")
    assert {"@id": "numbers.json"} in described(folder)["#search"]["result"]


def test_the_reader_of_rocrate_opens_it(folder):
    (folder / METADATA).write_bytes(crate.build(folder))
    opened = ROCrate(folder)
    assert opened.mainEntity.id == "workflow.smk"
    assert opened.root_dataset["license"].id == "https://spdx.org/licenses/MIT"
    actions = [one for one in opened.get_entities() if one.type == "CreateAction"]
    assert len(actions) == 1 + 1 + 3 * 2 + 3 + 20 + 1 + len(FIGURES) + len(TABLES) + 4
    assert len(opened.data_entities) == len([path for path in folder.rglob("*") if path.is_file()]) - 1


def test_what_is_said_of_a_search_names_its_plan_and_what_is_trained_does_not(folder):
    jobs = {one["name"]: one["object"] for one in described(folder).values() if one["@type"] == "CreateAction"}
    named = {name.partition("/")[0].split()[0] for name, objects in jobs.items() if "plan.json" in identifiers(objects)}
    assert {"observations", "numbers", "paper", "configuration"} <= named
    assert not named & {"history", "sample", "promote", "train", "data"}


def test_the_workflow_is_in_one_file():
    text = crate.workflow_text(ROOT / "Snakefile").decode()
    assert "include:" not in text
    for rule in ("data", "history", "sample", "train", "promote", "observations", "numbers"):
        assert text.count(f"rule {rule}:") == 1


@pytest.mark.parametrize(
    "name", ["data.json", "observations.csv", "workflow.smk", "search/bracket-001/rung-1/proposals.json"]
)
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(UserError, match=f"{name}: missing; run the workflow to its end"):
        crate.build(folder)


def test_a_search_that_is_not_complete_is_refused(folder):
    plan = (folder / "plan.json").read_bytes()
    (folder / "plan.json").write_bytes(record_bytes(plan_of(settings(9), 4)))
    with pytest.raises(UserError, match=r"bracket-003/history\.json: missing"):
        crate.build(folder)
    (folder / "plan.json").write_bytes(plan)
    slot_without_batch(folder, rung=0).unlink()
    with pytest.raises(UserError, match=r"slot-00\.json: missing"):
        crate.build(folder)


def test_a_changed_record_is_refused(folder):
    path = slots(folder)[0]
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(UserError, match="changed since it was made"):
        crate.build(folder)


def test_script_writes_crate_and_workflow(folder):
    (folder / "workflow.smk").unlink()
    arguments = [folder / "experiment.json", folder / METADATA]
    command = [sys.executable, ROOT / "scripts" / "crate.py", *arguments]
    subprocess.run(command, check=True)
    assert (folder / METADATA).read_bytes() == crate.build(folder)
    (folder / "incumbent.json").unlink()
    failed = subprocess.run(command, capture_output=True, text=True)
    assert failed.returncode == 1
    assert failed.stderr.startswith("error: ")
    assert failed.stderr.count("\n") == 1


def test_the_papers_search_takes_seconds(tmp_path):
    experiment = settings(maximum=27)
    evaluations = write_search(tmp_path, experiment, 128)
    assert len(evaluations) == 2080
    start = time.process_time()
    crate.build(tmp_path)
    assert time.process_time() - start < 15
