"""The validator of the profile's authors accepts the crate, and refuses a broken one."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rocrate
from requests_cache import CachedRequest, CachedResponse, CachedSession
from rocrate_validator import services

from jointsearch.audit import crate

CONTEXT = "https://w3id.org/ro/crate/1.1/context"


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> Path:
    """A cache of the web that holds the terms of RO-Crate, as they come with rocrate: no network is needed."""
    path = tmp_path_factory.mktemp("cache") / "http"
    content = (Path(rocrate.__file__).parent / "data" / "ro-crate.jsonld").read_bytes()
    assert json.loads(content)["@id"] == CONTEXT
    headers = {"Content-Type": "application/ld+json"}
    with CachedSession(path, backend="sqlite") as session:
        request = CachedRequest(method="GET", url=CONTEXT)
        session.cache.save_response(
            CachedResponse(content=content, headers=headers, request=request, status_code=200, url=CONTEXT)
        )
    return path


def problems(folder: Path, cache: Path) -> list[str]:
    """What the validator finds wrong with a crate, at the level that the profile requires."""
    result = services.validate(
        services.ValidationSettings(
            rocrate_uri=folder,
            profile_identifier="provenance-run-crate",
            requirement_severity="REQUIRED",
            cache_path=cache,
            offline=True,
        )
    )
    assert len(result.executed_checks) > 80
    return [issue.message or "" for issue in result.get_issues()]


def test_conforms(folder, cache):
    (folder / "ro-crate-metadata.json").write_bytes(crate.build(folder))
    assert problems(folder, cache) == []


def without(identifier: str, name: str) -> Callable[[dict[str, dict[str, Any]]], object]:
    return lambda entities: entities[identifier].pop(name)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (without("./", "license"), "must specify a license"),
        (without("workflow.smk#step/train", "workExample"), "must refer to its corresponding tool"),
        (without("#run/train/search/bracket-000/rung-0/slot-00.json", "object"), "A ControlAction must reference"),
        (without("#train/search/bracket-000/rung-0/slot-00.json/cpu", "propertyID"), "MUST have a propertyID"),
    ],
)
def test_a_broken_crate_does_not(folder, cache, damage, message):
    document = json.loads(crate.build(folder))
    damage({one["@id"]: one for one in document["@graph"]})
    (folder / "ro-crate-metadata.json").write_text(json.dumps(document))
    assert any(message in problem for problem in problems(folder, cache))


def test_a_missing_file_is_noticed(folder, cache):
    (folder / "ro-crate-metadata.json").write_bytes(crate.build(folder))
    (folder / "search" / "bracket-000" / "rung-0" / "slot-00.json").unlink()
    assert any("slot-00.json" in problem for problem in problems(folder, cache))
