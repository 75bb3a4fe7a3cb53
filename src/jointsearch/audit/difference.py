"""How two evaluations, or two experiments, differ."""

import json
from collections.abc import Sequence
from typing import Any

from jointsearch.audit.evidence import Evidence
from jointsearch.audit.lineage import place_of_target
from jointsearch.core.errors import UserError
from jointsearch.core.evaluation import Result
from jointsearch.search.plan import Place

ASPECTS = {
    "configuration": ("proposal", "budget", "budget_unit", "seed", "continues", "experiment"),
    "code and environment": ("made_with", "protocol"),
    "outcome": tuple(Result.model_fields),
    "machine": ("observed",),
}
"""The fields of evaluations that are compared, by aspect, in this order; the others are their position in the plan."""


def differences(before: dict[str, Any], now: dict[str, Any], where: str = "") -> list[str]:
    """List the values in which two records differ, by path; long values are shortened."""
    found: list[str] = []
    for key in [*before, *(key for key in now if key not in before)]:
        path, one, other = f"{where}{key}", before.get(key), now.get(key)
        if one == other:
            continue
        if isinstance(one, dict) and isinstance(other, dict):
            found += differences(one, other, f"{path}.")
        else:
            found.append(f"{path}: {_shown(one)} | {_shown(other)}")
    return found


def of_evaluations(one: tuple[Evidence, str | None], other: tuple[Evidence, str | None]) -> dict[str, list[str]]:
    """List by aspect how two evaluations differ.

    Parameters
    ----------
    one, other
        Experiment and name.

    Raises
    ------
    UserError
        If a name is none of an evaluation.
    """
    records, environments = [], []
    for evidence, name in (one, other):
        place = place_of_target(evidence, name or "")
        if place is None:
            raise UserError(f"{name}: no evaluation of {evidence.path}; name two evaluations, or two experiments")
        record = evidence.evaluations[place]
        found = evidence.environments.get(record.observed.environment)
        records.append(record.model_dump(mode="json"))
        environments.append(found.model_dump(mode="json") if found is not None else {})
    found_by_aspect = {
        aspect: differences(_only(records[0], keys), _only(records[1], keys)) for aspect, keys in ASPECTS.items()
    }
    found_by_aspect["code and environment"] += differences(environments[0], environments[1])
    return {aspect: lines for aspect, lines in found_by_aspect.items() if lines}


def _only(record: dict[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    """Fields of a record; one that it leaves out is not there."""
    return {key: record[key] for key in keys if key in record}


def of_experiments(one: Evidence, other: Evidence) -> dict[str, list[str]]:
    """List by aspect how two experiments differ: settings, images, what they were made with, outcomes."""
    settings = [each.experiment.model_dump(mode="json") for each in (one, other)]
    images = [each.data.model_dump(mode="json") if each.data is not None else {} for each in (one, other)]
    found_by_aspect = {
        "settings": differences(settings[0], settings[1]),
        "images": differences(images[0], images[1]),
        "code and environment": differences(_all_made_with(one), _all_made_with(other)),
    }
    outcomes = [{_id(place): record.derivable() for place, record in each.evaluations.items()} for each in (one, other)]
    keys = sorted(outcomes[0].keys() | outcomes[1].keys())
    differing = [key for key in keys if outcomes[0].get(key) != outcomes[1].get(key)]
    if differing:
        found_by_aspect["outcome"] = [
            f"{len(differing):,} of {len(keys):,} evaluations differ, such as {', '.join(differing[:3])}"
        ]
    return {aspect: lines for aspect, lines in found_by_aspect.items() if lines}


def _id(place: Place) -> str:
    study, bracket, rung, slot = place
    return f"{study} bracket {bracket} rung {rung} slot {slot}"


def _all_made_with(evidence: Evidence) -> dict[str, Any]:
    """Code, libraries and machines of the trainings of an experiment: for each field, all values."""
    used: dict[str, set[str]] = {}
    records = [one.made_with.model_dump(mode="json") for one in evidence.evaluations.values()]
    around = [one.model_dump(mode="json", exclude={"packages", "code"}) for one in evidence.environments.values()]
    for record in (*records, *around):
        for key, value in record.items():
            used.setdefault(key, set()).add(json.dumps(value))
    return {key: [json.loads(value) for value in sorted(values)] for key, values in sorted(used.items())}


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."
