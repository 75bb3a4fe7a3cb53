"""An audit: what is checked, how deep, and the findings."""

import os
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jointsearch.audit import growth, hash_level, lineage, manifest
from jointsearch.audit.derive_architecture import check_architectures
from jointsearch.audit.derive_course import check_course
from jointsearch.audit.derive_plan import check_plan
from jointsearch.audit.evidence import Evidence
from jointsearch.audit.findings import LEVELS, Findings, Level, Verdict
from jointsearch.audit.retrain import RetrainOptions, check_trainings
from jointsearch.core import layout
from jointsearch.core.errors import UserError
from jointsearch.core.fields import Digest
from jointsearch.search.plan import Place


@dataclass(frozen=True)
class Target:
    """The target of a command: an experiment, or something in it.

    Attributes
    ----------
    folder
        Of the experiment.
    name
        A file in it, an id or a number, see `lineage.find`; None for all of it.
    """

    folder: Path
    name: str | None = None

    @classmethod
    def read(cls, text: str, experiment: Path | None, results: Path = Path("results")) -> "Target":
        """Find the target that a word on the command line names.

        Parameters
        ----------
        text
            A results folder, a file in one, an id or a number.
        experiment
            The folder that ids and numbers are of; by default the only one in `results`.

        Raises
        ------
        UserError
            If it is a path outside of any experiment, or which experiment is meant is unclear.
        """
        path = Path(text)
        if (folder := _experiment_of(path)) is not None:
            return cls(folder, path.relative_to(folder).as_posix() if path != folder else None)
        if path.exists():
            raise UserError(f"{text}: not in the results of an experiment (no experiment.json beside or above it)")
        if len(path.parts) > 2 or path.parent == results or path.is_absolute() or text.endswith("/"):
            raise UserError(f"{text}: no such file or folder; name a results folder, or something in one")
        if experiment is None and not re.search("^[0-9@-]+$|:", text):
            try:
                experiment = only_experiment(results)
            except UserError as error:
                raise UserError(f"{text}: no such folder; if it is a file of an experiment, {error}") from None
        return cls(experiment or only_experiment(results), text)


def _experiment_of(path: Path) -> Path | None:
    """The results folder that a path is, or lies in; its studies have an `experiment.json` too."""
    for folder in (path, *path.parents):
        if layout.experiment_file(folder).is_file():
            while folder.name not in ("", "..") and layout.experiment_file(folder.parent).is_file():
                folder = folder.parent
            return folder
    return None


def only_experiment(results: Path) -> Path:
    """The experiment that has results.

    Raises
    ------
    UserError
        If there is none, or more than one.
    """
    found = sorted(path.parent for path in results.glob("*/experiment.json"))
    if len(found) != 1:
        names = ", ".join(map(str, found)) or "none here"
        raise UserError(f"{results}: which experiment? name its folder, or --experiment FOLDER (there are: {names})")
    return found[0]


@dataclass(frozen=True)
class Audit:
    """The findings on an experiment.

    `root` is its root digest; None if it has no manifest.
    """

    evidence: Evidence
    findings: Findings
    root: Digest | None


def run(folder: Path, level: Level, signers: Path | None = None) -> Audit:
    """Audit an experiment, up to a level; trainings are checked by `repeat_trainings`.

    Raises
    ------
    UserError
        If the folder holds no experiment.
    """
    findings, evidence = Findings(), Evidence.read(folder)
    changing = growth.files(evidence)
    hash_level.check_manifest(evidence, findings, signers)
    hash_level.check_records(evidence, findings)
    hash_level.check_made_with(evidence, findings)
    if level != "hash":
        # Whatever draws figures takes seconds to import.
        from jointsearch.audit.derive_outcomes import check_crate, check_no_outcomes, check_outcomes, check_paper

        check_plan(evidence, findings)
        check_course(evidence, findings)
        check_architectures(evidence, findings)
        if changing:
            check_no_outcomes(findings)
        else:
            check_outcomes(evidence, findings)
            check_paper(evidence, findings)
            check_crate(evidence, findings)
    growth.excuse(findings, changing)
    for deeper in LEVELS[LEVELS.index(level) + 1 :]:
        findings.add(deeper, "all", folder.name, Verdict.NOT_CHECKED)
    root = manifest.root(folder) if (folder / manifest.NAME).is_file() else None
    return Audit(evidence, findings, root)


def repeat_trainings(audit: Audit, names: Sequence[str], options: RetrainOptions) -> None:
    """Repeat trainings: some of those that each name stands for; without names, of all."""
    # Idle threads that spin would slow other processes; torch reads this when it is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    chosen: set[Place] = set()
    groups = {name: lineage.places_of_target(audit.evidence, name) for name in names}
    for name, places in (groups or {"all": sorted(audit.evidence.evaluations)}).items():
        some = random.Random(options.seed).sample(places, min(options.number, len(places)))
        chosen |= set(some)
        if not some:
            audit.findings.add("retrain", "training", name, Verdict.NOT_CHECKED, "names no training")
        elif len(some) < len(places):
            left = f"{len(places) - len(some):,} of {len(places):,} trainings"
            audit.findings.add("retrain", "training", left, Verdict.NOT_CHECKED, "not chosen")
    check_trainings(audit.evidence, sorted(chosen), options, audit.findings)
