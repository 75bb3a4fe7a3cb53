"""The Run Crate of a search that the workflow ran."""

import json


def test_describes_what_the_workflow_made(finished):
    text = (finished.results / "ro-crate-metadata.json").read_text()
    there = [path.relative_to(finished.results).as_posix() for path in finished.results.rglob("*") if path.is_file()]
    aside = {"ro-crate-metadata.json", "manifest.sha256", "code.sha256"}
    entities = {one["@id"]: one for one in json.loads(text)["@graph"]}
    described = {one["@id"] for one in entities["./"]["hasPart"]}
    assert described == {name for name in there if not name.rpartition("/")[2].startswith(".")} - aside
    for one in finished.evaluations():
        path = f"search/bracket-{one.bracket:03d}/rung-{one.rung}/slot-{one.slot:02d}.json"
        assert {"@id": path} in entities[f"#train/{path}"]["result"]
    assert str(finished.folder) not in text
