"""The Run Crate of a search that the workflow ran."""

import json


def test_describes_what_the_workflow_made(finished, tmp_path):
    clone = finished.copy(tmp_path / "clone")
    made = {path.relative_to(clone.results).as_posix() for path in clone.results.rglob("[!.]*") if path.is_file()}
    done = clone.script("crate", "results/small/experiment.json", "3", "results/small/ro-crate-metadata.json")
    assert (done.returncode, done.stderr) == (0, "")
    text = (clone.results / "ro-crate-metadata.json").read_text()
    entities = {one["@id"]: one for one in json.loads(text)["@graph"]}
    assert {one["@id"] for one in entities["./"]["hasPart"]} == made | {"workflow.smk"}
    for one in clone.evaluations():
        path = f"search/bracket-{one.bracket:03d}/rung-{one.rung}/slot-{one.slot:02d}.json"
        assert {"@id": path} in entities[f"#train/{path}"]["result"]
    assert str(tmp_path) not in text
