"""All that a result rests on, back to the first bracket."""

from collections.abc import Sequence

from jointsearch.audit import lineage, manifest
from jointsearch.audit.evidence import Evidence, Place
from jointsearch.core import layout
from jointsearch.samplers import registry
from jointsearch.search import hyperband

BASE = {"experiment.json", "config.yaml", "space.yaml", "data.json", manifest.NAME, manifest.SIGNATURE}
"""What everything rests on."""


def files_behind(evidence: Evidence, target: str) -> set[str] | None:
    """Files that something was made of, itself included; None if it was made of all of them.

    Parameters
    ----------
    evidence, target
        As in `lineage.find`.

    Raises
    ------
    UserError
        If there is no such thing.
    """
    lineage.find(evidence, target)
    files = BASE | {"numbers.json" if target.startswith(lineage.NUMBER) else target}
    if places := lineage.places_of(evidence, target):
        return files | files_of_evaluations(evidence, places)
    if target in evidence.batches:
        rung = target.rpartition("/")[0]
        beside = [place for place in evidence.evaluations if evidence.file(*place).rpartition("/")[0] == rung]
        return files | files_of_evaluations(evidence, beside)
    for study, bracket, number in evidence.rungs:
        if target == evidence.file(study, bracket, number):
            return files | _files_of_rungs(evidence, {(study, bracket, number)})
    for study, bracket in evidence.histories:
        if target == evidence.file(study, bracket):
            return files | _files_of_rungs(evidence, {(study, bracket, 0)})
    return files if target in BASE or target.startswith("environments/") else None


def files_of_evaluations(evidence: Evidence, places: Sequence[Place]) -> set[str]:
    """Files that evaluations were made of, their own included."""
    return _files_of_rungs(evidence, {place[:3] for place in places}) | _own(evidence, places)


def _files_of_rungs(evidence: Evidence, rungs: set[tuple[str, int, int]]) -> set[str]:
    """Files that the proposals of rungs were made of, their own included."""
    files: set[str] = set()
    waiting, known = list(rungs), set(rungs)
    while waiting:
        study, bracket, rung = waiting.pop()
        settings, seen, before = evidence.settings_of(study), evidence.chosen_from(study), []
        files.add(evidence.file(study, bracket, rung))
        if study in evidence.settings:
            files.add(evidence.name(layout.experiment_file(evidence.folder / study)))
        if rung and evidence.is_search(study):
            seen += evidence.of_rung(study, bracket, rung - 1)
        elif evidence.is_search(study):
            files.add(evidence.file(study, bracket))
            seen += evidence.newly_seen(study, bracket)
            before = [(study, bracket - 1, 0)] if bracket else []
            if registry.sees_pending(settings.sampler):
                before += [(study, one.index, 0) for one in hyperband.pending(bracket, settings.lags, settings.budget)]
            if settings.warm_start is not None:
                files.add(evidence.name(layout.warm_start_file(evidence.folder / study)))
        files |= _own(evidence, seen)
        for one in {*before, *(place[:3] for place in seen)} - known:
            known.add(one)
            waiting.append(one)
    return files


def _own(evidence: Evidence, places: Sequence[Place]) -> set[str]:
    """Files of evaluations, and of the environments that they were made in."""
    files = {evidence.file(*place) for place in places}
    for place in places:
        if one := evidence.evaluations.get(place):
            for stretch in (*one.observed.earlier, one.observed):
                files.add(evidence.name(layout.environment_file(evidence.folder, stretch.environment)))
            if one.made_with.lock is not None:
                files.add(evidence.name(layout.lock_copy(evidence.folder, one.made_with.lock)))
    return files
