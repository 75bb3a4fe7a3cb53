"""A Provenance Run Crate: the files of an experiment, and which job made each of them from what, in RO-Crate's terms.

The profile is https://w3id.org/ro/wfrun/provenance/0.5. A crate holds no time but those of the records, no host and no
folder: the same files give the same bytes.
"""

import math
import re
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rocrate.model import ContextEntity, Entity, File
from rocrate.rocrate import ROCrate

from jointsearch.analysis.number import source
from jointsearch.audit import vocabulary
from jointsearch.audit.study_files import EXPERIMENT, StudyFiles
from jointsearch.core import layout
from jointsearch.core.errors import UserError
from jointsearch.core.files import canonical, file_digest, read_record
from jointsearch.core.records import Batch, Evaluation
from jointsearch.core.units import amount
from jointsearch.results.catalogue import FIGURES, TABLES, made_of
from jointsearch.results.results import Results
from jointsearch.samplers import registry
from jointsearch.search import hyperband
from jointsearch.search.hyperband import Bracket

METADATA = "ro-crate-metadata.json"
WORKFLOW = Path("workflow.smk")
"""The workflow lies in the crate, as the profile asks."""

PLAN, DATA, NUMBERS, PAPER = Path(layout.PLAN), Path("data.json"), Path("numbers.json"), Path("paper.pdf")
CONFIGURATION, SPACE = Path("config.yaml"), Path("space.yaml")


def workflow_text(snakefile: Path) -> bytes:
    """Put the workflow into one file: each `include` of the Snakefile replaced by what it includes."""

    def included(statement: re.Match[str]) -> str:
        return (snakefile.parent / statement[1]).read_text().rstrip()

    return re.sub(r'^include: "(.+)"$', included, snakefile.read_text(), flags=re.MULTILINE).encode()


def build(folder: Path) -> bytes:
    """Describe a finished search: the bytes of `ro-crate-metadata.json`.

    Parameters
    ----------
    folder
        Of the experiment; `workflow.smk` lies in it already, see `workflow_text`.

    Raises
    ------
    UserError
        If a file is missing, was changed since its batch was completed, or belongs to another experiment.
    """
    return canonical(_Crate(folder).describe()) + b"\n"


class _Crate:
    """The crate of an experiment; all paths are relative to its folder."""

    def __init__(self, folder: Path):
        self.folder = folder
        material = Results.read(folder)
        self.experiment = material.experiment
        self.studies = [StudyFiles.of(material, name) for name in material.studies]
        self.paths = {source(one): path for study in self.studies for path, one in study.evaluations.items()}
        self.crate = ROCrate(version="1.1")
        self.crate.metadata.extra_terms = vocabulary.TERMS
        self.controls: list[Entity] = []

    def describe(self) -> dict[str, Any]:
        """Describe workflow and files, then jobs, then the run as a whole."""
        self._add_workflow()
        self._add_files()
        self._add_job("data", [EXPERIMENT], [DATA])
        for study in self.studies:
            self._add_study(study)
        told = [
            *self._add_made("figures/{}.*", made_of([one.name for one in self.studies], FIGURES)),
            *self._add_made("tables/{}.csv", made_of([one.name for one in self.studies], TABLES)),
            *self._add_made("{}.html", {"interactive": [one.name for one in self.studies]}),
        ]
        data = [path for path in told if path.suffix == ".csv"]
        everything = [path for study in self.studies for path in study.evaluations]
        self._add_job("numbers", [EXPERIMENT, PLAN, *everything, *data], [NUMBERS])
        self._add_job("paper", [PLAN, NUMBERS, DATA, *told], [PAPER])
        self._add_job("configuration", [EXPERIMENT, PLAN], [CONFIGURATION, SPACE])
        self._add_run(told)
        document = self.crate.metadata.generate()
        return document | {"@graph": [_without_single_lists(entity) for entity in document["@graph"]]}

    def _add_workflow(self) -> None:
        kinds = ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"]
        properties = {"@type": kinds, "name": "Joint search", **self._measured(WORKFLOW)}
        self.workflow = self.crate.add_workflow(dest_path=WORKFLOW, main=True, lang="snakemake", properties=properties)
        self.workflow["description"] = "The Snakefile, and the rules that it includes in their places"
        self.workflow["conformsTo"] = {"@id": vocabulary.COMPUTATIONAL_WORKFLOW}
        self.workflow["input"] = [self._parameter("experiment")]
        self.workflow["output"] = [self._parameter(name) for name in ("observations", "incumbent", "figure")]

    def _add_files(self) -> None:
        for pattern, parameter in vocabulary.FILES.items():
            self._add_matching(self.folder, pattern, parameter)
        for study in self.studies:
            for pattern, parameter in vocabulary.STUDY_FILES.items():
                self._add_matching(self.folder / study.name, pattern, parameter)
            for item in study.plan.brackets:
                for pattern, parameter in vocabulary.BRACKET_FILES.items():
                    self._add_matching(layout.bracket_folder(self.folder / study.name, item.index), pattern, parameter)

    def _add_matching(self, folder: Path, pattern: str, parameter: str | None) -> None:
        for found in sorted(folder.glob(pattern)):
            path = found.relative_to(self.folder)
            properties = {"name": path.as_posix(), **self._measured(path)}
            if parameter:
                properties["exampleOfWork"] = self._parameter(parameter)
            self.crate.add(File(self.crate, dest_path=path, properties=properties))

    def _measured(self, path: Path) -> dict[str, Any]:
        """Size, digest and format of a file."""
        file = self.folder / path
        if not file.is_file():
            raise self._missing(path)
        size = {"contentSize": str(file.stat().st_size), "sha256": file_digest(file)}
        return size | ({"encodingFormat": vocabulary.FORMATS[path.suffix]} if path.suffix in vocabulary.FORMATS else {})

    def _add_study(self, study: StudyFiles) -> None:
        chosen = self._chosen_from(study)
        if study.name != layout.SEARCH:
            self._add_job("study_settings", [EXPERIMENT, *chosen], [study.settings])
        for item in study.plan.brackets:
            if study.plan.is_search:
                self._add_bracket(study, item)
            for rung in range(len(item.sizes)):
                proposals = layout.proposals_file(study.folder, item.index, rung)
                if not study.plan.is_search:
                    self._add_job("propose", [PLAN, study.settings, *chosen], [proposals])
                elif rung:
                    self._add_job("promote", [study.settings, *study.slots(item, rung - 1)], [proposals])
                batches = dict(self._batches(proposals.parent))
                for slot in study.slots(item, rung):
                    self._add_training(study, slot, proposals, [batches[slot]] if slot in batches else [])
        self._add_job("observations", [PLAN, study.settings, *study.evaluations], study.outcomes)

    def _chosen_from(self, study: StudyFiles) -> list[Path]:
        """Outcomes of other studies from which the settings or the proposals of one were chosen."""
        followed = [one for one in self.studies if one.name in study.plan.follows]
        if study.plan.keeps:
            return [one.outcomes[1] for one in followed]
        return [path for one in followed for path in one.evaluations]

    def _add_bracket(self, study: StudyFiles, item: Bracket) -> None:
        index, settings, folder = item.index, study.experiment, study.folder
        earlier = layout.history_file(folder, index - 1) if index else layout.warm_start_file(folder)
        before = [earlier] if earlier.as_posix() in self.crate else []
        seen = hyperband.newly_seen(index, settings.lags, settings.budget)
        visible = [slot for other, rung in seen for slot in study.slots(other, rung)]
        history = layout.history_file(folder, index)
        self._add_job("history", [study.settings, *before, *visible], [history])
        others = hyperband.pending(index, settings.lags, settings.budget)
        pending = [layout.proposals_file(folder, other.index, 0) for other in others]
        under_way = pending if registry.sees_pending(settings.sampler) else []
        self._add_job("sample", [study.settings, history, *under_way], [layout.proposals_file(folder, index, 0)])

    def _add_made(self, pattern: str, made: dict[str, list[str]]) -> list[Path]:
        """Add the jobs that made figures, or tables; the files that they made."""
        told = []
        for name, studies in made.items():
            files = sorted(path.relative_to(self.folder) for path in self.folder.glob(pattern.format(name)))
            of = [study for study in self.studies if study.name in studies]
            rule = name if files[:1] != [Path("tables", f"{name}.csv")] else f"table_{name}"
            if not files:
                raise self._missing(Path(pattern.format(name)))
            self._add_job(rule, [EXPERIMENT, PLAN, *(path for one in of for path in one.evaluations)], files)
            told += files
        return told

    def _batches(self, rung: Path) -> Iterator[tuple[Path, Path]]:
        """Each slot of a rung with the batch that it is of."""
        for path in (self.folder / rung).glob("batch-*.json"):
            batch = read_record(path, Batch)
            for slot in range(batch.first_slot, batch.first_slot + len(batch.records)):
                yield layout.slot_file(rung, slot), rung / path.name

    def _add_training(self, study: StudyFiles, slot: Path, proposals: Path, batch: Sequence[Path]) -> None:
        if slot not in study.evaluations:
            raise self._missing(slot)
        one = study.evaluations[slot]
        stretches = [*one.observed.earlier, one.observed]
        made_in = [layout.environment_file(Path(), name) for name in sorted({each.environment for each in stretches})]
        continues = [self.paths[f"{study.name}/{one.continues}"]] if one.continues else []
        action = self._add_job("train", [study.settings, DATA, proposals, *continues, *made_in], [slot, *batch])
        outcome = one.status if one.loss is None else f"{one.loss:.2%} validation error"
        action["name"] = f"train {source(one)}"
        action["description"] = f"{amount(one.budget, one.budget_unit)}: {outcome}"
        action["startTime"] = _time(stretches[0].started)
        action["endTime"] = _time(one.observed.finished)
        budget, seed = self._parameter("budget"), self._parameter("seed")
        values = [
            self._value(
                f"#budget/{one.budget:g}", "budget", one.budget, unitText=one.budget_unit, exampleOfWork=budget
            ),
            self._value(f"#seed/{one.seed}", "seed", one.seed, exampleOfWork=seed),
        ]
        action.append_to("object", values)
        action["resourceUsage"] = self._usage(action, [one])

    def _usage(self, action: Entity, evaluations: Collection[Evaluation]) -> list[Entity]:
        """How long processors and GPUs trained, and the energy that GPUs took, where the records say it."""
        used = []
        for device, name in (("cpu", "CPU training time"), ("cuda", "GPU training time")):
            times = [one.observed.training_seconds for one in evaluations if one.made_with.device_type == device]
            if times:
                field, unit = "observed.training_seconds", {"@id": vocabulary.SECOND}
                used.append(
                    self._value(f"{action.id}/{device}", name, math.fsum(times), propertyID=field, unitCode=unit)
                )
        stretches = [stretch for one in evaluations for stretch in (*one.observed.earlier, one.observed)]
        energies = [one.energy_joules for one in stretches if one.energy_joules is not None]
        if energies:
            field, unit = "observed.energy_joules", {"@id": vocabulary.JOULE}
            used.append(
                self._value(f"{action.id}/energy", "GPU energy", math.fsum(energies), propertyID=field, unitCode=unit)
            )
        return used

    def _add_job(self, rule: str, objects: Sequence[Path], results: Sequence[Path]) -> Entity:
        """Add a job: what its tool made, and that the engine ran it as a step of the workflow."""
        of = f"{rule}/{results[0].as_posix()}"
        tool, step = self._tool(rule)
        action = self._action(f"#{of}", "CreateAction", name=of, description=tool["description"], instrument=tool)
        action["object"] = [self._file(path) for path in objects]
        action["result"] = [self._file(path) for path in results]
        self.controls.append(
            self._action(f"#run/{of}", "ControlAction", name=f"run {of}", instrument=step, object=action)
        )
        self.crate.root_dataset.append_to("mentions", action)
        return action

    def _tool(self, rule: str) -> tuple[Entity, Entity]:
        """A rule as a tool and as a step of the workflow, of which it is a part from its first job on."""
        tool, step = f"{WORKFLOW}#{rule}", f"{WORKFLOW}#step/{rule}"
        if tool not in self.crate:
            made_by = vocabulary.TABLE if rule.startswith("table_") else vocabulary.FIGURE
            known = vocabulary.RULES.get(rule, made_by)
            made = self._entity(tool, "SoftwareApplication", name=rule, description=known.does)
            made["input"] = [self._parameter(name) for name in known.takes]
            made["output"] = [self._parameter(name) for name in known.makes]
            self.workflow.append_to("hasPart", made)
            self.workflow.append_to("step", self._entity(step, "HowToStep", name=rule, workExample=made))
        return self.crate.get(tool), self.crate.get(step)

    def _add_run(self, told: Sequence[Path]) -> None:
        """Add the run as a whole, the engine that ran its jobs, and what the crate is."""
        settings, root = self.experiment, self.crate.root_dataset
        everything = [one for study in self.studies for one in study.evaluations.values()]
        finished = _time(max(one.observed.finished for one in everything))
        started = _time(min(stretch.started for one in everything for stretch in (*one.observed.earlier, one.observed)))
        about = (
            f"Joint neural architecture and hyperparameter search: sampler {settings.sampler}, "
            f"images {settings.data.name}, {len(everything)} trainings; studies: "
            + ", ".join(one.name for one in self.studies)
        )
        run = self._action("#search", "CreateAction", name=settings.name, description=about, instrument=self.workflow)
        run["startTime"], run["endTime"] = started, finished
        run["object"] = [self._file(EXPERIMENT)]
        findings = [Path(name) for name in vocabulary.FINDINGS if name in self.crate]
        run["result"] = [self._file(path) for path in (*findings, *told, PAPER)]
        run["resourceUsage"] = self._usage(run, everything)
        engine = self._entity(vocabulary.ENGINE, "SoftwareApplication", name="Snakemake", url=vocabulary.ENGINE)
        organised = {"name": "Snakemake", "instrument": engine, "object": self.controls, "result": run}
        self._action("#run", "OrganizeAction", **organised)

        root["name"], root["description"], root["datePublished"] = f"Experiment {settings.name}", about, finished
        licence = "The data of the experiment carry the licence of the repository that made them"
        root["license"] = self._entity(vocabulary.LICENCE, "CreativeWork", name="MIT License", description=licence)
        root["conformsTo"] = [
            self._entity(identifier, "CreativeWork", name=name, version=version)
            for identifier, (name, version) in vocabulary.PROFILES.items()
        ]
        root.append_to("mentions", run)

    def _parameter(self, name: str) -> Entity:
        kind, description = vocabulary.PARAMETERS[name]
        properties = {"name": name, "description": description, "additionalType": kind}
        return self._entity(f"#parameter/{name}", "FormalParameter", **properties)

    def _value(self, identifier: str, name: str, value: float, **properties: Any) -> Entity:
        return self._entity(identifier, "PropertyValue", name=name, value=value, **properties)

    def _action(self, identifier: str, kind: str, **properties: Any) -> Entity:
        return self._entity(identifier, kind, actionStatus=vocabulary.COMPLETED, **properties)

    def _entity(self, identifier: str, kind: str, **properties: Any) -> Entity:
        """An entity that is no file, made where it is not there yet."""
        if identifier in self.crate:
            return self.crate.get(identifier)
        return self.crate.add(ContextEntity(self.crate, identifier, {"@type": kind, **properties}))

    def _file(self, path: Path) -> Entity:
        """A file that was described before."""
        if path.as_posix() in self.crate:
            return self.crate.get(path.as_posix())
        raise self._missing(path)

    def _missing(self, path: Path) -> UserError:
        return UserError(f"{self.folder / path}: missing; run the workflow to its end, or restore it")


def _without_single_lists(entity: dict[str, Any]) -> dict[str, Any]:
    """Write a single value without a list around it, as RO-Crate recommends."""
    return {key: value[0] if isinstance(value, list) and len(value) == 1 else value for key, value in entity.items()}


def _time(seconds: float) -> str:
    """Unix seconds as ISO 8601, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
